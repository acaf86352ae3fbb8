"""In what size a picture may leave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.frame import main_size, planes, reduced
from shuttergate.legible import LEGIBLE_PX, reduction


@given(
    size=st.tuples(st.integers(2, 9000), st.integers(2, 9000)),
    coverage=st.floats(0.01, 1),
    longest=st.none() | st.integers(320, 8192),
)
def test_what_no_view_could_tell_is_no_taller_than_the_limit(
    size: tuple[int, int], coverage: float, longest: int | None
) -> None:
    factor = reduction(size, coverage, longest)
    assert coverage * size[1] / factor <= LEGIBLE_PX + 1e-6
    if longest is not None:
        assert max(size) / factor <= longest
        assert factor >= reduction(size, coverage)


def test_no_more_is_taken_off_than_has_to_be() -> None:
    assert reduction((4056, 3040), 0.09) == 3
    assert reduction((1280, 720), 0.09) == 1
    assert reduction((4056, 3040), 0.09, 640) == 7


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_a_reduced_picture_is_the_mean_of_its_pixels(factor: int) -> None:
    rng = np.random.default_rng(1)
    main = rng.integers(0, 256, (90, 44), np.uint8)
    found = reduced(main, factor)
    width, height = main_size(found)
    assert (width, height) == (44 // 2 // factor * 2, 60 // 2 // factor * 2)
    for plane, small in zip(planes(main), planes(found), strict=True):
        rows, columns = small.shape
        cells = plane[: rows * factor, : columns * factor].astype(float)
        means = cells.reshape(rows, factor, columns, factor).mean((1, 3))
        assert abs(means - small).max() <= 1
    found[:] = 0
    assert main.any()  # a copy, whatever the factor


def test_a_picture_that_would_vanish_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be made 9 x smaller"):
        reduced(np.zeros((12, 8), np.uint8), 9)
