"""Are you sure? What puts the question, what is a yes, what ends it; see question_model.py, too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate import gate, question
from shuttergate.gate import Press, Rules
from shuttergate.question import Asking, Felt, Terms
from shuttergate.verdict import Decision, Fault, Reason, Verdict

TERMS = Terms(Rules(clear_frames=2, max_age_s=0.25, hold_off_s=1.0, settle_s=0.05), asks=True)
FRAME_S = 0.125


class Hand:
    """A kit's gate, fed with a frame every eighth of a second, and a finger with what was felt."""

    def __init__(self, terms: Terms = TERMS) -> None:
        self.terms = terms
        self.asking = question.mended(Asking(), Fault.STARTING, 0.0, terms)
        self.now_s = 0.0
        self.down = False
        self.alone = "star"
        self.felt: list[Felt] = []

    def see(self, seconds: float, alone: str = "star", reason: Reason = Reason.TAUGHT) -> None:
        """Let time pass, with frames that the rule of this name alone has blocked."""
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            clear = reason is Reason.CLEAR
            decision = Decision.CLEAR if clear else Decision.BLOCKED
            seen = Verdict(decision, reason, self.now_s, alone=alone)
            self.asking = question.judged(self.asking, seen, self.now_s, self.terms)
            self.feel()

    def feel(self) -> None:
        """Read the second pole."""
        self.asking, felt = question.sensed(self.asking, self.down, self.now_s, self.terms)
        if felt is not None:
            self.felt.append(felt)

    def press(self, down: bool) -> None:
        """Move the finger, and read the second pole."""
        self.down = down
        self.feel()

    def contact(self, down: bool) -> tuple[Press | None, bool]:
        """Read the shutter contact."""
        self.asking, *told = question.contact(self.asking, down, self.now_s, self.terms)
        return told[0], told[1]


@pytest.fixture
def asked() -> Hand:
    """One that was just asked, and has let go."""
    hand = Hand()
    hand.see(1.5)
    hand.press(True)
    assert hand.felt == [Felt.ASKED]
    hand.see(0.2)
    hand.press(False)
    hand.see(0.2)
    return hand


def test_the_default_is_no(asked: Hand) -> None:
    asked.see(12)
    assert asked.felt == [Felt.ASKED]
    assert asked.asking.question is None


def test_held_for_three_seconds_it_is_a_yes_and_the_button_gets_its_current(asked: Hand) -> None:
    asked.press(True)
    asked.see(2.875)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS]
    assert not asked.asking.has_current
    asked.see(0.1)
    assert asked.felt[-1] is Felt.YES
    assert asked.asking.has_current and not asked.asking.gate.is_open
    assert asked.contact(True) == (Press(True, Reason.CLEAR), True)
    asked.asking = question.ticked(asked.asking, asked.now_s, TERMS)
    assert not asked.asking.has_current, "for that one press"
    asked.see(5)
    assert asked.felt[-1] is Felt.YES, "and for no other, however long it is held"


def test_a_yes_that_the_shutter_contact_does_not_feel_comes_to_nothing(asked: Hand) -> None:
    asked.press(True)
    asked.see(3.4)
    assert asked.asking.has_current
    asked.see(0.3)
    assert not asked.asking.has_current
    assert asked.felt[-1] is Felt.NO


def test_let_go_too_early_it_is_a_no_and_the_next_press_is_asked_anew(asked: Hand) -> None:
    asked.press(True)
    asked.see(2)
    asked.press(False)
    asked.see(0.2)
    asked.press(True)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO, Felt.ASKED]


def test_a_contact_that_bounces_was_not_let_go(asked: Hand) -> None:
    asked.press(True)
    asked.see(1)
    asked.press(False)
    asked.now_s += 0.02
    asked.press(True)
    asked.see(2)
    assert asked.felt[-1] is Felt.YES


def test_a_yes_has_to_be_whole_within_ten_seconds_of_its_question(asked: Hand) -> None:
    asked.see(7)
    asked.press(True)
    asked.see(4)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO]


@pytest.mark.parametrize("reason", [Reason.NUDITY, Reason.DOUBT, Reason.SECOND_LOOK, Reason.TAUGHT])
def test_whatever_else_blocks_a_frame_ends_the_question(asked: Hand, reason: Reason) -> None:
    """Taught, too: by more than that one rule."""
    asked.press(True)
    asked.see(1)
    asked.see(0.1, "", reason)
    asked.see(4)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO]


def test_so_does_another_rule(asked: Hand) -> None:
    asked.press(True)
    asked.see(1)
    asked.see(0.1, "moon")
    asked.see(4)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO]


