"""What a video device says of itself, from a node that answers as linux/videodev2.h has it."""

from __future__ import annotations

import ctypes
import errno
from typing import Any

import pytest

from shuttergate.errors import CameraError
from shuttergate.frames import v4l2
from shuttergate.frames.v4l2 import Colours, Mode, choose

LAPTOP = [
    Mode("YUYV", 640, 480, 30),
    Mode("YUYV", 1280, 720, 10),
    Mode("MJPG", 640, 480, 30),
    Mode("MJPG", 1280, 720, 30),
    Mode("MJPG", 1920, 1080, 30),
]


@pytest.mark.parametrize(
    ("modes", "limit", "fps", "due"),
    [
        (LAPTOP, (1280, 720), 30, LAPTOP[3]),  # large and fast rather than not compressed
        (LAPTOP, (1920, 1080), 30, LAPTOP[4]),
        (LAPTOP, (1280, 720), 10, LAPTOP[1]),  # both fast enough: not compressed
        (LAPTOP, (1000, 1000), 30, LAPTOP[0]),
        (LAPTOP[1:2], (1280, 720), 30, LAPTOP[1]),  # slow, but the only one
        (LAPTOP[:2], (1280, 720), 30, LAPTOP[0]),
        (LAPTOP, (320, 240), 30, LAPTOP[0]),  # all too large: the smallest
        ([LAPTOP[1], LAPTOP[4]], (1280, 720), 30, LAPTOP[4]),  # rather scaled down than slow
        ([LAPTOP[3], LAPTOP[4]], (1280, 720), 30, LAPTOP[3]),
        ([Mode("MJPG", 64, 64), Mode("YUYV", 64, 64)], (64, 64), 30, Mode("YUYV", 64, 64)),
    ],
)
def test_the_mode_of_most_use_is_chosen(modes: Any, limit: Any, fps: float, due: Mode) -> None:
    assert choose(modes, limit, fps) == due
    assert choose(modes[::-1], limit, fps) == due


class _FormatDescription(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("index", "type", "flags")),
        ("description", ctypes.c_char * 32),
        *((name, ctypes.c_uint32) for name in ("pixelformat", "mbus_code")),
        ("reserved", ctypes.c_uint32 * 3),
    )


class _FrameSize(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("index", "pixel_format", "type")),
        ("sides", ctypes.c_uint32 * 6),
        ("reserved", ctypes.c_uint32 * 2),
    )


class _FrameInterval(ctypes.Structure):
    _fields_ = (
        *((n, ctypes.c_uint32) for n in ("index", "pixel_format", "width", "height", "type")),
        ("fractions", ctypes.c_uint32 * 6),
        ("reserved", ctypes.c_uint32 * 2),
    )


class _Format(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("gap", ctypes.c_uint32),
        *((name, ctypes.c_uint32) for name in ("width", "height", "pixelformat", "field")),
        *((name, ctypes.c_uint32) for name in ("bytesperline", "sizeimage", "colorspace")),
        *((name, ctypes.c_uint32) for name in ("priv", "flags", "ycbcr_enc", "quantization")),
        ("xfer_func", ctypes.c_uint32),
        ("rest", ctypes.c_uint8 * 152),
    )


class _Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        *((name, ctypes.c_uint32) for name in ("version", "capabilities", "device_caps")),
        ("reserved", ctypes.c_uint32 * 3),
    )


