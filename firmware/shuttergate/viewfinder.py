"""What a page may see of the camera, made in the gate process: a cleared picture, or a mosaic.

Pages never get a frame. While the gate is OPEN they get a small JPEG of frames that were themselves
CLEAR; all else leaves as `Mosaic`, whose few bytes cannot hold a picture. What is not read in time
is dropped: a page that stalls costs the gate nothing.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
import simplejpeg

from shuttergate.clock import Clock, since_boot_s
from shuttergate.frame import Frame, Pixels, main_size, planes
from shuttergate.gate import State
from shuttergate.legible import live_coverage
from shuttergate.verdict import Decision, Verdict, rounded

PICTURE_S = 1 / 15
MOSAIC_S = 1.0
"""Many mosaics of a moving picture tell more than one: few of them are given, whoever asks."""

QUALITY = 75

LEGIBLE_PX = 24
"""What the look that cleared a page's picture could not tell is no taller than this in it. A page
asks nobody before it shows, so it shows less than a photo: of the test card, sampled at so few
pixels, our own channels know nothing even where they see nothing else (`make bench-coverage`)."""

CELLS = 12
"""Cells of the mosaic along its longer side: a person who fills the frame is two or three wide."""

LEVELS = 16
"""Steps of each colour of a cell."""

MAX_VIEWS = 4
MAX_PACKET_BYTES = 512 * 1024
_SEND_BUFFER_BYTES = 400_000


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """One frame's verdict; ``trial``: what a rule that is only tried says of it."""

    frame: int
    clear: bool
    reason: str
    scores: dict[str, float]
    trial: float | None = None


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """A frame that was CLEAR while the gate was OPEN: a small JPEG, upright.

    ``sharp``: a second look has cleared it, too.
    """

    frame: int
    jpeg: bytes
    sharp: bool = False


class Mosaic(msgspec.Struct, frozen=True, tag="mosaic"):
    """All that is shown of any other frame: ``rows`` x ``columns`` colours, RGB, upright."""

    frame: int
    columns: int
    rows: int
    cells: bytes


Shown = Seen | Picture | Mosaic
decode = msgspec.msgpack.Decoder(Shown).decode
_encode = msgspec.msgpack.encode


