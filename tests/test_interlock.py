"""The gate on its line: every path that can raise the line, and every one that must lower it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from shuttergate.clock import since_boot_s
from shuttergate.gate import Press, Rules
from shuttergate.interlock import Interlock, Moment, Opening
from shuttergate.question import Felt, Terms
from shuttergate.verdict import Decision, Fault, Reason, Verdict

RULES = Rules(clear_frames=2, max_age_s=0.25, hold_off_s=1.0, settle_s=0.05)


@dataclass
class Bench:
    rules: Rules = RULES
    now_s: float = 10.0
    line: list[bool] = field(default_factory=list)
    said: list[tuple[bool, Reason]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.interlock = Interlock(
            self.rules,
            self.line.append,
            self.hear,
            lambda: self.now_s,
        )

    def hear(self, now: Moment) -> None:
        self.said.append((now.state.is_open, now.reason))

    def clear(self) -> bool:
        self.now_s += 0.03
        return self.interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, self.now_s))

    def open(self) -> None:
        self.interlock.mended(Fault.STARTING)
        while not self.clear():
            pass


def test_the_line_starts_low() -> None:
    assert Bench().line == [False]


def test_the_line_follows_the_gate_and_is_written_only_on_change() -> None:
    bench = Bench()
    bench.open()
    bench.clear()
    bench.interlock.fault(Fault.CAMERA)
    assert bench.line == [False, True, False]


def test_the_contact_is_read_while_nobody_else_can_change_the_gate() -> None:
    bench, lock = Bench(), []

    def other() -> None:
        lock.append(bench.interlock._lock.acquire(blocking=False))
        if lock[-1]:
            bench.interlock._lock.release()

    def read() -> bool:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return False

    bench.interlock.contact(read)
    assert lock == [False]


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
        lambda now: order.append(f"told {now.state.is_open}"),
        lambda: bench.now_s,
    )
    interlock.mended(Fault.STARTING)
    for _ in range(2):
        bench.now_s += 0.03
        interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, bench.now_s))
    interlock.fault(Fault.PUBLISHER)
    assert order[-2:] == ["line False", "told False"]


def test_a_contact_set_off_by_the_rising_line_is_seen_as_held() -> None:
    pressed: list[tuple[Press, Opening] | None] = []
    bench = Bench()

    def wire(high: bool) -> None:
        if high:  # a finger already rests on the button
            pressed.append(bench.interlock.contact(lambda: True))

    bench.interlock._write_line = wire
    bench.open()
    assert [press[0] for press in pressed if press] == [Press(False, Reason.HELD)]


def test_each_change_of_reason_is_told_once() -> None:
    bench = Bench()
    bench.open()
    bench.interlock.judged(Verdict(Decision.BLOCKED, Reason.NUDITY, bench.now_s))
    bench.interlock.tick()
    reasons = [reason for _, reason in bench.said]
    assert reasons == [Reason.WAITING, Reason.CLEAR, Reason.NUDITY]


def test_what_an_edge_sets_off_is_told_after_what_moved_the_line() -> None:
    bench = Bench()

    def wire(high: bool) -> None:
        bench.line.append(high)
        if high:  # a busy machine takes its time over this edge, and a finger is on the button
            bench.now_s += RULES.max_age_s + 0.01
            bench.interlock.contact(lambda: True)

    bench.interlock._write_line = wire
    bench.interlock.mended(Fault.STARTING)
    bench.clear()
    assert not bench.clear()
    assert bench.line == [False, True, False]
    assert bench.said[-2:] == [(True, Reason.CLEAR), (False, Reason.STALE)]


def test_neither_gate_nor_line_moves_while_both_are_read() -> None:
    bench = Bench()
    bench.open()
    other = threading.Thread(target=bench.interlock.fault, args=(Fault.CAMERA,))
    with bench.interlock.still() as now:
        other.start()
        other.join(0.1)
        assert (now.at_s, now.reason) == (bench.now_s, Reason.CLEAR)
        assert now.state.is_open and bench.interlock.state.is_open and bench.line[-1]
    other.join()
    assert not bench.line[-1]


def test_reading_the_contact_lowers_the_line_when_time_is_up() -> None:
    bench = Bench()
    bench.open()
    bench.now_s += 0.26
    bench.interlock.contact(lambda: False)
    assert bench.line[-1] is False


def test_a_press_belongs_to_one_opening() -> None:
    bench = Bench()
    bench.open()
    bench.now_s += 0.06
    bench.clear()
    bench.interlock.contact(lambda: False)
    begun = bench.interlock.contact(lambda: True)
    assert begun is not None
    press, opening = begun
    assert press.taken
    assert bench.interlock.lasts(opening)
    bench.interlock.fault(Fault.CAMERA)
    assert not bench.interlock.lasts(opening)
    bench.interlock.mended(Fault.CAMERA)
    while not bench.clear():
        pass
    assert not bench.interlock.lasts(opening), "open again, but it was closed in between"


def test_an_opening_ends_with_the_age_of_its_newest_frame() -> None:
    bench = Bench()
    bench.open()
    opening = Opening(bench.now_s, bench.interlock.state.opened_s)
    assert bench.interlock.lasts(opening)
    bench.now_s += 0.26
    assert not bench.interlock.lasts(opening)


def test_a_line_that_could_not_be_written_is_written_again() -> None:
    bench = Bench()
    bench.open()
    written: list[bool] = []

    def broken(high: bool) -> None:
        written.append(high)
        if len(written) == 1:
            raise OSError("pin lost")

    bench.interlock._write_line = broken
    with pytest.raises(OSError, match="pin lost"):
        bench.interlock.fault(Fault.CAMERA)
    bench.interlock.tick()
    assert written == [False, False]


def test_events_from_many_threads_leave_the_line_true_to_the_state() -> None:
    levels: list[bool] = []
    interlock = Interlock(Rules(clear_frames=1, hold_off_s=0.0), levels.append)
    interlock.mended(Fault.STARTING)

    def hammer(number: int) -> None:
        for step in range(300):
            decision = Decision.CLEAR if (step + number) % 3 else Decision.BLOCKED
            reason = Reason.CLEAR if decision is Decision.CLEAR else Reason.NUDITY
            interlock.judged(Verdict(decision, reason, since_boot_s()))
            interlock.contact(lambda: False)
            interlock.tick()

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    interlock.tick()
    assert levels[-1] == interlock.state.is_open
    assert all(one != other for one, other in pairwise(levels))


def test_an_opening_that_ended_unseen_lowers_the_line_and_is_told() -> None:
    """A frame that came just too late: the pure gate closes and opens again within one event."""
    bench = Bench(replace(RULES, clear_frames=1))
    bench.open()
    opening = Opening(bench.now_s, bench.interlock.state.opened_s)
    bench.now_s += RULES.max_age_s - 0.01
    late = Verdict(Decision.CLEAR, Reason.CLEAR, bench.now_s)
    bench.now_s += 0.02
    line, said = len(bench.line), len(bench.said)
    assert bench.interlock.judged(late)
    assert bench.line[line:] == [False, True]
    assert bench.said[said:] == [(False, Reason.STALE), (True, Reason.CLEAR)]
    assert not bench.interlock.lasts(opening)


def test_a_held_button_fires_nothing_while_an_opening_gives_way_to_the_next() -> None:
    """The line's edges are felt at the contact at once, in the midst of the change."""
    bench = Bench()
    presses: list[Press] = []

    def feel(high: bool) -> None:
        begun = bench.interlock.contact(lambda: finger and high)
        if begun is not None:
            presses.append(begun[0])

    finger = False
    bench.open()
    bench.now_s += RULES.settle_s
    feel(True)
    finger = True
    feel(True)
    assert [press.taken for press in presses] == [True]
    bench.interlock._write_line = lambda high: (bench.line.append(high), feel(high))[0]
    newest_s = bench.now_s
    bench.clear()
    bench.now_s += RULES.max_age_s - 0.01
    late = Verdict(Decision.CLEAR, Reason.CLEAR, bench.now_s)
    bench.now_s += 0.02
    assert bench.now_s - newest_s > RULES.max_age_s
    bench.interlock.judged(late)
    for _ in range(10):
        bench.clear()
        feel(bench.line[-1])
    assert bench.line[-1] and bench.interlock.state.is_open
    assert not any(press.taken for press in presses[1:])
    assert bench.interlock.state.held_since_s is None
    finger = False
    for _ in range(4):
        bench.clear()
        feel(True)
    finger = True
    feel(True)
    assert presses[-1].taken, "let go and pressed again, it counts"


