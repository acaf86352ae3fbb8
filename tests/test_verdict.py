"""Scores to verdicts: what is not provably clear is not clear."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.errors import MisfitError
from shuttergate.verdict import (
    RESOLUTION,
    Agreement,
    Decision,
    Fusion,
    Reason,
    Rule,
    Thresholds,
    joint_score,
    judge,
    verdict,
    without,
)

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
    assert judge({"a": a, "b": b}, Rule(LIMITS)) is reason


def test_a_missing_channel_is_a_doubt() -> None:
    assert judge({"a": 0.0}, Rule(LIMITS)) is Reason.DOUBT


def test_no_channel_at_all_is_a_doubt() -> None:
    assert judge({}, Rule({})) is Reason.DOUBT


@given(st.floats(), st.floats())
def test_clear_only_below_both_thresholds(a: float, b: float) -> None:
    seen = verdict({"a": a, "b": b}, Rule(LIMITS), 1.0)
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
    assert judge({"a": a, "c": c, "d": d}, Rule(limits)) is reason


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
    alone, with_others = judge(nudity, Rule(LIMITS)), judge(found, Rule({**LIMITS, **OTHERS}))
    assert judge(found, Rule(LIMITS)) is alone  # a score without thresholds says nothing
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
    alike = [verdict(scores, Rule(one), 1.0).decision for one in (told, limits)]
    assert alike[0] is alike[1]


TOGETHER = Fusion({"a": 2.0, "b": 1.0}, -4.0)
FUSED = Rule(LIMITS, (TOGETHER,))


def test_a_fusion_adds_the_log_odds_of_its_channels() -> None:
    assert TOGETHER.over({"a": 0.5, "b": 0.5}) == 4.0
    assert TOGETHER.over({"a": 0.1, "b": 0.1}) == pytest.approx(4.0 - 3 * math.log(9))
    assert TOGETHER.over({"a": 0.0, "b": 1.0}) == pytest.approx(4.0 - math.log(1 / RESOLUTION - 1))
    for scores in ({"a": 0.5}, {"a": 0.5, "b": math.nan}, {"a": 0.5, "b": 1.1}):
        assert math.isnan(TOGETHER.over(scores))


def test_two_doubts_together_block_where_none_does_alone() -> None:
    scores = {"a": 0.19, "b": 0.29}
    assert judge(scores, Rule(LIMITS)) is Reason.CLEAR
    assert judge(scores, FUSED) is Reason.DOUBT
    assert judge({"a": 0.19, "b": 0.0}, FUSED) is Reason.CLEAR


@given(scores=st.dictionaries(st.sampled_from("ab"), SCORES))
def test_a_fusion_can_only_close(scores: dict[str, float]) -> None:
    alone, fused = judge(scores, Rule(LIMITS)), judge(scores, FUSED)
    assert fused is alone or (alone, fused) == (Reason.CLEAR, Reason.DOUBT)


AGREED = Rule(LIMITS, (), (Agreement({"a": 0.1, "b": 0.05}),))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({"a": 0.1, "b": 0.05}, Reason.DOUBT),
        ({"a": 0.19, "b": 0.049}, Reason.CLEAR),
        ({"a": 0.099, "b": 0.29}, Reason.CLEAR),
        ({"a": 0.2, "b": 0.0}, Reason.DOUBT),  # alone, all the same
        ({"a": 0.8, "b": 0.1}, Reason.NUDITY),
    ],
)
def test_an_agreement_blocks_where_all_its_channels_reach_their_lines(
    scores: dict[str, float], reason: Reason
) -> None:
    assert judge(scores, AGREED) is reason


@given(scores=st.dictionaries(st.sampled_from("ab"), SCORES))
def test_an_agreement_can_only_close(scores: dict[str, float]) -> None:
    alone, agreed = judge(scores, Rule(LIMITS)), judge(scores, AGREED)
    assert agreed is alone or (alone, agreed) == (Reason.CLEAR, Reason.DOUBT)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ({"a": 0.5}, "two channels or more"),
        ({"a": 0.5, "b": 0.0}, "line of b in an agreement is 0.0"),
        ({"a": 1.1, "b": 0.5}, "line of a"),
        ({"a": math.nan, "b": 0.5}, "line of a in an agreement is nan"),
    ],
)
def test_an_agreement_without_an_end_is_none(lines: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Agreement(lines)


@pytest.mark.parametrize(
    ("weights", "line", "why"),
    [
        ({"a": 1.0}, 0.0, "two channels or more"),
        ({"a": 1.0, "b": -0.5}, 0.0, "weight of b is -0.5"),
        ({"a": 1.0, "b": 0.0}, 0.0, "weight of b is 0.0"),
        ({"a": math.nan, "b": 1.0}, 0.0, "weight of a is nan"),
        ({"a": math.inf, "b": 1.0}, 0.0, "weight of a is inf"),
        ({"a": 1.0, "b": 1.0}, math.nan, "no number"),
        ({"a": 1.0, "b": 1.0}, -math.inf, "no number"),
    ],
)
def test_a_fusion_that_could_open_is_none(weights: dict[str, float], line: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Fusion(weights, line)


def test_a_fusion_needs_thresholds_for_each_of_its_channels() -> None:
    with pytest.raises(ValueError, match="without thresholds of b"):
        Rule({"a": LIMITS["a"]}, (TOGETHER,))


def test_without_a_fusion_the_joint_score_is_the_highest_with_each_line_at_a_half() -> None:
    rule = Rule(LIMITS)
    assert joint_score({"a": 0.1, "b": 0.06}, rule) == 0.25
    assert joint_score({"a": 0.2, "b": 0.1}, rule) == 0.5
    assert joint_score({"a": 0.1, "b": 1.0}, rule) == 1.0
    assert math.isnan(joint_score({}, rule))
    assert math.isnan(joint_score({"a": 0.1}, rule))
    assert math.isnan(joint_score({}, Rule({})))


PROPER = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.6, 0.8, 1.0]))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule over two channels: any limits, up to two fusions and two agreements."""

    def limits() -> Thresholds:
        low, high = sorted(draw(st.floats(1e-3, 1)) for _ in range(2))
        return Thresholds(low, high, draw(st.sampled_from([Reason.NUDITY, Reason.HELD])))

    weight, line = st.floats(1e-3, 1e3), st.floats(-1e4, 1e4)
    fusions = [
        Fusion({"a": draw(weight), "b": draw(weight)}, draw(line))
        for _ in range(draw(st.integers(0, 2)))
    ]
    agreements = [
        Agreement({"a": draw(st.floats(1e-3, 1)), "b": draw(st.floats(1e-3, 1))})
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Rule({"a": limits(), "b": limits()}, tuple(fusions), tuple(agreements))


@given(rule=rules(), a=PROPER, b=PROPER)
def test_the_joint_score_is_what_the_rule_thresholds(rule: Rule, a: float, b: float) -> None:
    scores = {"a": a, "b": b}
    assert 0 <= joint_score(scores, rule) <= 1
    assert (joint_score(scores, rule) < 0.5) == (judge(scores, rule) is Reason.CLEAR)


@given(rule=rules(), one=st.tuples(PROPER, PROPER), other=st.tuples(PROPER, PROPER))
def test_a_higher_score_never_opens_and_never_lowers_the_joint_score(
    rule: Rule, one: tuple[float, float], other: tuple[float, float]
) -> None:
    low, high = (
        {name: pick(pair) for name, pair in zip("ab", zip(one, other, strict=True), strict=True)}
        for pick in (min, max)
    )
    assert joint_score(low, rule) <= joint_score(high, rule)
    if judge(high, rule) is Reason.CLEAR:
        assert judge(low, rule) is Reason.CLEAR


TAUGHT = {
    "star": Thresholds(0.5, 0.5, Reason.TAUGHT),
    "moon": Thresholds(0.6, 0.6, Reason.TAUGHT),
}
NUDE = Rule(LIMITS, (Fusion({"a": 1.0, "b": 1.0}, 0.0),), (Agreement({"a": 0.1, "b": 0.1}),))
BOTH = Rule({**LIMITS, **TAUGHT}, NUDE.fusions, NUDE.agreements)


@given(st.fixed_dictionaries(dict.fromkeys(BOTH.limits, st.floats(0.0, 1.0))))
def test_a_taught_rule_blocks_alone_where_all_else_is_clear(scores: dict[str, float]) -> None:
    seen = verdict(scores, BOTH, 1.0)
    blocking = [name for name, limit in TAUGHT.items() if scores[name] >= limit.block_at]
    is_clear = judge(scores, NUDE) is Reason.CLEAR
    assert seen.alone == (blocking[0] if is_clear and len(blocking) == 1 else "")
    if seen.alone:
        assert seen.reason is Reason.TAUGHT and seen.decision is Decision.BLOCKED
        assert judge(scores, without(BOTH, seen.alone)) is Reason.CLEAR


DOUBTED = {"a": 0.4, "b": 0.1}
SURE = {"a": 0.9, "b": 0.1}
BOTH_NEAR = {"a": 0.19, "b": 0.29}


@pytest.mark.parametrize("taught", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (DOUBTED, Reason.DOUBT),
        (SURE, Reason.NUDITY),
        (BOTH_NEAR, Reason.DOUBT),
        ({"a": math.nan, "b": 0.1}, Reason.DOUBT),
        ({"a": 0.1}, Reason.DOUBT),
    ],
)
def test_of_what_nudity_does_not_clear_no_taught_rule_is_the_reason(
    said: dict[str, float], reason: Reason, taught: float
) -> None:
    """Else whoever brings its weights would read a bit a frame out of it."""
    seen = verdict({**said, "star": taught, "moon": 0.0}, BOTH, 1.0)
    assert (seen.decision, seen.reason) == (Decision.BLOCKED, reason)
    assert seen == verdict({**said, "star": 0.0, "moon": 0.0}, BOTH, 1.0)
    first = Rule({**TAUGHT, **LIMITS}, NUDE.fusions, NUDE.agreements)
    assert judge({**said, "star": taught, "moon": 0.0}, first) is reason


