"""The second look: the full-resolution picture, whole and in tiles, four ways round."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Looks at a whole picture with `channels`; ``view_size`` is (width, height) of one view.

    Not for two threads at a time.
    """

    def __init__(self, channels: Sequence[Channel], view_size: tuple[int, int]) -> None:
        self._channels = channels
        self._view_size = view_size
        self._upright = np.empty((view_size[1], view_size[0], 3), np.uint8)
        self._turned = np.empty_like(self._upright)

    def __call__(self, main: Pixels) -> dict[str, float]:
        """Return each channel's highest score over all views of an I420 picture.

        Raises `ScoreError` where any view has no score: a view not judged is a doubt.
        """
        proxy = _proxy(main, self._view_size)
        highest = dict.fromkeys((channel.name for channel in self._channels), 0.0)
        try:
            for box in BOXES:
                for name, score in self._around(proxy, box):
                    highest[name] = max(highest[name], score)
        finally:
            _wipe(proxy)
            self._upright[:] = 0
            self._turned[:] = 0
        return highest

    def _around(
        self, proxy: Image.Image, box: tuple[float, float, float, float]
    ) -> list[tuple[str, float]]:
        width, height = proxy.size
        left, top, right, bottom = box
        view = proxy.resize(
            self._view_size,
            Image.Resampling.BILINEAR,
            box=(left * width, top * height, right * width, bottom * height),
        )
        self._upright[:] = np.asarray(view)
        _wipe(view)
        found: list[tuple[str, float]] = []
        for turn in range(ROTATIONS):
            # The view is square for the model, so a turned view fits the same buffer.
            self._turned[:] = np.rot90(self._upright, turn)
            found += scores(self._channels, self._turned).items()
        return found


def _proxy(main: Pixels, view_size: tuple[int, int]) -> Image.Image:
    """Return an RGB picture just large enough that no tile has to be enlarged.

    All views are cut from it: reading 12 megapixels once and not 24 times is what makes a second
    look quick. Reduction is by whole factors, an exact box filter.
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
