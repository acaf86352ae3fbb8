"""A lane: a camera that fails is told of, closed, and opened again after a pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from msgspec.structs import replace

from shuttergate import feed
from shuttergate.board import read_board
from shuttergate.errors import CameraError, CameraLost, phrase
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.lane import Lane
from shuttergate.verdict import Fault

SIDE = (64, 48)


class Bench:
    """A lane whose camera does what ``script`` says at each turn: a cause to fail for, or None."""

    name, fps = "a camera", 30.0

    def __init__(
        self, *script: str | None, driver: Literal["simulated", "picamera2", "webcam"] = "simulated"
    ) -> None:
        self.script = list(script)
        self.now_s = 10.0
        self.opened = self.closed = self.released = 0
        self.told: list[feed.Event] = []
        self.paused_s: list[float] = []
        self.shape = (SIDE[1] * 3 // 2, SIDE[0])
        self.interlock = Interlock(Rules(), lambda high: None)
        faults = FaultLog(self.interlock, self.told.append)
        judge: Any = None
        part = read_board("simulated").camera
        tell = self.told.append
        viewfinder: Any = None
        self.lane = Lane(
            replace(part, driver=driver),
            self.open,
            (4, 4, 3),
            judge,
            viewfinder,
            faults,
            tell,
            0.25,
            lambda: self.now_s,
        )

    def open(self) -> Any:
        self.opened += 1
        return self

    def next(self, timeout_s: float) -> Frame:
        cause = self.script.pop(0)
        if cause is not None:
            raise CameraError(cause)
        number = len(self.script)
        lores = np.full((4, 4, 3), number, np.uint8)
        main = np.zeros(self.shape, np.uint8)
        return Frame(number, 1e-3 * (100 - number), main, lores, self.release)

    def release(self) -> None:
        self.released += 1

    def close(self) -> None:
        self.closed += 1

    def turns(self) -> list[bool]:
        """Take a frame for each line of the script; return whether there was one."""
        return [self.lane.next(self.paused_s.append) is not None for _ in list(self.script)]


def test_it_is_opened_again_after_longer_and_longer_pauses() -> None:
    bench = Bench(*["no frame"] * 7, None)
    assert bench.turns() == [False] * 7 + [True]
    assert bench.paused_s == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert (bench.opened, bench.closed) == (8, 7)
    assert bench.told == [
        feed.FaultBegan(Fault.CAMERA, "no frame", phrase("no frame")),
        feed.CameraWorks("a camera"),
    ]


def test_the_pauses_begin_anew_once_it_works() -> None:
    bench = Bench("gone", "gone", None, "gone")
    bench.turns()
    assert bench.paused_s == [0.1, 0.2, 0.1]


def test_another_cause_is_told_the_same_one_is_not() -> None:
    bench = Bench("in use", "in use", "unplugged")
    bench.turns()
    told = [one.error for one in bench.told if isinstance(one, feed.FaultBegan)]
    assert told == ["in use", "unplugged"]


@pytest.mark.parametrize("spoil", ["shape", "time"])
def test_what_is_no_frame_is_given_back_and_is_a_fault(spoil: str) -> None:
    bench = Bench(None, None)
    assert bench.lane.next(bench.paused_s.append) is not None
    if spoil == "shape":
        bench.shape = (SIDE[1] + 1, SIDE[0])  # no I420 picture
    else:
        bench.script.append(None)  # the same time once more
    assert bench.lane.next(bench.paused_s.append) is None
    assert bench.released == 1
    assert bench.interlock.state.faults >= {Fault.CAMERA}


def test_one_that_cannot_be_opened_leaves_nothing_to_close() -> None:
    bench = Bench()

    def refuse() -> Any:
        raise CameraError("no camera")

    opener: Callable[[], Any] = refuse
    bench.lane._open_camera = opener
    assert bench.lane.next(bench.paused_s.append) is None
    bench.lane.close()
    assert bench.closed == 0


def test_a_real_camera_that_stays_away_is_left_to_another_process() -> None:
    bench = Bench(*["it is busy"] * 5, driver="picamera2")
    for _ in range(4):
        assert bench.lane.next(bench.paused_s.append) is None
        bench.now_s += 6.0
    bench.now_s -= 4.0
    with pytest.raises(CameraLost, match="it is busy"):
        bench.lane.next(bench.paused_s.append)
    assert bench.told[-1] == feed.CameraGivenUp("it is busy", 20.0, phrase("it is busy"))
    assert bench.closed == 5


def test_a_frame_begins_the_patience_anew_and_what_no_library_keeps_has_no_end_of_it() -> None:
    bench = Bench("away", None, "away", "away", driver="picamera2")
    for due in (False, True, False, False):
        assert (bench.lane.next(bench.paused_s.append) is not None) == due
        bench.now_s += 15.0
    for driver in ("simulated", "webcam"):
        bench = Bench(*["away"] * 4, driver=driver)  # type: ignore[arg-type]
        for _ in range(4):
            assert bench.lane.next(bench.paused_s.append) is None
            bench.now_s += 15.0


def test_a_camera_too_slow_for_the_gate_is_told_of_once() -> None:
    bench = Bench(None)
    bench.turns()
    for _ in range(100):  # every 100 ms a frame, judged 180 ms after its exposure
        bench.lane.judged(bench.now_s - 0.18)
        bench.now_s += 0.1
    assert bench.told == [feed.CameraSlow("a camera", 280, 250)]


def test_a_hiccup_is_no_slow_camera() -> None:
    bench = Bench(None)
    bench.turns()
    for number in range(200):
        bench.lane.judged(bench.now_s - 0.04)
        bench.now_s += 0.033 if number % 20 else 0.4
    assert bench.told == []
