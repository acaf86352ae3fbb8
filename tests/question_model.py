"""A model checker for question.py, as gate_model.py is one for gate.py: the same search.

The gate and what stands beside it are each brought to their form as gate_model.py does it. Besides:

- the opening in which a question was put, or a yes was given, is that which stands: every call
  drops what is not, and `of_its_opening` looks that it did;
- the age of a question, of a hold and of a yes is kept up to one tick over its limit;
- the second pole's last release, as the contact's: until it has settled, and not while it is down.

`gate_is_untouched` asks gate.py by itself, with the gate's own state alone: what the gate does with
nudity, doubt, faults and time is what it does without any question, call by call.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from math import inf
from types import ModuleType

import gate_model
from gate_model import Form, Found, Model, Search, written
from shuttergate import gate, question
from shuttergate.gate import Press, Rules, State
from shuttergate.question import Asking, Felt, Terms
from support.gate_history import (
    CLEAR,
    DOWN,
    FAULT,
    MEND,
    NUDITY,
    TAUGHT,
    TICK,
    UP,
    WAIT,
    Event,
)
from support.question_history import (
    ASK_PROPERTIES,
    DONE,
    POLE_DOWN,
    POLE_UP,
    Asked,
    AskProperty,
    AskStep,
)

AskNode = tuple[Asking, Asked]


@dataclass(frozen=True)
class AskModel:
    """Terms in whole ticks, and the events that may happen."""

    name: str
    terms: Terms
    events: tuple[Event, ...]
    properties: tuple[AskProperty, ...] = ASK_PROPERTIES

    @property
    def of_the_gate(self) -> Model:
        """The same for the gate alone."""
        return Model(self.name, self.terms.gate, self.events)


def form(node: AskNode) -> Form:
    """Return what a canonical node is known by."""
    asking, asked = node
    put = asking.question
    beside = () if put is None else (put.asked_s, put.opened_s, put.lent_s, put.is_spent)
    return (
        written(asking.gate, *asked.gate),
        written(asking.but, *asked.but),
        (asking.rule, asking.down, asking.up_since_s, asking.held_since_s, asking.answer_s),
        beside,
        asked[2:],
    )


def canonical(model: AskModel, node: AskNode, now: float) -> AskNode:
    """Return the form that stands for every state no rule can tell from this one."""
    (asking, asked), terms = node, model.terms
    state, history = gate_model.canonical(model.of_the_gate, (asking.gate, asked.gate), now)
    but, beside = gate_model.canonical(model.of_the_gate, (asking.but, asked.but), now)

    def young(moment: float | None, limit: float) -> float | None:
        return None if moment is None else max(moment - now, -limit - 1.0)

    def same(opened_s: float | None) -> float | None:
        if opened_s is None or opened_s == asking.but.opened_s:
            return None if opened_s is None else but.opened_s
        return -inf  # of an opening that is over: only a mutation has that

    def rested(down: bool, up_since: float) -> float:
        settled = -terms.gate.settle_s - 1.0
        return settled if down else max(up_since - now, settled)

    put = asking.question
    if put is not None:
        put = replace(
            put,
            asked_s=young(put.asked_s, terms.answer_s),
            opened_s=same(put.opened_s),
            lent_s=young(put.lent_s, terms.lent_s),
        )
    asking = replace(
        asking,
        gate=state,
        but=but,
        up_since_s=rested(asking.down, asking.up_since_s),
        question=put,
        held_since_s=young(asking.held_since_s, terms.hold_s),
        answer_s=same(asking.answer_s),
    )
    asked = asked._replace(
        gate=history,
        but=beside,
        up_since=rested(asked.down, asked.up_since),
        asked=young(asked.asked, terms.answer_s),
        pressed=young(asked.pressed, terms.hold_s),
        yes=young(asked.yes, terms.lent_s),
    )
    return asking, asked


def call(
    module: ModuleType, asking: Asking, event: Event, now: float, newest: float, terms: Terms
) -> tuple[Asking, Press | None, bool, Felt | None]:
    """Call question.py for an event."""
    match event.kind:
        case "second pole down" | "second pole up":
            found, felt = module.sensed(asking, event.kind == POLE_DOWN, now, terms)
            return found, None, False, felt and Felt[felt.name]  # a mutation has a Felt of its own
        case "contact down" | "contact up":
            found, press, is_yes = module.contact(asking, event.kind == DOWN, now, terms)
            return found, press, is_yes, None
        case "the press is done":
            return module.done(asking, now, terms), None, False, None
    found, _ = gate_model.call(module, asking, event, now, newest, terms)  # type: ignore[arg-type]
    return found, None, False, None  # type: ignore[return-value]


def by_itself(
    before: State, event: Event, now: float, newest: float, rules: Rules
) -> tuple[State, Press | None]:
    """Return what gate.py alone makes of it."""
    if event.kind in (POLE_DOWN, POLE_UP, DONE):
        event = Event(TICK)
    return gate_model.call(gate, before, event, now, newest, rules)


def advance(
    module: ModuleType, model: AskModel, node: AskNode, event: Event, now: float
) -> tuple[AskNode, str]:
    """Let an event happen; return what comes of it, and the first property that it broke."""
    (before, asked), terms = node, model.terms
    was = asked.seen(event, now, terms)
    if event.kind == WAIT:
        return (before, was), ""
    newest = asked.gate.newest
    found = call(module, before, event, now, newest, terms)
    asking, press, is_yes, felt = found
    alone, alone_press = by_itself(before.gate, event, now, newest, terms.gate)
    step = AskStep(
        *(before, was, event, now, asking, press, is_yes, felt, terms, alone, alone_press)
    )
    node = asking, was.felt(event, now, terms, felt, is_yes)
    if call(module, before, event, now, newest, terms) != found:
        return node, "pure"
    for one in model.properties:
        if not one(step):
            return node, one.__name__
    return node, ""


def recovers(module: ModuleType, model: AskModel, node: AskNode, now: float) -> bool:
    """Whether a question is put and a yes is taken, in bounded time: nothing is dead for ever.

    Everything is mended and let go, the object is shown for long enough, then somebody presses,
    lets go, and holds.
    """
    terms, asking, newest = model.terms, node[0], max(node[1].gate.newest, node[1].but.newest)
    names = sorted({event.name for event in model.events if event.kind == FAULT} | {"starting"})
    taught = next(event for event in model.events if event.kind == TAUGHT)
    rest = int(max(terms.gate.hold_off_s, terms.gate.clear_frames) + terms.gate.settle_s)
    rest += int(terms.answer_s)
    script = [*(Event(MEND, name=name) for name in names), Event(DONE), Event(UP)]
    wait = [Event(WAIT), taught]
    script += [*wait, Event(POLE_UP), Event(UP)] * (2 * rest) + [Event(POLE_DOWN)]
    script += [*wait, Event(POLE_UP)] * (1 + int(terms.gate.settle_s))
    script += [Event(POLE_DOWN), *[*wait, Event(POLE_DOWN)] * int(terms.hold_s), Event(DOWN)]
    is_yes = False
    for event in script:
        now += event.kind == WAIT
        if event.kind != WAIT:
            asking, _, is_yes, _ = call(module, asking, event, now, newest, terms)
    return is_yes


def explore(module: ModuleType, model: AskModel) -> Found[AskNode]:
    """Search a model of the question."""
    return Search(
        model.events,
        (module.Asking(), Asked()),
        lambda node, now: canonical(model, node, now),
        form,
        lambda node, event, now: advance(module, model, node, event, now),
        lambda node: not model.terms.asks or recovers(module, model, node, 0.0),
    ).run()


def replay(module: ModuleType, model: AskModel, events: tuple[Event, ...]) -> tuple[str, list[str]]:
    """Play events on plain times, without canonical forms; return what broke, and how it went."""
    node: AskNode = (module.Asking(), Asked())
    began, now, lines = 100.0, 100.0, []
    for event in events:
        now += event.kind == WAIT
        node, broken = advance(module, model, node, event, now)
        if event.kind == WAIT:
            continue
        asking = node[0]
        gate_is = "OPEN" if asking.gate.is_open else "CLOSED"
        asks = "" if asking.question is None else ", asks"
        current = "current" if asking.has_current else "no current"
        what = f"{event.kind} {event.name}".strip()
        lines.append(f"tick {now - began:g}: {what}: {gate_is}{asks}, {current}")
        if broken:
            return broken, lines
    return "" if recovers(module, model, node, now) else "no_deadlock", lines


def events(*rules: str, faults: tuple[str, ...], contact: bool = True) -> tuple[Event, ...]:
    """Return the events of a kit that was taught these rules."""
    return (
        *map(Event, (TICK, POLE_UP, POLE_DOWN, *((UP, DOWN) if contact else ()), DONE)),
        *(Event(TAUGHT, name=rule) for rule in rules),
        *(Event(CLEAR), Event(NUDITY)),
        *(Event(kind, name=name) for name in faults for kind in (MEND, FAULT)),
        Event(WAIT),
    )


TERMS = Terms(Rules(1, 1.0, 1.0, 1.0), True, 3.0, 1.0, 1.0)
LONGER = Terms(Rules(1, 2.0, 2.0, 1.0), True, 4.0, 2.0, 1.0)
ONE_RULE = events("star", faults=("starting",))
TWO_RULES = events("star", "moon", faults=("starting",))
ASKING = AskModel("one rule", TERMS, ONE_RULE)
FULL = (
    AskModel("two rules", TERMS, TWO_RULES),
    AskModel("longer times", LONGER, ONE_RULE),
    AskModel("two frames", replace(TERMS, gate=Rules(2, 1.0, 1.0, 1.0)), ONE_RULE),
    AskModel("it does not ask", replace(TERMS, asks=False), TWO_RULES),
)


def main() -> None:
    """Search one alphabet or all of them, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="model-check question.py")
    parser.add_argument("--full", action="store_true", help="more alphabets (some minutes)")
    models = (ASKING, *FULL) if parser.parse_args().full else (ASKING,)
    print(
        "| question.py (frames, age, hold-off, settling; answer, hold, current) | events | ", end=""
    )
    print("states | transitions | depth | fixpoint | seconds | properties |")
    print("|---|---|---|---|---|---|---|---|")
    for model in models:
        found, terms = explore(question, model), model.terms
        rules = terms.gate
        ticks = f"{rules.clear_frames}, {rules.max_age_s:g}, {rules.hold_off_s:g}, "
        ticks += f"{rules.settle_s:g}; {terms.answer_s:g}, {terms.hold_s:g}, {terms.lent_s:g}"
        broken = f", broken: {found.broken}" if found.broken else ""
        print(
            f"| {model.name} ({ticks}) | {len(model.events)} | {len(found.nodes)} "
            f"| {found.transitions} | {found.depth} | {'yes' if found.is_whole else 'no'} "
            f"| {found.seconds:.1f} | {len(model.properties) + 2}{broken} |",
            flush=True,
        )
        if found.broken:
            raise SystemExit("\n".join(replay(question, model, found.events)[1]))


if __name__ == "__main__":
    main()
