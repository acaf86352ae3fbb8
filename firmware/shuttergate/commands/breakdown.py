"""What the demo's summary says of what is broken, and of verdicts that came too late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from shuttergate import feed
from shuttergate.lang import _
from shuttergate.verdict import Fault, Reason
from shuttergate.words import clauses, words

_PASSING = (Fault.STARTING, Fault.STOPPING)


class Breakdown:
    """Hears the kit's news, and says at the end what somebody has to mend."""

    def __init__(self) -> None:
        self._said: dict[Fault, str] = {}
        self._late = 0

    def hear(self, news: Iterable[feed.News]) -> None:
        """Keep what is said of a fault, with its mend, and count verdicts that came too late."""
        for item in news:
            match item:
                case feed.FaultBegan():
                    self._said[item.fault] = words(item)
                case feed.GateChanged(state="CLOSED", reason=Reason.STALE):
                    self._late += 1

    def rows(
        self, faults: Iterable[Fault], refused: Mapping[str, int]
    ) -> Iterator[tuple[str, str]]:
        """Yield rows of a table: what is broken now, and why presses came to nothing otherwise."""
        named = clauses()
        label = _("broken")
        for fault in faults:
            if fault not in _PASSING:
                yield label, self._said.get(fault) or named[f"fault.{fault}"]
                label = ""
        if self._late and {Reason.CLOSED, Reason.STALE} & set(refused):
            said = _(
                "{n} times the shutter died because a verdict came too late: this computer is "
                "busy; close other programs"
            )
            yield _("late"), said.format(n=self._late)
