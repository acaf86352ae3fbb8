"""The gate against the promises: examples first, then any interleaving hypothesis can think of."""

from __future__ import annotations

import math
from dataclasses import replace
from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shuttergate import gate
from shuttergate.gate import Rules, State
from shuttergate.verdict import Decision, Reason, Verdict

RULES = Rules(clear_frames=3, max_age_s=0.25, hold_off_s=1.0, settle_s=0.05)
FRAME_S = 1 / 30


def clear(at_s: float) -> Verdict:
    return Verdict(Decision.CLEAR, Reason.CLEAR, at_s)


def blocked(at_s: float, reason: Reason = Reason.NUDITY) -> Verdict:
    return Verdict(Decision.BLOCKED, reason, at_s)


def started(now_s: float = 0.0) -> State:
    return gate.mended(State(), "starting", now_s, RULES)


def opened(now_s: float) -> State:
    """A gate that opened with the frame exposed at `now_s`."""
    state = started()
    for index in range(RULES.clear_frames):
        at_s = now_s - (RULES.clear_frames - 1 - index) * FRAME_S
        state = gate.judged(state, clear(at_s), at_s, RULES)
    assert state.is_open
    return state


def armed(now_s: float) -> State:
    """An open gate whose button was seen released in time; the newest frame is of `now_s`."""
    state = opened(now_s - RULES.settle_s - FRAME_S)
    state = gate.judged(state, clear(now_s), now_s, RULES)
    state, _ = gate.contact(state, False, now_s, RULES)
    assert state.armed
    return state


def test_begins_closed_for_a_fault() -> None:
    assert not State().is_open
    assert gate.why_closed(State(), 0.0, RULES) is Reason.FAULT


def test_no_opening_lasts_over_a_time_that_nobody_looked_into() -> None:
    rules = replace(RULES, clear_frames=1)
    state = gate.judged(started(), clear(10.0), 10.0, rules)
    state, _ = gate.contact(state, False, 10.1, rules)
    assert state.armed
    # No tick in between: the clock was asleep, or the process was.
    state = gate.judged(state, clear(11.9), 11.9, rules)
    assert state.opened_s == 11.9
    assert not state.armed


def test_opens_with_the_last_of_enough_clear_frames() -> None:
    state = started()
    for index in range(RULES.clear_frames):
        assert not state.is_open
        state = gate.judged(state, clear(index * FRAME_S), index * FRAME_S, RULES)
    assert state.is_open


def test_one_blocked_frame_closes_at_once() -> None:
    state = gate.judged(opened(1.0), blocked(1.03), 1.03, RULES)
    assert not state.is_open
    assert gate.why_closed(state, 1.03, RULES) is Reason.NUDITY


@pytest.mark.parametrize("reason", [Reason.DOUBT, Reason.SECOND_LOOK])
def test_every_kind_of_block_closes_and_says_its_reason(reason: Reason) -> None:
    state = gate.judged(opened(1.0), blocked(1.03, reason), 1.03, RULES)
    assert gate.why_closed(state, 1.1, RULES) is reason


def test_stays_closed_for_the_hold_off_however_clear_it_is() -> None:
    state = gate.judged(opened(1.0), blocked(1.03), 1.03, RULES)
    now_s = 1.03
    while now_s < 1.03 + RULES.hold_off_s - FRAME_S:
        now_s += FRAME_S
        state = gate.judged(state, clear(now_s), now_s, RULES)
        assert not state.is_open
    state = gate.judged(state, clear(now_s + 2 * FRAME_S), now_s + 2 * FRAME_S, RULES)
    assert state.is_open


def test_closes_when_the_newest_clear_frame_grows_old() -> None:
    state = opened(1.0)
    assert gate.ticked(state, 1.0 + RULES.max_age_s, RULES).is_open
    late = gate.ticked(state, 1.0 + RULES.max_age_s + 0.001, RULES)
    assert not late.is_open
    assert gate.why_closed(late, 1.3, RULES) is Reason.STALE


def test_a_verdict_that_comes_too_late_does_not_open() -> None:
    state = started()
    for index in range(RULES.clear_frames):
        state = gate.judged(state, clear(index * FRAME_S), 5.0, RULES)
    assert not state.is_open


def test_clear_frames_with_an_unseen_gap_are_not_consecutive() -> None:
    state = started()
    for at_s in (0.0, 0.03, 0.4):
        state = gate.judged(state, clear(at_s), at_s, RULES)
    assert not state.is_open
    assert state.clears == 1


@pytest.mark.parametrize(("age_s", "opens"), [(0.14, 1), (0.16, 0)])
def test_a_camera_too_slow_for_the_age_keeps_the_gate_closed_and_does_not_make_it_flap(
    age_s: float, opens: int
) -> None:
    """Every 100 ms a frame, judged at that age; `max_age_s` is 250 ms."""
    state, seen, now_s = started(), 0, 0.0
    for number in range(1, 2000):  # in steps of 10 ms
        now_s, was_open = number / 100, state.is_open
        exposed_s = round(now_s - age_s, 6)
        if round(exposed_s * 100) % 10 == 0 and exposed_s > 0:
            state = gate.judged(state, clear(exposed_s), now_s, RULES)
        state = gate.ticked(state, now_s, RULES)
        seen += state.is_open and not was_open
    assert (seen, state.is_open) == (opens, bool(opens))


