"""The hardware is looked at in a process confined like the gate's; its end is a fault."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from shuttergate import examination
from shuttergate.board import Board, read_board
from shuttergate.config import Config
from shuttergate.errors import PackError, phrase
from shuttergate.examination import CameraTimes, Examined, Health, hardware, judged_camera, paces
from shuttergate.system import spawn

TESTS = Path(__file__).parent

STANDIN = """
import sys, os
sys.path.insert(0, {tests!r})
from support import picam
if {aborts}:
    picam.StandIn.start = lambda self, show_preview: os.abort()
picam.StandIn.silent_s = 1 / 30
for module in picam.modules(picam.StandIn):
    sys.modules[module.__name__] = module
from shuttergate import examination_process
{change}
examination_process.main()
"""


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board with the Raspberry Pi's camera; its process has a stand-in for it."""
    use(monkeypatch)
    board = read_board("simulated")
    return replace(board, camera=replace(board.camera, driver="picamera2"))


def use(monkeypatch: pytest.MonkeyPatch, aborts: bool = False, change: str = "") -> None:
    code = STANDIN.format(tests=str(TESTS), aborts=aborts, change=change)
    monkeypatch.setattr(spawn, "command", lambda module: [sys.executable, "-B", "-c", code])


def test_the_simulated_board_is_found_whole() -> None:
    found = list(hardware(Config(), read_board("simulated")))
    parts = {one.part: one.health for one in found if isinstance(one, Examined)}
    assert parts == dict.fromkeys(("camera", "accelerator", "gpio"), Health.OK)
    (times,) = (one for one in found if isinstance(one, CameraTimes))
    assert times.frames >= 3 and times.interval_ms > 0 and times.exposure_ms is None


def test_a_camera_is_found_as_the_confined_gate_finds_it(pi: Board) -> None:
    """Its library makes shared memory: the doctor, who was not confined, always said ok."""
    camera = next(one for one in hardware(Config(), pi, ["camera"]) if isinstance(one, Examined))
    assert camera.health is not Health.FAULT, camera  # on a busy machine it may be slow
    assert "picamera2 standin, 640 x 480" in camera.seen


def test_what_the_gate_would_not_find_is_not_found(
    pi: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, change="examination_process.meet = lambda part: None")
    (camera,) = hardware(Config(), pi, ["camera"])
    assert isinstance(camera, Examined) and camera.health is Health.FAULT
    assert "no camera was found" in camera.seen


def test_a_library_that_aborts_is_a_fault_of_its_part(
    pi: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, aborts=True)
    camera, gpio = hardware(Config(), pi, ["camera", "gpio"])
    assert isinstance(camera, Examined) and isinstance(gpio, Examined)
    assert (camera.part, camera.health) == ("camera", Health.FAULT)
    assert "the look at it ended, as the gate would: status -6" in camera.seen
    assert (gpio.part, gpio.health, gpio.mend) == ("gpio", Health.WARNING, "mend that")


def test_one_that_hangs_is_a_fault_of_its_part(pi: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, change="import time; examination_process.meet = lambda part: time.sleep(60)")
    monkeypatch.setattr(examination, "PATIENCE_S", 2.0)
    (camera,) = hardware(Config(), pi, ["camera"])
    assert isinstance(camera, Examined) and camera.health is Health.FAULT
    assert "gave no answer within 2 s" in camera.seen


def test_a_camera_that_repeats_its_timestamps_is_a_fault() -> None:
    times = CameraTimes(60, 0, paces([1.0] * 60)[0] * 1000, None, 10.0, 1.0)
    found = judged_camera("a webcam", (640, 480), times, 30.0)
    assert found.health is Health.FAULT and "it repeats its timestamps" in found.seen


def test_frames_tell_their_pace_and_how_many_of_them_are_missing() -> None:
    interval_s, missing = paces([0.0, 0.1, 0.2, 0.5, 0.6, 0.71])
    assert interval_s == pytest.approx(0.1) and missing == 2


@pytest.mark.parametrize(
    ("missing", "interval_ms", "health", "mend"),
    [
        (0, 33.3, Health.OK, ""),
        (1, 33.3, Health.OK, ""),
        (4, 33.3, Health.WARNING, "cable"),
        (0, 100.0, Health.WARNING, "sensors"),
    ],
)
def test_a_camera_that_is_slow_or_loses_frames_is_a_warning(
    missing: int, interval_ms: float, health: Health, mend: str
) -> None:
    times = CameraTimes(60, missing, interval_ms, 10.0, 40.0, 3.0)
    found = judged_camera("picamera2 imx477", (1408, 1056), times, 30.0)
    assert found.health is health and mend in found.mend


def test_a_fault_is_told_in_the_same_language_and_programs_read_english() -> None:
    cause = phrase("model.toml: {error}", error=phrase("it is empty"))
    error = PackError(
        "model pack {name} refused: {error}; reinstall shuttergate, or mend {path}",
        name="m",
        error=cause,
        path="m/model.toml",
    )
    found = Examined.failed("model m", error.phrase)
    seen, mend = "model pack m refused: model.toml: it is empty", "mend m/model.toml"
    assert (found.health, found.seen) == (Health.FAULT, seen) and found.mend.endswith(mend)
    assert found.told("en") == (found.seen, found.mend)
    japanese = found.told("ja")
    assert japanese[0] == "モデルパック m を使えません：model.toml：空です"
    assert japanese[1] == "shuttergate を入れ直すか、m/model.toml を直してください"
    read = msgspec.json.decode(msgspec.json.encode(found.english))
    assert read.keys() == {"type", "part", "health", "seen", "mend"}
    assert msgspec.json.decode(msgspec.json.encode(found), type=Examined) == found


def test_without_an_error_or_a_mend_it_is_told_as_it_is() -> None:
    assert Examined("disk", Health.OK, "9 GB free").told("ja") == ("9 GB free", "")
    assert Examined.failed("disk", phrase("it is empty")).told("ja") == ("空です", "")
