"""The second look: the full-resolution picture, whole and in tiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels, main_size, planes
from shuttergate.vision.channel import Channel, scores
from shuttergate.vision.head import Head

TILE = 0.6
"""A tile's share of each side: corner tiles overlap by a third, the fifth sits on their seams."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a view, as shares of the picture's sides."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

TILES: tuple[Box, ...] = (
    (0.0, 0.0, TILE, TILE),
    (1.0 - TILE, 0.0, 1.0, TILE),
    (0.0, 1.0 - TILE, TILE, 1.0),
    (1.0 - TILE, 1.0 - TILE, 1.0, 1.0),
    (0.5 - TILE / 2, 0.5 - TILE / 2, 0.5 + TILE / 2, 0.5 + TILE / 2),
)


class SecondLook:
    """Looks at a whole picture with `channels`; ``view_size`` is (width, height) of one view.

    Every channel sees the whole; the tiles are for the heads that have a line for them.
    Not for two threads at a time.
    """

    def __init__(self, channels: Sequence[Channel], view_size: tuple[int, int]) -> None:
        self._channels = channels
        self._tiled = [
            (channel.embedder, heads)
            for channel in channels
            if (heads := [head for head in channel.heads if head.tile_line is not None])
        ]
        self._view_size = view_size
        self._upright = np.empty((view_size[1], view_size[0], 3), np.uint8)

    def __call__(self, main: Pixels) -> dict[str, float]:
        """Return each head's highest score over all views of an I420 picture.

        A tile counts as a whole picture that is as far from its line; see `as_whole`.
        Raises `ScoreError` where any view has no score: a view not judged is a doubt.
        """
        proxy = _proxy(main, self._view_size)
        try:
            self._cut(proxy, WHOLE)
            highest = scores(self._channels, self._upright)
            for tile in TILES if self._tiled else ():
                self._cut(proxy, tile)
                for embedder, heads in self._tiled:
                    embedding = embedder(self._upright)
                    for head in heads:
                        score = as_whole(head(embedding), head)
                        highest[head.name] = max(highest[head.name], score)
        finally:
            _wipe(proxy)
            self._upright[:] = 0
        return highest

    def _cut(self, proxy: Image.Image, box: Box) -> None:
        width, height = proxy.size
        left, top, right, bottom = box
        view = proxy.resize(
            self._view_size,
            Image.Resampling.BILINEAR,
            box=(left * width, top * height, right * width, bottom * height),
        )
        self._upright[:] = np.asarray(view)
        _wipe(view)


def as_whole(score: float, head: Head) -> float:
    """Return the score of a whole picture that says as much as this score of a tile.

    A tile fills the view with whatever it holds, a hand or a cheek, so it is judged at a line of
    its own: that line comes to lie at ``clear_below``, and 0 and 1 stay where they are.
    """
    line, whole = head.tile_line, head.limits.clear_below
    if line is None or not 0.0 <= score <= 1.0:
        raise ScoreError(f"{head.name}: {score} is no score of a tile")
    if score < line:
        return min(score * whole / line, math.nextafter(whole, 0.0))
    return 1.0 if line >= 1.0 else whole + (score - line) * (1.0 - whole) / (1.0 - line)


def _proxy(main: Pixels, view_size: tuple[int, int]) -> Image.Image:
    """Return an RGB picture just large enough that no tile has to be enlarged.

    All views are cut from it: reading 12 megapixels once, and not for every view, is what makes a
    second look quick. Reduction is by whole factors, an exact box filter.
    """
    width, height = main_size(main)
    need = (view_size[0] / TILE, view_size[1] / TILE)
    factor = max(1, int(min(width / need[0], height / need[1])))
    luma, blue, red = (Image.fromarray(plane) for plane in planes(main))
    if factor > 1:
        factor -= (
            factor % 2
        )  # colour has half the resolution, and is then reduced in whole steps too
    reduced = [luma.reduce(factor)]
    for plane in (blue, red):
        small = plane.reduce(factor // 2) if factor > 1 else plane
        if small.size != reduced[0].size:
            small = small.resize(reduced[0].size, Image.Resampling.BOX)
        reduced.append(small)
    proxy = Image.merge("YCbCr", reduced).convert("RGB")
    for image in reduced:
        _wipe(image)
    return proxy


def _wipe(image: Image.Image) -> None:
    image.paste(0 if image.mode == "L" else (0, 0, 0), (0, 0, *image.size))
