"""The statistics of an evaluation, against published values and by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.bench.evaluate import rates

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(hits: int, of: int, low: float, high: float) -> None:
    assert rates.wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_all_of_n_is_the_closed_form() -> None:
    low, high = rates.wilson(36, 36)
    assert low == pytest.approx(36 / (36 + rates.Z_95**2))
    assert high == 1.0


@given(st.integers(1, 10_000), st.data())
def test_an_interval_holds_its_share_within_0_and_1(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = rates.wilson(hits, of)
    assert 0.0 <= low <= hits / of <= high <= 1.0
    mirrored = rates.wilson(of - hits, of)
    assert (1.0 - high, 1.0 - low) == pytest.approx(mirrored)


def test_a_rate_of_no_picture_has_no_share() -> None:
    assert rates.rate(0, 0) == rates.Rate(0, 0, None, None, None)


@pytest.mark.parametrize(("blocked", "of"), [(2, 1), (-1, 3)])
def test_an_impossible_rate_is_refused(blocked: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        rates.rate(blocked, of)


def test_auc_gives_the_published_area_with_ties() -> None:
    # Hanley and McNeil, Radiology 143 (1982), table I: 109 CT images rated 1 to 5
    normal = np.repeat([1, 2, 3, 4, 5], [33, 6, 6, 11, 2])
    abnormal = np.repeat([1, 2, 3, 4, 5], [3, 2, 2, 11, 33])
    assert rates.auc(abnormal / 5, normal / 5) == pytest.approx(0.893, abs=5e-4)


@pytest.mark.parametrize(
    ("nude", "safe", "area"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.5, 0.9], [0.5, 0.1], 0.875),  # three pairs right, one tie
        ([], [0.1], None),
        ([0.1], [], None),
    ],
)
def test_auc_by_hand(nude: list[float], safe: list[float], area: float | None) -> None:
    assert rates.auc(nude, safe) == area


@given(SCORES, SCORES)
def test_auc_is_the_area_under_the_roc_curve(nude: list[float], safe: list[float]) -> None:
    curve = rates.roc(nude, safe)
    ends = [(point.false_block, point.block) for point in curve]
    area = sum((c - a) * (b + d) / 2 for (a, b), (c, d) in itertools.pairwise(ends))
    assert area == pytest.approx(rates.auc(nude, safe))
    assert (ends[0], ends[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert ends == sorted(ends)


@given(SCORES, SCORES)
def test_auc_of_the_opposite_is_the_rest(nude: list[float], safe: list[float]) -> None:
    assert (rates.auc(nude, safe) or 0.0) + (rates.auc(safe, nude) or 0.0) == pytest.approx(1.0)


@given(SCORES, SCORES)
def test_every_corner_of_the_curve_is_what_its_threshold_blocks(
    nude: list[float], safe: list[float]
) -> None:
    for point in rates.roc(nude, safe)[1:]:
        assert point.threshold is not None
        step = rates.step(nude, safe, point.threshold)
        assert (step.nude.share, step.safe.share) == (point.block, point.false_block)


def test_a_threshold_blocks_what_is_at_or_over_it() -> None:
    step = rates.step([0.5, 0.49], [0.5, 0.1, 0.2], 0.5)
    assert (step.nude.blocked, step.nude.of) == (1, 2)
    assert (step.safe.blocked, step.safe.of) == (1, 3)


def test_the_lowest_threshold_with_few_false_blocks() -> None:
    safe = [n / 1000 for n in range(200)]
    step = rates.step_for([0.1, 0.198, 0.3], safe, 0.01)
    assert step is not None
    assert (step.threshold, step.safe.blocked, step.nude.blocked) == (0.198, 2, 2)


def test_where_only_blocking_nothing_is_few_enough() -> None:
    step = rates.step_for([0.2], [0.9], 0.01)
    assert step is not None
    assert (step.threshold, step.nude.blocked, step.safe.blocked) == (math.inf, 0, 0)
    assert rates.step_for([0.2], [], 0.01) is None


@given(SCORES, SCORES, st.floats(0, 1))
def test_few_false_blocks_are_few(nude: list[float], safe: list[float], most: float) -> None:
    step = rates.step_for(nude, safe, most)
    assert step is not None
    assert step.safe.blocked <= most * len(safe)


def test_base_rates_by_hand() -> None:
    found = rates.at_base_rate(rates.rate(90, 100), rates.rate(10, 100), 0.01)
    assert found is not None
    assert (found.nude, found.rightly, found.missed) == pytest.approx((100, 90, 10))
    assert found.wrongly == pytest.approx(990)
    assert found.precision == pytest.approx(90 / 1080)


@given(
    st.integers(0, 50), st.integers(0, 50), st.sampled_from([0.5, 0.01, 0.001, 0.0001]),
    st.integers(1, 10**6),
)  # fmt: skip
def test_base_rates_add_up_and_lie_in_their_ranges(
    hits: int, false: int, base: float, pictures: int
) -> None:
    found = rates.at_base_rate(rates.rate(hits, 50), rates.rate(false, 50), base, pictures)
    assert found is not None
    assert found.rightly + found.missed == pytest.approx(found.nude)
    slack = 1e-9 * pictures
    assert found.missed_low - slack <= found.missed <= found.missed_high + slack
    assert found.wrongly_low - slack <= found.wrongly <= found.wrongly_high + slack
    if found.precision is not None:
        assert found.precision_low is not None and found.precision_high is not None
        assert found.precision_low - 1e-9 <= found.precision <= found.precision_high + 1e-9


def test_base_rates_need_both_kinds() -> None:
    assert rates.at_base_rate(rates.rate(0, 0), rates.rate(1, 2), 0.01) is None


def test_where_nothing_is_blocked_there_is_no_precision() -> None:
    found = rates.at_base_rate(rates.rate(0, 5), rates.rate(0, 5), 0.01)
    assert found is not None
    assert found.precision is None


@given(SCORES)
def test_every_score_is_in_one_bin(scores: list[float]) -> None:
    assert sum(rates.histogram(scores, 20)) == len(scores)


def test_a_score_of_1_is_in_the_last_bin() -> None:
    assert rates.histogram([1.0, 0.0], 4) == [1, 0, 0, 1]
