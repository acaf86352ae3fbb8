"""Which word is to be said when; pure. The page's voice.js keeps the same rules.

How the kit stands is said when it has stood so for a second: a gate that opens and closes many
times a second must not stammer. A recording, a refused press and a question are told at once; while
a question stands, nothing is said of the gate.
"""

from __future__ import annotations

from collections.abc import Iterable

from shuttergate import feed
from shuttergate.verdict import Reason
from shuttergate.voice.spoken import Spoken

STOOD_S = 1.0
AGAIN_S = 2.0
"""Whoever presses again and again hears no more often than this that nothing is taken."""

NO_VERDICT = {Reason.WAITING, Reason.STALE, Reason.FAULT}
"""Why the gate is closed, where no model says so: of these nothing is said."""


class Herald:
    """Hears how the kit stands and what happens; tells the word that is due."""

    def __init__(self) -> None:
        self._stands: Spoken | None = None
        self._since_s = 0.0
        self._said: Spoken | None = None
        self._refused_s = float("-inf")

    def hears(
        self, status: feed.Status | None, news: Iterable[feed.News], now_s: float
    ) -> Spoken | None:
        """Return the word that is due now, if any.

        ``status``: None while the gate process is not heard. ``now_s``: on a clock that is never
        set.
        """
        found = _word_of(status)
        if found is not self._stands:
            self._stands, self._since_s = found, now_s
        urgent = self._urgent(list(news), now_s)
        if urgent is not None:
            if self._stands is urgent:
                self._said = urgent
            return urgent
        is_early = found is not Spoken.RECORDING and now_s - self._since_s < STOOD_S
        if found is self._said or is_early:
            return None
        self._said = found
        return found

    def _urgent(self, news: list[feed.News], now_s: float) -> Spoken | None:
        if any(isinstance(item, feed.QuestionPut) for item in news):
            return Spoken.ASKED
        is_refused = any(isinstance(item, feed.PressRefused) for item in news)
        if not is_refused or now_s - self._refused_s < AGAIN_S:
            return None
        self._refused_s = now_s
        return Spoken.REFUSED


def _word_of(status: feed.Status | None) -> Spoken | None:
    if status is None or status.question is not None:
        return None
    if status.open:
        return Spoken.READY if status.recording_s is None else Spoken.RECORDING
    return None if status.reason in NO_VERDICT else Spoken.REFUSED
