"""The second look: the full-resolution picture, whole and in tiles, four ways round."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from shuttergate.frame import Pixels, main_size, planes
from shuttergate.vision.channel import Channel, scores

TILE = 0.6
"""A tile's share of each side: corner tiles overlap by a third, the fifth sits on their seams."""

BOXES = (
    (0.0, 0.0, 1.0, 1.0),
    (0.0, 0.0, TILE, TILE),
    (1.0 - TILE, 0.0, 1.0, TILE),
    (0.0, 1.0 - TILE, TILE, 1.0),
    (1.0 - TILE, 1.0 - TILE, 1.0, 1.0),
    (0.5 - TILE / 2, 0.5 - TILE / 2, 0.5 + TILE / 2, 0.5 + TILE / 2),
)
"""Left, top, right, bottom of every view, as shares of the picture's sides."""

ROTATIONS = 4


class SecondLook:
    """Looks at a whole picture with several crews of channels at once, one thread a crew.

    Every crew holds the same channels, each with an interpreter of its own.
    """

    def __init__(self, crews: Sequence[Sequence[Channel]], view_size: tuple[int, int]) -> None:
        self._crews = crews
        self._view_size = view_size
        self._pool = ThreadPoolExecutor(len(crews), "second-look")

    def __call__(self, main: Pixels) -> dict[str, float]:
        """Return each channel's highest score over all views of an I420 picture.

        Raises `ScoreError` where any view has no score: a view not judged is a doubt.
        """
        views = self._views(main)
        try:
            step = len(self._crews)
            shares = [views[start::step] for start in range(step)]
            results = list(self._pool.map(_highest, self._crews, shares))
        finally:
            for view in views:
                view[:] = 0
        return {name: max(result[name] for result in results) for name in results[0]}

    def _views(self, main: Pixels) -> list[Pixels]:
        proxy = _proxy(main, self._view_size)
        views = []
        width, height = proxy.size
        for left, top, right, bottom in BOXES:
            box = (left * width, top * height, right * width, bottom * height)
            small = proxy.resize(self._view_size, Image.Resampling.BILINEAR, box=box)
            upright = np.array(small)
            views += [np.ascontiguousarray(np.rot90(upright, turn)) for turn in range(ROTATIONS)]
            _wipe(small)
        _wipe(proxy)
        return views

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()


def _highest(crew: Sequence[Channel], views: Sequence[Pixels]) -> dict[str, float]:
    highest = dict.fromkeys((channel.name for channel in crew), 0.0)
    for view in views:
        for name, score in scores(crew, view).items():
            highest[name] = max(highest[name], score)
    return highest


def _proxy(main: Pixels, view_size: tuple[int, int]) -> Image.Image:
    """Return an RGB picture just large enough that no tile has to be enlarged.

    All views are cut from it: reading 12 megapixels once and not 24 times is what makes a second
    look quick. Reduction is by whole factors, an exact box filter.
    """
    width, height = main_size(main)
    need = (view_size[0] / TILE, view_size[1] / TILE)
    factor = max(1, int(min(width / need[0], height / need[1])))
    luma, blue, red = (Image.fromarray(plane) for plane in planes(main))
    reduced = [luma.reduce(factor)]
    reduced += [plane.resize(reduced[0].size, Image.Resampling.BOX) for plane in (blue, red)]
    proxy = Image.merge("YCbCr", reduced).convert("RGB")
    for image in reduced:
        _wipe(image)
    return proxy


def _wipe(image: Image.Image) -> None:
    image.paste(0 if image.mode == "L" else (0, 0, 0), (0, 0, *image.size))
