"""From a taken press to a photo: the frame, the second look, the encoding, the hatch."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shuttergate.capture import hatch
from shuttergate.capture.counter import RECEIPT_TIMEOUT_S, Counter
from shuttergate.capture.encode import encode
from shuttergate.capture.shelf import Shelf
from shuttergate.errors import ScoreError
from shuttergate.frame import Frame, Pixels
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason


@dataclass(frozen=True, slots=True)
class PhotoSettings:
    """What a photo needs to know of the camera."""

    frame_interval_s: float
    judging_s: float  # how long the frame under judgement at the press may take to be judged
    rotation: int  # degrees clockwise to upright
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a press: a photo's name, or the reason and detail of its refusal."""

    pressed_s: float
    name: str = ""
    reason: Reason = Reason.CLEAR
    detail: str = ""
    frame: int = -1
    scores: Mapping[str, float] | None = None


class Photographer:
    """Works on one press at a time, in a thread of its own, so that the gate looks on meanwhile.

    ``look`` is the second look: the reason and the scores for a ``main`` picture. ``lasts`` says
    whether the gate stayed open since the press: if not, nothing is published. ``done`` hears the
    outcome of every press; ``idle`` is called after each, and every ``idle_s`` without one.
    """

    def __init__(
        self,
        shelf: Shelf,
        counter: Counter,
        camera: PhotoSettings,
        look: Callable[[Pixels], tuple[Reason, Mapping[str, float]]],
        lasts: Callable[[Opening], bool],
        done: Callable[[Outcome], None],
        idle: Callable[[], None],
        idle_s: float,
    ) -> None:
        self._shelf = shelf
        self._counter = counter
        self._camera = camera
        self._look = look
        self._lasts = lasts
        self._done = done
        self._idle = idle
        self._idle_s = idle_s
        self._presses: queue.SimpleQueue[tuple[Opening, Frame | None] | None] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._busy_since_s = 0.0
        self._thread = threading.Thread(target=self._run, name="photographer")

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def press(self, opening: Opening) -> bool:
        """Take on a press; False while the one before is in work."""
        if not self._busy.acquire(blocking=False):
            return False
        self._busy_since_s = time.monotonic()
        # Now, and not when the thread comes to it: the shelf holds the newest frames only.
        self._presses.put((opening, self._take(opening, 0.0)))
        return True

    def busy_s(self) -> float:
        """Return for how many seconds the press in work has been so; 0 where there is none."""
        return time.monotonic() - self._busy_since_s if self._busy.locked() else 0.0

    def stop(self) -> None:
        """End after the press in work."""
        self._presses.put(None)
        if self._thread.is_alive():
            self._thread.join(RECEIPT_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            try:
                press = self._presses.get(timeout=self._idle_s)
            except queue.Empty:
                self._idle()
                continue
            if press is None:
                return
            self._done(self._photograph(*press))
            self._idle()
            self._busy.release()

    def _take(self, opening: Opening, timeout_s: float) -> Frame | None:
        return self._shelf.take(opening.pressed_s, self._camera.frame_interval_s, timeout_s)

    def _photograph(self, opening: Opening, frame: Frame | None) -> Outcome:
        camera, pressed_s = self._camera, opening.pressed_s
        frame = frame or self._take(opening, camera.frame_interval_s + camera.judging_s)
        if frame is None:
            reason = Reason.NO_FRAME if self._lasts(opening) else Reason.CLOSED
            return Outcome(pressed_s, reason=reason)
        number = frame.number
        try:
            reason, scores = self._look(frame.main)
            if reason is not Reason.CLEAR:
                return Outcome(pressed_s, "", Reason.SECOND_LOOK, str(reason), number, scores)
            if not self._lasts(opening):
                return Outcome(pressed_s, "", Reason.CLOSED, "", number, scores)
            taken = datetime.now(UTC).timestamp() - (time.monotonic() - frame.exposed_s)
            local = datetime.fromtimestamp(taken, UTC).astimezone()
            photo = encode(frame.main, local, camera.rotation, camera.jpeg_quality)
        except ScoreError as error:
            return Outcome(pressed_s, "", Reason.SECOND_LOOK, str(error), number)
        finally:
            frame.release()
        receipt = self._publish(opening, int(taken * 1000), photo)
        if receipt is None:
            return Outcome(pressed_s, "", Reason.CLOSED, "", number, scores)
        if receipt.error:
            return Outcome(pressed_s, "", Reason.FAULT, receipt.error, number, scores)
        return Outcome(pressed_s, receipt.name, Reason.CLEAR, "", number, scores)

    def _publish(self, opening: Opening, taken_ms: int, photo: bytes) -> hatch.Receipt | None:
        """Have the photo kept; None where the gate closed before that."""
        if not self._lasts(opening):
            return None
        return self._counter.photo(taken_ms, photo, lambda: self._lasts(opening))
