"""What the model checker of the question knows: what was seen and told, and the properties.

`Asked` is told the same events as question.py, and what came of them; it never asks it. What
speaks against the gate, and against it but for the taught rule, two `History` objects know.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from shuttergate import gate
from shuttergate.gate import Press
from shuttergate.question import Asking, Felt, Terms
from shuttergate.verdict import Reason
from support.gate_history import CLEAR, DOWN, TAUGHT, UP, WAIT, Event, History

POLE_DOWN, POLE_UP, DONE = "second pole down", "second pole up", "the press is done"


class Asked(NamedTuple):
    """What has happened, in the words of the promises."""

    gate: History = History()
    but: History = History()  # as if frames that ``rule`` alone has blocked had been CLEAR
    rule: str = ""
    down: bool = True  # what the second pole last read
    up_since: float = inf  # the first reading since which it has only read released
    asked: float | None = None  # when the question that stands was put
    pressed: float | None = None  # when a press began since then, of a button that was let go
    yes: float | None = None  # when that was told to be a yes
    taken: bool = False  # and was taken, with the last call
    work: bool = False  # a yes was taken whose photo is not done, and nothing has spoken against it
    open: bool = False  # a press that may become a yes, and was told of neither as NO nor as taken

    def rests(self, now: float, terms: Terms) -> bool:
        """Whether the second pole has read released for long enough to have been let go."""
        return not self.down and now - self.up_since >= terms.gate.settle_s

    def alone(self, now: float, terms: Terms) -> bool:
        """Whether a taught rule, and nothing else, speaks against a photo; nothing is in work."""
        against = self.gate.against(now, terms.gate)
        is_taught = Reason.TAUGHT in against and Reason.FAULT not in against
        return is_taught and self.but.opened is not None and bool(self.rule) and not self.work

    def seen(self, event: Event, now: float, terms: Terms) -> Asked:
        """Return it with one more event, and without what does not stand any more."""
        rule, beside = self.rule, event
        if event.kind == TAUGHT:
            if rule in ("", event.name):
                beside = event._replace(kind=CLEAR)
            rule = event.name
        if event.kind in (DOWN, UP):
            beside = Event("tick")
        if event.kind in (POLE_DOWN, POLE_UP, DONE):
            beside = event = Event("tick")
        before = self.but.opened
        new = self._replace(
            gate=self.gate.after(event, now, terms.gate),
            but=self.but.after(beside, now, terms.gate),
            rule=rule,
        )
        broken = new.but.opened is None or new.but.opened != before or beside.kind == "fault"
        is_over = new.gate.opened is not None or self.taken
        if event.kind == WAIT:  # nobody was told of it yet
            broken, is_over = new.but.opened is None, False
        late = self.asked is not None and self.yes is None and now - self.asked > terms.answer_s
        gone = self.yes is not None and now - self.yes > terms.lent_s
        if event.kind == WAIT:
            late = gone = False
        if broken or is_over or late or gone:
            new = new._replace(asked=None, pressed=None, yes=None, taken=False)
        return new._replace(work=new.work and not broken)

    def felt(
        self, event: Event, now: float, terms: Terms, felt: Felt | None, is_yes: bool
    ) -> Asked:
        """Return it with what the second pole read, and with what was told."""
        new = self
        match event.kind:
            case "second pole down":
                begins = self.rests(now, terms)
                new = new._replace(down=True)
                if begins and felt is Felt.HOLDS:
                    new = new._replace(pressed=now, open=True)
            case "second pole up":
                since = now if self.down else self.up_since
                new = new._replace(down=False, up_since=since)
            case "the press is done":
                new = new._replace(work=False)
        match felt:
            case Felt.ASKED:
                new = new._replace(asked=now, pressed=None, yes=None)
            case Felt.YES:
                new = new._replace(yes=now)
            case Felt.NO:
                new = new._replace(asked=None, pressed=None, yes=None, open=False)
        if is_yes:
            new = new._replace(taken=True, work=True, open=False)
        return new


class AskStep(NamedTuple):
    """One call of question.py: before, after, and what was told."""

    before: Asking
    was: Asked  # with the event, and before what came of it
    event: Event
    now: float
    asking: Asking
    press: Press | None
    is_yes: bool
    felt: Felt | None
    terms: Terms
    alone: gate.State  # what gate.py by itself makes of it
    alone_press: Press | None


def gate_is_untouched(step: AskStep) -> bool:
    """The gate goes on as if there were no questions; but a yes is a press that is taken."""
    same_press = step.press == step.alone_press or (step.is_yes and step.alone_press is not None)
    return step.asking.gate == step.alone and same_press


def asks_for_taught_alone(step: AskStep) -> bool:
    """The question is put at a press, where a taught rule alone closes: not nudity, not doubt, not
    another rule, not a fault, not an old frame, nor a gate that is open; and never unasked for."""
    if step.felt is not Felt.ASKED:
        return True
    edge = step.event.kind == POLE_DOWN and step.was.rests(step.now, step.terms)
    return edge and step.terms.asks and step.was.alone(step.now, step.terms)


def question_is_put(step: AskStep) -> bool:
    """A press is asked about wherever it may be: nobody has to guess."""
    edge = step.event.kind == POLE_DOWN and step.was.rests(step.now, step.terms)
    due = edge and step.terms.asks and step.was.alone(step.now, step.terms)
    due = due and step.was.asked is None and not step.was.open
    return step.felt is Felt.ASKED or not due


def _is_held(step: AskStep) -> bool:
    """Whether a question stands, and a press that began after it has been held for long enough."""
    was, terms = step.was, step.terms
    if was.asked is None or was.pressed is None:
        return False
    in_time = step.now - was.asked <= terms.answer_s
    held = step.now - was.pressed >= terms.hold_s and not was.rests(step.now, terms)
    return in_time and held and step.event.kind == POLE_DOWN


def yes_is_held(step: AskStep) -> bool:
    """No yes without a question that stands, let go, pressed anew and held, all in time."""
    return step.felt is not Felt.YES or (_is_held(step) and step.was.yes is None)


def yes_is_heard(step: AskStep) -> bool:
    """Whoever holds on for so long, in time, is heard."""
    return step.felt is Felt.YES or not _is_held(step) or step.was.yes is not None


def current_is_for_a_yes(step: AskStep) -> bool:
    """While the gate is CLOSED the button has current for a yes alone, and not for long."""
    if step.asking.gate.is_open or not step.asking.has_current:
        return step.asking.has_current or not step.asking.gate.is_open
    if step.felt is Felt.YES:
        return True
    lasts = step.was.yes is not None and step.now - step.was.yes <= step.terms.lent_s
    return lasts and not step.was.taken


def current_is_held(step: AskStep) -> bool:
    """While the gate is CLOSED the button has current only as long as it is held."""
    return step.asking.gate.is_open or not step.asking.has_current or step.asking.down


def current_is_given(step: AskStep) -> bool:
    """A yes gives the button its current in that very call."""
    return step.felt is not Felt.YES or step.asking.has_current


def nothing_else_closes(step: AskStep) -> bool:
    """Neither a question nor a yes outlasts anything else that speaks against a photo."""
    asking = step.asking
    stands = asking.question is not None or asking.answer_s is not None
    return not stands or not step.was.but.against(step.now, step.terms.gate)


def of_its_opening(step: AskStep) -> bool:
    """A question, and a yes, are of the opening in which they were put, and of no other."""
    opened, put = step.asking.but.opened_s, step.asking.question
    fits = put is None or (put.opened_s == opened is not None)
    return fits and step.asking.answer_s in (None, opened)


def yes_is_one_press(step: AskStep) -> bool:
    """A yes is taken once, by the shutter contact, while the button has current for it."""
    if not step.is_yes:
        return True
    edge = step.event.kind == DOWN and step.alone_press is not None
    return edge and step.was.yes is not None and not step.was.taken and not step.was.work


def yes_is_taken(step: AskStep) -> bool:
    """The press that got current for a yes is taken where the contact feels it."""
    edge = step.event.kind == DOWN and step.alone_press is not None
    due = edge and step.was.yes is not None and not step.was.taken and not step.asking.gate.is_open
    return step.is_yes or not due


def photo_lasts(step: AskStep) -> bool:
    """A yes may come to a photo until it is done, and only while nothing else speaks against it."""
    return (step.asking.answer_s is not None) is (
        step.is_yes or (step.was.work and step.event.kind != DONE)
    )


def press_ends_once(step: AskStep) -> bool:
    """A press that may become a yes is told of once: as nothing, or as one that was taken."""
    if step.felt is Felt.NO:
        return step.was.open and step.asking.held_since_s is None
    if step.felt is Felt.HOLDS:
        return not step.was.open and step.was.asked is not None
    return (step.asking.held_since_s is not None) is (step.was.open and not step.is_yes)


AskProperty = Callable[[AskStep], bool]
ASK_PROPERTIES: tuple[AskProperty, ...] = (
    gate_is_untouched,
    asks_for_taught_alone,
    question_is_put,
    yes_is_held,
    yes_is_heard,
    current_is_for_a_yes,
    current_is_held,
    current_is_given,
    nothing_else_closes,
    of_its_opening,
    yes_is_one_press,
    yes_is_taken,
    photo_lasts,
    press_ends_once,
)
