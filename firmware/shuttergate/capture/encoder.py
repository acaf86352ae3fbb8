"""Pictures to H.264, and cleared GOPs to a fragmented MP4, all in memory, through PyAV.

The extra `video`. Of a kit's videos nothing tells where or by whom they were made: no location, no
device, no name of the encoder; only the time, as in a photo.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np

from shuttergate.capture import mp4
from shuttergate.capture.canvas import Canvas
from shuttergate.capture.gops import Coded, Gop
from shuttergate.errors import EncoderError, cause_of
from shuttergate.system import pyav

GOP_S = 0.25
"""A GOP goes whole or not at all: a block costs no more than this, and the lead."""

QUALITY = "23"
MOST_BITS_PER_S = "12M"

_FULL_RANGE, _BT601, _BT709, _SRGB = 2, 5, 1, 13
"""ITU-T H.273: the colours of a frame (`frame.Frame`) are JFIF's."""

_SOFTWARE = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "crf": QUALITY,
    "maxrate": MOST_BITS_PER_S,
    "bufsize": MOST_BITS_PER_S,
}


class Encoder:
    """Makes H.264 of canvases of ``size``, a key picture every ``GOP_S``; one by one, none waits.

    ``codec``: FFmpeg's name of the encoder. Raises `EncoderError`, with cause and mend.
    """

    def __init__(self, size: tuple[int, int], fps: float, codec: str) -> None:
        av = load()
        gop = max(1, round(fps * GOP_S))
        self.size = size
        self._fps = fps
        self._kinds = av.video.frame.PictureType
        self._count = 0
        self._exposed_s: dict[int, float] = {}  # of what is in the encoder, by its number
        self._key_s = -inf  # exposure of the newest key picture
        with _named(codec):
            coder = av.CodecContext.create(codec, "w")
            coder.width, coder.height = size
            coder.pix_fmt = "yuv420p"
            coder.framerate = rate(fps)
            coder.time_base = 1 / rate(fps)
            coder.thread_count = 1
            coder.color_range, coder.colorspace = _FULL_RANGE, _BT601
            coder.color_primaries, coder.color_trc = _BT709, _SRGB
            coder.gop_size, coder.max_b_frames = gop, 0
            if codec == "libx264":
                keys = f"scenecut=0:keyint={gop}:min-keyint={gop}"
                coder.options = {**_SOFTWARE, "x264-params": keys}
            else:
                coder.bit_rate = 6_000_000
            coder.open()
        self._coder, self._codec = coder, codec

    def encode(self, canvas: Canvas, exposed_s: float) -> list[Coded]:
        """Return what became of canvases so far; this one may be used again at once."""
        number = self._count
        self._count += 1
        self._exposed_s[number] = exposed_s
        # Keys go by time: frames may come more slowly than the camera's rate.
        is_due = exposed_s - self._key_s > GOP_S - 0.5 / self._fps
        self._key_s = exposed_s if is_due else self._key_s
        canvas.picture.pict_type = self._kinds.I if is_due else self._kinds.NONE
        canvas.picture.pts = number
        with _named(self._codec):
            return [self._taken(packet) for packet in self._coder.encode(canvas.picture)]

    def _taken(self, packet: Any) -> Coded:
        memory = np.frombuffer(packet, np.uint8)
        content = memory.copy()
        memory[:] = 0
        # NaN was never judged: a picture whose frame is not known goes nowhere.
        exposed_s = self._exposed_s.pop(packet.pts, nan)
        return Coded(content, bool(packet.is_keyframe), exposed_s)


class Muxer:
    """Makes the file of one video, a piece at a time. ``rotation``: degrees clockwise to upright.

    Its clock is the camera's: a picture lies on the step of 1 / ``fps`` that is nearest to its
    exposure, so a frame that the camera left out leaves its place empty. Raises `EncoderError`.
    """

    def __init__(self, size: tuple[int, int], fps: float, rotation: int, taken: datetime) -> None:
        self._av = load()
        self._step = 1 / rate(fps)
        self._size, self._rotation = size, rotation
        self._sink = _Sink()
        with _named("mp4"):
            self._file = self._av.open(
                self._sink,
                "w",
                format="mp4",
                options={
                    "movflags": "frag_keyframe+empty_moov+default_base_moof",
                    # Browsers look at every fragment before they know how long it is.
                    "min_frag_duration": "1000000",
                    "fflags": "+bitexact",  # leaves out who made it
                },
            )
            self._file.metadata["creation_time"] = taken.isoformat()
            self._stream = self._file.add_mux_stream(
                "h264", rate=rate(fps), width=size[0], height=size[1]
            )
            self._stream.time_base = self._step
            # x264 writes its version and all its settings into the first picture.
            self._nameless = self._av.bitstream.BitStreamFilterContext(
                "filter_units=remove_types=6", in_stream=self._stream
            )
        self._first_s: float | None = None
        self._last = -1
        self._head = b""
        self.pictures = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float((self._last + 1) * self._step)

    def write(self, gops: Iterable[Gop]) -> bytes:
        """Add GOPs, and wipe them; return the bytes that are ready."""
        with _named("mp4"):
            for gop in gops:
                for picture in gop.pictures:
                    self._add(picture)
                gop.wipe()
            return self._ready()

    def _add(self, picture: Coded) -> None:
        if self._first_s is None:
            self._first_s = picture.exposed_s
        nearest = round((picture.exposed_s - self._first_s) / self._step)
        at = self._last = max(self._last + 1, nearest)
        packet = self._av.Packet(picture.content)
        packet.is_keyframe = picture.is_key
        for part in self._nameless.filter(packet):
            part.stream, part.time_base = self._stream, self._step
            part.pts = part.dts = at
            part.duration = 1
            self._file.mux(part)
        self.pictures += 1

    def close(self) -> bytes:
        """Return the last bytes."""
        with _named("mp4"):
            if self.pictures:
                self._file.close()
            return mp4.moved(self._ready())

    def _ready(self) -> bytes:
        piece = bytes(self._sink.take())
        if not piece or self._head:
            return piece
        self._head = mp4.begun(piece, self._size, self._rotation)
        return self._head + piece[len(self._head) - mp4.ADDED_BYTES :]

    @property
    def head(self) -> bytes:
        """What the file's first bytes are to be, now that it is known how long it is.

        Raises `EncoderError`.
        """
        with _named("mp4"):
            return mp4.ended(self._head, self.seconds) if self._head else b""


class _Sink:
    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, content: bytes) -> int:
        self._content += content
        return len(content)

    def take(self) -> bytearray:
        content, self._content = self._content, bytearray()
        return content


def rate(fps: float) -> Fraction:
    """Return a frame rate as the nearest fraction of whole numbers up to 1001 below the line."""
    return Fraction(fps).limit_denominator(1001)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Whatever comes from below becomes an error of ours, with the cause and the mend."""
    try:
        yield
    except (load().error.FFmpegError, OSError, ValueError) as error:
        raise EncoderError(
            '{what}: {cause}; set codec = "libx264" under [video], or "off" to go without',
            what=what,
            cause=cause_of(error),
        ) from error


def load() -> Any:
    """Return PyAV; raise `EncoderError` where it is not installed."""
    try:
        return pyav.load()
    except ImportError as error:
        raise EncoderError.of(error) from error
