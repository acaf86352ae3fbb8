"""What is counted comes whole with every status: who missed one has missed nothing."""

from __future__ import annotations

import pytest

from shuttergate import feed
from shuttergate.feed import Total
from shuttergate.tally import NAMES_KEPT, Tally
from shuttergate.verdict import Decision, Fault, Reason, Verdict


class Bench:
    """A tally, its clock, and what it says."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.tally = Tally(lambda: self.now_s)

    def judged(self, decision: Decision, age_s: float) -> None:
        self.tally.judged(Verdict(decision, Reason.DOUBT, self.now_s - age_s))

    def says(self) -> feed.Status:
        return self.tally.status(False, Reason.FAULT, [Fault.CAMERA], "cpu", None)


def test_every_status_has_all_counts_and_the_newest_names() -> None:
    bench = Bench()
    names = [f"{number}.jpg" for number in range(NAMES_KEPT + 5)]
    for name in names:
        bench.tally.kept(Total.PHOTOS, name)
    bench.tally.kept(Total.VIDEOS, "last.mp4")
    bench.tally.count(Total.REFUSED, Reason.NUDITY)
    said = bench.says()
    assert said.photos == [*names[1 - NAMES_KEPT :], "last.mp4"]
    assert said.totals == {
        Total.TESTS: {feed.RIGHT: 0, feed.WRONG: 0},
        Total.PHOTOS: {feed.PUBLISHED: NAMES_KEPT + 5},
        Total.VIDEOS: {feed.PUBLISHED: 1},
        Total.REFUSED: {"nudity": 1},
    }
    assert bench.says() == said
    bench.tally.count(Total.REFUSED, Reason.NUDITY)
    assert said.totals[Total.REFUSED] == {"nudity": 1}, "what was said stays said"


def test_the_rate_is_of_the_exposures_and_the_greatest_age_stands() -> None:
    bench = Bench()
    assert (bench.says().fps, bench.says().oldest_ms) == (0.0, 0.0)
    for number, age_s in enumerate((0.02, 0.12, 0.02, 0.02, 0.0)):
        bench.now_s = 100.0 + 0.05 * number + age_s
        bench.judged(Decision.CLEAR if age_s else Decision.BLOCKED, age_s)
    said = bench.says()
    assert (bench.tally.frames, said.fps, said.oldest_ms) == (5, 20.0, 120.0)
    assert said.totals[Total.FRAMES] == {"CLEAR": 4, "BLOCKED": 1}
    assert said.timings["verdict"].sum_ms == 180.0
    assert sum(said.timings["verdict"].counts) == 5


@pytest.mark.parametrize(("fps", "still_s"), [(30.0, 1.0), (0.5, 6.0)])
def test_a_camera_that_stands_still_has_no_rate(fps: float, still_s: float) -> None:
    now_s = 0.0
    tally = Tally(lambda: now_s)

    def rate() -> float:
        return tally.status(False, Reason.STALE, [], "cpu", None).fps

    assert rate() == 0
    for number in range(40):
        now_s = number / fps
        tally.judged(Verdict(Decision.CLEAR, Reason.CLEAR, now_s))
    last_s = now_s
    assert rate() == pytest.approx(fps)
    now_s = last_s + still_s - 0.1
    assert rate() == pytest.approx(fps)
    now_s = last_s + still_s + 0.1
    assert rate() == 0
    tally.judged(Verdict(Decision.CLEAR, Reason.CLEAR, now_s))
    assert rate() > 0
