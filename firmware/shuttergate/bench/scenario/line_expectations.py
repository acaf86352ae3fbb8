"""What a script may expect of the permissive line."""

from __future__ import annotations

from typing import Literal

from shuttergate.bench.scenario.expectation import (
    AROUND_S,
    SO_IT_WAS,
    Expectation,
    Finding,
    Milliseconds,
    Seconds,
)
from shuttergate.bench.scenario.record import Record
from shuttergate.errors import Phrase, phrase

LEVELS = {"low": phrase("low"), "high": phrase("high")}
"""Of the line, for people."""


class LineLevel(Expectation, frozen=True, tag="line"):
    """The permissive line has this level all the time."""

    level: Literal["low", "high"]
    from_s: Seconds
    to_s: Seconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        wrong = list(record.spans(self.level == "low", self.from_s, self.to_s))
        was = None
        for sooner, later in wrong[:3]:
            level = LEVELS["high" if self.level == "low" else "low"]
            one = phrase(
                "{level} from {from_s:.3f} to {to_s:.3f} s", level=level, from_s=sooner, to_s=later
            )
            was = one if was is None else phrase("{one}; {more}", one=was, more=one)
        return Finding(
            phrase(
                "the line is {level} from {from_s:g} to {to_s:g} s",
                level=LEVELS[self.level],
                from_s=self.from_s,
                to_s=self.to_s,
            ),
            not wrong,
            was or SO_IT_WAS,
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
    span: Phrase | str = f"{most_ms:g}"
    if least_ms:
        span = phrase("{least:g} to {most:g}", least=least_ms, most=most_ms)
    text = (
        phrase("the line rises within {span} ms after {after_s:g} s", span=span, after_s=after_s)
        if high
        else phrase(
            "the line falls within {span} ms after {after_s:g} s", span=span, after_s=after_s
        )
    )
    to_s = after_s + most_ms / 1000 + AROUND_S
    if record.level(after_s) is high:
        was = phrase("it was high already") if high else phrase("it was low already")
        return Finding(text, False, was, after_s - AROUND_S, to_s)
    moved_s = record.changes(high, after_s)
    if moved_s is None:
        was = phrase("it never rose") if high else phrase("it never fell")
        return Finding(text, False, was, after_s - AROUND_S, to_s)
    took_ms = (moved_s - after_s) * 1000
    held = least_ms <= took_ms <= most_ms
    was = (
        phrase("it rose after {ms:.0f} ms", ms=took_ms)
        if high
        else phrase("it fell after {ms:.0f} ms", ms=took_ms)
    )
    return Finding(text, held, was, after_s - AROUND_S, max(to_s, moved_s + AROUND_S))
