"""Pixels as libcamera lays them out in memory, to planar I420 and to RGB.

Layouts: linux/drm_fourcc.h and V4L2's single-plane formats: rows are ``stride`` bytes apart, chroma
rows of YUV420 half of that, and planes follow one another without a gap. The names are libcamera's
and so DRM's: they read from the highest byte down, which puts RGB888 in memory as B, G, R. Colours:
ITU-R BT.601; full range as in JFIF, limited range 16 to 235 (luma) and 16 to 240 (chroma).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import CameraError, listed, phrase
from shuttergate.frame import Pixels
from shuttergate.frames.upright import flipped

MAIN_FORMATS = ("YUV420", "NV12")
RGB_FORMATS = ("BGR888", "RGB888")

_Wide = NDArray[np.int16]

_RED, _GREEN_U, _GREEN_V, _BLUE = 1.402, -0.344136, -0.714136, 1.772
"""BT.601: what a step of chroma adds to red, green and blue."""

_FRACTION_BITS = 6
_BAND_ROWS = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """One stream: ``format`` by libcamera's name, sides in pixels (even), ``stride`` in bytes.

    ``limited``: the luma and chroma are of limited range; it says nothing of RGB. ``hflip``,
    ``vflip``: its columns, its rows lie in reverse order, and are put right in reading.
    """

    format: str
    width: int
    height: int
    stride: int
    limited: bool = False
    hflip: bool = False
    vflip: bool = False

    @property
    def size_bytes(self) -> int:
        """Bytes from the first to the last row's end, padding included."""
        rows = self.height if self.format in RGB_FORMATS else self.height * 3 // 2
        return self.stride * rows

    @property
    def row_bytes(self) -> int:
        """Bytes of pixels in a row of the first plane."""
        return self.width * 3 if self.format in RGB_FORMATS else self.width


def choose(offered: Iterable[str], wanted: Iterable[str]) -> str:
    """Return the first of the `wanted` pixel formats that is `offered`."""
    has, needs = list(offered), list(wanted)
    for name in needs:
        if name in has:
            return name
    raise CameraError(
        "camera offers {formats}, none of {needed}; use one that does, such as a "
        "Raspberry Pi camera module",
        formats=listed(has) or phrase("no format"),
        needed=listed(needs),
    )


def read_layout(stream: str, given: Mapping[str, Any], colours: Any) -> Layout:
    """Return the layout of a configured stream, or raise `CameraError` for what we cannot read.

    ``given``: picamera2's dict with ``format, size, stride, framesize``; ``colours``: libcamera's
    ColorSpace of the stream, or None where it tells none.
    """
    width, height = given["size"]
    found = Layout(given["format"], width, height, given["stride"])
    if found.format not in (*MAIN_FORMATS, *RGB_FORMATS) or (
        stream == "main" and found.format in RGB_FORMATS
    ):
        raise CameraError(
            "camera gives {stream} as {format}; use one that gives YUV420",
            stream=stream,
            format=found.format,
        )
    if (
        width % 2
        or height % 2
        or found.stride % 2
        or found.stride < found.row_bytes
        or given["framesize"] < found.size_bytes
    ):
        raise CameraError(
            "camera gives {stream} of {width} x {height} in rows of {stride} "
            "bytes, {size} in all, which is no {format}; use another main_size",
            stream=stream,
            width=width,
            height=height,
            stride=found.stride,
            size=given["framesize"],
            format=found.format,
        )
    if found.format in RGB_FORMATS:
        return found
    encoding = None if colours is None else colours.ycbcrEncoding.name
    spread = None if colours is None else colours.range.name
    if encoding != "Rec601" or spread not in ("Full", "Limited"):
        raise CameraError(
            "camera gives {stream} in the colours {colours}, which a JPEG cannot "
            "hold unchanged; use a camera that libcamera can set to sYCC",
            stream=stream,
            colours=colours,
        )
    return Layout(found.format, width, height, found.stride, limited=spread == "Limited")


