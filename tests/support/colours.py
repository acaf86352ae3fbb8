"""A picture whose colours are known, and how it lies in a camera's buffers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from PIL import Image

from shuttergate.frame import Pixels, planes
from shuttergate.frames.pictures import main_of
from shuttergate.frames.yuv import Layout

JUNK = 0xAA
QUADRANTS = {
    (0, 0): (220, 30, 20),
    (0, 1): (20, 180, 40),
    (1, 0): (30, 40, 210),
    (1, 1): (240,) * 3,
}
"""By (row, column): red, green, blue, white."""


def quadrants(size: tuple[int, int]) -> Image.Image:
    """Four areas of known colours, so that a swap, a flip or a slipped row shows."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for (row, column), colour in QUADRANTS.items():
        image.paste(colour, (column * half[0], row * half[1], *size))
    return image


def centres(rgb: Pixels) -> dict[tuple[int, int], tuple[int, ...]]:
    height, width = rgb.shape[:2]
    return {
        (row, column): tuple(
            int(level) for level in rgb[height * (2 * row + 1) // 4, width * (2 * column + 1) // 4]
        )
        for row, column in QUADRANTS
    }


def near(found: dict[tuple[int, int], tuple[int, ...]], steps: int) -> bool:
    off = [np.abs(np.subtract(found[place], QUADRANTS[place])).max() for place in QUADRANTS]
    return bool(max(off) <= steps)


def as_rgb(main: Pixels) -> Pixels:
    """An I420 picture of full range as Pillow makes it RGB: what a JPEG viewer would show."""
    luma, blue, red = (Image.fromarray(np.ascontiguousarray(plane)) for plane in planes(main))
    chroma = [plane.resize(luma.size, Image.Resampling.NEAREST) for plane in (blue, red)]
    return np.asarray(Image.merge("YCbCr", (luma, *chroma)).convert("RGB"))


def laid_out(image: Image.Image, layout: Layout) -> Pixels:
    """The picture as libcamera lays it out, with junk where there are no pixels."""
    image = image.resize((layout.width, layout.height))
    buffer = np.full(layout.size_bytes + 4096, JUNK, np.uint8)
    height, width, stride = layout.height, layout.width, layout.stride
    if layout.format in ("RGB888", "BGR888"):
        rgb = np.asarray(image)
        rows = buffer[: stride * height].reshape(height, stride)
        order = rgb if layout.format == "BGR888" else rgb[..., ::-1]
        rows[:, : width * 3] = order.reshape(height, width * 3)
        return buffer
    y, u, v = (plane.astype(float) for plane in planes(main_of(image, image.size)))
    if layout.limited:
        y, u, v = y * 219 / 255 + 16, (u - 128) * 224 / 255 + 128, (v - 128) * 224 / 255 + 128
    luma = stride * height
    buffer[:luma].reshape(height, stride)[:, :width] = y.round()
    if layout.format == "NV12":
        both = buffer[luma : luma * 3 // 2].reshape(height // 2, stride)
        both[:, 0:width:2], both[:, 1:width:2] = u.round(), v.round()
    else:
        both = buffer[luma : luma * 3 // 2].reshape(height, stride // 2)
        both[: height // 2, : width // 2], both[height // 2 :, : width // 2] = u.round(), v.round()
    return buffer


COLOURS = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec601"), range=SimpleNamespace(name="Full")
)
REC709 = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec709"), range=SimpleNamespace(name="Limited")
)
LIMITED = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec601"), range=SimpleNamespace(name="Limited")
)
