"""One video in the making: GOPs become a file, and go piece by piece to the publisher."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from shuttergate.capture import hatch
from shuttergate.capture.delivery import Delivery
from shuttergate.capture.encoder import Muxer
from shuttergate.capture.gops import Gop
from shuttergate.errors import Phrase
from shuttergate.verdict import Reason

PRESSES_KEPT = 32

RELEASED, LIMIT = "released", "limit"
"""Why a video ended, where it was not the gate."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a recording: a video's name, or the reason and detail of its loss.

    ``ended``: `RELEASED`, `LIMIT`, or the reason for which the gate closed. ``wait_s``: from its
    end to here. ``lacks``: why it has no credential, where it was to have one.
    """

    name: str = ""
    reason: Reason = Reason.CLEAR
    detail: Phrase | str = ""
    ended: str = ""
    pictures: int = 0
    seconds: float = 0.0
    wait_s: float = 0.0
    lacks: Phrase | None = None


class Recording:
    """Belongs to the press at ``pressed_s`` in the opening of ``opened_s`` (seconds since boot).

    It has no file before its first GOP was cleared. ``is_doubted``: something broke since it began.
    """

    def __init__(self, pressed_s: float, opened_s: float | None) -> None:
        self.pressed_s = pressed_s
        self.opened_s = opened_s
        self.first_s = pressed_s
        self.ended = ""
        self.is_doubted = False
        self._ended_s = 0.0
        self._muxer: Muxer | None = None
        self._head = b""
        self._delivery: Delivery | None = None

    @property
    def has_begun(self) -> bool:
        """Whether it has a file."""
        return self._muxer is not None

    def begin(self, first_s: float, muxer: Muxer, delivery: Delivery) -> None:
        """Its first frame was exposed at ``first_s``."""
        self.first_s, self._muxer, self._delivery = first_s, muxer, delivery

    def put(self, gops: Sequence[Gop]) -> bool:
        """Add cleared GOPs, and wipe them; False where the disk is too far behind."""
        assert self._muxer is not None and self._delivery is not None
        return self._delivery.put(self._muxer.write(gops))

    def end(self, why: str, now_s: float) -> None:
        """It ended, for the reason that came first."""
        if not self.ended:
            self.ended, self._ended_s = why, now_s

    def close(self) -> bytes:
        """Return the last bytes of its file. Raises `EncoderError`."""
        assert self._muxer is not None
        last = self._muxer.close()
        self._head = self._muxer.head
        return last

    def seal(self, last: bytes) -> bool:
        """It is whole with these; False where the disk is too far behind for them."""
        assert self._delivery is not None
        if not self._delivery.put(last):
            return False
        self._delivery.seal(self._head)
        return True

    def drop(self) -> None:
        """Have nothing kept of it."""
        if self._delivery is not None:
            self._delivery.drop()

    def wait(self, timeout_s: float) -> None:
        """Wait until the publisher is done with it."""
        if self._delivery is not None:
            self._delivery.wait(timeout_s)

    def lost(self, reason: Reason, detail: Phrase | str = "") -> Recorded:
        """Return that nothing became of it, and why."""
        return Recorded(reason=reason, detail=detail, ended=self.ended)

    def recorded(self, receipt: hatch.Receipt | None, now_s: float) -> Recorded:
        """Return what became of it; without a receipt it was not to be kept."""
        if receipt is None:
            return self.lost(Reason.FAULT if self.is_doubted else Reason.NO_PHOTO)
        if receipt.error or self._muxer is None:
            return self.lost(Reason.FAULT, receipt.cause)
        return Recorded(
            receipt.name,
            ended=self.ended,
            pictures=self._muxer.pictures,
            seconds=self._muxer.seconds,
            wait_s=now_s - self._ended_s,
            lacks=receipt.lacks or None,
        )


class KeptPhotos:
    """Whether the photos of the newest presses were kept."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._kept: dict[float, bool] = {}  # by the moment of the press

    def done(self, pressed_s: float, is_kept: bool) -> None:
        """That press is over."""
        with self._news:
            self._kept[pressed_s] = is_kept
            while len(self._kept) > PRESSES_KEPT:
                del self._kept[next(iter(self._kept))]
            self._news.notify_all()

    def is_refused(self, pressed_s: float) -> bool:
        """Whether that press is known to have come to nothing."""
        with self._news:
            return not self._kept.get(pressed_s, True)

    def is_kept(self, pressed_s: float, timeout_s: float) -> bool:
        """Whether that press's photo was kept; waits until it is known."""
        with self._news:
            self._news.wait_for(lambda: pressed_s in self._kept, timeout_s)
            return self._kept.get(pressed_s, False)
