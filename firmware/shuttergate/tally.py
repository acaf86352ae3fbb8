"""What the kit counts: frames, verdicts, presses, photos; numbers and photo names, nothing else."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from shuttergate import feed
from shuttergate.verdict import Decision, Reason, Verdict

RATE_FRAMES = 30
NAMES_KEPT = 20


class Tally:
    """Counts since the process began, and the newest scores."""

    def __init__(self) -> None:
        self.scores: Mapping[str, float] = {}
        self.refused: Counter[str] = Counter()
        self._verdicts: Counter[Decision] = Counter()
        self._taken = 0
        self._names: deque[str] = deque(maxlen=NAMES_KEPT)
        self._exposed_s: deque[float] = deque(maxlen=RATE_FRAMES)
        self._oldest_s = 0.0

    @property
    def frames(self) -> int:
        """How many frames were judged."""
        return self._verdicts.total()

    def judged(self, seen: Verdict, now_s: float) -> None:
        """A frame was judged at `now_s` (monotonic)."""
        self._verdicts[seen.decision] += 1
        self._exposed_s.append(seen.exposed_s)
        self._oldest_s = max(self._oldest_s, now_s - seen.exposed_s)

    def took(self, name: str) -> None:
        """A photo is in the album."""
        self._taken += 1
        self._names.append(name)

    def status(
        self, is_open: bool, reason: Reason, faults: Sequence[str], runs_on: str
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
            refused=dict(self.refused),
            runs_on=runs_on,
            photos=list(self._names),
        )


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the scores with as many digits as mean something."""
    return {name: round(score, 4) for name, score in scores.items()}