@given(
    st.fixed_dictionaries(dict.fromkeys(BOTH.limits, st.floats(-0.1, 1.1))),
    st.fixed_dictionaries(dict.fromkeys(TAUGHT, st.floats(0.0, 1.0))),
)
def test_what_a_taught_rule_says_shows_only_where_nudity_clears(
    scores: dict[str, float], other: dict[str, float]
) -> None:
    seen, nude = verdict(scores, BOTH, 1.0), judge(scores, NUDE)
    if nude is not Reason.CLEAR:
        assert seen.reason is nude and seen == verdict({**scores, **other}, BOTH, 1.0)
    is_clear = all(0.0 <= scores[name] < limit.clear_below for name, limit in TAUGHT.items())
    assert (seen.decision is Decision.CLEAR) == (nude is Reason.CLEAR and is_clear)


def test_a_taught_rule_without_a_score_is_a_doubt_and_not_the_rules_own_word() -> None:
    for score in (math.nan, -0.1, 1.1):
        seen = verdict({"a": 0.0, "b": 0.0, "star": score, "moon": 0.0}, BOTH, 1.0)
        assert (seen.reason, seen.alone) == (Reason.DOUBT, "")


@given(
    st.fixed_dictionaries(dict.fromkeys(BOTH.limits, st.floats(0.0, 1.0))),
    st.sampled_from(["star", "moon"]),
)
def test_without_a_taught_rule_nudity_is_judged_as_ever(
    scores: dict[str, float], taught: str
) -> None:
    """Whatever nudity rule and other rules do not clear is not clear without that rule either."""
    other = next(name for name in TAUGHT if name != taught)
    left = without(BOTH, taught)
    assert (left.fusions, left.agreements) == (BOTH.fusions, BOTH.agreements)
    assert left.limits == {name: BOTH.limits[name] for name in ("a", "b", other)}
    if judge(scores, NUDE) is not Reason.CLEAR or scores[other] >= TAUGHT[other].block_at:
        assert judge(scores, left) is not Reason.CLEAR


@pytest.mark.parametrize("name", ["a", "b"])
def test_nothing_of_the_nudity_rule_can_be_left_out(name: str) -> None:
    with pytest.raises(MisfitError, match=f"{name} is no taught rule: it is always asked"):
        without(BOTH, name)


def test_nor_what_speaks_together_with_it() -> None:
    shared = Rule({**LIMITS, **TAUGHT}, (Fusion({"a": 1.0, "star": 1.0}, 5.0),))
    assert verdict({"a": 0.0, "b": 0.0, "star": 0.9, "moon": 0.0}, shared, 1.0).alone == ""
    with pytest.raises(MisfitError):
        without(shared, "star")


def test_a_rule_that_the_second_look_does_not_have_leaves_it_as_it_is() -> None:
    assert without(NUDE, "star") is NUDE
