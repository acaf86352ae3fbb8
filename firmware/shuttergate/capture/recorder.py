"""From a held press to a video: cleared frames are encoded, and leave when their lead is over.

While the gate is OPEN the newest seconds lie in memory, encoded, so that a video begins before its
press. No frame that was not CLEAR ever meets the encoder. A video is kept only if the photo of its
press was, and if nothing broke while it was made.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shuttergate.capture import hatch
from shuttergate.capture.canvas import Canvas, Canvases
from shuttergate.capture.client import RECEIPT_TIMEOUT_S, PublisherClient
from shuttergate.capture.delivery import Delivery
from shuttergate.capture.encoder import Encoder, Muxer, load
from shuttergate.capture.gops import Gops
from shuttergate.capture.video import LIMIT, RELEASED, KeptPhotos, Recorded, Recording
from shuttergate.claims import Claims
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import EncoderError, Phrase, phrase
from shuttergate.frame import Frame, Pixels
from shuttergate.gate import State
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason

CANVASES = 4
"""So many frames may wait for the encoder; who comes then is left out."""

GAP_S = 0.5
"""After so long without a frame that was judged and taken, nobody knows what was in between."""

STOP_S = 2.0
"""What the end of a process leaves a video to get onto the disk."""


class RecordingSettings(Protocol):
    """See `config.VideoSettings`."""

    @property
    def hold_s(self) -> float: ...
    @property
    def lead_s(self) -> float: ...
    @property
    def preroll_s(self) -> float: ...
    @property
    def max_s(self) -> float: ...
    @property
    def longest_side(self) -> int: ...
    @property
    def codec(self) -> str: ...


class GateView(Protocol):
    """See `interlock.Interlock`."""

    @property
    def state(self) -> State: ...
    def lasts(self, opening: Opening) -> bool: ...


class FilmJudge(Protocol):
    """Looks at each picture of a video in the size in which it would leave.

    ``looks_at_films``: whether it has to, or the live look was enough.
    """

    @property
    def looks_at_films(self) -> bool: ...

    def claims(self, *, of_film: bool = False) -> Claims:
        """Return by what a video was cleared."""

    def film_reduction(self, size: tuple[int, int], longest_side: int) -> int:
        """Return by what whole factor frames of (width, height) are made smaller.

        ``longest_side``: to no more than so many pixels.
        """

    def film(self, picture: Pixels, exposed_s: float) -> bool:
        """Judge an I420 picture; one that is not clear closes the gate."""


@dataclass(frozen=True, slots=True)
class _Shot:
    canvas: Canvas
    exposed_s: float
    opened_s: float


@dataclass(frozen=True, slots=True)
class _Closed:
    reason: Reason
    is_fault: bool


@dataclass(frozen=True, slots=True)
class _Delivered:
    video: Recording
    receipt: hatch.Receipt | None


class Recorder:
    """Works in a thread of its own; `take` is for the one that looks at frames, the rest for any.

    ``judge`` looks at each picture as it is encoded, where the live look was not enough, and closes
    the gate where it is not clear. Frames are then taken only from a press on.
    ``done`` hears what became of each recording, ``off`` why there can be none.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        fps: float,
        rotation: int,
        client: PublisherClient,
        gate: GateView,
        judge: FilmJudge,
        done: Callable[[Recorded], None],
        off: Callable[[EncoderError], None],
        clock: Clock = since_boot_s,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._fps, self._rotation = fps, rotation
        self._client = client
        self._gate = gate
        self._judge = judge
        self._done = done
        self._off = off
        self._is_on = False
        self._canvases = Canvases(CANVASES, self._reduction)
        self._events: queue.SimpleQueue[_Shot | _Closed | _Delivered | None] = queue.SimpleQueue()
        self._gops = Gops(settings.lead_s, min(GAP_S, settings.lead_s))
        self._encoder: Encoder | None = None
        self._photos = KeptPhotos()
        self._video: Recording | None = None
        self._delivered: Recording | None = None  # on its way
        self._done_with_s = float("-inf")  # the press of the newest recording
        self._thread = threading.Thread(target=self._run, name="recorder")

    def start(self) -> None:
        """Begin to work.

        PyAV is loaded here and now: later it would hold up whoever looks at frames.
        """
        self._begin_work()
        self._thread.start()

    @property
    def elapsed_s(self) -> float | None:
        """How long the video in the making is; None: there is none."""
        video = self._video
        if video is None or video.ended:
            return None
        return max(0.0, self._clock() - video.first_s)

    def _reduction(self, size: tuple[int, int]) -> int:
        return self._judge.film_reduction(size, self._settings.longest_side)

    def take(self, frame: Frame) -> None:
        """Copy a frame that was CLEAR while the gate was OPEN, unless what follows is behind."""
        state = self._gate.state
        if not self._is_on or state.opened_s is None:
            return
        idle = state.held_since_s is None and self._video is None
        if self._judge.looks_at_films and idle:
            return
        canvas = self._canvases.draw(frame.main)
        if canvas is not None:
            self._events.put(_Shot(canvas, frame.exposed_s, state.opened_s))

    def closed(self, reason: Reason, faults: Collection[str]) -> None:
        """The gate closed, or has one more reason to be CLOSED."""
        is_fault = bool(set(faults) - {"stopping"})
        if is_fault:
            self._doubt()
        self._events.put(_Closed(reason, is_fault))

    def _doubt(self) -> None:
        for video in (self._video, self._delivered):
            if video is not None:
                video.is_doubted = True

    def photo_done(self, pressed_s: float, is_kept: bool) -> None:
        """The photo of that press was kept, or not."""
        self._photos.done(pressed_s, is_kept)

    def stop(self) -> None:
        """End; what was cleared may still become a video, if the disk is quick."""
        self._events.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        if self._delivered is not None:
            self._delivered.is_doubted = True

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            self._handle(event)
        self._drop(Reason.FAULT, "")
        if self._delivered is not None:
            self._delivered.wait(STOP_S)
            while not self._events.empty():
                if isinstance(event := self._events.get(), _Delivered):
                    self._told(event.video, event.receipt)

    def _begin_work(self) -> None:
        try:
            if self._settings.codec == "off":
                raise EncoderError("switched off; set codec under [video]")
            load()
            self._is_on = True
        except EncoderError as error:
            self._off(error)

    def _handle(self, event: _Shot | _Closed | _Delivered) -> None:
        try:
            match event:
                case _Closed():
                    if event.is_fault:  # once more: it may have begun meanwhile
                        self._doubt()
                    self._end_with(event.reason)
                case _Delivered():
                    self._told(event.video, event.receipt)
                case _Shot() if self._is_on:
                    self._shot(event)
        except EncoderError as error:
            self._drop(Reason.FAULT, error.phrase)
            self._begin_anew()

    def _shot(self, shot: _Shot) -> None:
        try:
            if not self._gate.lasts(Opening(0.0, shot.opened_s)):
                return  # word of its closing is on the way
            if not self._judged_clear(shot):
                return
            if self._encoder is None or self._encoder.size != shot.canvas.size:
                self._renew(shot.canvas.size)
            if not self._gops.judged(shot.exposed_s, True) and self._video is not None:
                self._drop(Reason.SLOW, phrase("encoder"))
                self._renew(shot.canvas.size)
                self._gops.judged(shot.exposed_s, True)
            if self._video is None or not self._video.ended:
                assert self._encoder is not None
                for picture in self._encoder.encode(shot.canvas, shot.exposed_s):
                    self._gops.coded(picture)
        finally:
            self._canvases.give_back(shot.canvas)
        self._advance()

    def _judged_clear(self, shot: _Shot) -> bool:
        if not self._judge.looks_at_films:
            return True
        picture = shot.canvas.i420()
        try:
            return self._judge.film(picture, shot.exposed_s)
        finally:
            picture[:] = 0

    def _renew(self, size: tuple[int, int]) -> None:
        """Begin anew, with a key picture; of the encoder before nothing remains."""
        self._drop(Reason.FAULT, phrase("the camera changed the size of its pictures"))
        self._begin_anew()
        try:
            self._encoder = Encoder(size, self._fps, self._settings.codec)
        except EncoderError as error:  # there is none: asking again at every frame mends nothing
            self._is_on = False
            self._off(error)
            raise

    def _advance(self) -> None:
        now_s, state = self._clock(), self._gate.state
        held_s = state.held_since_s
        if self._video is None:
            waits = held_s is not None and held_s != self._done_with_s
            since_s = held_s if held_s is not None and waits else self._gops.newest_s
            self._gops.forget_before(since_s - self._settings.preroll_s)
            if held_s is None or now_s - held_s < self._settings.hold_s:
                return
            self._begin(held_s, state.opened_s)
        if (video := self._video) is None:
            return
        if not video.ended:
            self._mind_end(video, state, now_s)
        self._let_go(video)
        if self._video is video and video.ended and self._gops.is_empty:
            self._finish(video)

    def _begin(self, pressed_s: float, opened_s: float | None) -> None:
        if pressed_s == self._done_with_s:
            return
        self._done_with_s = pressed_s
        if self._photos.is_refused(pressed_s):
            return
        if self._delivered is not None:
            self._done(Recorded(reason=Reason.BUSY))
            return
        self._video = Recording(pressed_s, opened_s)

    def _mind_end(self, video: Recording, state: State, now_s: float) -> None:
        if state.held_since_s != video.pressed_s and state.opened_s == video.opened_s:
            released_s = min(now_s, state.up_since_s)
            video.end(RELEASED, released_s)
            self._gops.end(released_s)
        elif video.has_begun and self._gops.newest_s - video.first_s >= self._settings.max_s:
            video.end(LIMIT, now_s)
            self._gops.end(video.first_s + self._settings.max_s)

    def _let_go(self, video: Recording) -> None:
        gops = self._gops.cleared()
        if not gops:
            return
        if not video.has_begun:
            assert self._encoder is not None
            first_s = gops[0].first_s
            now, now_s = datetime.now(UTC), self._clock()
            taken = now - timedelta(seconds=now_s - first_s)
            muxer = Muxer(self._encoder.size, self._fps, self._rotation, taken)
            # Not by its first frame, of before the press: its photo's name comes before it.
            pressed = now - timedelta(seconds=now_s - video.pressed_s)
            delivery = Delivery(
                self._client,
                int(pressed.timestamp() * 1000),
                lambda: self._judge.claims(of_film=True),
                lambda: self._photos.is_kept(video.pressed_s, RECEIPT_TIMEOUT_S),
                lambda: not video.is_doubted,
                lambda receipt: self._events.put(_Delivered(video, receipt)),
            )
            video.begin(first_s, muxer, delivery)
        if not video.put(gops):
            self._drop(Reason.SLOW, phrase("disk"))

    def _end_with(self, reason: Reason) -> None:
        """The gate is CLOSED: what is not cleared yet never will be."""
        self._begin_anew()
        if (video := self._video) is not None:
            video.end(reason, self._clock())
            self._finish(video)  # one that is doubted does not get the last word

    def _finish(self, video: Recording) -> None:
        """Nothing more comes: make it whole."""
        if video.has_begun:
            last = video.close()
            self._delivered = video  # first: a fault has to find it in one of the two
            self._video = None
            self._begin_anew()
            if not video.seal(last):
                self._delivered = None
                video.drop()
                self._done(video.lost(Reason.SLOW, phrase("disk")))
            return
        self._video = None
        self._begin_anew()
        own = video.ended in (RELEASED, LIMIT)
        self._done(video.lost(Reason.NO_FRAME if own else Reason(video.ended)))

    def _drop(self, reason: Reason, detail: Phrase | str) -> None:
        video, self._video = self._video, None
        if video is not None:
            self._begin_anew()
            video.drop()
            self._done(video.lost(reason, detail))

    def _told(self, video: Recording, receipt: hatch.Receipt | None) -> None:
        if video not in (self._video, self._delivered):
            return  # it was lost already, and that was said
        if self._video is video:  # the publisher was lost before its end
            self._video = None
            self._begin_anew()
        self._delivered = None
        self._done(video.recorded(receipt, self._clock()))

    def _begin_anew(self) -> None:
        """Of what was encoded nothing remains here, nor in the encoder."""
        self._gops.wipe()
        self._encoder = None
