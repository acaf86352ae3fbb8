"""A frame: one exposure, as the models see it and as it would be saved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shuttergate.errors import MisfitError
from shuttergate.legible import reduced_size

Pixels = NDArray[np.uint8]

SMALLEST_SIDE = 2


@dataclass(slots=True)
class Frame:
    """One camera request. It has one owner at a time, who ends it with `release`.

    ``main``: uint8 (height * 3 // 2, width), planar YUV 4:2:0 (I420, full-range BT.601), both sides
    even; upright but for the board's ``camera.turn``. ``lores``: uint8 (height, width, 3), RGB, the
    whole of the same exposure as people see it, stretched to the models' input. ``exposed_s``:
    exposure by `clock.since_boot_s`. ``exposure_s``: for how long, 0 where the camera
    does not say; ``arrived_s``: when the driver had it, NaN where that is not known. `release`
    wipes the buffers and gives them back; the pixels must not be touched afterwards.
    """

    number: int
    exposed_s: float
    main: Pixels
    lores: Pixels
    release: Callable[[], None]
    exposure_s: float = 0.0
    arrived_s: float = math.nan


class Source(Protocol):
    """Where frames come from."""

    name: str
    fps: float

    def next(self, timeout_s: float) -> Frame:
        """Return the next frame, or raise `CameraError` when none came within ``timeout_s``."""

    def close(self) -> None:
        """Let go of the camera; may be called in any state, more than once."""


def main_size(main: Pixels) -> tuple[int, int]:
    """Return (width, height) in pixels of an I420 picture of shape (height * 3 // 2, width)."""
    rows, width = main.shape
    return width, rows * 2 // 3


def planes(main: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Return the Y, U and V planes of a contiguous I420 picture as views, nothing copied."""
    width, height = main_size(main)
    flat = main.reshape(-1)
    luma, chroma = width * height, width * height // 4
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(height // 2, width // 2),
        flat[luma + chroma : luma + 2 * chroma].reshape(height // 2, width // 2),
    )


def reduced(main: Pixels, factor: int) -> Pixels:
    """Return a copy of an I420 picture, each side divided by `factor`: the mean of its pixels.

    What is over at the right and at the bottom, less than two pixels of the result, is left out.
    Raises `ValueError` where nothing would be left.
    """
    width, height = reduced_size(main_size(main), factor)
    if min(width, height) < SMALLEST_SIDE:
        raise MisfitError(
            "a picture of {size} pixels cannot be made {factor} x smaller",
            size=main_size(main),
            factor=factor,
        )
    found = np.empty((height * 3 // 2, width), np.uint8)
    reduce_into(planes(found), main, factor)
    return found


def reduce_into(targets: Sequence[Pixels], main: Pixels, factor: int) -> None:
    """Fill the planes of a picture of `reduced_size` from an I420 picture, as `reduced`."""
    for plane, target in zip(planes(main), targets, strict=True):
        if factor > 1:
            plane = np.asarray(Image.fromarray(plane).reduce(factor))
        target[:] = plane[: target.shape[0], : target.shape[1]]
