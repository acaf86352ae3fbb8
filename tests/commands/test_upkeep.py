"""What the kernel tells of power, storage and clock, in a made-up /sys."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from shuttergate.commands import upkeep
from shuttergate.examination import Health


def written(sys: Path, name: str, text: str) -> Path:
    """Write a file below a made-up /sys."""
    file = sys / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return sys


@pytest.mark.parametrize(
    ("word", "health", "says", "mend"),
    [
        ("0", Health.OK, "enough voltage", ""),
        (
            "50005",
            Health.WARNING,
            "too little voltage, the processor is slowed down a lot",
            "power",
        ),
        ("50000", Health.WARNING, "too little voltage (since the start)", "power supply"),
        ("80008", Health.WARNING, "too hot", "fan"),
    ],
)
def test_the_firmwares_word_is_read_bit_by_bit(
    tmp_path: Path, word: str, health: Health, says: str, mend: str
) -> None:
    name = "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
    found = upkeep.power(written(tmp_path, name, f"{word}\n"))
    assert found is not None
    assert found.health is health and says in found.seen and mend in found.mend


def test_without_it_the_voltage_monitor_tells(tmp_path: Path) -> None:
    assert upkeep.power(tmp_path) is None
    written(tmp_path, "class/hwmon/hwmon0/name", "cpu_thermal\n")
    written(tmp_path, "class/hwmon/hwmon1/name", "rpi_volt\n")
    found = upkeep.power(written(tmp_path, "class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"))
    assert found is not None and found.health is Health.WARNING
    assert "too little voltage" in found.seen
    found = upkeep.power(written(tmp_path, "class/hwmon/hwmon1/in0_lcrit_alarm", "0\n"))
    assert found is not None and "now; nothing here tells of heat" in found.seen


def test_errors_of_a_file_system_and_a_worn_card_are_told(tmp_path: Path) -> None:
    assert upkeep.storage(tmp_path).health is Health.OK
    written(tmp_path, "block/mmcblk0/device/life_time", "\n")
    assert upkeep.storage(tmp_path).health is Health.OK
    written(tmp_path, "block/mmcblk0/device/life_time", "0x01 0x02\n")
    assert upkeep.storage(tmp_path).health is Health.OK
    written(tmp_path, "block/mmcblk0/device/life_time", "0x01 0x0a\n")
    assert "mmcblk0 has lived 100 %" in upkeep.storage(tmp_path).seen
    found = upkeep.storage(written(tmp_path, "fs/ext4/mmcblk0p2/errors_count", "3\n"))
    assert found.health is Health.WARNING and "3 errors" in found.seen and "album" in found.mend


@pytest.mark.parametrize(
    ("is_set", "has_chip", "health"),
    [
        (True, False, Health.OK),
        (None, False, Health.OK),
        (False, True, Health.OK),
        (False, False, Health.WARNING),
    ],
)
def test_a_clock_that_nobody_sets_is_a_warning(
    tmp_path: Path, is_set: bool | None, has_chip: bool, health: Health
) -> None:
    if has_chip:
        written(tmp_path, "class/rtc/rtc0/name", "rpi-rtc\n")
    assert upkeep.clock(tmp_path, is_set).health is health


def test_a_clock_of_the_past_was_never_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_old = time.struct_time((2024, 7, 4, 0, 0, 0, 3, 186, 0))
    monkeypatch.setattr(time, "gmtime", lambda: of_old)
    assert upkeep.clock(tmp_path, True).health is Health.WARNING


def test_the_clock_is_told_without_a_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        seen = upkeep.clock(is_set=True).seen
        assert seen.endswith(" UTC") and "+0900" not in seen
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_system_that_does_not_answer_about_its_clock_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(*command: object, **more: object) -> None:
        raise subprocess.TimeoutExpired("timedatectl", 10)

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", hangs)
    assert upkeep.set_by_network() is None