TAUGHT = Decision.BLOCKED, Reason.TAUGHT


class Asked(Bench):
    """A gate that a taught rule alone keeps closed, and that was asked; a finger on both poles."""

    def __init__(self) -> None:
        super().__init__()
        self.interlock = Interlock(
            self.rules, self.wire, self.hear, lambda: self.now_s, Terms(self.rules, True)
        )
        self.line.clear()
        self.down = self.feels = False
        self.pressed: list[tuple[Press, Opening]] = []
        self.felt: list[Felt] = []
        self.interlock.mended(Fault.STARTING)
        self.see(3)
        self.press(True)
        self.press(False)

    def wire(self, high: bool) -> None:
        """As copper: where the line rises under a finger, the contact does, in the same call."""
        self.line.append(high)
        if high and self.feels and (begun := self.interlock.contact(lambda: self.down)):
            self.pressed.append(begun)

    def see(self, frames: int, alone: str = "star", reason: Reason = Reason.TAUGHT) -> None:
        for _ in range(frames):
            self.now_s += 0.1
            decision = Decision.CLEAR if reason is Reason.CLEAR else Decision.BLOCKED
            self.interlock.judged(Verdict(decision, reason, self.now_s, alone=alone))
            self.sense()

    def sense(self) -> None:
        felt = self.interlock.sensed(lambda: self.down)
        self.felt += [] if felt is None else [felt]

    def press(self, down: bool) -> None:
        self.down = down
        self.sense()
        self.see(1)


