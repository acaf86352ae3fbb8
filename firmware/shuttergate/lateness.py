"""Whether the gate closes again and again because this computer is late with its verdicts."""

from __future__ import annotations

from collections import deque

from shuttergate.verdict import Reason

CLOSINGS, WITHIN_S = 3, 60.0
"""One late verdict is an accident; the third in a minute is a computer that is too busy."""


class Lateness:
    """Counts the closings that came of nothing but age. Times are seconds since boot."""

    def __init__(self) -> None:
        self._late_s: deque[float] = deque(maxlen=CLOSINGS)

    def closed(self, reason: Reason, now_s: float) -> bool:
        """Say whether this closing is the one that makes it worth a word; then it counts anew."""
        if reason is Reason.FAULT:
            self._late_s.clear()  # a camera that stands still is late as well, and says so itself
        if reason is not Reason.STALE:
            return False
        self._late_s.append(now_s)
        if len(self._late_s) < CLOSINGS or now_s - self._late_s[0] > WITHIN_S:
            return False
        self._late_s.clear()
        return True
