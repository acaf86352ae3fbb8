"""Where a Coral USB Accelerator stands on the bus, read from sysfs, and who holds it."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from shuttergate.errors import Phrase, phrase
from shuttergate.system.holders import holders

BUS = Path("/sys/bus/usb/devices")
PROCESSES = Path("/proc")

WITHOUT_PROGRAM = ("1a6e", "089a")  # Global Unichip: as it wakes up, until a library has used it
WITH_PROGRAM = ("18d1", "9302")  # Google: after its first program


class UsbStanding(StrEnum):
    """How the accelerator stands on the bus."""

    ABSENT = str(phrase("no Coral is on the USB bus"))
    WAITING = str(
        phrase("a Coral is on the USB bus, in bootloader mode until a library gives it its program")
    )
    READY = str(phrase("a Coral is on the USB bus, with its program"))


def stand(bus: Path = BUS) -> tuple[UsbStanding, str]:
    """Return how it stands, and its device file ("" where there is none)."""
    for folder in sorted(bus.glob("*")):
        ids = (_word(folder / "idVendor"), _word(folder / "idProduct"))
        if ids in (WITHOUT_PROGRAM, WITH_PROGRAM):
            numbers = (_word(folder / "busnum"), _word(folder / "devnum"))
            device = "/dev/bus/usb/" + "/".join(number.zfill(3) for number in numbers)
            return (UsbStanding.READY if ids == WITH_PROGRAM else UsbStanding.WAITING), device
    return UsbStanding.ABSENT, ""


def words(bus: Path = BUS, processes: Path = PROCESSES) -> Phrase:
    """Return how it stands and, as far as may be seen, which other program holds it."""
    found, device = stand(bus)
    others = holders(lambda link: _holds(link, device), processes) if device else []
    said = Phrase(str(found))
    if not others:
        return said
    return phrase("{standing}; {others} holds it", standing=said, others=", ".join(others))


def _holds(link: Path, device: str) -> bool:
    # Not if it is our own accelerator process.
    ours = f"\nPPid:\t{os.getpid()}\n"
    return str(link.readlink()) == device and ours not in (link.parents[1] / "status").read_text(
        errors="replace"
    )


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
