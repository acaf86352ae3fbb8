"""Counts and rates; what is counted when: test_appliance.py."""

from __future__ import annotations

import pytest

from shuttergate.tally import Tally
from shuttergate.verdict import Decision, Reason, Verdict


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
