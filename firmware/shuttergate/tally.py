"""What the kit counts: frames, verdicts, presses, photos; numbers and photo names, nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from shuttergate import feed
from shuttergate.verdict import Decision, Reason, Verdict

RATE_FRAMES = 30
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
    """Counts since the process began, and the newest scores."""

    def __init__(self) -> None:
        self.scores: Mapping[str, float] = {}
        self.refused: Counter[str] = Counter()
        self._verdicts: Counter[Decision] = Counter()
        self._taken = 0
        self._videos = 0
        self.lost: Counter[str] = Counter()  # videos
        self._names: deque[str] = deque(maxlen=NAMES_KEPT)
        self._exposed_s: deque[float] = deque(maxlen=RATE_FRAMES)
        self._oldest_s = 0.0
        self.tests: Counter[str] = Counter(right=0, wrong=0)
        self.verdict = Stopwatch(FRAME_EDGES_MS)  # from exposure to verdict
        self.models = Stopwatch(FRAME_EDGES_MS)  # all live channels on one frame
        self.look = Stopwatch(PRESS_EDGES_MS)  # the second look
        self.photo = Stopwatch(PRESS_EDGES_MS)  # from press to durable file

    @property
    def frames(self) -> int:
        """How many frames were judged."""
        return self._verdicts.total()

    def judged(self, seen: Verdict, now_s: float) -> None:
        """A frame was judged at `now_s` (monotonic)."""
        self._verdicts[seen.decision] += 1
        self._exposed_s.append(seen.exposed_s)
        self._oldest_s = max(self._oldest_s, now_s - seen.exposed_s)
        self.verdict.took(now_s - seen.exposed_s)

    def took(self, name: str, seconds: float) -> None:
        """A photo is in the album, so long after its press."""
        self._taken += 1
        self._names.append(name)
        self.photo.took(seconds)

    def recorded(self, name: str) -> None:
        """A video is in the album."""
        self._videos += 1
        self._names.append(name)

    def status(
        self,
        is_open: bool,
        reason: Reason,
        faults: Sequence[str],
        runs_on: str,
        recording_s: float | None,
    ) -> feed.Status:
        """Return everything for the feed."""
        exposed_s = list(self._exposed_s)
        span_s = exposed_s[-1] - exposed_s[0] if len(exposed_s) > 1 else 0.0
        return feed.Status(
            open=is_open,
            reason=reason,
            faults=list(faults),
            scores=rounded(self.scores),
            fps=round((len(exposed_s) - 1) / span_s, 1) if span_s else 0.0,
            oldest_ms=round(self._oldest_s * 1000, 1),
            frames=self.frames,
            clear=self._verdicts[Decision.CLEAR],
            blocked=self._verdicts[Decision.BLOCKED],
            taken=self._taken,
            videos=self._videos,
            lost=dict(self.lost),
            recording_s=None if recording_s is None else round(recording_s, 1),
            refused=dict(self.refused),
            runs_on=runs_on,
            photos=list(self._names),
            timings={
                "verdict": self.verdict.timing(),
                "models": self.models.timing(),
                "second look": self.look.timing(),
                "photo": self.photo.timing(),
            },
            tests=dict(self.tests),
        )


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the scores with as many digits as mean something."""
    return {name: round(score, 4) for name, score in scores.items()}
