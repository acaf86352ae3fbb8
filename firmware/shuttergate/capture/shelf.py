"""The newest few CLEAR frames, waiting in memory for a press."""

from __future__ import annotations

import statistics
import threading
from collections import deque

from shuttergate.frame import Frame

INTERVALS = 9


class Shelf:
    """Owns up to ``depth`` frames that were each judged CLEAR; the gate's closing empties it.

    ``interval_s``: how far apart its frames are, by their own exposures: the median of the last
    few, and nought before there are some. A camera may give fewer than it was asked for.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._frames: deque[Frame] = deque()
        self._news = threading.Condition()
        self._newest_s = float("-inf")
        self._intervals_s: deque[float] = deque(maxlen=INTERVALS)
        self.interval_s = 0.0
        self._wanted: tuple[float, float] | None = None  # by a press that waits: see `take`

    def put(self, frame: Frame) -> None:
        """Take over a CLEAR frame."""
        with self._news:
            self._frames.append(frame)
            if 0.0 < (interval_s := frame.exposed_s - self._newest_s) < float("inf"):
                self._intervals_s.append(interval_s)
                self.interval_s = statistics.median(self._intervals_s)
            self._newest_s = frame.exposed_s
            if len(self._frames) > self._depth:
                # Whoever waits for a frame may wake up late: theirs is not pushed off meanwhile.
                kept = None if self._wanted is None else self._nearest(*self._wanted)
                spare = next(one for one in self._frames if one is not kept)
                self._frames.remove(spare)
                spare.release()
            self._news.notify_all()

    def clear(self) -> None:
        """Wipe every frame: whatever was asked for and not yet taken is gone."""
        with self._news:
            while self._frames:
                self._frames.popleft().release()
            self._newest_s = float("inf")
            self._news.notify_all()

    def take(self, pressed_s: float, within_s: float, timeout_s: float) -> Frame | None:
        """Hand over the frame exposed nearest to the press, at most ``within_s`` away from it.

        Waits up to ``timeout_s`` for the frame that was being judged at the press. None where no
        such frame was CLEAR, or the gate closed in between.
        """
        with self._news:
            self._wanted = pressed_s, within_s
            self._news.wait_for(
                lambda: (
                    self._nearest(pressed_s, within_s) is not None
                    or self._newest_s > pressed_s + within_s
                ),
                timeout_s,
            )
            frame = self._nearest(pressed_s, within_s)
            if frame is not None:
                self._frames.remove(frame)
            if frame is not None or timeout_s > 0:  # else it asks again, from its own thread
                self._wanted = None
            return frame

    def take_newest(self, now_s: float, max_age_s: float) -> Frame | None:
        """Hand over the newest frame, unless it is older, or a press waits for one."""
        with self._news:
            if self._wanted is not None or not self._frames:
                return None
            if now_s - self._frames[-1].exposed_s > max_age_s:
                return None
            return self._frames.pop()

    def _nearest(self, pressed_s: float, within_s: float) -> Frame | None:
        near = [frame for frame in self._frames if abs(frame.exposed_s - pressed_s) <= within_s]
        return min(near, key=lambda frame: abs(frame.exposed_s - pressed_s), default=None)
