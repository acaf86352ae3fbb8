"""No figure of at least the coverage fails to lie whole in some view, for any size and shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shuttergate.vision.views import FILL, MOST_VIEWS, SQUEEZE, WHOLE, Region, coverage, pyramid

CAMERA = (4056, 3040)
SIZES = st.tuples(st.integers(2, 5000), st.integers(2, 5000))
CUTS = st.lists(st.integers(2, 6), max_size=3).map(sorted)
SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
EDGE = 1e-6


def is_told(
    views: Sequence[Region], width: float, box: tuple[float, float, float], fill: float
) -> bool:
    """Whether a square (left, top, side), in heights, lies whole in a view and fills enough."""
    left, top, side = box
    return any(
        view.left * width <= left + EDGE
        and left + side <= view.right * width + EDGE
        and view.top <= top + EDGE
        and top + side <= view.bottom + EDGE
        and side
        >= fill * max(view.bottom - view.top, (view.right - view.left) * width / SQUEEZE) - EDGE
        for view in views
    )


def places(width: float, side: float, x: float, y: float) -> tuple[float, float, float]:
    return x * (width - side), y * (1.0 - side), side


@settings(max_examples=300)
@given(
    size=SIZES,
    cuts=CUTS,
    fill=st.floats(0.15, 0.6),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    more=st.floats(0, 1),
)
def test_no_box_of_the_coverage_is_cut_by_every_view(
    size: tuple[int, int], cuts: list[int], fill: float, x: float, y: float, more: float
) -> None:
    try:
        found = pyramid(size, cuts, fill)
    except ValueError:
        assume(False)
    width = size[0] / size[1]
    largest = min(width, 1.0)
    assume(found.coverage < largest)
    side = found.coverage + more * (largest - found.coverage)
    assert is_told(found.views, width, places(width, side, x, y), fill)


@settings(max_examples=40, deadline=None)
@given(size=SIZES, cuts=st.lists(st.integers(2, 4), max_size=2).map(sorted))
def test_the_pyramids_coverage_is_that_of_its_views(size: tuple[int, int], cuts: list[int]) -> None:
    assume(max(size) <= 4 * min(size))
    found = pyramid(size, cuts)
    assert coverage(found.views, size, FILL) <= found.coverage + EDGE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    size=st.tuples(st.integers(20, 400), st.integers(20, 400)),
    views=st.lists(
        st.tuples(SHARES, SHARES, SHARES, SHARES).filter(
            lambda edges: edges[0] < edges[2] and edges[1] < edges[3]
        ),
        max_size=10,
    ),
    fill=st.sampled_from([0.2, 0.4, 0.7]),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    more=st.floats(0, 1),
)
def test_the_coverage_of_any_views_holds_wherever_a_box_lies(
    size: tuple[int, int],
    views: list[tuple[float, float, float, float]],
    fill: float,
    x: float,
    y: float,
    more: float,
) -> None:
    parts = [WHOLE, *(Region(*edges) for edges in views)]
    found, width = coverage(parts, size, fill), size[0] / size[1]
    assume(found < math.inf)
    side = found + more * (min(width, 1.0) - found)
    assert is_told(parts, width, places(width, side, x, y), fill)


def test_one_overlap_too_small_is_noticed() -> None:
    found = pyramid(CAMERA, (3,))
    assert coverage(found.views, CAMERA, FILL) == pytest.approx(found.coverage, abs=1e-3)
    apart = [
        Region(one.left + 0.02 * (one.left > 0.3), one.top, one.right, one.bottom)
        for one in found.views
    ]
    assert coverage(apart, CAMERA, FILL) > found.coverage + 0.01


def test_a_level_left_out_costs_coverage() -> None:
    views = pyramid(CAMERA, (3, 6)).views
    sides = sorted({round(one.bottom - one.top, 3) for one in views})
    for side in sides[:-1]:
        fewer = [one for one in views if round(one.bottom - one.top, 3) != side]
        assert coverage(fewer, CAMERA, FILL) > coverage(views, CAMERA, FILL) + 0.01


def test_the_whole_comes_first_and_a_turned_camera_is_cut_alike() -> None:
    wide, tall = pyramid(CAMERA, (3, 6)), pyramid(CAMERA[::-1], (3, 6))
    assert wide.views[0] == tall.views[0] == WHOLE
    assert len(wide.views) == 40
    assert wide.coverage == pytest.approx(0.09)


@pytest.mark.parametrize("size", [(1, 60000), (60000, 1), (2, 5000)])
def test_a_thread_of_a_picture_is_refused_in_words(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is too long and narrow to be looked at"):
        pyramid(size, (3, 6))


@pytest.mark.parametrize("size", [(900, 4500), (4500, 900), (900, 7200)])
def test_a_long_strip_is_cut_along_its_longer_side(size: tuple[int, int]) -> None:
    found = pyramid(size, ())
    assert 2 < len(found.views) < MOST_VIEWS
    for view in found.views[1:]:
        wide, high = (view.right - view.left) * size[0], (view.bottom - view.top) * size[1]
        assert max(wide, high) <= SQUEEZE * min(wide, high) * (1 + EDGE)
