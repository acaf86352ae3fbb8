"""Are you sure? Where a taught rule alone keeps the gate CLOSED, whoever presses may be asked.

As pure as gate.py, and beside it: the gate stays as it is, and knows nothing of questions. A second
one, ``but``, is told whatever the gate is told, except that frames which one taught rule alone has
blocked are CLEAR to it. It has no line. While it is OPEN nothing else speaks against a photo: no
doubt, no nudity, no other rule, no fault and no age; and nothing has since it opened.

A press that the button's second pole feels while the gate is CLOSED for the taught rule, and
``but`` is OPEN, puts the question. The default is no. To say yes the button is let go, pressed
anew and held for ``hold_s``, all within ``answer_s`` of the question. Then the button has current
for one press, the one that is on: what is taken is a press of the shutter contact, as ever. It has
it for ``lent_s`` at most. Whatever closes ``but``, and an opening of the gate, ends the question.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from shuttergate import gate
from shuttergate.gate import Press, Rules, State, why_closed
from shuttergate.verdict import Decision, Fault, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Terms:
    """The gate's rules, whether the kit asks at all, and the three numbers of a question."""

    gate: Rules = field(default_factory=Rules)
    asks: bool = False
    answer_s: float = 10.0  # a yes has to be said within this of its question
    hold_s: float = 3.0  # so long the button is held for it
    lent_s: float = 0.5  # so long at most the button has current for it


@dataclass(frozen=True, slots=True)
class Question:
    """One that stands, since ``asked_s``, in the opening of ``but`` that began at ``opened_s``."""

    asked_s: float
    opened_s: float | None
    lent_s: float | None = None  # since when the button has current, for a yes
    is_spent: bool = False  # that press was taken


@dataclass(frozen=True, slots=True)
class Asking:
    """The gate, what stands beside it, and the button's second pole. A new one is CLOSED."""

    gate: State = field(default_factory=State)
    but: State = field(default_factory=State)
    rule: str = ""  # the taught rule that ``but`` looks past
    down: bool = True  # the second pole as last read; what is down at first was so before
    up_since_s: float = inf  # since when it reads released
    question: Question | None = None
    held_since_s: float | None = None  # the press that may become a yes; nobody was told of it yet
    answer_s: float | None = None  # the opening of ``but`` of a yes whose photo is in work

    @property
    def has_current(self) -> bool:
        """Whether the permissive line is to be high."""
        lent = self.question is not None and self.question.lent_s is not None
        return self.gate.is_open or lent

    @property
    def wants_frames(self) -> bool:
        """Whether a yes may need the newest frame that the rule alone has blocked."""
        return self.answer_s is not None or (
            self.question is not None and self.held_since_s is not None
        )


class Felt(Enum):
    """What the second pole says of a press."""

    PRESS = "it begins, and nothing is asked"
    ASKED = "it begins, and puts the question"
    HOLDS = "it begins, and may become a yes"
    YES = "it was held: the button has current for it"
    NO = "it came to nothing"


def _settled(asking: Asking, now_s: float, terms: Terms) -> Asking:
    """Drop a question that does not stand any more, and a yes that nothing may come of."""
    question, opened_s = asking.question, asking.but.opened_s
    if question is not None and not _stands(asking, question, now_s, terms):
        asking = replace(asking, question=None)
    if asking.answer_s is not None and asking.answer_s != opened_s:
        asking = replace(asking, answer_s=None)
    return asking


def _stands(asking: Asking, question: Question, now_s: float, terms: Terms) -> bool:
    if asking.gate.is_open or question.is_spent:
        return False  # there is nothing left to ask
    if not asking.but.is_open or asking.but.opened_s != question.opened_s:
        return False  # something else has spoken against it
    since_s, limit_s = (
        (question.asked_s, terms.answer_s)
        if question.lent_s is None
        else (question.lent_s, terms.lent_s)
    )
    return 0.0 <= now_s - since_s <= limit_s


def _beside(asking: Asking, verdict: Verdict) -> tuple[str, Verdict]:
    """Return the rule to look past, and the verdict as ``but`` is told it."""
    if verdict.decision is Decision.CLEAR or not verdict.alone:
        return asking.rule, verdict
    if asking.rule not in ("", verdict.alone):
        return verdict.alone, verdict  # another rule: what was seen till now says nothing of it
    return verdict.alone, replace(verdict, decision=Decision.CLEAR, reason=Reason.CLEAR)