def test_the_same_frame_again_proves_nothing() -> None:
    state = started()
    for _ in range(10):
        state = gate.judged(state, clear(1.0), 1.0, RULES)
    assert not state.is_open


def test_a_frame_from_the_future_proves_nothing() -> None:
    state = gate.judged(opened(1.0), clear(2.0), 1.01, RULES)
    assert not state.is_open
    assert not gate.ticked(state, 2.0, RULES).is_open, "nor when its time has come"


def test_a_fault_closes_and_its_mending_counts_from_nought() -> None:
    state = gate.faulted(opened(1.0), "album", 1.01, RULES)
    assert not state.is_open
    assert gate.why_closed(state, 1.01, RULES) is Reason.FAULT
    state = gate.mended(state, "album", 1.02, RULES)
    assert not state.is_open
    assert state.clears == 0


def test_one_fault_mended_leaves_the_other() -> None:
    state = gate.faulted(gate.faulted(opened(1.0), "album", 1.0, RULES), "camera", 1.0, RULES)
    state = gate.mended(state, "camera", 1.0, RULES)
    assert gate.why_closed(state, 1.0, RULES) is Reason.FAULT


def test_an_armed_press_is_taken_once() -> None:
    state, press = gate.contact(armed(1.0), True, 1.01, RULES)
    assert press == gate.Press(True, Reason.CLEAR)
    state, press = gate.contact(state, True, 1.02, RULES)
    assert press is None


def test_tie_down_a_button_held_when_the_gate_opens_does_not_fire() -> None:
    state, press = gate.contact(opened(1.0), True, 1.0, RULES)
    assert press == gate.Press(False, Reason.HELD)
    for step in range(1, 3):
        state, press = gate.contact(state, True, 1.0 + step * 0.04, RULES)
        assert press is None
    state = let_go(state, 1.09)
    _, press = gate.contact(state, True, 1.09 + 2 * RULES.settle_s, RULES)
    assert press == gate.Press(True, Reason.CLEAR)


def test_a_contact_that_bounces_is_neither_let_go_nor_pressed_again() -> None:
    state, press = gate.contact(armed(1.0), True, 1.01, RULES)
    assert press is not None and press.taken
    for step in range(1, 20):
        at_s = 1.01 + step * 0.01
        state, press = gate.contact(state, step % 2 == 0, at_s, RULES)
        assert press is None
        assert state.held_since_s == 1.01, "a bounce is no release"
        assert not state.armed


def test_a_press_is_held_until_it_is_let_go_for_good_or_the_gate_closes() -> None:
    state, _ = gate.contact(armed(1.0), True, 1.01, RULES)
    assert let_go(state, 1.1).held_since_s is None
    assert gate.judged(state, blocked(1.1), 1.1, RULES).held_since_s is None


def test_tie_down_a_late_edge_of_a_held_button_does_not_fire() -> None:
    # The opening raised the line, but the edge is heard only after the settling time.
    state = opened(1.0)
    _, press = gate.contact(state, True, 1.0 + 2 * RULES.settle_s, RULES)
    assert press == gate.Press(False, Reason.HELD)


def test_a_release_before_the_contact_settled_does_not_arm() -> None:
    state, _ = gate.contact(opened(1.0), False, 1.0 + RULES.settle_s / 2, RULES)
    assert not state.armed


def test_closing_disarms() -> None:
    state = gate.judged(armed(1.0), blocked(1.01), 1.01, RULES)
    assert not state.armed


def test_a_press_on_a_stale_gate_is_refused_even_before_the_tick() -> None:
    _, press = gate.contact(armed(1.0), True, 1.0 + RULES.max_age_s + 0.01, RULES)
    assert press == gate.Press(False, Reason.STALE)


@pytest.mark.parametrize("field", ["newest_s", "blocked_until_s"])
def test_not_a_number_closes(field: str) -> None:
    state = replace(opened(1.0), **{field: math.nan})
    assert gate.why_closed(state, 1.0, RULES) is not None


def test_not_a_number_as_now_closes() -> None:
    assert gate.why_closed(opened(1.0), math.nan, RULES) is not None


def test_a_block_is_followed_by_as_many_clear_frames_as_any_opening() -> None:
    rules = replace(RULES, hold_off_s=0.0)
    state = gate.judged(opened(1.0), blocked(1.03), 1.03, rules)
    state = gate.judged(state, clear(1.06), 1.06, rules)
    assert not state.is_open


