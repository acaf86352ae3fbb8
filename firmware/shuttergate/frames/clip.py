"""A video file as a scene, through PyAV (extra `video`): its first video stream, looped for ever.

The process that opens it also holds the camera. So FFmpeg is not left to guess what a file is: its
first bytes must say one of a few formats. And it gets an open file instead of a name, so that
nothing that is written in the file can have it open another or reach a network.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError, Phrase, cause_of, phrase
from shuttergate.frame import Pixels, planes
from shuttergate.frames.sensor import fitting
from shuttergate.frames.shot import Lens, Shot
from shuttergate.frames.upright import flipped
from shuttergate.system import pyav
from shuttergate.system.paths import tilde

MAX_PIXELS = 36_000_000
"""8K; a decoder may hold a dozen of its pictures."""

MOST_ASPECT = 16.0
"""A pixel that is shown so much broader than high, or higher, is a damaged head's."""

AHEAD_SHOTS = 4

SLACK_S = 0.001
"""A picture is due so much earlier: containers round its time, some to whole milliseconds."""

LONGEST_STEP_S = 0.2
"""Who asks less often than this does not count as a camera, whose next exposure can be foretold."""

LATE_S = 0.25
"""Where every picture comes too late, so often one is shown all the same: late beats frozen."""

_HEAD_BYTES = 580
_MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_STILL_BRANDS = (b"avif", b"heic", b"heix", b"heim", b"heis", b"mif1")
"""Photos in MP4's boxes; FFmpeg would show a tile of one and not the whole."""

_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020"}
"""libswscale's name by number of ITU-T H.273."""


