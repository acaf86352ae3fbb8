"""What the model checker of the gate knows: events, the history beside the gate, the properties.

`History` is an oracle written from the promises: it is told the same events as the gate and never
asks it. `PROPERTIES` are asked after every call.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf, isnan
from typing import NamedTuple

from shuttergate.gate import Press, Rules, State
from shuttergate.verdict import Reason

WAIT, TICK, CLEAR, NUDITY, DOUBT = "the clock moves on", "tick", "CLEAR", "nudity", "doubt"
FAULT, MEND, DOWN, UP, TAUGHT = "fault", "mended", "contact down", "contact up", "taught"
BLOCKED = {NUDITY: Reason.NUDITY, DOUBT: Reason.DOUBT, TAUGHT: Reason.TAUGHT}
AGAIN = -inf  # as an exposure: that of the newest CLEAR frame, once more


class Event(NamedTuple):
    """One thing that happens: a verdict of an exposure (ticks from now), or a fault by its name.

    A frame that a taught rule alone has blocked has that rule's name.
    """

    kind: str
    exposed: float = 0.0
    name: str = ""

    def exposure(self, now: float, newest: float) -> float:
        """Return when the frame was exposed."""
        if isnan(self.exposed):
            return self.exposed  # the same object: a NaN equals nothing but itself
        return newest if self.exposed == AGAIN else now + self.exposed


class History(NamedTuple):
    """What has happened, in the words of the promises; it asks nothing of gate.py."""

    faults: frozenset[str] = frozenset({"starting"})
    run: tuple[float, ...] = ()  # exposures of the newest CLEAR frames, unbroken and faultless
    newest: float = -inf  # the newest exposure that was ever CLEAR, and not ahead of its time
    blocked: float = -inf  # when a frame was last BLOCKED
    blocked_by: Reason = Reason.DOUBT
    opened: float | None = None  # since when nothing has spoken against the opening
    down: bool = False  # what the contact last read
    up_since: float = -inf  # the first reading since which it has only read released
    rested: float = 0.0  # so long it was seen released in this opening, and not pressed since
    held: bool = False  # a press was taken in this opening and is not let go
    spent: bool = False  # a press was taken and is not let go, whatever opened or closed since

    def against(self, now: float, rules: Rules) -> set[Reason]:
        """Return everything that speaks against the gate being OPEN."""
        gaps = [later - earlier for earlier, later in pairwise(self.run)]
        is_run = len(self.run) >= rules.clear_frames
        found = {Reason.FAULT} if self.faults else set()
        if now - self.blocked < rules.hold_off_s:
            found.add(self.blocked_by)
        if not is_run or not all(0.0 < gap <= rules.max_age_s for gap in gaps):
            found.add(Reason.WAITING)
        if self.run and not 0.0 <= now - self.run[-1] <= rules.max_age_s:
            found.add(Reason.STALE)
        return found

    def may_press(self, now: float, rules: Rules) -> bool:
        """Whether a contact that reads down now is a press to be taken."""
        return not self.against(now, rules) and not self.down and self.rested >= rules.settle_s

    def is_rested(self, now: float, rules: Rules) -> bool:
        """Whether the contact has read released for long enough to have been let go."""
        return not self.down and now - self.up_since >= rules.settle_s

    def after(self, event: Event, now: float, rules: Rules) -> History:
        """Return the history with one more event; in every tick it knows if the opening lasts."""
        new = self._told(event, now, rules)
        if new.against(now, rules):
            return new._replace(opened=None, rested=0.0, held=False)
        waits = event.kind == WAIT or new.opened is not None  # it takes a call to open
        return new if waits else new._replace(opened=now)

    def _told(self, event: Event, now: float, rules: Rules) -> History:
        match event.kind:
            case "CLEAR":
                exposed = event.exposure(now, self.newest)
                if not self.newest < exposed <= now:  # seen before, or ahead of the clock
                    return self._replace(run=())
                # A run is of frames of which each was judged while the one before still spoke.
                speaks = now - self.newest <= rules.max_age_s
                run = (*(self.run if speaks else ()), exposed)[-rules.clear_frames :]
                return self._replace(run=() if self.faults else run, newest=exposed)
            case "nudity" | "doubt" | "taught":
                return self._replace(run=(), blocked=now, blocked_by=BLOCKED[event.kind])
            case "fault":
                return self._replace(run=(), faults=self.faults | {event.name})
            case "mended":
                return self._replace(faults=self.faults - {event.name})
            case "contact down":
                taken = self.may_press(now, rules)
                held = taken or (self.held and not self.is_rested(now, rules))
                spent = self.spent or taken
                return self._replace(down=True, rested=0.0, held=held, spent=spent)
            case "contact up":
                gone = self.is_rested(now, rules)
                since = now if self.down else self.up_since
                rested = 0.0 if self.opened is None else now - max(since, self.opened)
                held, spent = self.held and not gone, self.spent and not gone
                return self._replace(
                    down=False, up_since=since, rested=rested, held=held, spent=spent
                )
        return self


class Step(NamedTuple):
    """One call of the gate, and the history before and after it."""

    before: State
    was: History
    event: Event
    now: float
    state: State
    press: Press | None
    history: History
    rules: Rules
    why_closed: Reason | None
    against: set[Reason]

    @property
    def taken(self) -> bool:
        """Whether a press was taken."""
        return self.press is not None and self.press.taken


def interlock(step: Step) -> bool:
    """OPEN only without a fault, with enough CLEAR frames, fresh, in order, after the hold-off."""
    return not step.state.is_open or not step.against


def permissive_is_given(step: Step) -> bool:
    """OPEN whenever nothing speaks against it: the shutter is not dead for nothing."""
    return step.state.is_open or bool(step.against)


def trips_at_once(step: Step) -> bool:
    """A BLOCKED frame, a fault, and any call after ``max_age_s`` close in that very step."""
    late = step.event.kind != CLEAR and not step.now - step.was.newest <= step.rules.max_age_s
    return not (step.event.kind in (NUDITY, DOUBT, FAULT) or late) or not step.state.is_open


def true_reason(step: Step) -> bool:
    """CLOSED names a reason that is true now, and OPEN names none."""
    return step.why_closed in step.against if step.against else step.why_closed is None


def anti_tie_down(step: Step) -> bool:
    """A press is taken only if OPEN, and after ``settle_s`` of release seen in that opening."""
    return not step.taken or step.was.may_press(step.now, step.rules)


def press_is_taken(step: Step) -> bool:
    """A press of a button that was seen released for ``settle_s`` while OPEN is taken."""
    return step.taken or step.event.kind != DOWN or not step.was.may_press(step.now, step.rules)


def one_shot(step: Step) -> bool:
    """One press is taken at most once until the contact was let go for ``settle_s``."""
    return not step.taken or not step.was.spent


def debounced(step: Step) -> bool:
    """A press is told of just when the contact goes down after ``settle_s`` of release."""
    edge = step.event.kind == DOWN and step.was.is_rested(step.now, step.rules)
    return (step.press is not None) is edge


def refusal_is_true(step: Step) -> bool:
    """A refused press names what speaks against it, or, if nothing does, that it was held."""
    if step.press is None or step.taken:
        return step.press is None or step.press.reason is Reason.CLEAR
    against = step.was.against(step.now, step.rules)
    return step.press.reason in (against or {Reason.HELD})


def closing_forgets(step: Step) -> bool:
    """While CLOSED the button is neither armed nor held."""
    return step.state.is_open or (not step.state.armed and step.state.held_since_s is None)


def opening_is_unbroken(step: Step) -> bool:
    """OPEN dates from when nothing spoke against it any more, and begins neither armed nor held."""
    state = step.state
    fresh = not state.armed and state.held_since_s is None
    return state.opened_s == step.history.opened and (fresh or state.opened_s != step.now)


def held_is_a_taken_press(step: Step) -> bool:
    """A press is held from its taking until it is seen let go for ``settle_s``, or CLOSED."""
    held, since = step.state.held_since_s, step.before.held_since_s
    return held == ((step.now if step.taken else since) if step.history.held else None)


Property = Callable[[Step], bool]
PROPERTIES: tuple[Property, ...] = (
    interlock,
    permissive_is_given,
    trips_at_once,
    true_reason,
    anti_tie_down,
    press_is_taken,
    one_shot,
    debounced,
    refusal_is_true,
    closing_forgets,
    opening_is_unbroken,
    held_is_a_taken_press,
)