def test_clear_frames_during_a_fault_do_not_count_after_it() -> None:
    state = gate.faulted(started(), "album", 1.0, RULES)
    for step in range(1, 6):
        state = gate.judged(state, clear(1.0 + step * FRAME_S), 1.0 + step * FRAME_S, RULES)
    now_s = 1.0 + 5 * FRAME_S
    assert not gate.mended(state, "album", now_s, RULES).is_open


def test_frames_dated_ahead_do_not_open_when_their_time_comes() -> None:
    state = started(1.0)
    for step in range(3):
        state = gate.judged(state, clear(5.0 + step * FRAME_S), 1.0, RULES)
    assert not gate.ticked(state, 5.0 + 2 * FRAME_S, RULES).is_open


def let_go(state: State, at_s: float) -> State:
    """The button is released, and seen so for long enough."""
    for reading_s in (at_s, at_s + RULES.settle_s + 0.001):
        state, press = gate.contact(state, False, reading_s, RULES)
        assert press is None
    return state


times = st.floats(0.0, 0.4)


class AnyInterleaving(RuleBasedStateMachine):
    """Whatever happens in whatever order, the promises hold; a plain model is kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0
        self.state = State()
        self.faults = {"starting"}
        self.history: list[tuple[float, float, bool]] = []  # judged at, exposed at, clear
        self.down = False
        self.up_since_s = -inf
        self.released_since_open = False
        self.opened_s: float | None = None

    def step(self, state: State) -> None:
        self.state = state
        if not state.is_open:
            self.opened_s = None
            self.released_since_open = False
        elif self.opened_s is None:
            self.opened_s = self.now_s

    @rule(seconds=times)
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.step(gate.ticked(self.state, self.now_s, RULES))

    @rule(count=st.integers(1, 8), late_s=st.floats(0.0, 0.02))
    def clear_frames(self, count: int, late_s: float) -> None:
        for _ in range(count):
            exposed_s = self.now_s + FRAME_S
            self.now_s = exposed_s + late_s
            self.history.append((self.now_s, exposed_s, True))
            self.step(gate.judged(self.state, clear(exposed_s), self.now_s, RULES))

    @rule(age_s=st.floats(-1.0, 2.0))
    def a_clear_frame_of_another_time(self, age_s: float) -> None:
        exposed_s = self.now_s - age_s
        self.history.append((self.now_s, exposed_s, True))
        self.step(gate.judged(self.state, clear(exposed_s), self.now_s, RULES))

    @rule(reason=st.sampled_from([Reason.NUDITY, Reason.DOUBT, Reason.SECOND_LOOK]))
    def a_blocked_frame(self, reason: Reason) -> None:
        self.history.append((self.now_s, self.now_s, False))
        self.step(gate.judged(self.state, blocked(self.now_s, reason), self.now_s, RULES))
        assert not self.state.is_open

    @rule(name=st.sampled_from(["camera", "album", "publisher"]))
    def a_fault(self, name: str) -> None:
        self.faults.add(name)
        self.step(gate.faulted(self.state, name, self.now_s, RULES))
        assert not self.state.is_open

    @rule(name=st.sampled_from(["starting", "camera", "album", "publisher", "never heard of"]))
    def a_mend(self, name: str) -> None:
        self.faults.discard(name)
        self.step(gate.mended(self.state, name, self.now_s, RULES))

    @rule(down=st.booleans())
    def the_contact_reads(self, down: bool) -> None:
        before = self.down
        armed_before = self.released_since_open
        state, press = gate.contact(self.state, down, self.now_s, RULES)
        self.step(state)
        let_go = not before and self.now_s - self.up_since_s >= RULES.settle_s
        if before and not down:
            self.up_since_s = self.now_s
        self.down = down
        if not down and self.opened_s is not None:
            late_enough = self.now_s - self.opened_s >= RULES.settle_s
            self.released_since_open = self.released_since_open or (late_enough and let_go)
        if press is not None:
            assert down
            assert not before
            assert let_go, "a bounce was taken for a press"
        if press is not None and press.taken:
            assert armed_before, "taken, though never seen released while the gate was open"
            self.assert_may_be_open()
            self.released_since_open = False

    def assert_may_be_open(self) -> None:
        assert not self.faults
        newest_s = max(exposed for _, exposed, ok in self.history if ok and exposed <= self.now_s)
        assert self.now_s - newest_s <= RULES.max_age_s
        assert all(ok for _, _, ok in self.history[-RULES.clear_frames :])
        blocks = [at for at, _, ok in self.history if not ok]
        assert not blocks or self.now_s - blocks[-1] >= RULES.hold_off_s

    @invariant()
    def open_only_if_everything_speaks_for_it(self) -> None:
        self.step(gate.ticked(self.state, self.now_s, RULES))
        if self.state.is_open:
            self.assert_may_be_open()
            assert gate.why_closed(self.state, self.now_s, RULES) is None

    @invariant()
    def armed_only_while_open(self) -> None:
        assert self.state.is_open or not self.state.armed

    @invariant()
    def held_only_while_open(self) -> None:
        assert self.state.is_open or self.state.held_since_s is None


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
