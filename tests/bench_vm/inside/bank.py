"""The kernel's side of the simulated pins, and the copper between them.

gpio-sim's lines know nothing of one another. `Copper` is the button, its two poles and the wires:
it reads the permissive's level from the kernel and drives the inputs as current would. It imitates
physics, and never the answer.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

ENABLE, SHUTTER, SENSE = 17, 27, 22


class Bank:
    """Levels and pulls of gpio-sim's lines, in the kernel's own files."""

    def __init__(self) -> None:
        first = next(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*/sim_gpio0"))
        self._lines = [
            (
                first.with_name(f"sim_gpio{pin}") / "value",
                first.with_name(f"sim_gpio{pin}") / "pull",
            )
            for pin in range(28)
        ]
        for pin in range(28):
            self.pull(pin, False)

    def level(self, pin: int) -> bool:
        return self._lines[pin][0].read_bytes().startswith(b"1")

    def pull(self, pin: int, high: bool) -> None:
        self._lines[pin][1].write_bytes(b"pull-up" if high else b"pull-down")

    def line(self) -> bool:
        """The permissive's level."""
        return self.level(ENABLE)


class Copper:
    """The button between `ENABLE` and `SHUTTER`, its second pole on `SENSE`, and what can break."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self.finger = False
        self.welded = False  # pole 1 conducts for ever
        self.supply = False  # the shutter contact touches 3V3
        self.sense_cut = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._flow)
        self._thread.start()

    def settle(self) -> None:
        """Let the levels be what the wires make them."""
        line = self._bank.line()
        shutter = self.supply or (line and (self.finger or self.welded))
        sense = self.finger and not self.sense_cut
        for pin, high in ((SHUTTER, shutter), (SENSE, sense)):
            if self._bank.level(pin) != high:
                self._bank.pull(pin, high)

    def _flow(self) -> None:
        while not self._end.wait(0.001):
            self.settle()

    def press(self, hold_s: float = 0.15) -> None:
        self.finger = True
        time.sleep(hold_s)
        self.finger = False

    def close(self) -> None:
        self._end.set()
        self._thread.join()
