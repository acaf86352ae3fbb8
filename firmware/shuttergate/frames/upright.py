"""Which way up: the models see a picture as people will, however the camera is mounted.

A mirror and a turn by 180 degrees are flips: the camera makes them, or its driver while it copies,
so that whatever comes after is upright. A turn by 90 or 270 would cost a copy of all of ``main``:
only ``lores`` is turned, and whoever looks at ``main`` or saves it is told the rest.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from shuttergate.frame import Frame, Pixels, Source


def flipped(pixels: Pixels, hflip: bool, vflip: bool) -> Pixels:
    """Return a picture, (rows, columns, …), left to right and upside down as told: a view."""
    return pixels[:: -1 if vflip else 1, :: -1 if hflip else 1]


class Turned:
    """`source`, each ``lores`` turned by ``degrees`` clockwise; a `frame.Source` itself."""

    def __init__(self, source: Source, degrees: Literal[90, 270]) -> None:
        self.name, self.fps = source.name, source.fps
        self._source = source
        self._quarters = -degrees // 90  # numpy's way is counterclockwise

    def next(self, timeout_s: float) -> Frame:
        """Return the next frame, its ``lores`` upright."""
        frame = self._source.next(timeout_s)
        frame.lores = _turned(frame.lores, self._quarters)
        return frame

    def close(self) -> None:
        """Let go of the camera."""
        self._source.close()


def _turned(lores: Pixels, quarters: int) -> Pixels:
    """Turn a picture, uint8 (height, width, 3), in its own memory: `Frame.release` wipes that."""
    scratch = np.ascontiguousarray(np.rot90(lores, quarters))
    turned = lores.reshape(scratch.shape)
    turned[:] = scratch
    scratch[:] = 0
    return turned