def mosaic(lores: Pixels, aspect: float) -> Pixels:
    """Return the mean colours of cells of `lores`, in steps: uint8 (rows, columns, 3).

    ``lores``: uint8 (height, width, 3), stretched; ``aspect``: width by height of the frame as
    people see it.
    """
    columns = CELLS if aspect >= 1 else max(1, round(CELLS * aspect))
    rows = max(1, round(CELLS / aspect)) if aspect >= 1 else CELLS
    height, width, _ = lores.shape
    tops, lefts = (np.arange(n) * side // n for n, side in ((rows, height), (columns, width)))
    sums = np.add.reduceat(lores, tops, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, lefts, axis=1)
    areas = np.multiply.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    step = 256 // LEVELS
    cells: Pixels = (sums // areas[..., None] // step * step + step // 2).astype(np.uint8)
    return cells


def reduction(height: int, coverage: float) -> int:
    """Return by what whole factor a picture is made smaller that was looked at so finely."""
    return max(1, math.ceil(coverage * height / LEGIBLE_PX))


def _all_clear(lores: Pixels, scores: Mapping[str, float]) -> bool:
    return True


class Gate(Protocol):
    """See `interlock.Interlock`."""

    @property
    def state(self) -> State: ...


class Viewfinder:
    """Sends to every page that is connected; `show` is for one thread, the rest for any.

    ``rotation``: degrees clockwise that bring a frame's ``main`` upright, a multiple of 90; its
    ``lores`` is upright. ``gate`` is asked again before a picture goes: encoding it takes a while.
    ``clears``, given ``lores`` and the live scores, says whether every channel lets a page see it.
    """

    def __init__(
        self,
        rotation: int,
        gate: Gate,
        clears: Callable[[Pixels, Mapping[str, float]], bool] = _all_clear,
        clock: Clock = since_boot_s,
    ) -> None:
        self._rotation = rotation
        self._gate = gate
        self._clears = clears
        self._clock = clock
        self._seats: tuple[socket.socket, ...] = ()
        # Held while sending, too: a socket that another thread closed meanwhile may lend its number
        # to the hatch.
        self._seating = threading.Lock()
        self._news = threading.Condition()
        self._small: tuple[Pixels, ...] = ()
        self._lores = np.empty((0, 0, 3), np.uint8)
        self._scores: Mapping[str, float] = {}
        self.doubts = 0  # how often a second look refused
        self._waiting_since = 0  # how often when what waits in _small was copied
        self.is_doubted = False  # and none has cleared a frame since
        self._number = -1  # of the frame that waits in _small; -1 while none does
        self._picture_due_s = self._mosaic_due_s = 0.0
        self._mosaic: Mosaic | None = None  # for who comes before the next; none while it is OPEN
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="viewfinder")

    def start(self) -> None:
        """Begin to encode."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join()
        with self._seating:
            for seat in self._seats:
                seat.close()
            self._seats = ()

    def connect(self, seat: socket.socket) -> None:
        """Send to `seat`, a packet socket, and own it; the oldest makes room for a fifth."""
        seat.setblocking(False)
        seat.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        with self._seating:
            seats = (*self._seats, seat)
            self._seats = seats[-MAX_VIEWS:]
            for old in seats[:-MAX_VIEWS]:
                old.close()
            if (latest := self._mosaic) is not None:
                self._send_to(seat, _encode(latest))

    def show(
        self, frame: Frame, verdict: Verdict, may_be_seen: bool, trial: float | None = None
    ) -> None:
        """Show a judged frame; ``may_be_seen``: it was CLEAR, and the gate is OPEN.

        ``trial``: see `Seen`.
        """
        if not self._seats:
            return
        clear = verdict.decision is Decision.CLEAR
        self._send(Seen(frame.number, clear, verdict.reason, rounded(verdict.scores), trial))
        now_s = self._clock()
        if not may_be_seen or self.is_doubted:
            self._picture_due_s = 0.0
            if now_s >= self._mosaic_due_s:
                self._mosaic_due_s = now_s + MOSAIC_S
                self._mosaic = self._mosaic_of(frame)
                self._send(self._mosaic)
            return
        self._mosaic = None
        if now_s >= self._picture_due_s:
            self._picture_due_s = max(self._picture_due_s + PICTURE_S, now_s)
            self._copy(frame, verdict.scores)

    def doubt(self) -> None:
        """A second look refused a frame: no picture of any leaves until one has cleared one."""
        with self._seating:
            self.doubts += 1
            self.is_doubted = True

    @property
    def is_watched(self) -> bool:
        """Whether there is a page."""
        return bool(self._seats)

    def show_looked(self, number: int, picture: Pixels, coverage: float, doubts: int) -> None:
        """Show an I420 picture that a second look of that coverage has cleared; for its thread.

        ``doubts``: what `doubts` was when the look began. What refused a frame since stands.
        """
        with self._seating:
            if doubts != self.doubts:
                return
            self.is_doubted = False
        small = _sampled(picture, reduction(self._upright(picture)[1], coverage))
        if small is not None:
            self._encode(number, small, doubts, sharp=True)

    def _upright(self, main: Pixels) -> tuple[int, int]:
        size = main_size(main)
        return size[::-1] if self._rotation % 180 else size

    def _mosaic_of(self, frame: Frame) -> Mosaic:
        width, height = main_size(frame.main)
        lies_on_its_side = self._rotation % 180 != 0
        cells = mosaic(frame.lores, height / width if lies_on_its_side else width / height)
        return Mosaic(frame.number, cells.shape[1], cells.shape[0], cells.tobytes())

    def _copy(self, frame: Frame, scores: Mapping[str, float]) -> None:
        with self._news:
            if self._number >= 0:
                return  # the one before is still being encoded
            size = self._upright(frame.main)
            small = _sampled(frame.main, reduction(size[1], live_coverage(size)))
            if small is None:
                return  # so narrow that nothing is left of it
            self._waiting_since = self.doubts
            if [plane.shape for plane in small] != [plane.shape for plane in self._small]:
                self._small = tuple(np.empty(plane.shape, np.uint8) for plane in small)
                self._lores = np.empty(frame.lores.shape, np.uint8)
            for target, plane in zip(self._small, small, strict=True):
                target[:] = plane
            self._lores[:] = frame.lores
            self._scores = scores
            self._number = frame.number
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._number >= 0 or self._stopping)
                if self._stopping:
                    return
            if self._clears(self._lores, self._scores):
                self._encode(self._number, self._small, self._waiting_since, sharp=False)
            with self._news:
                for plane in (*self._small, self._lores):
                    plane[:] = 0
                self._number = -1

    def _encode(self, number: int, small: Sequence[Pixels], doubts: int, sharp: bool) -> None:
        assert not any(side % 2 for side in small[0].shape), "the encoder would read on past it"
        upright = [np.rot90(plane, -self._rotation // 90) for plane in small]
        jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(
            *(np.ascontiguousarray(plane) for plane in upright), QUALITY
        )
        packet = _encode(Picture(number, jpeg, sharp))
        with self._seating:
            if self._gate.state.is_open and doubts == self.doubts:
                for seat in self._seats:
                    self._send_to(seat, packet)

    def _send(self, shown: Shown) -> None:
        packet = _encode(shown)
        with self._seating:
            for seat in self._seats:
                self._send_to(seat, packet)

    def _send_to(self, seat: socket.socket, packet: bytes) -> None:
        try:
            seat.send(packet)
        except BlockingIOError:
            pass  # it does not keep up, and misses this one
        except OSError:
            self._seats = tuple(one for one in self._seats if one is not seat)
            seat.close()


def _sampled(main: Pixels, factor: int) -> list[Pixels] | None:
    """Return every so manieth pixel of an I420 picture's planes: views, nothing copied.

    Both sides of the first are even, and twice the others': an encoder reads its planes so, and an
    odd one on into memory that is nobody's to see. None where no two pixels are left.
    """
    luma, *chroma = (plane[::factor, ::factor] for plane in planes(main))
    rows, columns = (min(luma.shape[side] // 2, chroma[0].shape[side]) for side in (0, 1))
    if not rows or not columns:
        return None
    return [luma[: 2 * rows, : 2 * columns], *(plane[:rows, :columns] for plane in chroma)]