class Node:
    """A video device node that answers as linux/videodev2.h has it."""

    formats = ("GREY", "MJPG", "YUYV")
    caps = 0x04000001
    stepwise = False
    intervals: tuple[tuple[int, int], ...] = ((1, 30), (1, 15))
    colours = (8, 0, 0)  # sRGB, the rest left open

    def ioctl(self, descriptor: int, request: int, buffer: bytearray) -> int:
        # _IOC: two bits of direction, 14 of size, 8 of kind, 8 of number.
        assert request >> 16 & 0x3FFF == len(buffer) and request >> 8 & 0xFF == ord("V")
        answers = {
            0: (_Capability, self._capability),
            2: (_FormatDescription, self._format),
            4: (_Format, self._now),
            74: (_FrameSize, self._size),
            75: (_FrameInterval, self._interval),
        }
        kind, answer = answers[request & 0xFF]
        assert ctypes.sizeof(kind) == len(buffer)
        answer(kind.from_buffer(buffer))
        return 0

    def _capability(self, it: Any) -> None:
        it.card, it.capabilities, it.device_caps = b"Laptop: HD", 0x84A00001, self.caps

    def _format(self, it: Any) -> None:
        assert it.type == 1
        if it.index >= len(self.formats):
            raise OSError(errno.EINVAL, "Invalid argument")
        it.description = b"\xff" * 32
        it.pixelformat = int.from_bytes(self.formats[it.index].encode(), "little")

    def _size(self, it: Any) -> None:
        sizes = ((640, 480), (1280, 720))
        if it.index >= (1 if self.stepwise else len(sizes)):
            raise OSError(errno.EINVAL, "Invalid argument")
        it.type = 3 if self.stepwise else 1
        it.sides[:] = (
            (48, 4096, 16, 32, 2160, 8) if self.stepwise else (*sizes[it.index], 9, 9, 9, 9)
        )

    def _interval(self, it: Any) -> None:
        assert it.width and it.height
        if it.index >= len(self.intervals):
            raise OSError(errno.EINVAL, "Invalid argument")
        it.type = 1
        it.fractions[:2] = self.intervals[it.index]

    def _now(self, it: Any) -> None:
        assert it.type == 1
        it.width, it.height, it.priv = 640, 480, 0xFEEDCAFE
        it.colorspace, it.ycbcr_enc, it.quantization = self.colours


def asked(monkeypatch: pytest.MonkeyPatch, **other: Any) -> v4l2.Device:
    node = Node()
    for name, value in other.items():
        setattr(node, name, value)
    monkeypatch.setattr(v4l2.fcntl, "ioctl", node.ioctl)
    return v4l2.Device("/dev/null", (1280, 720))


def test_a_device_tells_its_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(monkeypatch) as device:
        assert device.name == "Laptop: HD"
        assert device.modes() == [
            Mode(name, *size, 30.0)
            for name in ("MJPG", "YUYV")
            for size in ((640, 480), (1280, 720))
        ]


def test_a_device_of_any_size_gives_the_largest_within_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with asked(monkeypatch, stepwise=True, intervals=(), formats=("YUYV",)) as device:
        assert device.modes() == [Mode("YUYV", 1280, 720, None)]
    assert v4l2._within((48, 4096, 16), 1290) == 1280
    assert v4l2._within((48, 4096, 0), 47) == 48


def test_a_device_without_a_readable_format_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        asked(monkeypatch, formats=("GREY", "H264")) as device,
        pytest.raises(CameraError, match="offers GREY, H264, none of YUYV, UYVY, NV12"),
    ):
        device.modes()


def test_a_webcams_second_node_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CameraError, match="gives no pictures; many webcams have a second node"):
        asked(monkeypatch, caps=0x04A00000)


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ((8, 0, 0), Colours("ITU601", True)),  # sRGB, the rest left open: as webcams do
        ((8, 0, 1), Colours("ITU601", False)),
        ((7, 0, 0), Colours("ITU601", False)),  # JPEG
        ((7, 0, 2), Colours("ITU601", True)),
        ((3, 0, 0), Colours("ITU709", True)),  # Rec. 709
        ((3, 1, 0), Colours("ITU601", True)),
        ((0, 0, 0), Colours("ITU601", True)),
    ],
)
def test_a_device_tells_its_colours(monkeypatch: Any, given: Any, due: Colours) -> None:
    with asked(monkeypatch, colours=given) as device:
        assert device.colours() == due


def test_colours_that_are_not_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        asked(monkeypatch, colours=(10, 0, 0)) as device,
        pytest.raises(CameraError, match=r"colour space 10, matrix 6\); use another webcam"),
    ):
        device.colours()
