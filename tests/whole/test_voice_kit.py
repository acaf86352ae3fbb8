"""A whole kit that speaks: whatever becomes of its voice, line and button go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from support.kits import PATIENT, Kit, slow_board, wait_until
from support.sounds import ALSA


def settings(folder: Path, device: str) -> list[str]:
    path = folder / "kit.toml"
    voice = f'[voice]\nlanguage = "en"\ndevice = "{device}"\n[video]\ncodec = "off"\n'
    path.write_text(f"{PATIENT.read_text()}{voice}")
    return ["--board", str(slow_board(folder)), "--config", str(path)]


def voice_of(kit: Kit) -> int | None:
    """The process id of its voice, while it runs."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            parent = path.with_name("stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"shuttergate.voice.process" in words and int(parent) == kit.process.pid:
            return int(path.parent.name)
    return None


@ALSA.mark
def test_line_and_button_do_not_notice_a_voice_that_hangs_or_dies(
    kit: Callable[..., Kit], tmp_path: Path, clear_scene: Path
) -> None:
    told = ["--headless", "--album", tmp_path / "album", "--scene", clear_scene]
    one = kit("demo", *told, "--press", "4,6,8,10", *settings(tmp_path, "null"))
    one.wait_for("gate", state="OPEN")
    first = voice_of(one)
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    one.wait_for("photo")
    os.kill(first, signal.SIGKILL)
    assert one.wait_for("voice ended")["how"] == "SIGKILL"
    assert wait_until(lambda: voice_of(one) not in (None, first)), "it is started again"
    one.wait_for("photo")
    last = voice_of(one)
    assert last is not None
    os.kill(last, signal.SIGSTOP)
    assert one.stop() == 0, "nor is it waited for in the end"
    assert voice_of(one) is None


@ALSA.mark
def test_a_board_without_sound_says_so_once_and_goes_on(
    kit: Callable[..., Kit], tmp_path: Path, clear_scene: Path
) -> None:
    told = ["--headless", "--album", tmp_path / "album", "--scene", clear_scene]
    one = kit("demo", *told, "--press", "4,6", *settings(tmp_path, "none-such"))
    one.wait_for("gate", state="OPEN")
    mute = one.wait_for("voice mute")
    assert mute["cause"].startswith("none-such: no sound can be played there")
    one.wait_for("photo")
    one.wait_for("photo")
    with pytest.raises(pytest.fail.Exception):
        one.wait_for(("voice mute", "voice ended"), timeout_s=2.0)
