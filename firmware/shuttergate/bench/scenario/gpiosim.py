"""A kernel's simulated pins (gpio-sim), and the copper between them.

gpio-sim's lines know nothing of one another. `Copper` is the button, its two poles and the wires:
it reads the permissive's level from the kernel and drives the inputs as current would. It imitates
physics, and never the answer.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from shuttergate.clock import since_boot_s

PLATFORM = Path("/sys/devices/platform")
STEP_S = 0.001


def simulated_line() -> Path | None:
    """Return the first line of the first chip of gpio-sim, or None where there is none."""
    return next(iter(sorted(PLATFORM.glob("gpio-sim.*/gpiochip*/sim_gpio0"))), None)


class Bank:
    """Levels and pulls of a gpio-sim chip's lines, in the kernel's own files.

    ``first``: the folder of its first line; left out, that of the first chip. Raises
    FileNotFoundError where there is no such chip.
    """

    def __init__(self, first: Path | None = None, lines: int = 28) -> None:
        first = first or simulated_line()
        if first is None:
            raise FileNotFoundError(f"{PLATFORM}: no gpio-sim is here")
        self._lines = [
            (
                first.with_name(f"sim_gpio{pin}") / "value",
                first.with_name(f"sim_gpio{pin}") / "pull",
            )
            for pin in range(lines)
        ]
        self._values: dict[int, int] = {}  # kept open: the copper reads them every millisecond
        for pin in range(lines):
            self.pull(pin, False)

    def level(self, pin: int) -> bool:
        """Return the level of a line (BCM number)."""
        if pin not in self._values:
            self._values[pin] = os.open(self._lines[pin][0], os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._values[pin], 1, 0) == b"1"

    def pull(self, pin: int, high: bool) -> None:
        """Pull a line up or down, as a wire to the supply or to ground does."""
        self._lines[pin][1].write_bytes(b"pull-up" if high else b"pull-down")


class Copper:
    """The button between two lines, its second pole on a third, and what can break.

    ``meter`` is told of every change of the permissive line, with its time since boot.
    Current is quicker than a busy machine: ``slowest_s`` is how late the wires were at worst, and
    beyond a gate's settling time what they did is no button any more.
    """

    def __init__(
        self,
        bank: Bank,
        enable: int,
        shutter: int,
        sense: int | None,
        meter: Callable[[float, bool], None] = lambda at_s, high: None,
    ) -> None:
        self._bank = bank
        self._pins = enable, shutter, sense
        self._meter = meter
        self._shown = False
        self.finger = False
        self.welded = False  # pole 1 conducts for ever
        self.supply = False  # the shutter contact touches 3V3
        self.sense_cut = False
        self.slowest_s = 0.0
        self._ends = False
        self._thread = threading.Thread(target=self._flow, name="copper", daemon=True)
        self._thread.start()

    def settle(self) -> None:
        """Let the levels be what the wires make them."""
        enable, shutter, sense = self._pins
        line = self._bank.level(enable)
        if line != self._shown:
            self._shown = line
            self._meter(since_boot_s(), line)
        closed = self.supply or (line and (self.finger or self.welded))
        self._drive(shutter, closed)
        if sense is not None:
            self._drive(sense, self.finger and not self.sense_cut)

    def _drive(self, pin: int, high: bool) -> None:
        # Asked each time: whoever requests a line of gpio-sim with a bias pulls it anew.
        if self._bank.level(pin) != high:
            self._bank.pull(pin, high)

    def _flow(self) -> None:
        with contextlib.suppress(PermissionError):  # current waits for no process
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -20)
        settled_s = since_boot_s()
        while not self._ends:
            time.sleep(STEP_S)
            self.settle()
            before_s, settled_s = settled_s, since_boot_s()
            self.slowest_s = max(self.slowest_s, settled_s - before_s)

    def press(self, hold_s: float = 0.15) -> None:
        """Press the button for so long."""
        self.finger = True
        time.sleep(hold_s)
        self.finger = False

    def close(self) -> None:
        """Let no more current flow."""
        self._ends = True
        self._thread.join()