def test_so_does_a_fault_and_what_is_mended_brings_nothing_back(asked: Hand) -> None:
    asked.press(True)
    asked.see(1)
    asked.asking = question.faulted(asked.asking, Fault.ALBUM, asked.now_s, TERMS)
    asked.asking = question.mended(asked.asking, Fault.ALBUM, asked.now_s, TERMS)
    asked.see(4)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO]


def test_so_does_a_gate_that_opens(asked: Hand) -> None:
    asked.press(True)
    asked.see(2, "", Reason.CLEAR)
    assert asked.asking.gate.is_open
    asked.see(4)
    assert asked.felt == [Felt.ASKED, Felt.HOLDS, Felt.NO]


def test_of_nudity_and_of_doubts_nobody_is_asked() -> None:
    for reason in (Reason.NUDITY, Reason.DOUBT, Reason.SECOND_LOOK, Reason.TAUGHT):
        hand = Hand()
        hand.see(3, "", reason)
        hand.press(True)
        hand.see(5, "", reason)
        assert hand.felt == [Felt.PRESS], reason


def test_nor_where_nudity_was_seen_within_the_hold_off() -> None:
    hand = Hand()
    hand.see(2)
    hand.see(0.1, "", Reason.NUDITY)
    hand.see(0.8)
    hand.press(True)
    assert hand.felt == [Felt.PRESS]


def test_nor_by_a_kit_that_does_not_ask() -> None:
    hand = Hand(Terms(TERMS.gate))
    hand.see(2)
    hand.press(True)
    hand.see(5)
    assert hand.felt == [Felt.PRESS]


@pytest.mark.parametrize(
    ("levels", "presses_s"),
    [
        ([(0.0, False), (0.1, True), (0.2, True), (0.3, False), (0.5, True)], [0.1, 0.5]),
        ([(0.0, True), (1.0, True)], []),  # held when it is first read
        ([(0.0, True), (1.0, False), (1.04, True), (1.1, True)], []),  # and bounced once
        ([(0.0, False), (0.1, True), (0.12, False), (0.14, True), (0.2, True)], [0.1]),
        ([(0.0, False), (0.1, True), (0.3, False), (0.32, True), (0.34, False)], [0.1]),
        ([(0.0, False), (0.02, True), (0.03, False), (0.06, True), (0.2, True)], []),
        ([(0.0, False), (0.05, True)], [0.05]),
    ],
)
def test_presses_begin_where_the_pole_was_let_go(
    levels: list[tuple[float, bool]], presses_s: list[float]
) -> None:
    asking, begun_s = Asking(), []
    for at_s, down in levels:
        asking, felt = question.sensed(asking, down, at_s, TERMS)
        begun_s += [at_s] if felt is Felt.PRESS else []
    assert begun_s == presses_s


HAPPENS = st.sampled_from(
    ["star", "moon", "clear", "nudity", "doubt", "fault", "mend", "hand", "up"]
)


@given(st.lists(st.tuples(HAPPENS, st.floats(0.01, 1.5)), max_size=60))
def test_the_gate_is_what_it_is_without_a_question(script: list[tuple[str, float]]) -> None:
    """And the button has current while it is CLOSED only if nothing but one rule speaks."""
    rules, alone = TERMS.gate, gate.State()
    asking, now_s, other_s = Asking(), 0.0, -10.0
    for what, wait_s in script:
        now_s += wait_s
        match what:
            case "fault" | "mend":
                act, same = getattr(question, f"{what}ed"), getattr(gate, f"{what}ed")
                asking = act(asking, Fault.STARTING, now_s, TERMS)
                alone = same(alone, Fault.STARTING, now_s, rules)
                other_s = now_s if what == "fault" else other_s
            case "hand" | "up":
                asking, _ = question.sensed(asking, what == "hand", now_s, TERMS)
                alone = gate.ticked(alone, now_s, rules)
            case _:
                decision = Decision.CLEAR if what == "clear" else Decision.BLOCKED
                reason = Reason(what) if what in list(Reason) else Reason.TAUGHT
                rule = what if reason is Reason.TAUGHT else ""
                seen = Verdict(decision, reason, now_s, alone=rule)
                asking = question.judged(asking, seen, now_s, TERMS)
                alone = gate.judged(alone, seen, now_s, rules)
                other_s = now_s if what in ("nudity", "doubt") else other_s
        assert asking.gate == alone
        if asking.has_current and not alone.is_open:
            assert now_s - other_s >= rules.hold_off_s
