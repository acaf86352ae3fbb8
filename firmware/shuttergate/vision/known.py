"""Abstract pictures for the self-test; what each model must answer is in its model.toml.

The painted ones are integer arithmetic only, so that every machine paints the same bytes; they were
found by a random search over colours and places. The test card's picture lies beside the card.
Nothing in them resembles a person.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.system.library_words import error_words
from shuttergate.system.paths import share

_Whole = NDArray[np.int64]
_Colour = tuple[int, int, int]

_SIDE = 224
# A column and a row, of which numpy makes whole planes where they meet: kept, those are 0.8 MB.
_ROWS = np.arange(_SIDE, dtype=np.int64)[:, None]
_COLUMNS = np.arange(_SIDE, dtype=np.int64)[None, :]


@functools.cache
def paint(name: str, size: tuple[int, int]) -> Pixels:
    """Return the picture called `name`: uint8 (224, 224, 3), RGB, not to be written to.

    Raises `ScoreError` where no such picture is known, or `size` (width, height) is another.
    """
    if name not in _PICTURES or size != (_SIDE, _SIDE):
        raise ScoreError(
            "no known picture {name!r} of {width} x {height}; mend known_answers in model.toml",
            name=name,
            width=size[0],
            height=size[1],
        )
    picture = _PICTURES[name]().astype(np.uint8, order="C")  # as bytes go to an accelerator
    if picture.shape != (_SIDE, _SIDE, 3):
        raise ScoreError(
            "known picture {name!r} has shape {shape}; reinstall shuttergate",
            name=name,
            shape=picture.shape,
        )
    picture.flags.writeable = False
    return picture


def _slope(start: _Colour, end: _Colour) -> _Whole:
    """An even slope of colour from the top to the bottom."""
    first, last = np.array(start), np.array(end)
    slope: _Whole = first + (last - first) * _ROWS[..., None] // (_SIDE - 1)
    return np.broadcast_to(slope, (_SIDE, _SIDE, 3))


def _checkerboard() -> _Whole:
    """Squares of 28 pixels, blue and yellow."""
    square = ((_ROWS // 28 + _COLUMNS // 28) % 2)[..., None]
    return np.where(square == 0, (16, 64, 200), (240, 240, 80))


def _ellipse(
    under: _Whole, centre: tuple[int, int], radii: tuple[int, int], colour: _Colour
) -> _Whole:
    """Lay an ellipse on `under`, full at its centre (row, column) and fading to its rim."""
    down, right = _ROWS - centre[0], _COLUMNS - centre[1]
    distance = down * down * 1000 // (radii[0] * radii[0])
    distance = distance + right * right * 1000 // (radii[1] * radii[1])
    share = np.clip(1000 - distance, 0, 1000)[..., None]  # thousandths
    laid: _Whole = (under * (1000 - share) + np.array(colour) * share) // 1000
    return laid


def _violet_and_green() -> _Whole:
    """Soft ellipses of violet, mint and leaf on teal: open-nsfw is sure, and wrong."""
    field: _Whole = np.broadcast_to(np.array((56, 104, 88), np.int64), (_SIDE, _SIDE, 3))
    field = _ellipse(field, (6, 87), (47, 20), (172, 132, 208))
    field = _ellipse(field, (67, 139), (83, 46), (112, 176, 152))
    return _ellipse(field, (32, 178), (108, 72), (72, 136, 76))


def _test_card() -> _Whole:
    """The printed card before a grey wall: both channels must block it."""
    path = share("models") / "testcard" / "known.png"
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB")).astype(np.int64)
    except OSError as error:
        raise ScoreError(
            "{path}: {error}; reinstall shuttergate", path=path, error=error_words(error)
        ) from error


_PICTURES: dict[str, Callable[[], _Whole]] = {
    "blue_slope": lambda: _slope((0, 40, 120), (120, 220, 255)),
    "checkerboard": _checkerboard,
    "green_slope": lambda: _slope((20, 80, 20), (180, 240, 160)),
    "test_card": _test_card,
    "violet_and_green": _violet_and_green,
}
