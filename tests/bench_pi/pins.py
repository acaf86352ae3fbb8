"""A Raspberry Pi's pins, seen and touched from outside the machine, through QEMU's qtest socket."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

# Registers of the BCM2835 and the BCM2711 alike, in bytes from their base.
_SELECT, _SET, _CLEAR, _LEVEL = 0x00, 0x1C, 0x28, 0x34
_INPUT, _OUTPUT = 0, 1
_KINDS = {_INPUT: "input", _OUTPUT: "output"}


@dataclass(frozen=True)
class Pin:
    """What a meter and a look at the registers tell: "input", "output" or "other", and 0 or 1."""

    kind: str
    level: int

    def __str__(self) -> str:
        return f"{self.kind} at {self.level}"


class Pins:
    """Pins 0 to 27 by their BCM numbers; ``base``: where the GPIO registers lie."""

    def __init__(self, path: Path, base: int) -> None:
        self._base = base
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._talk = self._socket.makefile("rw")

    def look(self, pin: int) -> Pin:
        """Return how a pin stands."""
        offset, shift = _SELECT + 4 * (pin // 10), 3 * (pin % 10)
        kind = self._read(offset) >> shift & 7
        return Pin(_KINDS.get(kind, "other"), self._read(_LEVEL) >> pin & 1)

    def put(self, pin: int, level: int) -> None:
        """Bring an input to a level, as a wire would: QEMU's inputs keep what was last driven."""
        self._choose(pin, _OUTPUT)
        self._write(_SET if level else _CLEAR, 1 << pin)
        self._choose(pin, _INPUT)

    def close(self) -> None:
        self._talk.close()
        self._socket.close()

    def _choose(self, pin: int, kind: int) -> None:
        offset, shift = _SELECT + 4 * (pin // 10), 3 * (pin % 10)
        self._write(offset, self._read(offset) & ~(7 << shift) | kind << shift)

    def _read(self, offset: int) -> int:
        return int(self._ask(f"readl {self._base + offset:#x}").split()[1], 16)

    def _write(self, offset: int, value: int) -> None:
        self._ask(f"writel {self._base + offset:#x} {value:#x}")

    def _ask(self, words: str) -> str:
        self._talk.write(words + "\n")
        self._talk.flush()
        while not (line := self._talk.readline()).startswith("OK"):  # what is between: interrupts
            if not line or line.startswith(("FAIL", "ERR")):
                raise OSError(f"QEMU's qtest refuses {words!r}: {line.strip() or 'it has ended'}")
        return line
