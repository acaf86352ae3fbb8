"""What a video is as a file: its pictures, times and colours, and what it must not tell."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from shuttergate.capture import mp4
from shuttergate.capture.encoder import Canvas, Encoder, Muxer
from shuttergate.capture.gops import Gop
from shuttergate.config import VideoSettings
from shuttergate.frame import Frame
from shuttergate.verdict import Reason
from support import needs
from support.darkroom import (
    FPS,
    GOP_S,
    LEAD_S,
    SIZE,
    Darkroom,
    begin,
    decoded,
    end,
    numbered,
    record,
)
from support.kits import wait_until

FRAME_S = 1 / FPS


def test_an_encoders_own_memory_is_wiped_of_what_it_gave() -> None:
    encoder, canvas = Encoder(SIZE, FPS, "libx264"), Canvas(SIZE)
    coder, packets = encoder._coder, []

    def encode(picture: Any) -> Any:
        packets.extend(found := coder.encode(picture))
        return found

    encoder._coder = SimpleNamespace(encode=encode)
    canvas.draw(numbered(5, False), 1)
    (coded,) = encoder.encode(canvas, 1.0)
    assert coded.content.any()
    (packet,) = packets
    assert packet.size == coded.content.size and not np.frombuffer(packet, np.uint8).any()


def test_a_camera_that_leaves_out_frames_leaves_their_places_empty(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    room.frames(3.0)
    room.finger(True)
    for index in range(60):
        if index % 10 == 9:
            room.now_s += 3 * FRAME_S
        room.frame()
    end(room)
    (video,) = room.videos()
    start_s = room.numbers_s[video[0][0]]
    for number, _, time_s in video:
        assert abs(time_s - (room.numbers_s[number] - start_s)) < FRAME_S / 2


def test_frames_that_come_slowly_make_groups_as_short(
    darkroom: Callable[..., Darkroom],
) -> None:
    """A channel that does not look live, or a webcam in the dark, gives fewer frames."""
    room = darkroom(fps=30.0)
    room.fps = 10.0  # of what comes; the recorder expects 30
    begin(room, 2.0)
    blocked_s = room.now_s
    room.frame(card=True)
    room.settle()
    (path,) = room.album.iterdir()
    assert room.numbers_s[decoded(path)[-1][0]] > blocked_s - LEAD_S - GOP_S - 0.2
    with av.open(str(path)) as container:
        keys = [one.time for one in container.decode(video=0) if one.key_frame]
    assert max(b - a for a, b in pairwise(keys)) < GOP_S + 2 / room.fps


def test_an_encoders_first_picture_does_not_name_it() -> None:
    """x264 writes its version and settings there; a video mostly begins later."""
    encoder, canvas = Encoder(SIZE, FPS, "libx264"), Canvas(SIZE)
    pictures = [one for step in range(8) for one in encoder.encode(canvas, step / FPS)]
    assert b"x264" in bytes(pictures[0].content)
    muxer = Muxer(SIZE, FPS, 0, datetime.now(UTC))
    assert b"x264" not in muxer.write([Gop(pictures)]) + muxer.close()


def test_an_encoder_that_delays_its_pictures_dates_them_right(tmp_path: Path) -> None:
    """The seam for a hardware encoder: what comes out is not always what was just put in."""
    encoder = Encoder(SIZE, FPS, "libx264")
    canvas = Canvas(SIZE)
    real, held = encoder._coder, []

    class Late:
        def encode(self, picture: Any) -> list[Any]:
            held.extend(real.encode(picture))
            return [held.pop(0)] if len(held) > 2 else []

    encoder._coder = Late()
    out = [one for at_s in range(10) for one in encoder.encode(canvas, float(at_s))]
    assert [one.exposed_s for one in out] == [float(at_s) for at_s in range(8)]
    assert math.isnan(encoder._taken(av.Packet(b"stray")).exposed_s)  # never judged: it stays here


@pytest.mark.parametrize("part", ["open", "mux", "close", "head"])
def test_a_muxer_that_fails_at_any_time_spoils_no_later_video(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise av.error.ExternalError(1, "it broke")  # neither an OSError nor a ValueError

    room = darkroom()
    threads = threading.active_count()
    with monkeypatch.context() as broken:
        if part == "open":
            broken.setattr(av, "open", fail)
        elif part == "head":
            broken.setattr(mp4, "ended", fail)
        else:
            broken.setattr(Muxer, {"mux": "_add", "close": "_ready"}[part], fail)
        record(room, 1.5)
    record(room, 1.5, before_s=2.0)
    assert [one.reason for one in room.outcomes] == [Reason.FAULT, Reason.CLEAR]
    assert wait_until(lambda: threading.active_count() == threads), "a delivery that nobody ends"


@pytest.mark.parametrize("size", [(66, 4096), (64, 16384), (8, 8), (64, 64), (322, 182)])
def test_no_size_of_a_picture_ends_the_gate(
    darkroom: Callable[..., Darkroom], size: tuple[int, int]
) -> None:
    room = darkroom()
    main = np.zeros((size[1] * 3 // 2, size[0]), np.uint8)
    room.frames(1.0)
    assert room.recorder is not None
    for step in range(5):
        frame = Frame(step, room.now_s + step / FPS, main, main, lambda: None)
        room.recorder.take(frame)
        room.work()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_player_turns_it_upright(darkroom: Callable[..., Darkroom], rotation: int) -> None:
    room = darkroom(rotation=rotation)
    record(room, 1.0)
    (path,) = room.album.iterdir()
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        assert picture.rotation % 360 == -rotation % 360  # counter-clockwise, by their count


def test_it_tells_the_time_and_nothing_of_who_and_where(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    record(room, 1.0)
    (path,) = room.album.iterdir()
    content = path.read_bytes()
    for word in (b"x264", b"Lavf", b"Lavc", b"shuttergate", b"loci", b"\xa9xyz"):
        assert word not in content
    assert content[content.index(b"ilst") - 4 :][:4] == bytes((0, 0, 0, 8)), "the tags are empty"
    with av.open(str(path)) as container:
        assert set(container.metadata) <= {
            "major_brand", "minor_version", "compatible_brands", "creation_time",
        }  # fmt: skip


@needs.program("ffprobe").mark
def test_another_program_reads_it(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    record(room, 2.0)
    (path,) = room.album.iterdir()
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-of", "default=nw=1", "-show_entries"]
        + ["stream=codec_name,width,height,nb_read_frames,r_frame_rate,color_range", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stderr == ""
    entries = dict(line.split("=") for line in told.stdout.split())
    assert entries["codec_name"] == "h264" and entries["color_range"] == "pc"
    assert (int(entries["width"]), int(entries["height"])) == SIZE
    assert entries["r_frame_rate"] == "30/1"
    assert int(entries["nb_read_frames"]) == room.outcomes[0].pictures


def test_without_pyav_there_is_no_video_and_a_word_why(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'av'")

    monkeypatch.setattr(importlib, "import_module", missing)
    room = darkroom()
    assert room.offs[0].startswith("PyAV is not installed; run make video")
    room.frames(1.0)
    room.finger(True)
    room.frames(2.0)
    assert room.outcomes == []


def test_a_pyav_that_is_too_old_is_none(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raspberry Pi OS brings one with picamera2."""
    monkeypatch.setattr(av, "__version__", "14.2.0")
    assert "PyAV 14.2.0 is too old, it must be 18 or newer; run" in darkroom().offs[0]


def test_a_pyav_that_does_not_load_is_told(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise ImportError("libavcodec.so.61: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", broken)
    assert "PyAV does not load: libavcodec.so.61: cannot open" in darkroom().offs[0]


@pytest.mark.parametrize("codec", ["off", "h264_v4l2m2m"])
def test_an_encoder_that_cannot_be_had_is_named_once(
    darkroom: Callable[..., Darkroom], codec: Any
) -> None:
    room = darkroom(settings=VideoSettings(codec=codec))
    room.frames(1.0)
    room.finger(True)
    room.frames(2.0)
    assert len(room.offs) == 1 and "codec" in room.offs[0]
    assert room.outcomes == []


def test_camera_and_recorder_may_load_pyav_at_the_same_time() -> None:
    """In a fresh process: each import there is done once in its life."""
    program = """
import importlib, threading
from shuttergate.system import pyav
real, meet = importlib.import_module, threading.Barrier(2, timeout=2)
def slow(name):  # whoever comes second comes while the first is at work
    try:
        meet.wait()
    except threading.BrokenBarrierError:
        pass
    return real(name)
importlib.import_module = slow
errors = []
def load():
    try:
        assert pyav.load().open
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not errors, errors
assert meet.broken, "both were at it at the same time"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
