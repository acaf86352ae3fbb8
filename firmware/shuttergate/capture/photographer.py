"""From a taken press to a photo: the frame, the second look, the encoding, the hatch."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from shuttergate.capture import hatch
from shuttergate.capture.client import RECEIPT_TIMEOUT_S, PublisherClient
from shuttergate.capture.encode import encode
from shuttergate.capture.shelf import Shelf
from shuttergate.claims import Claims
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import Phrase, ScoreError
from shuttergate.frame import Frame, Pixels
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason

LOOK_S = 0.5
LOOK_SHARE = 3.0
"""Between two looks that nobody pressed for: so long, and so many times as long as one takes."""


@dataclass(frozen=True, slots=True)
class PhotoSettings:
    """What a photo needs to know of the camera."""

    frame_interval_s: float  # at least: what the shelf's frames say counts where it is more
    judging_s: float  # how long the frame under judgement at the press may take to be judged
    rotation: int  # degrees clockwise to upright
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a press: a photo's name, or the reason and detail of its refusal."""

    pressed_s: float
    name: str = ""
    reason: Reason = Reason.CLEAR
    detail: Phrase | str = ""
    frame: int = -1
    scores: Mapping[str, float] | None = None
    lacks: Phrase | None = None  # why it has no credential, where it was to have one


class PressWork(Protocol):
    """What others do for a press, and between two of them."""

    def leaving(self, main: Pixels) -> Pixels:
        """Return a ``main`` picture in the size in which it may leave; raises `ScoreError`."""

    def second_look(self, leaving: Pixels, but_for: str = "") -> tuple[Reason, Mapping[str, float]]:
        """Judge such a picture, but for a taught rule that was asked about; raises `ScoreError`."""

    def claims(self, *, but_for: str = "") -> Claims:
        """Return by what such a picture was cleared."""

    @property
    def wants_look(self) -> bool:
        """Whether a frame is to be looked at though nobody pressed."""

    def look_begins(self) -> None:
        """Hear that a look begins: what refuses a frame from now on stands, whatever it finds."""

    def looked(self, number: int, picture: Pixels | None, reason: Reason) -> None:
        """Hear what a look at that picture of a frame found; None where it could not be made."""

    def lasts(self, opening: Opening) -> bool:
        """Say whether the gate stayed open since the press: if not, nothing is published."""

    def press_done(self, outcome: Outcome) -> None:
        """Hear what became of a press; called for every one that was taken on."""

    def between_presses(self) -> None:
        """Do what there is to do after each press, and every ``idle_s`` without one."""


