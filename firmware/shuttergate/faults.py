"""Faults as they begin and end: the gate first, then the log, which tells each of them once."""

from __future__ import annotations

from shuttergate import feed
from shuttergate.interlock import Interlock
from shuttergate.verdict import Fault


class FaultLog:
    """For any thread. ``tell`` hears of each fault that begins."""

    def __init__(self, interlock: Interlock, tell: feed.Tell) -> None:
        self._interlock = interlock
        self._tell = tell
        self._causes: dict[Fault, str] = {}  # as last told

    def begin(self, fault: Fault, cause: object, retell: bool = False) -> None:
        """It is broken: the line is low when this returns.

        ``retell``: one that stands is told again when its cause is in other words.
        """
        stood, words = fault in self._interlock.state.faults, str(cause)
        self._interlock.fault(fault)
        if not stood or (retell and words != self._causes.get(fault)):
            self._causes[fault] = words
            self._tell(feed.FaultBegan(fault, words, said=feed.said(cause)))

    def forget(self, fault: Fault) -> None:
        """Whoever says next why it stands says it anew."""
        self._causes.pop(fault, None)

    def end(self, *faults: Fault) -> None:
        """None of these stands any more."""
        for fault in faults:
            self._interlock.mended(fault)
