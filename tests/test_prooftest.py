"""Proof tests: a wrong answer is a fault, and one right answer after it is not its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shuttergate import feed
from shuttergate.faults import FaultLog
from shuttergate.feed import Total
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.prooftest import ProofTests
from shuttergate.system.paths import share
from shuttergate.tally import Tally
from shuttergate.verdict import Fault
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.pack import read_pack
from shuttergate.vision.secondlook import SecondLook
from support.rig import Brain

EVERY_S = 10.0


class Bench:
    """The tests of a kit with one channel for each look, and a clock that stands."""

    def __init__(self) -> None:
        self.now_s = 100.0
        pack = read_pack(share("models") / "open-nsfw")
        self.brains = [Brain(pack.model(pack.content())) for _ in range(2)]
        live, look = (Channel(pack, brain) for brain in self.brains)
        eyes = Eyes((live,), (look,), SecondLook((look,), (224, 224)), (224, 224, 3))
        self.questions = len(pack.manifest.known_answers)
        self.gate, self.tally = Interlock(Rules(), lambda high: None), Tally()
        faults = FaultLog(self.gate, lambda event: None)
        self.tests = ProofTests(eyes, EVERY_S, self.tally, faults, lambda: self.now_s)

    def rounds(self, ask: Callable[[], None], count: int = 1) -> None:
        for _ in range(count * self.questions):
            self.now_s += EVERY_S
            ask()

    def told(self, label: str) -> int:
        totals = self.tally.status(False, self.gate.reason, [], "cpu", None).totals
        return feed.count(totals, Total.TESTS, label)


@pytest.mark.parametrize(
    ("look", "fault"), [("live", Fault.SELF_TEST), ("look", Fault.SECOND_LOOK_SELF_TEST)]
)
def test_a_wrong_answer_is_a_fault_until_a_whole_round_was_right(look: str, fault: Fault) -> None:
    bench = Bench()
    ask, brain = {
        "live": (bench.tests.ask_live, bench.brains[0]),
        "look": (bench.tests.ask_look, bench.brains[1]),
    }[look]
    bench.rounds(ask)
    assert fault not in bench.gate.state.faults
    assert (bench.told(feed.RIGHT), bench.told(feed.WRONG)) == (bench.questions, 0)
    brain.mode = "stuck"
    bench.rounds(ask)
    stands = []
    for _ in range(2 * bench.questions):
        bench.now_s += EVERY_S
        ask()
        stands.append(fault in bench.gate.state.faults)
    assert all(stands)
    assert bench.told(feed.RIGHT) > bench.questions, "of what is stuck some answers are right"
    brain.mode = "well"
    bench.rounds(ask)
    assert fault not in bench.gate.state.faults


def test_nothing_is_asked_before_its_time() -> None:
    bench = Bench()
    bench.tests.ask_live()
    bench.tests.ask_look()
    asked = bench.told(feed.RIGHT)
    bench.tests.ask_live()
    bench.tests.ask_look()
    assert (asked, bench.told(feed.RIGHT)) == (2, 2)


@pytest.mark.parametrize("look", ["live", "look"])
def test_what_was_wrong_is_asked_at_once_until_it_was_right(look: str) -> None:
    """A round lasts ten seconds; whoever took a fault back before a class would wait for it."""
    bench = Bench()
    ask, brain = {
        "live": (bench.tests.ask_live, bench.brains[0]),
        "look": (bench.tests.ask_look, bench.brains[1]),
    }[look]

    def asks(seconds: float) -> int:
        """How many questions are asked within so many."""
        before = bench.told(feed.RIGHT) + bench.told(feed.WRONG)
        for _ in range(round(10 * seconds)):
            bench.now_s += 0.1
            ask()
        return bench.told(feed.RIGHT) + bench.told(feed.WRONG) - before

    asks(2 * EVERY_S)
    usual = asks(EVERY_S)
    brain.mode = "stuck"
    asks(EVERY_S)
    assert asks(1.0) >= 3
    brain.mode = "well"
    asks(0.4 * bench.questions)
    assert not bench.gate.state.faults & {Fault.SELF_TEST, Fault.SECOND_LOOK_SELF_TEST}
    asks(EVERY_S / 2)
    assert abs(asks(EVERY_S) - usual) <= 1
