"""Scores to verdicts: what is not provably clear is not clear."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.verdict import Decision, Reason, Thresholds, joint_score, judge, verdict

LIMITS = {"a": Thresholds(0.2, 0.8), "b": Thresholds(0.3, 0.6)}

# Stand-ins for the reasons of further heads: which ones they are is nothing to the rule.
OTHERS = {
    "c": Thresholds(0.4, 0.7, Reason.HELD),
    "d": Thresholds(0.1, 0.1, Reason.BUSY),
}


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


@pytest.mark.parametrize(
    ("a", "c", "d", "reason"),
    [
        (0.1, 0.3, 0.0, Reason.CLEAR),
        (0.1, 0.4, 0.0, Reason.DOUBT),
        (0.1, 0.7, 0.0, Reason.HELD),
        (0.1, 0.3, 0.1, Reason.BUSY),
        (0.1, 0.7, 0.1, Reason.HELD),  # equally grave: the first
        (0.2, 0.3, 0.1, Reason.BUSY),  # a definite block before a doubt
        (0.1, math.nan, 0.1, Reason.BUSY),
        (0.8, 0.7, 0.1, Reason.NUDITY),  # nudity before whatever else
    ],
)
def test_a_score_blocks_with_the_reason_of_its_thresholds(
    a: float, c: float, d: float, reason: Reason
) -> None:
    limits = {**OTHERS, "a": LIMITS["a"]}  # nudity last: it is no matter of order
    assert judge({"a": a, "c": c, "d": d}, limits) is reason


def test_nothing_blocks_because_it_is_clear() -> None:
    with pytest.raises(ValueError, match="nothing blocks because it is clear"):
        Thresholds(0.2, 0.8, Reason.CLEAR)


SCORES = st.one_of(st.floats(), st.floats(0, 1), st.sampled_from([0.1, 0.2, 0.4, 0.6, 0.7, 0.8]))


@given(a=SCORES, b=SCORES, c=st.none() | SCORES, d=st.none() | SCORES)
def test_further_thresholds_can_only_close(
    a: float, b: float, c: float | None, d: float | None
) -> None:
    nudity = {"a": a, "b": b}
    found = nudity | {name: own for name, own in (("c", c), ("d", d)) if own is not None}
    alone, with_others = judge(nudity, LIMITS), judge(found, {**LIMITS, **OTHERS})
    assert judge(found, LIMITS) is alone  # a score without thresholds says nothing
    if alone is not Reason.CLEAR:
        assert with_others is not Reason.CLEAR
    if alone is Reason.NUDITY:
        assert with_others is Reason.NUDITY
    if with_others is Reason.CLEAR:
        assert c is not None and d is not None
        assert 0 <= c < 0.4 and 0 <= d < 0.1
    if with_others in (Reason.HELD, Reason.BUSY):
        limit, own = (OTHERS["c"], c) if with_others is Reason.HELD else (OTHERS["d"], d)
        assert own is not None and limit.block_at <= own <= 1


@given(
    scores=st.dictionaries(st.sampled_from("abcd"), SCORES),
    reason=st.sampled_from([one for one in Reason if one is not Reason.CLEAR]),
)
def test_the_reason_has_no_say_in_the_decision(scores: dict[str, float], reason: Reason) -> None:
    limits = {**LIMITS, **OTHERS}
    told = {name: Thresholds(own.clear_below, own.block_at, reason) for name, own in limits.items()}
    assert verdict(scores, told, 1.0).decision is verdict(scores, limits, 1.0).decision


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
    limits = {"a": LIMITS["a"], "b": OTHERS["d"]}
    assert (joint_score(scores, limits) < 0.5) == (judge(scores, limits) is Reason.CLEAR)
