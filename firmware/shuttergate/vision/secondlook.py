"""The second look: the picture that would leave, whole and in finer and finer parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import SMALLEST_SIDE, Pixels, main_size, planes, reduced
from shuttergate.legible import (
    CUTS,
    LEGIBLE_PX,
    live_coverage,
    reduced_size,
    reduction,
)
from shuttergate.vision.channel import Channel
from shuttergate.vision.head import Head
from shuttergate.vision.views import WHOLE, Pyramid, Region, pyramid

_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns the other way
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


class SecondLook:
    """Looks at a whole picture with `channels`; ``view_size`` is (width, height) of one view.

    Every channel sees the whole; one with a head for parts sees every view of the pyramid, and
    reads the whole by both its heads. ``rotation``: degrees clockwise that bring the pictures
    upright. Not for two threads at a time.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        view_size: tuple[int, int],
        cuts: Sequence[int] = CUTS,
        rotation: int = 0,
    ) -> None:
        self.channels = tuple(channels)
        self._sees_parts = any(channel.close is not None for channel in channels)
        self._view_size = view_size
        self._cuts = tuple(cuts) if self._sees_parts else ()
        self._rotation = rotation
        self._view = np.empty((view_size[1], view_size[0], 3), np.uint8)

    @property
    def looks_at_parts(self) -> bool:
        """Whether it looks at more than the whole."""
        return bool(self._cuts)

    def pyramid(self, size: tuple[int, int]) -> Pyramid:
        """Return the views of a picture of ``size`` (width, height) as it is given, and coverage.

        As many levels as it takes until what they miss is too small to be made out.
        Raises `ScoreError` for a shape that cannot be looked at.
        """
        if not self._sees_parts:  # it tells no more than a live look does
            return Pyramid((WHOLE,), live_coverage(self.upright(size)))
        try:
            return _pyramid(self.upright(size), self._cuts)
        except ValueError as error:
            raise ScoreError.of(error) from error

    def leaving(self, main: Pixels, longest_side: int | None = None) -> Pixels:
        """Return an I420 picture in the size in which it may leave; that is what is to be judged.

        ``longest_side``: no larger than so many pixels. Raises `ScoreError` as `pyramid`.
        """
        try:
            return reduced(main, self.reduction(main_size(main), longest_side))
        except ValueError as error:
            raise ScoreError.of(error) from error

    def reduction(self, size: tuple[int, int], longest_side: int | None = None) -> int:
        """Return by what whole factor a picture of (width, height) must be made smaller to leave.

        Raises `ScoreError` as `pyramid`.
        """
        factor = reduction(self.upright(size), self.pyramid(size).coverage, longest_side)
        # What is left out at the edges may change the shape, and so what is seen of it.
        while not self._is_small_enough(reduced_size(size, factor)):
            factor += 1
        return factor

    def _is_small_enough(self, size: tuple[int, int]) -> bool:
        if min(size) < SMALLEST_SIDE:
            return True  # it is no picture any more, and refused as such
        return self.pyramid(size).coverage * self.upright(size)[1] <= LEGIBLE_PX

    def upright(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of a frame's main picture as people see it."""
        return size[::-1] if self._rotation in (90, 270) else size

    def __call__(self, picture: Pixels) -> dict[str, float]:
        """Return each head's highest score over all that it is shown of an I420 picture.

        A part counts as a whole picture that is as far from its line; see `as_whole`.
        Raises `ScoreError` where any view has no score: a view not judged is a doubt.
        """
        views = self.pyramid(main_size(picture)).views
        upright = _upright(picture, self._rotation)
        highest: dict[str, float] = {}
        try:
            for view in views:
                self._cut(upright, view)
                for channel in self.channels:
                    if view is WHOLE or channel.close is not None:
                        self._look(channel, view is WHOLE, highest)
        finally:
            _wipe(upright)
            self._view[:] = 0
        return highest

    def _look(self, channel: Channel, is_whole: bool, highest: dict[str, float]) -> None:
        """Keep the highest scores of what a channel says of the view that was cut."""
        if channel.close is None:
            outputs = channel.embedder(self._view)
        else:
            outputs, cells = channel.embedder.with_map(self._view)
            first = channel.heads[0]
            part = as_whole(channel.close(cells), first, channel.close.line)
            highest[first.name] = max(highest.get(first.name, 0.0), part)
        for head in channel.heads if is_whole else ():
            highest[head.name] = max(highest.get(head.name, 0.0), head(outputs))

    def _cut(self, upright: Image.Image, part: Region) -> None:
        width, height = upright.size
        box = part.left * width, part.top * height, part.right * width, part.bottom * height
        # A mean takes half of the time; enlarged, it would show steps that are not there.
        is_small = box[2] - box[0] < self._view_size[0] or box[3] - box[1] < self._view_size[1]
        is_fine = part is WHOLE or is_small
        how = Image.Resampling.BILINEAR if is_fine else Image.Resampling.BOX
        view = upright.resize(self._view_size, how, box=box, reducing_gap=2.0 if is_fine else 1.0)
        self._view[:] = np.asarray(view)
        _wipe(view)


def as_whole(score: float, head: Head, line: float) -> float:
    """Return the score of a whole picture that says as much as this score of a part.

    A part fills the view with whatever it holds, a hand or a cheek, so it is judged at a line of
    its own: that comes to lie at ``clear_below``, and 0 and 1 stay where they are.
    """
    whole = head.limits.clear_below
    if not 0.0 <= score <= 1.0:
        raise ScoreError(
            "{head}: {score} is no score of a part of a picture", head=head.name, score=score
        )
    if score < line:
        return min(score * whole / line, math.nextafter(whole, 0.0))
    return 1.0 if line >= 1.0 else whole + (score - line) * (1.0 - whole) / (1.0 - line)


@lru_cache(maxsize=8)
def _pyramid(size: tuple[int, int], cuts: tuple[int, ...]) -> Pyramid:
    for levels in range(len(cuts) + 1):
        found = pyramid(size, cuts[:levels])
        if found.coverage * size[1] <= LEGIBLE_PX:
            break
    return found


def _upright(picture: Pixels, rotation: int) -> Image.Image:
    """Return an I420 picture as RGB, upright."""
    luma, blue, red = (Image.fromarray(plane) for plane in planes(picture))
    colours = [plane.resize(luma.size, Image.Resampling.NEAREST) for plane in (blue, red)]
    merged = Image.merge("YCbCr", [luma, *colours])
    image = merged.convert("RGB")
    for done in (*colours, merged):
        _wipe(done)
    if rotation:
        turned = image.transpose(_TURNS[rotation])
        _wipe(image)
        return turned
    return image


def _wipe(image: Image.Image) -> None:
    image.paste(0 if image.mode == "L" else (0, 0, 0), (0, 0, *image.size))
