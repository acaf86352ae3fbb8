"""What a finished video says of itself in its head, for whoever reads nothing else."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from typing import Any

import pytest

from shuttergate.capture import mp4
from shuttergate.capture.canvas import Canvas
from shuttergate.capture.gops import Gop

av: Any = pytest.importorskip("av", reason="PyAV (extra video) is not installed")

from shuttergate.capture.encoder import Encoder, Muxer  # noqa: E402

SIZE, FPS, PICTURES = (64, 48), 30.0, 100


def film(rotation: int = 0) -> tuple[Muxer, bytes]:
    """A video of 100 pictures, as it lies in an album."""
    encoder, canvas = Encoder(SIZE, FPS, "libx264"), Canvas(SIZE)
    muxer = Muxer(SIZE, FPS, rotation, datetime.now(UTC))
    content = b""
    for step in range(PICTURES):
        content += muxer.write([Gop(encoder.encode(canvas, step / FPS))])
    content += muxer.close()
    return muxer, muxer.head + content[len(muxer.head) :]


def number(content: bytes, box: bytes, after: int) -> int:
    found: int = struct.unpack_from(">I", content, content.index(box) + after)[0]
    return found


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_finished_video_says_how_long_it_is(rotation: int) -> None:
    muxer, content = film(rotation)
    assert muxer.seconds == pytest.approx(PICTURES / FPS)
    for box, clock, after in (("mvhd", "mvhd", 20), ("tkhd", "mvhd", 24), ("mdhd", "mdhd", 20)):
        scale = number(content, clock.encode(), 16)
        assert number(content, box.encode(), after) == round(muxer.seconds * scale)
    assert number(content, b"mehd", 8) == number(content, b"mvhd", 20)
    with av.open(io.BytesIO(content)) as container:
        assert container.duration / av.time_base == pytest.approx(muxer.seconds, abs=0.01)
        assert len(list(container.decode(video=0))) == PICTURES


def test_its_index_points_at_its_fragments() -> None:
    _, content = film()
    start = content.index(b"tfra") - 4
    count = number(content, b"tfra", 16)
    offsets = [struct.unpack_from(">Q", content, start + 24 + 19 * k + 8)[0] for k in range(count)]
    assert count >= 3
    assert {content[place + 4 : place + 8] for place in offsets} == {b"moof"}


def test_a_video_without_pictures_has_no_head() -> None:
    muxer = Muxer(SIZE, FPS, 0, datetime.now(UTC))
    assert muxer.close() == muxer.head == b""


@pytest.mark.parametrize("content", [b"", b"not a film at all", bytes(100)])
def test_what_is_no_head_is_refused_and_what_is_no_index_left_alone(content: bytes) -> None:
    with pytest.raises(ValueError, match="its head has no box"):
        mp4.begun(content, SIZE, 0)
    assert mp4.moved(content) == content
