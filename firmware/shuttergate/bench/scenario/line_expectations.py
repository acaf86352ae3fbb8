"""What a script may expect of the permissive line."""

from __future__ import annotations

from typing import Literal

from shuttergate.bench.scenario.expectation import (
    AROUND_S,
    Expectation,
    Finding,
    Milliseconds,
    Seconds,
)
from shuttergate.bench.scenario.record import Record


class LineLevel(Expectation, frozen=True, tag="line"):
    """The permissive line has this level all the time."""

    level: Literal["low", "high"]
    from_s: Seconds
    to_s: Seconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        wrong = list(record.spans(self.level == "low", self.from_s, self.to_s))
        was = "; ".join(
            f"{'HIGH' if self.level == 'low' else 'low'} from {sooner:.3f} to {later:.3f} s"
            for sooner, later in wrong[:3]
        )
        return Finding(
            f"the line is {self.level} from {self.from_s:g} to {self.to_s:g} s",
            not wrong,
            was or "so it was",
            wrong[0][0] - AROUND_S if wrong else self.from_s,
            wrong[0][1] + AROUND_S if wrong else self.to_s,
        )


class Falls(Expectation, frozen=True, tag="falls"):
    """The line was high, and falls soon after."""

    after_s: Seconds
    within_ms: Milliseconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return _moves(record, False, self.after_s, 0.0, self.within_ms)


class Rises(Expectation, frozen=True, tag="rises"):
    """The line was low, and rises soon after, but not sooner than ``not_before_ms``."""

    after_s: Seconds
    within_ms: Milliseconds
    not_before_ms: Milliseconds = 0.0

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return _moves(record, True, self.after_s, self.not_before_ms, self.within_ms)


def _moves(record: Record, high: bool, after_s: float, least_ms: float, most_ms: float) -> Finding:
    verb, was_verb = ("rises", "rose") if high else ("falls", "fell")
    span = f"{least_ms:g} to {most_ms:g}" if least_ms else f"{most_ms:g}"
    text = f"the line {verb} within {span} ms after {after_s:g} s"
    to_s = after_s + most_ms / 1000 + AROUND_S
    if record.level(after_s) is high:
        was = f"it was {'HIGH' if high else 'low'} already"
        return Finding(text, False, was, after_s - AROUND_S, to_s)
    moved_s = record.changes(high, after_s)
    if moved_s is None:
        return Finding(text, False, f"it never {was_verb}", after_s - AROUND_S, to_s)
    took_ms = (moved_s - after_s) * 1000
    held = least_ms <= took_ms <= most_ms
    was = f"it {was_verb} after {took_ms:.0f} ms"
    return Finding(text, held, was, after_s - AROUND_S, max(to_s, moved_s + AROUND_S))
