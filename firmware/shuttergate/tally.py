"""What the kit counts: frames, verdicts, presses, photos; numbers and photo names, nothing else."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence

from shuttergate import feed
from shuttergate.clock import Clock, since_boot_s
from shuttergate.feed import Total
from shuttergate.verdict import Fault, Reason, Verdict, rounded

RATE_FRAMES = 30
STILL_S, STILL_FRAMES = 1.0, 3
"""Without a frame for so long, and so many times its interval, there is no rate."""

NAMES_KEPT = 20

FRAME_EDGES_MS = [2.0, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 250, 500]
PRESS_EDGES_MS = [10.0, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000]


class Stopwatch:
    """Counts how long something took, in classes."""

    def __init__(self, edges_ms: list[float]) -> None:
        self._edges_ms = edges_ms
        self._counts = [0] * (len(edges_ms) + 1)
        self._sum_ms = 0.0

    def took(self, seconds: float) -> None:
        """It took so long once more."""
        milliseconds = seconds * 1000
        self._counts[bisect_right(self._edges_ms, milliseconds)] += 1
        self._sum_ms += milliseconds

    def timing(self) -> feed.Timing:
        """Return what was counted, for the feed."""
        return feed.Timing(self._edges_ms, list(self._counts), round(self._sum_ms, 1))


class Tally:
    """Counts since the process began, and the newest scores. For any thread."""

    def __init__(self, clock: Clock = since_boot_s) -> None:
        self._clock = clock
        self.scores: Mapping[str, float] = {}
        self._lock = threading.Lock()  # three threads count
        self._totals: feed.Totals = {Total.TESTS: {feed.RIGHT: 0, feed.WRONG: 0}}
        self._names: deque[str] = deque(maxlen=NAMES_KEPT)
        self._exposed_s: deque[float] = deque(maxlen=RATE_FRAMES)
        self._oldest_s = 0.0
        self.verdict = Stopwatch(FRAME_EDGES_MS)  # from exposure to verdict
        self.models = Stopwatch(FRAME_EDGES_MS)  # all live channels on one frame
        self.look = Stopwatch(PRESS_EDGES_MS)  # the second look
        self.photo = Stopwatch(PRESS_EDGES_MS)  # from press to durable file

    def count(self, what: Total, label: str) -> None:
        """One more."""
        with self._lock:
            counts = self._totals.setdefault(what, {})
            counts[label] = counts.get(label, 0) + 1

    @property
    def frames(self) -> int:
        """How many frames were judged."""
        return feed.count(self._totals, Total.FRAMES)

    def judged(self, seen: Verdict) -> None:
        """A frame was judged just now."""
        age_s = self._clock() - seen.exposed_s
        self.count(Total.FRAMES, seen.decision)
        with self._lock:
            self._exposed_s.append(seen.exposed_s)
            self._oldest_s = max(self._oldest_s, age_s)
        self.verdict.took(age_s)

    def kept(self, what: Total, name: str) -> None:
        """A photo or video is in the album."""
        self.count(what, feed.PUBLISHED)
        self._names.append(name)

    def status(
        self,
        is_open: bool,
        reason: Reason,
        faults: Sequence[Fault],
        runs_on: str,
        recording_s: float | None,
    ) -> feed.Status:
        """Return everything for the feed."""
        with self._lock:
            totals = feed.add({}, self._totals)
            exposed_s, oldest_s = list(self._exposed_s), self._oldest_s
        span_s = exposed_s[-1] - exposed_s[0] if len(exposed_s) > 1 else 0.0
        still_s = max(STILL_S, STILL_FRAMES * span_s / max(1, len(exposed_s) - 1))
        if exposed_s and self._clock() - exposed_s[-1] > still_s:
            span_s = 0.0
        return feed.Status(
            open=is_open,
            reason=reason,
            faults=list(faults),
            scores=rounded(self.scores),
            fps=round((len(exposed_s) - 1) / span_s, 1) if span_s else 0.0,
            oldest_ms=round(oldest_s * 1000, 1),
            totals=totals,
            recording_s=None if recording_s is None else round(recording_s, 1),
            runs_on=runs_on,
            photos=list(self._names),
            timings={
                "verdict": self.verdict.timing(),
                "models": self.models.timing(),
                "second look": self.look.timing(),
                "photo": self.photo.timing(),
            },
        )
