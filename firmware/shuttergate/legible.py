"""In what size a picture may leave: what no view can tell must not be told in it either.

Numbers alone, no pixels: a board and the console ask, too. `frame.reduced` does it.
"""

from __future__ import annotations

import math

LEGIBLE_PX = 96
"""What no look can tell is no taller than this in what leaves. A person of 1.7 m is then shown at
56 pixels a metre: fewer than the 62.5 at which EN 62676-4 has an observer make out characteristic
details, and than half of the 125 at which somebody known is recognised (250: identified)."""

CUTS = (3, 6)
"""How finely a photo is looked at: parts along its shorter side, level by level. 40 views of a
4 : 3 picture, of which the finer overlap by what the coarser may miss; see `vision.views`."""

LIVE_FILL = 0.4
"""The share of a frame's height that a figure must fill for the live look to tell it: the test card
at 0.4 in 99 of 100 views (tests/models/test_testcard.py)."""

SQUEEZE = 1.35
"""How much longer one side of a view may be than the other: a camera's 4 : 3 (4056 x 3040 pixels)
is made square in all that was measured."""


def live_coverage(size: tuple[int, int]) -> float:
    """Return the smallest figure that a live look at frames of (width, height), upright, tells.

    As a share of the height; what is wider than `SQUEEZE` is squeezed more than was measured.
    """
    return LIVE_FILL * max(1.0, size[0] / size[1] / SQUEEZE)


def reduction(size: tuple[int, int], coverage: float, longest_side: int | None = None) -> int:
    """Return by what whole factor a picture of ``size`` (width, height) is made smaller to leave.

    ``coverage``: the smallest figure that was looked for, as a share of the height.
    ``longest_side``, in pixels, can only make it smaller still.
    """
    factor = max(1, math.ceil(coverage * size[1] / LEGIBLE_PX))
    return factor if longest_side is None else max(factor, -(-max(size) // longest_side))


def reduced_size(size: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return (width, height), even, of a picture of that size, each side divided by `factor`."""
    return size[0] // 2 // factor * 2, size[1] // 2 // factor * 2
