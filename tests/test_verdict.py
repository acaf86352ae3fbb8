"""Scores to verdicts: what is not provably clear is not clear."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.verdict import Decision, Reason, Thresholds, joint_score, judge, verdict

LIMITS = {"a": Thresholds(0.2, 0.8), "b": Thresholds(0.3, 0.6)}


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (0.1, 0.1, Reason.CLEAR),
        (0.2, 0.1, Reason.DOUBT),
        (0.8, 0.1, Reason.NUDITY),
        (0.1, 0.6, Reason.NUDITY),
        (0.5, 0.9, Reason.NUDITY),
        (math.nan, 0.1, Reason.DOUBT),
        (0.1, math.inf, Reason.DOUBT),
        (-0.1, 0.1, Reason.DOUBT),
        (1.1, 0.1, Reason.DOUBT),
    ],
)
def test_rule(a: float, b: float, reason: Reason) -> None:
    assert judge({"a": a, "b": b}, LIMITS) is reason


def test_a_missing_channel_is_a_doubt() -> None:
    assert judge({"a": 0.0}, LIMITS) is Reason.DOUBT


def test_no_channel_at_all_is_a_doubt() -> None:
    assert judge({}, {}) is Reason.DOUBT


@given(st.floats(), st.floats())
def test_clear_only_below_both_thresholds(a: float, b: float) -> None:
    seen = verdict({"a": a, "b": b}, LIMITS, 1.0)
    assert (seen.decision is Decision.CLEAR) == (0 <= a < 0.2 and 0 <= b < 0.3)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1), (math.nan, 0.5)])
def test_thresholds_out_of_order_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="thresholds out of order"):
        Thresholds(low, high)


def test_joint_score_is_the_highest_with_each_line_at_a_half() -> None:
    assert joint_score({"a": 0.1, "b": 0.06}, LIMITS) == 0.25
    assert joint_score({"a": 0.2, "b": 0.1}, LIMITS) == 0.5
    assert joint_score({"a": 0.1, "b": 1.0}, LIMITS) == 1.0
    assert math.isnan(joint_score({}, LIMITS))
    assert math.isnan(joint_score({"a": 0.1}, LIMITS))
    assert math.isnan(joint_score({}, {}))


@given(a=st.floats(0, 1), b=st.floats(0, 1))
def test_the_joint_score_is_what_the_rule_thresholds(a: float, b: float) -> None:
    scores = {"a": a, "b": b}
    assert (joint_score(scores, LIMITS) < 0.5) == (judge(scores, LIMITS) is Reason.CLEAR)
