"""The third late closing in a minute is worth a word; none that something else explains is."""

from __future__ import annotations

from shuttergate.lateness import Lateness
from shuttergate.verdict import Reason


def told(*closings: tuple[float, Reason]) -> list[float]:
    late = Lateness()
    return [now_s for now_s, reason in closings if late.closed(reason, now_s)]


def late(*times_s: float) -> list[tuple[float, Reason]]:
    return [(now_s, Reason.STALE) for now_s in times_s]


def test_the_third_in_a_minute_is_told_and_then_it_counts_anew() -> None:
    assert told(*late(0, 20, 59)) == [59]
    assert told(*late(0, 1, 2, 3, 4, 5, 6)) == [2, 5]


def test_more_rarely_is_no_word() -> None:
    assert told(*late(0, 31, 62, 93, 124)) == []
    assert told(*late(0, 31, 62, 80)) == [80]


def test_what_a_model_saw_is_not_late_and_hides_nothing() -> None:
    assert told(*late(0, 10), (15.0, Reason.NUDITY), (16.0, Reason.WAITING), *late(20)) == [20]


def test_a_camera_that_stands_still_is_a_fault_and_no_busy_computer() -> None:
    stalls = [
        one
        for at_s in (0.0, 10, 20, 30)
        for one in ((at_s, Reason.STALE), (at_s + 1, Reason.FAULT))
    ]
    assert told(*stalls) == []
