"""A webcam that Linux knows as /dev/videoN, through PyAV (extra `video`).

The device is opened without blocking, so that one that is silent or unplugged costs no more than
the time limit. Each frame is the newest that the driver holds; older ones go back unseen. ``main``
and ``lores`` are made from one decoded picture. The driver's own memory is copied from at once: it
goes away with the device, so nothing here may keep hold of it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from shuttergate.errors import CameraError, Phrase, cause_of, phrase
from shuttergate.frame import Frame, Pixels, planes
from shuttergate.frames import picamera2, v4l2
from shuttergate.frames.buffers import Pool, Slot
from shuttergate.frames.clock import SensorClock, now_ns
from shuttergate.frames.sensor import fitting
from shuttergate.frames.upright import flipped
from shuttergate.system import pyav
from shuttergate.system.holders import holders
from shuttergate.words import camera_words

OPEN_S = 5.0
"""A webcam that shows no first picture within this time is given up."""

POLL_S = 0.002
BACKLOG = 256
"""FFmpeg asks for so many buffers; most drivers give 32."""

PADDING_BYTES = 64
"""FFmpeg's decoders may read so far beyond the end."""

_NONBLOCK = "4"  # AVFMT_FLAG_NONBLOCK, which has no name as an option


class WebCamSettings(picamera2.PiCameraSettings, Protocol):
    """What a board says of its webcam; see `board.CameraPart`."""

    @property
    def device(self) -> str: ...


