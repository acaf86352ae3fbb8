"""Which parts of a picture are looked at, and how small a figure they may leave unseen. Pure.

Models see every view at one size, whatever part of the picture it is: a small part is seen sharply,
and a figure must fill enough of a view to be told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from shuttergate.errors import MisfitError
from shuttergate.legible import SQUEEZE

FILL = 0.3
"""The share of a view's height that a figure must fill to be told: the test card itself, without
its border, at 0.27 in 100 of 100 places (`make bench-coverage`: 12 % of the height)."""

MOST_VIEWS = 400
"""A picture of a shape that needs more is not looked at."""

_TOO_NEAR = 1e-9
"""Steps that lie nearer than this are one step that was computed twice."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, as shares of its sides: 0 <= left < right <= 1, and so downwards."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Region(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The whole of a picture first, then finer and finer parts of it.

    ``coverage``: the smallest figure that surely lies whole in a view and fills enough of it, as a
    share of the picture's height.
    """

    views: tuple[Region, ...]
    coverage: float


def pyramid(size: tuple[int, int], cuts: Sequence[int], fill: float = FILL) -> Pyramid:
    """Return how to look at a picture of ``size`` (width, height).

    ``cuts``: how many parts lie side by side along the shorter side, at each finer level. Each
    level's parts overlap by as much as the level before may miss, so that whatever that one misses
    lies whole in a part of this. A picture too long to be told as a whole is first cut along its
    longer side.

    Raises `ValueError` for a shape that needs more than `MOST_VIEWS`.
    """
    # In shorter sides, so that a picture and the same one turned are cut alike.
    length, is_tall = max(size) / min(size), size[1] > size[0]

    def told(across: float, along: float) -> float:
        high, wide = (along, across) if is_tall else (across, along)
        return fill * max(high, wide / SQUEEZE)

    views, missed = [WHOLE], min(1.0, told(1.0, length))
    for count in (*((1,) if length > SQUEEZE else ()), *cuts):
        across = ((count - 1) * missed + 1.0) / count
        number = max(1, math.ceil((length - missed) / (SQUEEZE * across - missed)))
        along = ((number - 1) * missed + length) / number
        views += _grid((count, across), (number, along / length), is_tall, size)
        missed = told(across, along)
    return Pyramid(tuple(views), missed / (length if is_tall else 1.0))


def _grid(
    shorter: tuple[int, float], longer: tuple[int, float], is_tall: bool, size: tuple[int, int]
) -> list[Region]:
    """Return parts side by side along both sides: how many, and the share of the side of each."""
    if shorter[0] * longer[0] >= MOST_VIEWS:
        raise MisfitError(
            "a picture of {width} x {height} pixels is too long and narrow to be "
            "looked at part by part; cut it into shorter pieces",
            width=size[0],
            height=size[1],
        )
    (rows, high), (columns, wide) = (longer, shorter) if is_tall else (shorter, longer)
    return [
        Region(left, top, min(1.0, left + wide), min(1.0, top + high))
        for top in _places(rows, high)
        for left in _places(columns, wide)
    ]


def _places(count: int, side: float) -> list[float]:
    return [(1.0 - side) * place / (count - 1) if count > 1 else 0.0 for place in range(count)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A view in heights of the picture; ``least``: the side that a figure needs to be told."""

    left: float
    top: float
    right: float
    bottom: float
    least: float


def coverage(views: Sequence[Region], size: tuple[int, int], fill: float) -> float:
    """Return the smallest figure that is surely seen, as a share of the picture's height.

    Wherever a square of that side or a larger one lies in a picture of ``size`` (width, height, in
    pixels), it lies whole in a view and fills at least ``fill`` of the view's height. A figure
    of any shape has such a square around it, or is larger than any square that the picture holds.
    `math.inf` where even the largest square may be missed. By height: a view is squeezed at most by
    `SQUEEZE`, or counts as so much higher.
    """
    width = size[0] / size[1]
    seen = []
    for view in views:
        left, right = view.left * width, view.right * width
        least = fill * max(view.bottom - view.top, (right - left) / SQUEEZE)
        seen.append(_Seen(left, view.top, right, view.bottom, least))
    largest = found = min(width, 1.0)
    for step in _steps(seen, width):
        side = (step + found) / 2  # between two steps all sides fare alike
        if not _everywhere([one for one in seen if one.least <= side], width, side):
            break
        found = step
    return found if found < largest else math.inf


def _steps(seen: Sequence[_Seen], width: float) -> Iterator[float]:
    """Yield, falling, the sides at which another view comes in or two views part; 0 at the end."""
    across = {one.left for one in seen} | {0.0}, {one.right for one in seen} | {width}
    down = {one.top for one in seen} | {0.0}, {one.bottom for one in seen} | {1.0}
    steps = {one.least for one in seen}
    for starts, ends in (across, down):
        steps |= {end - start for start, end in product(starts, ends)}
    before = min(width, 1.0)
    for step in sorted(steps | {0.0}, reverse=True):
        if 0.0 <= step < before - _TOO_NEAR:
            yield step
            before = step


def _everywhere(seen: Sequence[_Seen], width: float, side: float) -> bool:
    """Whether a square of this side lies whole in one of these views, wherever it lies."""
    free = [
        (one.left, one.right - side, one.top, one.bottom - side)
        for one in seen
        if one.right - one.left >= side and one.bottom - one.top >= side
    ]
    xs = sorted({0.0, width - side, *(x for one in free for x in one[:2])})
    ys = sorted({0.0, 1.0 - side, *(y for one in free for y in one[2:])})
    return all(
        any(left <= x <= right and top <= y <= bottom for left, right, top, bottom in free)
        for x, y in product(_middles(xs), _middles(ys))
    )


def _middles(edges: Sequence[float]) -> list[float]:
    return [(one + other) / 2 for one, other in pairwise(edges) if other - one > _TOO_NEAR]