def planes(buffer: Pixels, layout: Layout) -> tuple[Pixels, Pixels, Pixels]:
    """Return Y, U and V of a flat uint8 buffer as views without padding, nothing copied."""
    stride, width, height = layout.stride, layout.width, layout.height
    luma = stride * height
    y = buffer[:luma].reshape(height, stride)[:, :width]
    if layout.format == "NV12":
        both = buffer[luma : luma + luma // 2].reshape(height // 2, stride)[:, :width]
        u, v = both[:, 0::2], both[:, 1::2]
    else:
        chroma = buffer[luma : luma + luma // 2].reshape(height, stride // 2)[:, : width // 2]
        u, v = chroma[: height // 2], chroma[height // 2 :]
    y, u, v = (flipped(plane, layout.hflip, layout.vflip) for plane in (y, u, v))
    return y, u, v


def copy_i420(buffer: Pixels, layout: Layout, out: Pixels) -> None:
    """Copy a flat YUV420 or NV12 buffer into `out`, I420 of full range.

    ``out``: uint8 (height * 3 // 2, width), contiguous; each byte of it is written once.
    """
    flat = out.reshape(-1)
    packed = Layout("YUV420", layout.width, layout.height, layout.width)
    for source, target, table in zip(
        planes(buffer, layout), planes(flat, packed), (_LUMA, _CHROMA, _CHROMA), strict=True
    ):
        if not layout.limited:
            target[:] = source
            continue
        for top in range(0, len(source), _BAND_ROWS):  # numpy makes 8 bytes of each index first
            band = slice(top, top + _BAND_ROWS)
            np.take(table, source[band], out=target[band], mode="clip")


class ToRgb:
    """Turns pictures of one layout into RGB; what it works in is taken once and wiped each time."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        rows, columns = layout.height // 2, layout.width // 2
        self._luma: _Wide = np.zeros((rows, 2, columns, 2), np.int16)
        self._chroma: _Wide = np.zeros((2, rows, columns), np.int16)
        self._sum: _Wide = np.zeros((rows, 2, columns, 2), np.int16)
        levels = np.arange(256)
        steps = (levels - 128.0) * (255 / 224 if layout.limited else 1.0)

        def table(factor: float) -> _Wide:
            return np.round(steps * factor * (1 << _FRACTION_BITS)).astype(np.int16)

        nothing = np.zeros(256, np.int16)
        self._of_luma: _Wide = (_LUMA if layout.limited else levels).astype(np.int16)
        self._of_chroma = (
            (nothing, table(_RED)),
            (table(_GREEN_U), table(_GREEN_V)),
            (table(_BLUE), nothing),
        )

    def convert(self, buffer: Pixels, out: Pixels) -> None:
        """Write the picture in the flat uint8 `buffer` to `out`, uint8 (height, width, 3) RGB."""
        layout = self._layout
        if layout.format in RGB_FORMATS:
            rows = buffer[: layout.size_bytes].reshape(layout.height, layout.stride)
            pixels = rows[:, : layout.row_bytes].reshape(layout.height, layout.width, 3)
            pixels = flipped(pixels, layout.hflip, layout.vflip)
            out[:] = pixels if layout.format == "BGR888" else pixels[..., ::-1]
            return
        y, *chroma = planes(buffer, layout)
        np.take(self._of_luma, y, out=self._luma.reshape(y.shape), mode="clip")
        blocks = out.reshape(layout.height // 2, 2, layout.width // 2, 2, 3)
        steps = self._chroma
        for colour, tables in enumerate(self._of_chroma):
            for plane, table, step in zip(chroma, tables, steps, strict=True):
                np.take(table, plane, out=step, mode="clip")
            steps[0] += steps[1]
            steps[0] += 1 << _FRACTION_BITS - 1
            steps[0] >>= _FRACTION_BITS
            # A step of chroma holds for four pixels.
            np.add(self._luma, steps[0][:, None, :, None], out=self._sum)
            np.clip(self._sum, 0, 255, out=self._sum)
            blocks[..., colour] = self._sum
        for scratch in (self._luma, self._chroma, self._sum):
            scratch[:] = 0


def _expanded(low: int, span: int, centre: int) -> Pixels:
    """The table from limited range to full: ``span`` steps from ``low`` on become 255."""
    levels = (np.arange(256) - low) * (255 / span) + centre
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)


_LUMA = _expanded(16, 219, 0)
_CHROMA = _expanded(128, 224, 128)