def test_a_yes_raises_the_line_for_the_press_that_is_on_and_the_next_tick_lowers_it() -> None:
    bench = Asked()
    bench.feels = True
    bench.press(True)
    bench.see(29)
    assert bench.line == [] and not bench.interlock.state.is_open
    bench.see(1)
    assert bench.felt == [Felt.ASKED, Felt.HOLDS, Felt.YES]
    ((press, opening),) = bench.pressed
    assert press.taken and opening.but_for == "star"
    assert bench.line == [True]
    bench.interlock.tick()
    assert bench.line == [True, False]
    assert not any(is_open for is_open, _ in bench.said)
    assert bench.interlock.lasts(opening)
    bench.see(1)
    assert bench.interlock.lasts(opening), "while nothing else speaks against it"
    bench.interlock.press_done()
    assert not bench.interlock.lasts(opening)


@pytest.mark.parametrize("what", ["nudity", "another rule", "a fault", "age"])
def test_a_yes_comes_to_nothing_once_something_else_speaks(what: str) -> None:
    bench = Asked()
    bench.feels = True
    bench.press(True)
    bench.see(30)
    ((_, opening),) = bench.pressed
    match what:
        case "nudity":
            bench.see(1, "", Reason.NUDITY)
        case "another rule":
            bench.see(1, "moon")
        case "a fault":
            bench.interlock.fault(Fault.ALBUM)
            bench.interlock.mended(Fault.ALBUM)
        case "age":
            bench.now_s += 0.3
    bench.see(15)
    assert not bench.interlock.lasts(opening)


def test_a_yes_that_no_contact_feels_has_no_current_after_half_a_second() -> None:
    bench = Asked()
    bench.press(True)
    bench.see(34)
    assert bench.line == [True]
    bench.see(2)
    assert bench.line == [True, False] and bench.pressed == []


def test_a_gate_that_opens_while_a_yes_has_current_opens_with_an_edge_of_its_own() -> None:
    """Else a button that is held would be armed by nobody knows what."""
    bench = Asked()
    bench.see(3)
    bench.press(True)
    bench.see(20)
    bench.see(10, "", Reason.CLEAR)  # the hold-off is not over yet, and the hold is
    assert bench.line == [True]
    bench.see(2, "", Reason.CLEAR)
    assert bench.line[:3] == [True, False, True] and bench.interlock.state.is_open
    assert bench.said[-1] == (True, Reason.CLEAR)
    assert (False, Reason.STALE) not in bench.said


def test_frames_are_kept_for_a_yes_alone() -> None:
    bench = Asked()
    seen = Verdict(*TAUGHT, bench.now_s, alone="star")
    assert not bench.interlock.spares(seen), "asked, and not held"
    bench.press(True)
    assert bench.interlock.spares(seen)
    assert not bench.interlock.spares(replace(seen, alone=""))
    assert not bench.interlock.spares(replace(seen, alone="moon"))
    assert not bench.interlock.spares(Verdict(Decision.BLOCKED, Reason.NUDITY, bench.now_s))
    bench.press(False)
    assert not bench.interlock.spares(seen)
