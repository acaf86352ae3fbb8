"""From a taken press to a photo: the frame, the second look, the encoding, the hatch."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shuttergate.capture import hatch
from shuttergate.capture.encode import encode
from shuttergate.capture.shelf import Shelf
from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.verdict import Reason

RECEIPT_TIMEOUT_S = 15.0
"""A publisher that is silent for so long is stuck: a slow SD card needs seconds."""


@dataclass(frozen=True, slots=True)
class Camera:
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

    ``look`` is the second look: the reason and the scores for a ``main`` picture. ``done`` hears
    the outcome of every press; ``idle`` is called after each, and every ``idle_s`` without one.
    """

    def __init__(
        self,
        shelf: Shelf,
        camera: Camera,
        look: Callable[[Pixels], tuple[Reason, Mapping[str, float]]],
        done: Callable[[Outcome], None],
        idle: Callable[[], None],
        idle_s: float,
    ) -> None:
        self._shelf = shelf
        self._camera = camera
        self._look = look
        self._done = done
        self._idle = idle
        self._idle_s = idle_s
        self._presses: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._hatch: socket.socket | None = None
        self._receipts: queue.SimpleQueue[hatch.Receipt] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="photographer")

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def press(self, pressed_s: float) -> bool:
        """Take on a press at `pressed_s` (monotonic); False while the one before is in work."""
        if not self._busy.acquire(blocking=False):
            return False
        self._presses.put(pressed_s)
        return True

    def connect(self, sock: socket.socket | None) -> None:
        """Send photos through `sock`; None: there is no publisher, who may never answer now."""
        self._hatch = sock
        if sock is None:
            self.receipt(hatch.Receipt(error="the publisher ended; the photo is not kept"))

    def receipt(self, receipt: hatch.Receipt) -> None:
        """Hear from the publisher what became of the photo."""
        if self._busy.locked():
            self._receipts.put(receipt)

    def stop(self) -> None:
        """End after the press in work."""
        self._presses.put(None)
        if self._thread.is_alive():
            self._thread.join(RECEIPT_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            try:
                pressed_s = self._presses.get(timeout=self._idle_s)
            except queue.Empty:
                self._idle()
                continue
            if pressed_s is None:
                return
            try:
                outcome = self._photograph(pressed_s)
            finally:
                self._busy.release()
            self._done(outcome)
            self._idle()

    def _photograph(self, pressed_s: float) -> Outcome:
        camera = self._camera
        frame = self._shelf.take(
            pressed_s, camera.frame_interval_s, camera.frame_interval_s + camera.judging_s
        )
        if frame is None:
            return Outcome(pressed_s, reason=Reason.NO_FRAME)
        number = frame.number
        try:
            reason, scores = self._look(frame.main)
            if reason is not Reason.CLEAR:
                return Outcome(pressed_s, "", Reason.SECOND_LOOK, str(reason), number, scores)
            taken = datetime.now(UTC).timestamp() - (time.monotonic() - frame.exposed_s)
            local = datetime.fromtimestamp(taken, UTC).astimezone()
            photo = encode(frame.main, local, camera.rotation, camera.jpeg_quality)
        except ScoreError as error:
            return Outcome(pressed_s, "", Reason.SECOND_LOOK, str(error), number)
        finally:
            frame.release()
        receipt = self._publish(int(taken * 1000), photo)
        if receipt.error:
            return Outcome(pressed_s, "", Reason.FAULT, receipt.error, number, scores)
        return Outcome(pressed_s, receipt.name, Reason.CLEAR, "", number, scores)

    def _publish(self, taken_ms: int, photo: bytes) -> hatch.Receipt:
        sock = self._hatch
        if sock is None:
            return hatch.Receipt(error="there is no publisher; the photo is not kept")
        while not self._receipts.empty():  # an answer to a photo that was given up on
            self._receipts.get_nowait()
        try:
            hatch.send(sock, hatch.Parcel(taken_ms, len(photo)), photo)
            return self._receipts.get(timeout=RECEIPT_TIMEOUT_S)
        except OSError as error:
            return hatch.Receipt(error=f"the publisher is gone ({error.strerror})")
        except queue.Empty:
            return hatch.Receipt(
                error=f"the publisher was silent for {RECEIPT_TIMEOUT_S:.0f} s; look at the disk"
            )
