"""A clock in the picture: squares that say which scene was exposed, and when.

They survive compression, and being made smaller by a whole factor of up to `MOST_REDUCED`, so that
a photo or video tells the bench which exposure it is, whatever the log says.
"""

from __future__ import annotations

import numpy as np

from shuttergate.errors import PictureError
from shuttergate.frame import Pixels

SQUARE = 16
COLUMNS, ROWS = 20, 2
SCENE_BITS, TIME_BITS, CHECK_BITS = 4, 28, 8
MOST_SCENES = 1 << SCENE_BITS
DARK, LIGHT = 32, 224
SMALLEST = (COLUMNS * SQUARE, ROWS * SQUARE)
"""The smallest (width, height) that has room for the marks."""

MOST_REDUCED = 5
"""Three pixels of a square are left, and the one in its middle is of no neighbour's."""

WRAP_MS = 1 << TIME_BITS
"""Times are kept modulo this: three days."""


def stamp(luma: Pixels, scene: int, time_ms: int) -> None:
    """Write the marks into the top left corner of `luma`, uint8 (height, width), in place."""
    word = scene << TIME_BITS | time_ms % WRAP_MS
    word = word << CHECK_BITS | _check(word)
    bits = word >> np.arange(COLUMNS * ROWS, dtype=np.int64) & 1
    levels = np.where(bits == 1, LIGHT, DARK).astype(np.uint8).reshape(ROWS, COLUMNS)
    corner = luma[: ROWS * SQUARE, : COLUMNS * SQUARE].reshape(ROWS, SQUARE, COLUMNS, SQUARE)
    corner[:] = levels[:, None, :, None]


def read(luma: Pixels, reduced: int = 1) -> tuple[int, int]:
    """Return scene and time in milliseconds, modulo `WRAP_MS`, of a picture's luma.

    ``reduced``: by what whole factor the picture was made smaller since they were written.
    Raises `PictureError` where there are no marks, or they are damaged.
    """
    height, width = luma.shape
    side = SQUARE / reduced
    if width < COLUMNS * side or height < ROWS * side:
        raise PictureError(
            "a picture of {width} x {height} has no room for the clock's marks",
            width=width,
            height=height,
        )
    rows, columns = (
        [
            slice(first := int((place + 0.25) * side), max(first + 1, int((place + 0.75) * side)))
            for place in range(count)
        ]
        for count in (ROWS, COLUMNS)
    )
    middles = [luma[row, column].mean() for row in rows for column in columns]
    light = np.array(middles) > (DARK + LIGHT) / 2
    word = int(np.sum(light.astype(np.int64) << np.arange(COLUMNS * ROWS, dtype=np.int64)))
    told, check = word >> CHECK_BITS, word & (1 << CHECK_BITS) - 1
    if check != _check(told):
        raise PictureError("the clock's marks in the picture are damaged, or there are none")
    return told >> TIME_BITS, told % WRAP_MS


def _check(word: int) -> int:
    # Never 0 or 255 for a word of zeros or ones: a plain wall must not pass for a clock.
    return (word * 0x9E3779B1 + 0x5A5A5A5A >> 16) & (1 << CHECK_BITS) - 1
