"""Frames made small for video, in a few pictures of PyAV's that are used again and again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from shuttergate.frame import Pixels, main_size, planes
from shuttergate.system import pyav

SMALLEST_SIDE = 16


def video_size(main: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return (width, height) of the video of `main` pictures: reduced by a whole factor, even."""
    return main[0] // 2 // factor * 2, main[1] // 2 // factor * 2


def reduction(main: tuple[int, int], longest_side: int) -> int:
    """Return by what whole factor pictures of (width, height) are made smaller."""
    return -(-max(main) // longest_side)


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
        for plane, target in zip(planes(main), self._planes, strict=True):
            if factor > 1:
                plane = np.asarray(Image.fromarray(plane).reduce(factor))
            target[:] = plane[: target.shape[0], : target.shape[1]]

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

    Larger pictures than ``longest_side`` are reduced by a whole factor, and by no less than
    ``least`` says for their size.
    """

    def __init__(
        self, count: int, longest_side: int, least: Callable[[tuple[int, int]], int]
    ) -> None:
        self._count = count
        self._longest_side = longest_side
        self._least = least
        self._size = (0, 0)
        self._free: list[Canvas] = []

    def draw(self, main: Pixels) -> Canvas | None:
        """Return a canvas with that picture; None while all are in use, or where it is too small.

        Whoever gets it has to give it back.
        """
        size = main_size(main)
        factor = max(reduction(size, self._longest_side), self._least(size))
        size = video_size(size, factor)
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
