"""What a video device says of itself: its name, its modes, the colours of its pictures.

Numbers and layouts are linux/videodev2.h's on a 64-bit processor. A device may be asked while
another descriptor streams from it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from shuttergate.errors import CameraError, listed, phrase

READABLE = {
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "NV12": "nv12",
    "YU12": "yuv420p",
    "MJPG": "mjpeg",
}
"""By V4L2's four letters: what FFmpeg calls it. Every picture stands for itself in all of them."""

COMPRESSED = "MJPG"

_QUERYCAP, _ENUM_FMT, _G_FMT = 0x80685600, 0xC0405602, 0xC0D05604
_ENUM_FRAMESIZES, _ENUM_FRAMEINTERVALS = 0xC02C564A, 0xC034564B
_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE, and the capability's bit
_CAN_STREAM, _TELLS_OF_THIS_NODE = 0x04000000, 0x80000000
_DISCRETE = 1
_JPEG = 7
_MATRIX_BY_SPACE = {2: 8, 3: 2, 10: 6, 12: 2}  # SMPTE 240M, Rec. 709, BT.2020, DCI-P3; else BT.601
_MATRICES = {1: "ITU601", 2: "ITU709", 3: "ITU601", 4: "ITU709", 5: "ITU601", 8: "SMPTE240M"}
_FULL_RANGE = 1


@dataclass(frozen=True, slots=True)
class Mode:
    """What can be asked for: ``name`` is one of `READABLE`, ``fps`` None where it is not told."""

    name: str
    width: int
    height: int
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Colours:
    """How pictures that are not compressed are meant; limited range is luma 16 to 235."""

    matrix: str  # swscale's name
    limited: bool


class Device:
    """A device node, open while the block lasts. Raises OSError, or `CameraError` for no camera."""

    def __init__(self, path: str, limit: tuple[int, int]) -> None:
        self._path = path
        self._limit = limit
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self.name = self._capable()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._fd)

    def _ask(self, request: int, layout: str, size: int, *words: int) -> tuple[int, ...]:
        buffer = bytearray(size)
        struct.pack_into(f"={len(words)}I", buffer, 0, *words)
        fcntl.ioctl(self._fd, request, buffer)
        return struct.unpack_from(layout, buffer)

    def _each(self, request: int, layout: str, size: int, *words: int) -> Iterator[tuple[int, ...]]:
        """Yield what the device lists, one index after the other; ``words`` follow it."""
        for index in range(1000):
            try:
                yield self._ask(request, layout, size, index, *words)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
                    return
                raise

    def _capable(self) -> str:
        try:
            buffer = bytearray(104)
            fcntl.ioctl(self._fd, _QUERYCAP, buffer)
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):
                raise
            raise CameraError(
                "{device} is no video device; name one (/dev/video0)", device=self._path
            ) from error
        whole, node = struct.unpack_from("=II", buffer, 84)
        can = node if whole & _TELLS_OF_THIS_NODE else whole
        if not (can & _CAPTURE and can & _CAN_STREAM):
            raise CameraError(
                "{device} gives no pictures; many webcams have a second node: name another",
                device=self._path,
            )
        return buffer[16:48].split(b"\0")[0].decode(errors="replace").strip()

    def modes(self) -> list[Mode]:
        """Return all modes; raise `CameraError` where none is of a kind that can be read."""
        offered = [
            struct.pack("=I", fourcc).decode("latin-1")
            for _, _, _, *_, fourcc in self._each(_ENUM_FMT, "=III8II", 64, _CAPTURE)
        ]
        found = [mode for name in offered if name in READABLE for mode in self._modes(name)]
        if not found:
            raise CameraError(
                "{device} offers {offered}, none of {readable}; use a webcam that does",
                device=self._path,
                offered=listed(offered) or phrase("no format"),
                readable=listed(READABLE),
            )
        return found

    def _modes(self, name: str) -> Iterator[Mode]:
        (fourcc,) = struct.unpack("=I", name.encode())
        sizes = [
            (sides[0], sides[1])
            if kind == _DISCRETE
            else (_within(sides[:3], self._limit[0]), _within(sides[3:], self._limit[1]))
            for _, _, kind, *sides in self._each(_ENUM_FRAMESIZES, "=9I", 44, fourcc)
        ]
        now = self._now()
        for width, height in sizes or [(now[0], now[1])]:
            rates = [
                below / above
                for _, _, _, _, _, above, below in self._each(
                    _ENUM_FRAMEINTERVALS, "=7I", 52, fourcc, width, height
                )
                if above
            ]
            yield Mode(name, width, height, max(rates, default=None))

    def _now(self) -> tuple[int, ...]:
        """Return width, height, colour space, matrix and range as they are set."""
        found = self._ask(_G_FMT, "=II12I", 208, _CAPTURE)
        return (*found[2:4], found[8], found[11], found[12])

    def colours(self) -> Colours:
        """Return the colours of the mode that is set, by V4L2's rules for what is left open.

        Raises `CameraError` for a matrix that is not known here.
        """
        _, _, space, matrix, spread = self._now()
        matrix = matrix or _MATRIX_BY_SPACE.get(space, 1)
        if matrix not in _MATRICES:
            raise CameraError(
                "{device} gives colours of a kind not known here (V4L2 colour "
                "space {space}, matrix {matrix}); use another webcam",
                device=self._path,
                space=space,
                matrix=matrix,
            )
        full = spread == _FULL_RANGE or (spread == 0 and space == _JPEG)
        return Colours(_MATRICES[matrix], not full)


def _within(side: Sequence[int], limit: int) -> int:
    """Return the greatest of a range (least, most, step) that is within `limit`, or the least."""
    least, most, step = side
    step = max(1, step)
    return least + max(0, min(most, limit) - least) // step * step


def choose(modes: list[Mode], limit: tuple[int, int], fps: float) -> Mode:
    """Return the mode to ask for: the largest within `limit` that comes at half of ``fps`` or more.

    Of one size, the fastest that is of use, and rather not compressed. A larger one is scaled down:
    the smallest of those is taken where none within `limit` is fast enough.
    """

    def worth(mode: Mode) -> tuple[bool, int, float, bool]:
        fits = mode.width <= limit[0] and mode.height <= limit[1]
        area = mode.width * mode.height
        rate = min(fps, fps if mode.fps is None else mode.fps)
        return rate >= fps / 2, area if fits else -area, rate, mode.name != COMPRESSED

    return max(modes, key=worth)
