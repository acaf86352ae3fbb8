"""The display: what lamps and buzzer show at a time, on a clock of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from shuttergate.panel.display import Display
from shuttergate.panel.lamps import REFUSAL_S, SELF_TEST_S, Lamps
from shuttergate.verdict import Reason


class Bench:
    """A panel that notes what it was to show."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.shown: list[Lamps] = []
        panel: Any = self
        self.display = Display(panel, lambda: self.now_s)

    def show(self, lamps: Lamps) -> None:
        self.shown.append(lamps)

    def at(self, later_s: float, reason: Reason, **how: bool) -> Lamps:
        self.now_s = 100.0 + later_s
        states = (how.get(one, False) for one in ("stands_in", "is_recording", "asks"))
        self.display.show(reason, *states)
        return self.shown[-1]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_self_test_shows_each_lamp_whatever_the_gate_says(bench: Bench) -> None:
    steps = [bench.at(SELF_TEST_S * step / 4 + 0.01, Reason.FAULT) for step in range(4)]
    assert steps == [
        Lamps(clear=True),
        Lamps(blocked=True),
        Lamps(wait=True),
        Lamps(True, True, True),
    ]
    assert bench.at(SELF_TEST_S, Reason.CLEAR) == Lamps(clear=True)


def test_a_rhythm_begins_with_what_it_tells_of(bench: Bench) -> None:
    bench.at(SELF_TEST_S + 0.7, Reason.CLEAR)
    assert bench.at(SELF_TEST_S + 0.8, Reason.NUDITY).blocked
    assert not bench.at(SELF_TEST_S + 1.05, Reason.NUDITY).blocked  # between two flashes
    # Another reason with the same meaning goes on in the same rhythm.
    assert bench.at(SELF_TEST_S + 1.25, Reason.DOUBT).blocked


def test_a_refusal_is_answered_for_a_while(bench: Bench) -> None:
    quiet = bench.at(SELF_TEST_S + 0.1, Reason.WAITING)
    bench.display.refused()
    answer = bench.at(SELF_TEST_S + 0.1 + REFUSAL_S * 0.9, Reason.WAITING)
    assert answer == Lamps(wait=True, blocked=True, buzzer=True)
    assert bench.at(SELF_TEST_S + 0.1 + REFUSAL_S, Reason.WAITING) == quiet


def test_recording_winks_and_a_stand_in_is_shown(bench: Bench) -> None:
    bench.at(SELF_TEST_S, Reason.CLEAR)
    assert not bench.at(SELF_TEST_S + 1.1, Reason.CLEAR, is_recording=True).clear
    assert bench.at(SELF_TEST_S + 2.1, Reason.CLEAR, stands_in=True).wait


def test_a_question_has_a_rhythm_of_its_own_while_the_kit_refuses(bench: Bench) -> None:
    bench.at(SELF_TEST_S, Reason.TAUGHT)
    assert bench.at(SELF_TEST_S + 0.5, Reason.TAUGHT, asks=True) == Lamps(blocked=True, wait=True)
    assert bench.at(SELF_TEST_S + 0.75, Reason.TAUGHT, asks=True) == Lamps(wait=True)
    assert bench.at(SELF_TEST_S + 0.75, Reason.FAULT, asks=True) != Lamps(wait=True)
    assert not bench.at(SELF_TEST_S + 1.0, Reason.TAUGHT).wait