def format_of(head: bytes) -> str | None:
    """Return FFmpeg's name for the video format of a file that begins so, None for no such."""
    if head[4:8] in _MOV_BOXES:
        return None if head[8:12] in _STILL_BRANDS else "mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    syncs = head[0:564:188], head[4:580:192]  # the second: cameras' .mts and .m2ts
    return "mpegts" if b"GGG" in syncs else None


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A picture as PyAV has it; ``aspect``: how much broader than high players show its pixels."""

    picture: Any
    aspect: float


def _aspect(stream: Any) -> float:
    told = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    aspect = float(told) if told else 1.0
    return aspect if 1 / MOST_ASPECT <= aspect <= MOST_ASPECT else 1.0


@dataclass(frozen=True, slots=True)
class _Film:
    """Decodes the pictures of an open file, one after another, again and again."""

    av: Any
    file: BinaryIO
    format: str
    name: str

    def pictures(
        self, due_s: Callable[[], float], looping: bool = True
    ) -> Generator[tuple[float, _Decoded], None, None]:
        """Yield the time of each picture, in seconds since the start, and what PyAV decoded.

        Times grow for ever; the film begins anew after its last picture or its first damage, unless
        it is not ``looping``. Turns that are over by ``due_s()`` are left out. A film of a single
        picture ends with it.
        """
        end_s = 0.0
        while True:
            begin_s, time_s, count, shift_s = end_s, -math.inf, 0, 0.0
            for stamp_s, length_s, picture in self._turn():
                # The first one's stamp may be any number, and some files' stamps leap back.
                if not count or stamp_s + shift_s <= time_s:
                    shift_s = end_s - stamp_s
                time_s = stamp_s + shift_s
                end_s = time_s + length_s
                count += 1
                yield time_s, picture
            if count == 1 or not looping:
                return
            turn_s = end_s - begin_s
            end_s += max(0.0, (due_s() - end_s) // turn_s) * turn_s

    def _turn(self) -> Iterator[tuple[float, float, _Decoded]]:
        """Yield stamp and length, in seconds, of each picture up to the end or the first damage."""
        given = False
        try:
            with contextlib.closing(self._opened()) as container:
                stream = self._stream(container)
                aspect = _aspect(stream)
                usual_s = float(1 / (stream.average_rate or stream.guessed_rate or 25))
                next_s = 0.0
                for picture in container.decode(stream):
                    if picture.is_corrupt:  # at a start, what a cut left without its past
                        if given:
                            return
                        continue
                    stamp = picture.pts if picture.pts is not None else picture.dts
                    base = float(picture.time_base or stream.time_base)
                    stamp_s = next_s if stamp is None else stamp * base
                    length_s = picture.duration * base if picture.duration > 0 else usual_s
                    next_s, given = stamp_s + length_s, True
                    yield stamp_s, length_s, _Decoded(picture, aspect)
            if not given:
                raise _unreadable(self.name, phrase("no picture in it"))
        except CameraError:
            raise
        except Exception as error:  # decoders meet outside bytes: whatever they raise is damage
            if not given:
                raise _unreadable(self.name, cause_of(error)) from error

    def _opened(self) -> Any:
        # Anew for each turn: not every format can go back to its very first picture.
        self.file.seek(0)
        return self.av.open(
            self.file,
            format=self.format,
            options={"protocol_whitelist": "none"},
            io_open=_refuse,
            metadata_errors="replace",
        )

    def _stream(self, container: Any) -> Any:
        cover = self.av.stream.Disposition.attached_pic
        found = [one for one in container.streams.video if not one.disposition & cover]
        if not found:
            raise CameraError("{name}: has no video stream; name a file that has", name=self.name)
        decoder = found[0].codec_context
        if decoder is None:
            raise _unreadable(self.name, phrase("no decoder here knows its video"))
        if decoder.width * decoder.height > MAX_PIXELS:
            raise CameraError(
                "{name}: {width} x {height} is over {most} megapixels; reduce it",
                name=self.name,
                width=decoder.width,
                height=decoder.height,
                most=MAX_PIXELS // 1_000_000,
            )
        decoder.options = {"max_pixels": str(MAX_PIXELS)}  # pictures may grow on the way
        # The models need the other processors, and no thread of FFmpeg's outlives a turn.
        decoder.thread_count = 1
        for other in container.streams:
            if other is not found[0]:
                other.discard = self.av.stream.Discard.all
        return found[0]


class _Developer:
    """Makes shots of decoded pictures: each is converted once, by libswscale, and copied once."""

    def __init__(self, film: _Film, lens: Lens) -> None:
        self._name = film.name
        self._lens = lens
        self._names = film.av.video.reformatter
        self._to_main, self._to_lores = (self._names.VideoReformatter() for _ in range(2))
        kind = self._names.Interpolation
        # Without the last two, colours come out up to 3 of 255 too dark.
        self._how = kind.BILINEAR | kind.ACCURATE_RND | kind.FULL_CHR_H_INT | kind.FULL_CHR_H_INP

    def shot(self, decoded: _Decoded) -> Shot:
        """Return the whole of a picture, through the lens; raise `CameraError`."""
        try:
            return self._shot(decoded.picture, decoded.aspect)
        except Exception as error:  # a pixel format or colours that libswscale does not know
            raise _unreadable(self._name, cause_of(error)) from error

    def _shot(self, picture: Any, aspect: float) -> Shot:
        matrix, spread = self._names.Colorspace, self._names.ColorRange
        usual = "ITU709" if picture.height >= 720 else "ITU601"
        how = {
            "src_colorspace": matrix[_MATRICES.get(picture.colorspace, usual)],
            "src_color_range": spread.JPEG if picture.color_range == spread.JPEG else spread.MPEG,
            "dst_colorspace": matrix.ITU601,
            "dst_color_range": spread.JPEG,
            "interpolation": self._how,
            "threads": 1,
        }
        turns = round(picture.rotation / 90) % 4  # quarters of a turn, counterclockwise
        across = -1 if turns % 2 else 1
        broad = max(2, round(picture.width * aspect))
        size = fitting((broad, picture.height)[::across], self._lens.main_limit)
        lores = self._to_lores.reformat(picture, *self._lens.lores_size[::across], "rgb24", **how)
        flat = self._to_main.reformat(picture, *size[::across], "yuv420p", **how)
        main = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
        for target, plane in zip(planes(main), flat.planes, strict=True):
            target[:] = self._seen(plane, 1, turns)[..., 0]
        return Shot(main, np.ascontiguousarray(self._seen(lores.planes[0], 3, turns)))

    def _seen(self, plane: Any, pixel_bytes: int, turns: int) -> Pixels:
        """Return a view of a plane, uint8 (rows, columns, bytes of a pixel).

        First as the file's players show it, which is what the sensor sees; then flipped as told.
        """
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        pixels = rows[:, : plane.width * pixel_bytes].reshape(plane.height, -1, pixel_bytes)
        return flipped(np.rot90(pixels, turns), self._lens.hflip, self._lens.vflip)


@contextlib.contextmanager
def _film(path: Path) -> Iterator[_Film]:
    """Open the video at `path`; raise `CameraError` where it is none, or PyAV is not there."""
    name = tilde(path)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            format_name = format_of(file.read(_HEAD_BYTES))
        except OSError as error:
            raise CameraError(
                "{name}: {cause}; name another", name=name, cause=cause_of(error)
            ) from error
        if format_name is None:
            raise CameraError(
                "{name}: neither a picture nor a video known here; save it as JPEG, PNG or MP4",
                name=name,
            )
        yield _Film(_load(name), file, format_name, name)


def every_shot(
    path: Path, lens: Lens, fps: float, for_s: float = math.inf
) -> Iterator[tuple[float, Shot]]:
    """Yield when each picture of the video at `path` is due, in seconds, and what `lens` makes of
    it: as fast as they are asked for, `fps` a second of the video at most.

    It begins anew after its end until ``for_s`` are over; without, it is shown once. Raises
    `CameraError` where it shows nothing.
    """
    with _film(path) as film:
        developer = _Developer(film, lens)
        looping = not math.isinf(for_s)
        next_s = -math.inf
        with contextlib.closing(film.pictures(lambda: 0.0, looping)) as pictures:
            for time_s, picture in pictures:
                if time_s >= for_s:
                    return
                if time_s + SLACK_S >= next_s:
                    next_s = max(next_s, time_s) + 1.0 / fps
                    yield time_s, developer.shot(picture)


class Clip:
    """The video file at `path` in real time, looped, as a `Scene`; a thread decodes ahead.

    Pictures whose time is over, and those between two exposures of a camera that asks at regular
    times, are decoded and no more. Raises `CameraError` where the file shows nothing.
    """

    def __init__(self, path: Path, lens: Lens) -> None:
        self.name = tilde(path)
        self._due_s, self._step_s, self._closed = 0.0, math.inf, False
        self._failure: Exception | None = None
        self._ahead: deque[tuple[float, Shot]] = deque()
        self._changed = threading.Condition()
        with contextlib.ExitStack() as undo:
            film = undo.enter_context(_film(path))
            self._developer = _Developer(film, lens)
            self._pictures = film.pictures(lambda: self._due_s)
            undo.callback(self._pictures.close)
            self._shot = self._developed(next(self._pictures)[1])
            self._undo = undo.pop_all()
        # A daemon, for it waits for ever where nobody closes the scene.
        self._worker = threading.Thread(target=self._work, name="scene", daemon=True)
        self._worker.start()

    def _developed(self, picture: Any) -> Shot:
        shot = self._developer.shot(picture)
        self._developed_s = since_boot_s()
        return shot

    def _work(self) -> None:
        try:
            before: tuple[float, Any] | None = None
            for time_s, picture in self._pictures:
                # How long a picture is shown is known when the next one is.
                if before is not None and self._wanted(before[0], time_s):
                    self._ahead.append((before[0], self._developed(before[1])))
                if self._closed:
                    return
                before = (time_s, picture)
        except Exception as error:
            self._failure = error

    def _wanted(self, from_s: float, until_s: float) -> bool:
        """Wait for room; return whether what is due from then to then will be looked at."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._ahead) < AHEAD_SHOTS)
            if self._closed:
                return False
            asked_s, step_s = self._due_s + SLACK_S, self._step_s
        if until_s <= asked_s:
            return since_boot_s() - self._developed_s >= LATE_S
        if from_s <= asked_s or step_s > LONGEST_STEP_S:
            return True
        return asked_s + math.ceil((from_s - asked_s) / step_s) * step_s < until_s

    def at(self, time_s: float) -> Shot:
        """Return the newest picture that is due; the one before it stays while it is worked on."""
        if self._failure is not None:
            raise CameraError.of(self._failure) from self._failure
        with self._changed:
            if time_s > self._due_s + SLACK_S:
                self._step_s = min(self._step_s, time_s - self._due_s)
                self._due_s = time_s
            while self._ahead and self._ahead[0][0] <= time_s + SLACK_S:
                _, self._shot = self._ahead.popleft()
            self._changed.notify()
        return self._shot

    def close(self) -> None:
        """Stop decoding ahead; may be called more than once."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join()
        self._undo.close()


def _unreadable(name: str, cause: Phrase) -> CameraError:
    return CameraError(
        "{name}: cannot be read as a video ({cause}); save it again as MP4", name=name, cause=cause
    )


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a clip may not open another file")


def _load(name: str) -> Any:
    try:
        return pyav.load()
    except ImportError as error:
        raise CameraError("{name}: {error}", name=name, error=error) from error
