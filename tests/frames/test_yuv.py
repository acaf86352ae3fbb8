"""What libcamera lays into a buffer becomes I420 and RGB: colours, range, order and padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shuttergate.errors import CameraError
from shuttergate.frames.pictures import main_of
from shuttergate.frames.yuv import Layout, ToRgb, choose, copy_i420, read_layout
from support.colours import COLOURS, LIMITED, REC709, as_rgb, centres, laid_out, near, quadrants


@pytest.mark.parametrize("padding", [0, 64])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("name", ["YUV420", "NV12"])
def test_main_comes_without_its_padding_in_full_range(
    name: str, limited: bool, padding: int
) -> None:
    image = quadrants((96, 64))
    layout = Layout(name, 96, 64, 96 + padding, limited)
    out = np.full((96, 96), 7, np.uint8)
    copy_i420(laid_out(image, layout), layout, out)
    due = main_of(image, (96, 64)).astype(int)
    assert np.abs(out - due).max() <= (1 if limited else 0)
    assert near(centres(as_rgb(out)), 5 if limited else 3)


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize(
    ("name", "limited"),
    [
        ("YUV420", False),
        ("YUV420", True),
        ("NV12", False),
        ("NV12", True),
        ("RGB888", False),
        ("BGR888", False),
    ],
)
def test_lores_has_its_colours_in_their_order(name: str, limited: bool, padding: int) -> None:
    layout = Layout(name, 96, 64, 96 * (3 if "888" in name else 1) + padding, limited)
    out = np.zeros((64, 96, 3), np.uint8)
    ToRgb(layout).convert(laid_out(quadrants((96, 64)), layout), out)
    assert near(centres(out), 0 if "888" in name else 3)


def test_every_yuv_becomes_the_rgb_that_a_jpeg_viewer_shows() -> None:
    """Against Pillow's (libjpeg's) arithmetic, over all lumas and a grid of chromas."""
    y, u, v = np.meshgrid(np.arange(0, 256, 5), np.arange(0, 256, 5), np.arange(0, 256, 5))
    count = y.size
    layout = Layout("YUV420", 2 * count, 2, 2 * count)
    buffer = np.empty(layout.size_bytes, np.uint8)
    buffer[: 4 * count] = np.tile(np.repeat(y.reshape(-1), 2), 2)
    buffer[4 * count : 5 * count], buffer[5 * count :] = u.reshape(-1), v.reshape(-1)
    out = np.zeros((2, 2 * count, 3), np.uint8)
    ToRgb(layout).convert(buffer, out)
    due = as_rgb(buffer.reshape(3, 2 * count))
    assert np.abs(out.astype(int) - due).max() <= 1


def test_the_converter_keeps_nothing_of_the_picture() -> None:
    layout = Layout("YUV420", 32, 32, 32)
    convert = ToRgb(layout)
    convert.convert(laid_out(quadrants((32, 32)), layout), np.zeros((32, 32, 3), np.uint8))
    assert not any(part.any() for part in (convert._luma, convert._chroma, convert._sum))


def stream(**other: Any) -> dict[str, Any]:
    given = {"format": "YUV420", "size": (96, 64), "stride": 128, "framesize": 128 * 96}
    return given | other


def test_the_configured_range_is_believed() -> None:
    assert not read_layout("main", stream(), COLOURS).limited
    assert read_layout("main", stream(), LIMITED).limited
    rgb = stream(format="BGR888", stride=288, framesize=288 * 64)
    assert not read_layout("lores", rgb, None).limited


@pytest.mark.parametrize(
    ("given", "colours", "cause"),
    [
        (stream(), REC709, "which a JPEG cannot hold unchanged"),
        (stream(), None, "which a JPEG cannot hold unchanged"),
        (stream(format="MJPEG"), COLOURS, "gives main as MJPEG"),
        (stream(format="BGR888"), COLOURS, "gives main as BGR888"),
        (stream(stride=80), COLOURS, "in rows of 80 bytes"),
        (stream(stride=129), COLOURS, "in rows of 129 bytes"),
        (stream(size=(95, 64)), COLOURS, "of 95 x 64"),
        (stream(framesize=128 * 95), COLOURS, "12160 in all"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused(given: Any, colours: Any, cause: str) -> None:
    with pytest.raises(CameraError, match=cause):
        read_layout("main", given, colours)


def test_the_first_format_that_is_offered_is_taken() -> None:
    assert choose(["SRGGB10", "NV12", "YUV420"], ["YUV420", "NV12"]) == "YUV420"
    with pytest.raises(CameraError, match="camera offers MJPEG, none of YUV420, NV12; use one"):
        choose(["MJPEG"], ["YUV420", "NV12"])