def judged(asking: Asking, verdict: Verdict, now_s: float, terms: Terms) -> Asking:
    """A frame was judged; see `gate.judged`."""
    rule, beside = _beside(asking, verdict)
    state = gate.judged(asking.gate, verdict, now_s, terms.gate)
    but = gate.judged(asking.but, beside, now_s, terms.gate)
    return _settled(replace(asking, gate=state, but=but, rule=rule), now_s, terms)


def faulted(asking: Asking, fault: Fault, now_s: float, terms: Terms) -> Asking:
    """Something broke; see `gate.faulted`."""
    state = gate.faulted(asking.gate, fault, now_s, terms.gate)
    but = gate.faulted(asking.but, fault, now_s, terms.gate)
    return _settled(replace(asking, gate=state, but=but), now_s, terms)


def mended(asking: Asking, fault: Fault, now_s: float, terms: Terms) -> Asking:
    """A fault is over; see `gate.mended`."""
    state = gate.mended(asking.gate, fault, now_s, terms.gate)
    but = gate.mended(asking.but, fault, now_s, terms.gate)
    return _settled(replace(asking, gate=state, but=but), now_s, terms)


def ticked(asking: Asking, now_s: float, terms: Terms) -> Asking:
    """Time passed."""
    state = gate.ticked(asking.gate, now_s, terms.gate)
    but = gate.ticked(asking.but, now_s, terms.gate)
    return _settled(replace(asking, gate=state, but=but), now_s, terms)


def contact(
    asking: Asking, down: bool, now_s: float, terms: Terms
) -> tuple[Asking, Press | None, bool]:
    """The shutter contact was read; see `gate.contact`. Also say whether the press is a yes.

    The yes is taken where the contact goes down while the button has current for it: both poles
    have to say so. The current ends with the next call, whatever it is.
    """
    asking = ticked(asking, now_s, terms)
    state, press = gate.contact(asking.gate, down, now_s, terms.gate)
    asking = replace(asking, gate=state)
    question = asking.question
    if press is None or question is None or question.lent_s is None:
        return asking, press, False
    spent = replace(question, is_spent=True)
    asking = replace(asking, question=spent, held_since_s=None, answer_s=question.opened_s)
    return asking, Press(True, Reason.CLEAR), True


def sensed(asking: Asking, down: bool, now_s: float, terms: Terms) -> tuple[Asking, Felt | None]:
    """The second pole reads pressed (`down`) or released; ask as often as you like.

    Anti-tie-down: only what was let go since the question, and was pressed anew, is held for a yes.
    What opens for less than ``settle_s`` has bounced: it was not let go.
    """
    asking = ticked(asking, now_s, terms)
    let_go = now_s - asking.up_since_s >= terms.gate.settle_s and not asking.down
    up_since_s = now_s if asking.down and not down else asking.up_since_s
    asking = replace(asking, down=down, up_since_s=up_since_s)
    question = asking.question
    if asking.held_since_s is not None:
        is_lent = question is not None and question.lent_s is not None
        if question is None or let_go or (is_lent and not down):
            return replace(asking, question=None, held_since_s=None), Felt.NO
        if down and not is_lent and now_s - asking.held_since_s >= terms.hold_s:
            return replace(asking, question=replace(question, lent_s=now_s)), Felt.YES
        return asking, None
    if not down or not let_go:
        return asking, None
    if question is not None and not question.is_spent:
        return replace(asking, held_since_s=now_s), Felt.HOLDS
    if not _is_askable(asking, now_s, terms):
        return asking, Felt.PRESS
    return replace(asking, question=Question(now_s, asking.but.opened_s)), Felt.ASKED


def _is_askable(asking: Asking, now_s: float, terms: Terms) -> bool:
    """Whether one taught rule, and nothing else, keeps the gate CLOSED."""
    alone = why_closed(asking.gate, now_s, terms.gate) is Reason.TAUGHT and asking.but.is_open
    return terms.asks and alone and bool(asking.rule) and asking.answer_s is None


def done(asking: Asking, now_s: float, terms: Terms) -> Asking:
    """Whatever was pressed last has come to its end: a photo, or none."""
    return replace(ticked(asking, now_s, terms), answer_s=None)
