"""The gate on its line: every path that can raise the line, and every one that must lower it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shuttergate.gate import Press, Rules
from shuttergate.interlock import Interlock
from shuttergate.verdict import Decision, Reason, Verdict

RULES = Rules(clear_frames=2, max_age_s=0.25, hold_off_s=1.0, settle_s=0.05)


@dataclass
class Bench:
    now_s: float = 10.0
    line: list[bool] = field(default_factory=list)
    said: list[tuple[bool, Reason]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.interlock = Interlock(
            RULES,
            self.line.append,
            lambda is_open, reason: self.said.append((is_open, reason)),
            lambda: self.now_s,
        )

    def clear(self) -> bool:
        self.now_s += 0.03
        return self.interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, self.now_s))

    def open(self) -> None:
        self.interlock.mended("starting")
        while not self.clear():
            pass


def test_the_line_starts_low() -> None:
    assert Bench().line == [False]


def test_the_line_follows_the_gate_and_is_written_only_on_change() -> None:
    bench = Bench()
    bench.open()
    bench.clear()
    bench.interlock.fault("camera")
    assert bench.line == [False, True, False]


def test_the_line_falls_by_time_alone() -> None:
    bench = Bench()
    bench.open()
    bench.now_s += 0.26
    bench.interlock.tick()
    assert bench.line[-1] is False


def test_the_line_is_low_before_anybody_is_told() -> None:
    bench = Bench()
    order: list[str] = []
    interlock = Interlock(
        RULES,
        lambda high: order.append(f"line {high}"),
        lambda is_open, reason: order.append(f"told {is_open}"),
        lambda: bench.now_s,
    )
    interlock.mended("starting")
    for _ in range(2):
        bench.now_s += 0.03
        interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, bench.now_s))
    interlock.fault("publisher")
    assert order[-2:] == ["line False", "told False"]


def test_a_contact_set_off_by_the_rising_line_is_seen_as_held() -> None:
    pressed: list[tuple[Press, float] | None] = []
    bench = Bench()

    def wire(high: bool) -> None:
        if high:  # a finger already rests on the button
            pressed.append(bench.interlock.contact(True))

    bench.interlock._write_line = wire
    bench.open()
    assert [press for press in pressed if press] == [(Press(False, Reason.HELD), bench.now_s)]


def test_each_change_of_reason_is_told_once() -> None:
    bench = Bench()
    bench.open()
    bench.interlock.judged(Verdict(Decision.BLOCKED, Reason.NUDITY, bench.now_s))
    bench.interlock.tick()
    reasons = [reason for _, reason in bench.said]
    assert reasons == [Reason.WAITING, Reason.CLEAR, Reason.NUDITY]
