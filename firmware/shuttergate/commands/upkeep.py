"""What kits die of after a while, as the kernel tells it: power, storage, and a clock never set.

Each function takes the folder that it reads below, /sys unless a test has made one up.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import time
from pathlib import Path

from shuttergate.errors import Phrase, phrase
from shuttergate.examination import Examined, Health, examined

EARLIEST_YEAR = 2026
"""A clock before this has never been set: a Pi without a battery wakes up in the past."""

_NOW = {
    0: phrase("too little voltage"),
    1: phrase("the processor is slowed down"),
    2: phrase("the processor is slowed down a lot"),
    3: phrase("too hot"),
}
"""Bits of the firmware's get_throttled, by Raspberry Pi's documentation; since the start: + 16."""

_SINCE = 16
_VOLTAGE_MEND = phrase("use the Raspberry Pi's own power supply, and a short cable")
_HEAT_MEND = phrase("fit the fan or a heat sink, and let air in")


def power(sys: Path = Path("/sys")) -> Examined | None:
    """Return how the power is, and the heat where that is told; None where nothing tells it."""
    word = next(iter(sys.glob("devices/platform/soc*/soc*:firmware/get_throttled")), None)
    if word is not None:
        return throttled(int(word.read_text(), 16))
    for name in sorted(sys.glob("class/hwmon/hwmon*/name")):
        alarm = name.with_name("in0_lcrit_alarm")
        if name.read_text().strip() == "rpi_volt" and alarm.exists():
            return low_voltage(int(alarm.read_text()) != 0)
    return None


def low_voltage(is_low: bool) -> Examined:
    """Return what the voltage monitor tells: of now, and nothing of heat."""
    if is_low:
        return examined("power", Health.WARNING, _NOW[0], _VOLTAGE_MEND)
    seen = phrase("enough voltage now; nothing here tells of heat")
    return examined("power", Health.OK, seen)


def throttled(bits: int) -> Examined:
    """Return what the firmware's word means."""
    told = [said for bit, said in _NOW.items() if bits >> bit & 1]
    told += [
        phrase("{said} (since the start)", said=said)
        for bit, said in _NOW.items()
        if bits >> bit + _SINCE & 1 and not bits >> bit & 1
    ]
    if not told:
        seen = phrase("enough voltage, and not too hot, since the start")
        return examined("power", Health.OK, seen)
    is_voltage = bits & (1 | 1 << _SINCE)
    mend = _VOLTAGE_MEND if is_voltage else _HEAT_MEND
    seen = functools.reduce(lambda one, more: phrase("{one}, {more}", one=one, more=more), told)
    return examined("power", Health.WARNING, seen, mend)


def storage(sys: Path = Path("/sys")) -> Examined:
    """Return whether the kernel has counted errors of a file system, or a card says it is worn."""
    part, mend = "storage", phrase("copy the album now, and write the system to a new card")
    for file in sorted(sys.glob("fs/ext4/*/errors_count")):
        if count := int(file.read_text()):
            on = file.parent.name
            seen = phrase("{n} errors of the file system on {disk}", n=count, disk=on)
            return examined(part, Health.WARNING, seen, mend)
    for file in sorted(sys.glob("block/mmcblk*/device/life_time")):
        # In steps of 10 % of what the maker gives it; 0: it does not say.
        worst = max((int(one, 16) for one in file.read_text().split()), default=0)
        if worst >= 9:
            seen = phrase(
                "{disk} has lived {n} %\xa0of its life, by its own word",
                disk=file.parts[-3],
                n=worst * 10,
            )
            return examined(part, Health.WARNING, seen, mend)
    seen = phrase("no errors counted; whether a card is worn few of them tell")
    return examined(part, Health.OK, seen)


def clock(sys: Path = Path("/sys"), is_set: bool | None = None) -> Examined:
    """Return whether the clock can be trusted; ``is_set``: by a network, None where nobody says."""
    now = time.gmtime()  # a time zone says where somebody lives
    seen = Phrase(time.strftime("%Y-%m-%d %H:%M:%S UTC", now))
    if now.tm_year < EARLIEST_YEAR:
        mend = phrase("set it: photos carry its time (timedatectl)")
        return examined("clock", Health.WARNING, seen, mend)
    if is_set is False and not any(sys.glob("class/rtc/rtc*")):
        return examined(
            "clock",
            Health.WARNING,
            phrase(
                "{time}, set by no network since the start, and there is no clock chip", time=seen
            ),
            phrase("let it reach a network once after each start, or fit a clock with a battery"),
        )
    return examined("clock", Health.OK, seen)


def set_by_network() -> bool | None:
    """Return whether a network has set the clock since the start, by systemd's word, or None."""
    timedatectl = shutil.which("timedatectl")
    if timedatectl is None:
        return None
    asked = [timedatectl, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())
