"""Frames made small for video, in a few pictures of PyAV's that are used again and again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shuttergate.frame import Pixels, main_size, planes, reduce_into
from shuttergate.legible import reduced_size
from shuttergate.system import pyav

SMALLEST_SIDE = 16


class Canvas:
    """A picture to be encoded, used again and again. ``size``: (width, height), even."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.picture = pyav.load().VideoFrame(*size, "yuv420p")
        self._planes = [
            np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            for plane in self.picture.planes
        ]
        self.wipe()  # the memory may have been another's

    def draw(self, main: Pixels, factor: int) -> None:
        """Fill it from an I420 picture; the mean of factor x factor pixels where it is reduced."""
        reduce_into(self._planes, main, factor)

    def i420(self) -> Pixels:
        """Return a copy of the picture, shape (height * 3 // 2, width)."""
        width, height = self.size
        found = np.empty((height * 3 // 2, width), np.uint8)
        for plane, target in zip(self._planes, planes(found), strict=True):
            target[:] = plane
        return found

    def wipe(self) -> None:
        """Leave nothing on it."""
        for plane in self._planes:
            plane[:] = 0


class Canvases:
    """So many of them, all of the size of the newest picture. `draw` is for one thread.

    ``reduction`` says by what whole factor pictures of (width, height) are made smaller.
    """

    def __init__(self, count: int, reduction: Callable[[tuple[int, int]], int]) -> None:
        self._count = count
        self._reduction = reduction
        self._size = (0, 0)
        self._free: list[Canvas] = []

    def draw(self, main: Pixels) -> Canvas | None:
        """Return a canvas with that picture; None while all are in use, or where it is too small.

        Whoever gets it has to give it back.
        """
        size = main_size(main)
        factor = self._reduction(size)
        size = reduced_size(size, factor)
        if min(size) < SMALLEST_SIDE:
            return None
        if size != self._size:
            self._size = size
            self._free = [Canvas(size) for _ in range(self._count)]
        if not self._free:
            return None
        canvas = self._free.pop()
        canvas.draw(main, factor)
        return canvas

    def give_back(self, canvas: Canvas) -> None:
        """Wipe it; the next picture may have it."""
        canvas.wipe()
        if canvas.size == self._size:
            self._free.append(canvas)