class WebCam:
    """The webcam at ``settings.device``, as a `frame.Source`.

    ``lores_size``: (width, height) in pixels. Frames are copied into buffers of `pool`. Raises
    `CameraError` naming the cause and the mend where the webcam is absent, busy, or cannot give
    what could be judged and saved.
    """

    def __init__(self, settings: WebCamSettings, lores_size: tuple[int, int], pool: Pool) -> None:
        self.name = f"webcam {settings.device}"
        self.fps = settings.fps
        self._path = settings.device
        self._flips = settings.hflip, settings.vflip
        self._lores_size = lores_size
        self._pool = pool
        self._container: Any = None
        self._number = -1
        if settings.controls:
            raise CameraError(
                "{name}: [camera.controls] are libcamera's; empty that table in board.toml",
                name=camera_words(self.name),
            )
        self._av = _load()
        with self._named(), contextlib.ExitStack() as undo:
            undo.callback(self.close)
            with v4l2.Device(settings.device, settings.main_size) as device:
                mode = v4l2.choose(device.modes(), settings.main_size, settings.fps)
                started_ns = now_ns()
                self._container = self._opened(mode)
                self._colours = device.colours()
                self.name = f"webcam {device.name}"
            self._configure(mode, settings.main_size)
            self._clock = SensorClock(started_ns - self._interval_ns)
            undo.pop_all()

    def _opened(self, mode: v4l2.Mode) -> Any:
        options = {
            "video_size": f"{mode.width}x{mode.height}",
            "input_format": v4l2.READABLE[mode.name],
            "framerate": f"{min(self.fps, mode.fps or self.fps):g}",
            "ts": "default",  # the kernel's own stamps, of CLOCK_MONOTONIC
            "fflags": _NONBLOCK,
            "probesize": "32",  # one picture is enough
        }
        try:
            return self._av.open(self._path, format="v4l2", options=options, timeout=(OPEN_S, None))
        except self._av.error.ExitError as error:
            raise CameraError(
                "{name} gave no picture within {limit_s:.0f} s; open its shutter, "
                "plug it in again, or name another device in board.toml",
                name=camera_words(self.name),
                limit_s=OPEN_S,
            ) from error

    def _configure(self, mode: v4l2.Mode, limit: tuple[int, int]) -> None:
        self._stream = self._container.streams.video[0]
        self._decoder = self._stream.codec_context
        # Each picture comes out when it goes in, and no thread of FFmpeg's outlives it.
        self._decoder.thread_count = 1
        wanted = v4l2.READABLE[mode.name]
        raw = mode.name != v4l2.COMPRESSED
        given = self._decoder.pix_fmt if raw else self._decoder.name
        if given != wanted:
            raise CameraError(
                "{name} gives {given} where {wanted} was asked for; use another webcam",
                name=camera_words(self.name),
                given=given,
                wanted=wanted,
            )
        self.fps = float(self._stream.average_rate or self.fps)
        # A driver may stamp the start of an exposure or its end, and FFmpeg does not say which. It
        # is taken for the end, so that a frame may look older than it is, and never newer.
        self._interval_ns = round(1e9 / self.fps)
        size = self._decoder.width, self._decoder.height
        self._given = size
        self._size = fitting(size, limit)
        # No driver's picture is larger than two bytes a pixel, and no JPEG of use.
        self._scratch = np.zeros(size[0] * size[1] * 2 + PADDING_BYTES, np.uint8)
        self._to_main = self._av.video.reformatter.VideoReformatter()
        self._to_lores = self._av.video.reformatter.VideoReformatter()
        kind = self._av.video.reformatter.Interpolation
        # Without the last two, colours come out up to 3 of 255 too dark.
        self._how = kind.BILINEAR | kind.ACCURATE_RND | kind.FULL_CHR_H_INT | kind.FULL_CHR_H_INP

    def next(self, timeout_s: float) -> Frame:
        """Return the newest frame; raise `CameraError` when none came within ``timeout_s``."""
        until_s = time.monotonic() + timeout_s
        with self._named():
            while True:
                if self._container is None:
                    raise CameraError(
                        "{name} is closed; open it anew", name=camera_words(self.name)
                    )
                found = self._newest()
                frame = self._frame(*found) if found is not None else None
                if frame is not None:
                    return frame
                if time.monotonic() >= until_s:
                    raise CameraError(
                        "{name} gave no frame within {limit_s:.1f} s; plug it in again",
                        name=camera_words(self.name),
                        limit_s=timeout_s,
                    )
                time.sleep(POLL_S)

    def _newest(self) -> tuple[int, Fraction] | None:
        """Copy the newest picture that waits; return its bytes and its stamp in seconds, or None.

        Everything that waits is taken from the driver, so that no queue makes pictures old.
        """
        packet = newest = None
        try:
            with contextlib.suppress(BlockingIOError):  # no more is there
                for packet in itertools.islice(self._container.demux(self._stream), BACKLOG):
                    if packet.size:  # what the driver marks as damaged comes empty
                        newest = packet
            if newest is None:
                return None
            size, room = newest.size, self._scratch.size - PADDING_BYTES
            if size > room:
                raise CameraError(
                    "{name} gave a picture of {size} bytes, more than {room}; use another webcam",
                    name=camera_words(self.name),
                    size=size,
                    room=room,
                )
            if newest.pts is None:
                raise CameraError(
                    "{name} does not date its frames; use another webcam",
                    name=camera_words(self.name),
                )
            self._scratch[:size] = np.frombuffer(newest, np.uint8)
            return size, newest.pts * Fraction(newest.time_base)
        finally:
            # They are the driver's memory, and an error's traceback would keep them.
            del packet, newest

    def _frame(self, size: int, stamp_s: Fraction) -> Frame | None:
        """Return the frame in the scratch buffer, or None where it is no whole picture."""
        exposed_s = self._clock.since_boot_s(round(stamp_s * 10**9) - self._interval_ns)
        picture = slot = None
        try:
            picture = self._decoded(size)
            if picture is None:
                return None
            slot = self._pool.take()
            if slot is None:
                raise CameraError(
                    "{name}: no buffer is free; whoever holds a frame must end it",
                    name=camera_words(self.name),
                )
            self._convert(picture, slot)
        except BaseException:
            if slot is not None:
                self._pool.give_back(slot)()
            raise
        finally:
            if picture is not None:
                _wipe(picture)
            self._scratch[:size] = 0
        self._number += 1
        return Frame(
            number=self._number,
            exposed_s=exposed_s,
            main=self._main_of(slot),
            lores=self._lores_of(slot),
            release=self._pool.give_back(slot),
        )

    def _decoded(self, size: int) -> Any:
        try:
            pictures = self._decoder.decode(self._av.Packet(self._scratch[:size]))
        except self._av.error.InvalidDataError:  # many webcams begin with half a JPEG
            return None
        if not pictures or pictures[-1].is_corrupt:
            return None
        if (pictures[-1].width, pictures[-1].height) != self._given:
            raise CameraError(
                "{name} changed the size of its pictures; it is opened anew",
                name=camera_words(self.name),
            )
        return pictures[-1]

    def _main_of(self, slot: Slot) -> Pixels:
        width, height = self._size
        return slot.main[: slot.used].reshape(height * 3 // 2, width)

    def _lores_of(self, slot: Slot) -> Pixels:
        width, height = self._lores_size
        return slot.lores.reshape(height, width, 3)

    def _convert(self, picture: Any, slot: Slot) -> None:
        """Fill `slot` from one decoded picture: both show all of it."""
        reformatter = self._av.video.reformatter
        matrix, spread = reformatter.Colorspace, reformatter.ColorRange
        limited, source = self._colours.limited, self._colours.matrix
        if self._decoder.name == "mjpeg":  # JFIF's colours, unless the file itself says otherwise
            limited, source = picture.color_range == spread.MPEG, "ITU601"
        how = {
            "src_colorspace": matrix[source],
            "src_color_range": spread.MPEG if limited else spread.JPEG,
            "dst_colorspace": matrix.ITU601,
            "dst_color_range": spread.JPEG,
            "interpolation": self._how,
            "threads": 1,
        }
        slot.used = self._size[0] * self._size[1] * 3 // 2
        lores = self._to_lores.reformat(picture, *self._lores_size, "rgb24", **how)
        main = self._to_main.reformat(picture, *self._size, "yuv420p", **how)
        pixels = self._lores_of(slot).reshape(self._lores_size[1], -1)
        # Flipped, a row's pixels change places, and the three bytes of each do not.
        _copy(lores.planes[0], pixels, 3, *self._flips)
        for plane, target in zip(main.planes, planes(self._main_of(slot)), strict=True):
            _copy(plane, target, 1, *self._flips)
        _wipe(lores)
        _wipe(main)

    def close(self) -> None:
        """Let go of the webcam; may be called in any state, more than once."""
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(Exception):
                container.close()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Whatever comes from below becomes an error of ours, with the cause and the mend."""
        try:
            yield
        except CameraError:
            raise
        except Exception as error:
            code = error.errno if isinstance(error, OSError) else None
            if code == errno.EBUSY:
                node = Path(self._path).resolve()
                others = holders(lambda link: link.readlink() == node)
                raise CameraError(
                    "{name} is busy: {held} has it; end that program",
                    name=camera_words(self.name),
                    held=", ".join(others) or phrase("a program that cannot be seen from here"),
                ) from error
            raise CameraError(
                "{name}: {cause}; {mend}",
                name=camera_words(self.name),
                cause=cause_of(error),
                mend=_mend(code),
            ) from error


def _mend(code: int | None) -> Phrase:
    if code == errno.ENOENT:
        there = ", ".join(sorted(map(str, Path("/dev").glob("video*"))))
        return phrase(
            "plug it in, or name another as device in board.toml (there is {there})",
            there=there or phrase("none"),
        )
    if code == errno.EACCES:
        return phrase(
            "let its user into the group video (sudo usermod -aG video NAME), and log in again"
        )
    return phrase("plug it in again, or name another as device in board.toml")


def _copy(plane: Any, target: Pixels, pixel_bytes: int, hflip: bool, vflip: bool) -> None:
    """Copy a plane without its padding, flipped, to `target`, uint8 (rows, bytes of a row)."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    pixels = rows[:, : target.shape[1]].reshape(plane.height, -1, pixel_bytes)
    target.reshape(pixels.shape)[:] = flipped(pixels, hflip, vflip)


def _wipe(picture: Any) -> None:
    for plane in picture.planes:
        np.frombuffer(plane, np.uint8)[:] = 0


def _load() -> Any:
    try:
        return pyav.load()
    except ImportError as error:
        raise CameraError("webcam: {error}", error=error) from error
