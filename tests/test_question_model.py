"""question.py, model-checked: every reachable state of a small alphabet, and mutations that show.

question_model.py says what is searched; support/question_history.py has the properties.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from types import ModuleType

import pytest

import test_gate_model
from question_model import (
    ASKING,
    TERMS,
    AskModel,
    AskNode,
    advance,
    canonical,
    explore,
    form,
    replay,
)
from shuttergate import question
from support.gate_history import CLEAR, DOWN, FAULT, MEND, NUDITY, TAUGHT, TICK, UP, WAIT, Event
from support.question_history import ASK_PROPERTIES, DONE, POLE_DOWN, POLE_UP

BEGIN, STAR = Event(MEND, name="starting"), Event(TAUGHT, name="star")
HAND = (BEGIN, *map(Event, (POLE_UP, POLE_DOWN, DOWN, DONE, NUDITY, TICK, WAIT)), STAR)
SMALL = AskModel("a hand", TERMS, HAND)
LATER = AskModel(
    "a longer hold-off", replace(TERMS, gate=replace(TERMS.gate, hold_off_s=2.0)), HAND
)
UNASKED = AskModel("unasked", replace(TERMS, asks=False), HAND)
OPENS = AskModel("it opens", TERMS, (*HAND, Event(CLEAR), Event(UP)))
BREAKS = AskModel("it breaks", TERMS, (*HAND, Event(FAULT, name="starting")))
TWO = AskModel("two rules", TERMS, (*HAND, Event(TAUGHT, name="moon")))


def mutated(old: str, new: str) -> ModuleType:
    """Return question.py with one text in place of another, as a module that is nowhere on disk."""
    source = inspect.getsource(question)
    assert source.count(old) == 1, f"{old!r} stands in question.py {source.count(old)} times"
    module = ModuleType(question.__name__)
    exec(compile(source.replace(old, new), "a mutation of question.py", "exec"), vars(module))
    return module


def test_every_reachable_state_keeps_the_promises() -> None:
    found = explore(question, ASKING)
    assert not found.broken, told(question, ASKING, found.events)
    assert found.is_whole
    assert len(found.nodes) > 10_000, "a search that shrank has lost something"
    nodes = [asking for asking, _ in found.nodes.values()]
    puts = [one.question for one in nodes if one.question is not None]
    assert any(one.lent_s is not None for one in puts) and any(one.is_spent for one in puts)
    assert any(one.answer_s is not None for one in nodes), "no yes ever came to a photo"


def test_it_never_asks_unless_it_is_told_to() -> None:
    found = explore(question, UNASKED)
    assert not found.broken and found.is_whole
    for asking, _ in found.nodes.values():
        assert asking.question is None and asking.answer_s is None
        assert asking.has_current is asking.gate.is_open


def test_states_of_one_form_go_on_alike() -> None:
    for node in explore(question, SMALL).nodes.values():
        others = [kin(SMALL, node, by) for by in (1.0, 1e6)]
        assert {form(canonical(SMALL, other, 0.0)) for other in others} == {form(node)}
        for event in SMALL.events:
            now = float(event.kind == WAIT)
            reached, broken = advance(question, SMALL, node, event, now)
            goes_on = form(canonical(SMALL, reached, now))
            for other in others:
                reached, also = advance(question, SMALL, other, event, now)
                assert (form(canonical(SMALL, reached, now)), also) == (goes_on, broken)


# What is broken, the property that must catch it, on which events, and the text of question.py that
# becomes another.
MUTATIONS = [
    (
        "the gate is told that a taught frame is CLEAR",
        "gate_is_untouched",
        SMALL,
        "gate.judged(asking.gate, verdict, now_s",
        "gate.judged(asking.gate, beside, now_s",
    ),
    (
        "it asks unasked",
        "asks_for_taught_alone",
        UNASKED,
        "return terms.asks and alone",
        "return alone",
    ),
    (
        "it asks while nudity, or a doubt, has just been seen",
        "asks_for_taught_alone",
        SMALL,
        "is Reason.TAUGHT and asking.but.is_open",
        "is Reason.TAUGHT",
    ),
    (
        "it asks for any reason",
        "asks_for_taught_alone",
        OPENS,
        "why_closed(asking.gate, now_s, terms.gate) is Reason.TAUGHT",
        "why_closed(asking.gate, now_s, terms.gate)",
    ),
    (
        "it looks past any number of rules",
        "nothing_else_closes",
        TWO,
        'if asking.rule not in ("", verdict.alone):',
        "if False:",
    ),
    (
        "nudity is CLEAR beside the gate",
        "nothing_else_closes",
        LATER,
        "verdict.decision is Decision.CLEAR or not verdict.alone",
        "verdict.decision is Decision.CLEAR",
    ),
    (
        "a fault is not told beside the gate",
        "nothing_else_closes",
        BREAKS,
        "but = gate.faulted(asking.but, fault, now_s, terms.gate)",
        "but = asking.but",
    ),
    (
        "time does not pass beside the gate",
        "nothing_else_closes",
        SMALL,
        "but = gate.ticked(asking.but, now_s, terms.gate)",
        "but = asking.but",
    ),
    (
        "a question outlasts whatever closes",
        "nothing_else_closes",
        SMALL,
        "if not asking.but.is_open or asking.but.opened_s != question.opened_s:",
        "if False:",
    ),
    (
        "a question outlasts a closing that was mended",
        "of_its_opening",
        SMALL,
        "if not asking.but.is_open or asking.but.opened_s != question.opened_s:",
        "if not asking.but.is_open:",
    ),
    (
        "a press is not asked about while nothing is in work",
        "question_is_put",
        SMALL,
        "bool(asking.rule) and asking.answer_s is None",
        "False",
    ),
    (
        "the press that asks is held for the yes",
        "yes_is_held",
        SMALL,
        "question=Question(now_s, asking.but.opened_s))",
        "held_since_s=now_s, question=Question(now_s, asking.but.opened_s))",
    ),
    (
        "a button that was not let go says yes",
        "yes_is_held",
        SMALL,
        "    if not down or not let_go:",
        "    if not down:",
    ),
    ("held for too short", "yes_is_held", SMALL, ">= terms.hold_s:", ">= 0.0:"),
    (
        "letting go ends nothing",
        "yes_is_held",
        SMALL,
        "if question is None or let_go or (is_lent and not down):",
        "if question is None or (is_lent and not down):",
    ),
    (
        "a yes may come at any time",
        "yes_is_held",
        SMALL,
        "(question.asked_s, terms.",
        "(now_s, terms.",
    ),
    (
        "a yes is heard while the gate is OPEN",
        "yes_is_held",
        OPENS,
        "if asking.gate.is_open or question.is_spent:",
        "if question.is_spent:",
    ),
    ("held for long, and not heard", "yes_is_heard", SMALL, ">= terms.hold_s:", "> terms.hold_s:"),
    (
        "the current for a yes stays",
        "current_is_for_a_yes",
        SMALL,
        "else (question.lent_s, terms.lent_s)",
        "else (question.lent_s, inf)",
    ),
    (
        "a yes has current for more than one press",
        "current_is_for_a_yes",
        SMALL,
        "if asking.gate.is_open or question.is_spent:",
        "if asking.gate.is_open:",
    ),
    (
        "the button has current for a yes when nobody holds it",
        "current_is_held",
        SMALL,
        " or (is_lent and not down):",
        ":",
    ),
    (
        "a yes has no current",
        "current_is_given",
        SMALL,
        "return self.gate.is_open or lent",
        "return self.gate.is_open",
    ),
    (
        "any press at a closed gate is a yes",
        "yes_is_one_press",
        SMALL,
        "if press is None or question is None or question.lent_s is None:",
        "if press is None or question is None:",
    ),
    (
        "the press of a yes is refused",
        "yes_is_taken",
        SMALL,
        "return asking, Press(True, Reason.CLEAR), True",
        "return asking, press, False",
    ),
    (
        "a yes comes to a photo whatever closes",
        "photo_lasts",
        SMALL,
        "if asking.answer_s is not None and asking.answer_s != opened_s:",
        "if False:",
    ),
    (
        "a yes is kept for another photo",
        "photo_lasts",
        SMALL,
        "return replace(ticked(asking, now_s, terms), answer_s=None)",
        "return ticked(asking, now_s, terms)",
    ),
    (
        "a press that came to nothing goes on",
        "press_ends_once",
        SMALL,
        "return replace(asking, question=None, held_since_s=None), Felt.NO",
        "return replace(asking, question=None), Felt.NO",
    ),
    (
        "it remembers what it is not given",
        "pure",
        SMALL,
        "    asking = ticked(asking, now_s, terms)\n    let_go",
        "    Terms.calls = down = down ^ getattr(Terms, 'calls', False)\n"
        "    asking = ticked(asking, now_s, terms)\n    let_go",
    ),
    (
        "one question, and never again",
        "no_deadlock",
        SMALL,
        "return replace(ticked(asking, now_s, terms), answer_s=None)",
        "return ticked(asking, now_s, terms)",
    ),
]


@pytest.mark.parametrize(
    ("caught_by", "model", "old", "new"),
    [each[1:] for each in MUTATIONS],
    ids=[each[0] for each in MUTATIONS],
)
def test_a_mutation_is_caught_by_one_property_alone(
    caught_by: str, model: AskModel, old: str, new: str
) -> None:
    only = tuple(one for one in ASK_PROPERTIES if one.__name__ == caught_by)
    module, model = mutated(old, new), replace(model, properties=only)
    found = explore(module, model)
    assert found.broken == caught_by
    assert replay(module, model, found.events)[0] == caught_by, "only canonical forms break it"


def test_every_property_catches_a_mutation() -> None:
    names = {one.__name__ for one in ASK_PROPERTIES} | {"pure", "no_deadlock"}
    assert {each[1] for each in MUTATIONS} == names


def told(module: ModuleType, model: AskModel, events: tuple[Event, ...]) -> str:
    """Return a counterexample to read."""
    broken, lines = replay(module, model, events)
    return "\n".join([f"{broken} does not hold:", *lines])


def kin(model: AskModel, node: AskNode, by: float) -> AskNode:
    """Return another state of the same form: what is over has been so for `by` ticks more."""
    (asking, asked), terms, of_the_gate = node, model.terms, model.of_the_gate
    state, history = test_gate_model.kin(of_the_gate, (asking.gate, asked.gate), by)
    but, beside = test_gate_model.kin(of_the_gate, (asking.but, asked.but), by)

    def older(moment: float | None, limit: float) -> float | None:
        return moment - by if moment is not None and moment <= -limit - 1.0 else moment

    def rested(down: bool, up_since: float) -> float:
        return 0.0 if down else older(up_since, terms.gate.settle_s) or 0.0

    put = asking.question
    if put is not None:
        asked_s = older(put.asked_s, terms.answer_s)
        assert asked_s is not None
        lent_s = older(put.lent_s, terms.lent_s)
        put = replace(put, asked_s=asked_s, opened_s=but.opened_s, lent_s=lent_s)
    asking = replace(
        asking,
        gate=state,
        but=but,
        up_since_s=rested(asking.down, asking.up_since_s),
        question=put,
        held_since_s=older(asking.held_since_s, terms.hold_s),
        answer_s=None if asking.answer_s is None else but.opened_s,
    )
    asked = asked._replace(
        gate=history,
        but=beside,
        up_since=rested(asked.down, asked.up_since),
        asked=older(asked.asked, terms.answer_s),
        pressed=older(asked.pressed, terms.hold_s),
        yes=older(asked.yes, terms.lent_s),
    )
    return asking, asked
