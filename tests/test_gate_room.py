"""The gate process's room: what each board needs written, and a webcam that is plugged in anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from shuttergate import gate_room
from shuttergate.board import board_names, read_board
from shuttergate.config import Config, VideoSettings
from shuttergate.frame import Source
from shuttergate.system import landlock, spawn
from support import needs

LANDLOCK = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.mark.parametrize("name", board_names())
def test_no_board_has_a_place_that_holds_shared_memory_or_terminals(name: str) -> None:
    board = read_board(name)
    found = gate_room.devices(Config(), board)
    assert bool(found) is not (board.camera.is_simulated and board.accelerator.driver == "cpu")
    for pattern in found:
        assert pattern.startswith("/dev/")
        assert not {*Path("/").glob(pattern[1:])} & {Path("/dev/shm"), Path("/dev/pts")}
        assert pattern not in ("/dev", "/dev/*")


def test_the_processors_own_encoder_is_a_device() -> None:
    board = read_board("simulated")
    config = Config(video=VideoSettings(codec="h264_v4l2m2m"))
    assert "/dev/video*" in gate_room.devices(config, board)


def opened() -> Source:
    raise AssertionError("the camera")


@LANDLOCK
def test_a_webcam_that_was_plugged_in_anew_needs_another_process(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    part = msgspec.structs.replace(
        read_board("simulated").camera, driver="webcam", device=str(device)
    )
    open_camera = gate_room.watched(part, opened)
    with pytest.raises(AssertionError, match="the camera"):
        open_camera()
    device.rename(tmp_path / "kept")  # else its number may be given to the next
    with pytest.raises(AssertionError, match="the camera"):
        open_camera()  # says that nothing is there
    device.touch()
    with pytest.raises(gate_room.PluggedInAnew, match="starts again"):
        open_camera()


def test_no_other_camera_is_watched() -> None:
    assert gate_room.watched(read_board("simulated").camera, opened) is opened


def test_what_stands_there_later_is_another(tmp_path: Path) -> None:
    place = tmp_path / "album"
    assert spawn.identity(place) is None
    place.mkdir()
    first = spawn.identity(place)
    place.rename(tmp_path / "kept")
    place.mkdir()
    assert first is not None and spawn.identity(place) not in (None, first)


REAL_PINS = """
import os, sys
import msgspec
from shuttergate import gate_room
from shuttergate.board import Gpio, read_board
from shuttergate.config import Config
from shuttergate.panel.chip import import_lgpio
from shuttergate.system import confine
board = msgspec.structs.replace(read_board("simulated"), gpio=Gpio(driver="lgpio"))
confine.no_peeking()
gate_room.enter(Config(), board)
confine.only_news()
print(import_lgpio().__name__, os.listdir(sys.argv[1]))
gate_room.shut(Config(), board)
try: os.mkfifo(os.path.join(sys.argv[1], "more"))
except OSError as error: print(error.strerror)
"""


def run_in(code: str, runtime: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own, whose folder for lgpio's FIFOs is in `runtime`."""
    return subprocess.run(
        [sys.executable, "-B", "-c", code, str(runtime)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RUNTIME_DIRECTORY": str(runtime), "OPENBLAS_NUM_THREADS": "1"},
    )


@needs.lgpio().mark
def test_lgpio_makes_its_fifo_in_the_room_and_then_nobody_makes_one(tmp_path: Path) -> None:
    done = run_in(REAL_PINS, tmp_path)
    assert done.stdout.splitlines() == ["LGPIOFactory []", "Permission denied"], done.stderr


WITHOUT_PINS = """
import os, sys
import msgspec
from shuttergate import gate_room
from shuttergate.board import Gpio, read_board
from shuttergate.config import Config
board = msgspec.structs.replace(read_board("simulated"), gpio=Gpio(driver="lgpio"))
gate_room.enter(Config(), board)
print(len(os.listdir(sys.argv[1])))
gate_room.shut(Config(), board)
print(len(os.listdir(sys.argv[1])))
"""


@LANDLOCK
def test_who_never_looks_at_the_pins_leaves_no_folder_for_them(tmp_path: Path) -> None:
    done = run_in(WITHOUT_PINS, tmp_path)
    assert done.stdout.split() == ["1", "0"], done.stderr