class Photographer:
    """Works on one press at a time, in a thread of its own, so that the gate looks on meanwhile.

    ``spared``: where the frame lies for a press that is a yes.
    """

    def __init__(
        self,
        shelf: Shelf,
        client: PublisherClient,
        camera: PhotoSettings,
        work: PressWork,
        idle_s: float,
        clock: Clock = since_boot_s,
        spared: Shelf | None = None,
    ) -> None:
        self._shelf = shelf
        self._spared = spared or Shelf(1)
        self._client = client
        self._camera = camera
        self._work = work
        self._idle_s = idle_s
        self._clock = clock
        self._presses: queue.SimpleQueue[tuple[Opening, Frame | None] | None] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._busy_since_s = 0.0
        self._pause_s = LOOK_S
        self._thread = threading.Thread(target=self._run, name="photographer")

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def press(self, opening: Opening) -> bool:
        """Take on a press; False while the one before is in work."""
        if not self._busy.acquire(blocking=False):
            return False
        self._busy_since_s = self._clock()
        # Now, and not when the thread comes to it: the shelf holds the newest frames only.
        self._presses.put((opening, self._take(opening, 0.0)))
        return True

    def busy_s(self) -> float:
        """Return for how many seconds the press in work has been so; 0 where there is none."""
        return self._clock() - self._busy_since_s if self._busy.locked() else 0.0

    def stop(self) -> None:
        """End after the press in work."""
        self._presses.put(None)
        if self._thread.is_alive():
            self._thread.join(RECEIPT_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            wanted = self._work.wants_look
            try:
                press = self._presses.get(timeout=self._pause_s if wanted else self._idle_s)
            except queue.Empty:
                self._work.between_presses()
                if wanted and not self._busy.locked():
                    self._look()
                continue
            if press is None:
                return
            self._work.press_done(self._photograph(*press))
            self._work.between_presses()
            self._busy.release()

    @property
    def _interval_s(self) -> float:
        return max(self._camera.frame_interval_s, self._shelf.interval_s)

    def _take(self, opening: Opening, timeout_s: float) -> Frame | None:
        shelf = self._spared if opening.but_for else self._shelf
        return shelf.take(opening.pressed_s, self._interval_s, timeout_s)

    def _photograph(self, opening: Opening, frame: Frame | None) -> Outcome:
        camera, pressed_s = self._camera, opening.pressed_s
        frame = frame or self._take(opening, self._interval_s + camera.judging_s)
        if frame is None:
            reason = Reason.NO_FRAME if self._work.lasts(opening) else Reason.CLOSED
            return Outcome(pressed_s, reason=reason)
        number, exposed_s = frame.number, frame.exposed_s
        picture = None
        try:
            picture = self._leaving(frame)
            # First: a rule that is put into force meanwhile may not have judged it.
            claims = self._work.claims(but_for=opening.but_for)
            reason, scores = self._work.second_look(picture, opening.but_for)
            if reason is not Reason.CLEAR:
                return Outcome(pressed_s, "", Reason.SECOND_LOOK, str(reason), number, scores)
            if not self._work.lasts(opening):
                return Outcome(pressed_s, "", Reason.CLOSED, "", number, scores)
            taken = datetime.now(UTC).timestamp() - (self._clock() - exposed_s)
            when = datetime.fromtimestamp(taken, UTC)
            photo = encode(picture, when, camera.rotation, camera.jpeg_quality)
        except ScoreError as error:
            return Outcome(pressed_s, "", Reason.SECOND_LOOK, error.phrase, number)
        finally:
            if picture is not None:
                picture[:] = 0
        receipt = self._publish(opening, int(taken * 1000), photo, claims)
        if receipt is None:
            return Outcome(pressed_s, "", Reason.CLOSED, "", number, scores)
        if receipt.error:
            return Outcome(pressed_s, "", Reason.FAULT, receipt.cause, number, scores)
        lacks = receipt.lacks or None
        return Outcome(pressed_s, receipt.name, Reason.CLEAR, "", number, scores, lacks)

    def _leaving(self, frame: Frame) -> Pixels:
        """Return its main picture in the size in which it may leave, and let the frame go."""
        try:
            return self._work.leaving(frame.main)
        finally:
            frame.release()

    def _look(self) -> None:
        """Give the newest CLEAR frame a second look, for whoever wants to know."""
        began_s = self._clock()
        self._work.look_begins()  # before the frame: it may have been exposed before a refusal
        frame = self._shelf.take_newest(began_s, self._camera.judging_s)
        if frame is None:
            return
        number, picture, reason = frame.number, None, Reason.DOUBT
        with contextlib.suppress(ScoreError):
            picture = self._leaving(frame)
            reason, _ = self._work.second_look(picture)
        self._work.looked(number, picture, reason)
        if picture is not None:
            picture[:] = 0
        self._pause_s = max(LOOK_S, LOOK_SHARE * (self._clock() - began_s))

    def _publish(
        self, opening: Opening, taken_ms: int, photo: bytes, claims: Claims
    ) -> hatch.Receipt | None:
        """Have the photo kept; None where the gate closed before that."""
        if not self._work.lasts(opening):
            return None
        return self._client.photo(taken_ms, photo, claims, lambda: self._work.lasts(opening))
