"""Video files for tests, written by PyAV: pictures of known colours, any matrix, range and turn."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from shuttergate.frame import Pixels

try:
    av: Any = importlib.import_module("av")
except ImportError:
    av = None

SIZE = (320, 240)
SHARES = {"ITU601": (0.299, 0.114), "ITU709": (0.2126, 0.0722), "BT2020": (0.2627, 0.0593)}
"""Of red and blue in luma."""
NUMBERS = {"ITU709": 1, "ITU601": 5, "BT2020": 9, None: 2}
"""By H.273; 2 is unspecified."""
PHONE = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""Display matrices (a, b, c, d) by degrees clockwise: x' = a x + c y, y' = b x + d y, y down."""


def grey(number: int) -> int:
    return 15 + 3 * number


def yuv(
    rgb: Pixels, matrix: str = "ITU601", limited: bool = True, subsampled: bool = True
) -> list[Pixels]:
    """The picture's planes, by the standards' own formulas."""
    red, green, blue = np.moveaxis(rgb.astype(float) / 255, 2, 0)
    of_red, of_blue = SHARES[matrix]
    y = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    u, v = (blue - y) / (2 - 2 * of_blue), (red - y) / (2 - 2 * of_red)
    low, luma, chroma = (16, 219, 224) if limited else (0, 255, 255)
    step = 2 if subsampled else 1
    planes = low + luma * y, (128 + chroma * u)[::step, ::step], (128 + chroma * v)[::step, ::step]
    return [np.clip(np.round(plane), 0, 255).astype(np.uint8) for plane in planes]


def film(
    path: Path,
    pictures: list[list[Pixels]],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 30,
    turned: int = 0,
    matrix: str | None = None,
    full: bool | None = None,
    container_format: str | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Write the pictures, each given as its planes, to a video file."""
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0][0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.colorspace = NUMBERS[matrix]
        stream.codec_context.color_range = {None: 0, False: 1, True: 2}[full]
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "crf": "4"}
        elif codec == "libvpx":
            stream.options = {"deadline": "realtime", "crf": "4", "b": "4M"}
        elif codec in ("mpeg4", "mjpeg"):
            stream.options = {"qscale": "1"}
            stream.codec_context.qmin, stream.codec_context.qmax = 1, 2
        stream.codec_context.thread_count = 1
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if turned:
            a, b, c, d = (side << 16 for side in PHONE[turned])
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for count, planes in enumerate(pictures):
            picture = av.VideoFrame(stream.width, stream.height, pix_fmt)
            for plane, pixels in zip(picture.planes, planes, strict=True):
                rows = pixels.reshape(len(pixels), -1)
                target = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                target[: len(rows), : rows.shape[1]] = rows
            picture.pts, picture.time_base = count, Fraction(1, rate)
            picture.colorspace = NUMBERS[matrix]
            picture.color_range = {None: 0, False: 1, True: 2}[full]
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def greys(path: Path, count: int, size: tuple[int, int] = SIZE, **other: Any) -> Path:
    """A clip whose pictures show their number."""
    pages = [np.full((size[1], size[0], 3), grey(one), np.uint8) for one in range(count)]
    if other.get("pix_fmt") == "rgb24":
        return film(path, [[page] for page in pages], **other)
    return film(path, [yuv(page) for page in pages], **other)
