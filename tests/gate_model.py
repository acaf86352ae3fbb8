"""A model checker for gate.py: every sequence of events that a small alphabet can write.

The model is the code: the states are reached by calling `judged`, `faulted`, `mended`, `ticked` and
`contact`. Beside each state runs a `History`, which is told the same events and keeps what the
promises speak of; it never asks the gate. After every call each of `PROPERTIES` must hold.

Time is counted in ticks; a tick is one second here, because whole numbers are exact as floats and
the gate knows nothing but differences of times. That the clock moves on by one tick is an event of
its own that calls nothing, so the checker sees every whole number of ticks between two calls.

Why it ends. States are kept in a canonical form, with the present at nought. A time that no rule
can tell from an older one any more stands at the youngest of those:

- the newest CLEAR exposure: once it is more than ``max_age_s`` older than the oldest exposure of
  the alphabet, it is stale for good, and whatever comes next comes after a gap;
- the opening and the release: they are only ever asked whether ``settle_s`` has passed. While the
  contact reads down, the last release is not asked for at all: the next one overwrites it;
- the end of a hold-off: once it has passed, it stays passed, and nobody asks for its reason;
- the beginning of a held press: the gate asks only whether there is one. That it does not change
  is a property of a single step, and is checked there;
- in the history, the gaps between counted frames: each is too long, or it is not.

The gate's own stand one tick further than they need to, so that a gate that is off by one tick at
a bound (a mutation) shows it.

So two states of one form answer every event alike and go on to states of one form: what holds for
all the forms holds for all states, after any number of events. test_gate_model.py tests that, too,
and a counterexample is replayed on plain times from the start, so it never hangs on it. The search
is breadth first: no counterexample has fewer events and ticks.

`python tests/gate_model.py` prints one line of a Markdown table per alphabet; `--full` has more.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from math import inf, nan
from operator import attrgetter
from types import ModuleType
from typing import Generic, TypeVar

from shuttergate import gate
from shuttergate.gate import Press, Rules, State
from shuttergate.verdict import Decision, Reason, Verdict
from support.gate_history import (
    AGAIN,
    BLOCKED,
    CLEAR,
    DOUBT,
    DOWN,
    FAULT,
    MEND,
    NUDITY,
    PROPERTIES,
    TICK,
    UP,
    WAIT,
    Event,
    History,
    Property,
    Step,
)


@dataclass(frozen=True)
class Model:
    """Rules in whole ticks, and the events that may happen."""

    name: str
    rules: Rules
    events: tuple[Event, ...]
    properties: tuple[Property, ...] = PROPERTIES

    @cached_property
    def old(self) -> float:
        """The age from which on a CLEAR exposure makes no difference; see the module's words."""
        ages = [-event.exposed for event in self.events if -inf < event.exposed <= 0.0]
        return self.rules.max_age_s + max(ages, default=0.0) + 1.0


N = TypeVar("N")
Node = tuple[State, History]
Form = tuple[object, ...]

_remembered = attrgetter(*(one.name for one in fields(State)))


def written(state: State, *beside: object) -> Form:
    """Return a state, and what is beside it, as plain values that are equal if they say the same.

    A NaN equals nothing, itself neither. Whether a dataclass that has one equals its copy hangs on
    the Python: up to 3.12 the same object will do, from 3.13 on it will not. Here it is a word. (A
    history never has one: it takes in no exposure that is no number.)
    """
    return tuple("NaN" if one != one else one for one in (*_remembered(state), *beside))


def form(node: Node) -> Form:
    """Return what a canonical node is known by."""
    return written(node[0], *node[1])


def canonical(model: Model, node: Node, now: float) -> Node:
    """Return the form that stands for every state no rule can tell from this one."""
    (state, history), rules = node, model.rules
    settled, old = -rules.settle_s - 1.0, -model.old
    is_off, was_off = state.blocked_until_s > now, now - history.blocked < rules.hold_off_s
    state = type(state)(
        faults=state.faults,
        clears=state.clears,
        newest_s=max(state.newest_s - now, old),
        blocked_until_s=max(state.blocked_until_s - now, -1.0),
        blocked_by=state.blocked_by if is_off else Reason.DOUBT,
        opened_s=None if state.opened_s is None else max(state.opened_s - now, settled),
        armed=state.armed,
        down=state.down,
        up_since_s=settled if state.down else max(state.up_since_s - now, settled),
        held_since_s=None if state.held_since_s is None else 0.0,
    )
    run = [max(exposed - now, old) for exposed in history.run[-1:]]
    for earlier, later in pairwise(history.run[::-1]):  # a gap is too long, or it is not
        run.append(run[-1] - (1.0 if earlier - later <= rules.max_age_s else 1.0 + rules.max_age_s))
    history = History(
        faults=history.faults,
        run=tuple(run[::-1]),
        newest=max(history.newest - now, old),
        blocked=history.blocked - now if was_off else -rules.hold_off_s,
        blocked_by=history.blocked_by if was_off else Reason.DOUBT,
        opened=None if history.opened is None else max(history.opened - now, settled),
        down=history.down,
        up_since=settled if history.down else max(history.up_since - now, settled),
        rested=min(history.rested, rules.settle_s),
        held=history.held,
        spent=history.spent,
    )
    return state, history


def call(
    module: ModuleType, state: State, event: Event, now: float, newest: float, rules: Rules
) -> tuple[State, Press | None]:
    """Call the gate for an event; `newest` is the exposure of the newest CLEAR frame."""
    match event.kind:
        case "contact down" | "contact up":
            found: tuple[State, Press | None] = module.contact(
                state, event.kind == DOWN, now, rules
            )
            return found
        case "tick":
            return module.ticked(state, now, rules), None
        case "fault":
            return module.faulted(state, event.name, now, rules), None
        case "mended":
            return module.mended(state, event.name, now, rules), None
    exposed, reason = event.exposure(now, newest), BLOCKED.get(event.kind, Reason.CLEAR)
    decision = Decision.CLEAR if event.kind == CLEAR else Decision.BLOCKED
    seen = Verdict(decision, reason, exposed, alone=event.name)
    return module.judged(state, seen, now, rules), None


def advance(
    module: ModuleType, model: Model, node: Node, event: Event, now: float
) -> tuple[Node, Press | None, str]:
    """Let an event happen; return what comes of it, and the first property that it broke."""
    (before, was), rules = node, model.rules
    history = was.after(event, now, rules)
    if event.kind == WAIT:
        return (before, history), None, ""
    state, press = call(module, before, event, now, was.newest, rules)
    closed = module.why_closed(state, now, rules)
    against = history.against(now, rules)
    step = Step(before, was, event, now, state, press, history, rules, closed, against)
    again = call(module, before, event, now, was.newest, rules)
    if written(*again) != written(state, press):
        return (state, history), press, "pure"
    for one in model.properties:
        if not one(step):
            return (state, history), press, one.__name__
    return (state, history), press, ""


def recovers(module: ModuleType, model: Model, node: Node, now: float) -> bool:
    """Whether the gate opens and takes a press, in bounded time: nothing is dead for ever.

    Everything is mended, the button is let go, a fresh CLEAR frame comes with every tick for as
    long as the rules ask for, and then somebody presses.
    """
    rules, state, newest, press = model.rules, node[0], node[1].newest, None
    names = {event.name for event in model.events if event.kind == FAULT}
    ticks = int(max(rules.hold_off_s, rules.clear_frames) + rules.settle_s)
    script = [Event(MEND, name=name) for name in sorted(names | {"starting"})] + [Event(UP)]
    for event in script + [Event(WAIT), Event(CLEAR), Event(UP)] * ticks + [Event(DOWN)]:
        now += event.kind == WAIT
        if event.kind != WAIT:
            state, press = call(module, state, event, now, newest, rules)
    return state.is_open and press is not None and press.taken


@dataclass
class Found(Generic[N]):
    """What a search found: how far it went, and the shortest counterexample, if any."""

    nodes: dict[Form, N]
    came: dict[Form, tuple[Form, Event] | None]
    transitions: int = 0
    depth: int = 0
    is_whole: bool = False
    seconds: float = 0.0
    broken: str = ""
    events: tuple[Event, ...] = ()

    def breaks(self, name: str, at: Form, *event: Event) -> None:
        """Keep a counterexample: the way to a node, and one event more."""
        events, link = [*event], self.came[at]
        while link is not None:
            events.insert(0, link[1])
            link = self.came[link[0]]
        self.broken, self.events = name, tuple(events)


@dataclass(frozen=True)
class Search(Generic[N]):
    """Breadth first, over what these say: each event, from each state of another form.

    ``advance`` returns what comes of an event at a time, and the property that it broke;
    ``recovers``: whether nothing is dead for ever.
    """

    events: tuple[Event, ...]
    start: N
    canonical: Callable[[N, float], N]
    form: Callable[[N], Form]
    advance: Callable[[N, Event, float], tuple[N, str]]
    recovers: Callable[[N], bool]

    def run(self, depth: int = sys.maxsize) -> Found[N]:
        """Go on until nothing new comes, a property breaks or `depth` is reached."""
        began_s = time.perf_counter()
        start = self.canonical(self.start, 0.0)
        found, layer = Found({self.form(start): start}, {self.form(start): None}), [start]
        while layer and found.depth < depth and not found.broken:
            layer = list(self._next_layer(layer, found))
            found.depth += bool(layer)
        if not layer and not found.broken:
            found.is_whole = True
            stuck = (at for at, node in found.nodes.items() if not self.recovers(node))
            if (at := next(stuck, None)) is not None:
                found.breaks("no_deadlock", at)
        found.seconds = time.perf_counter() - began_s
        return found

    def _next_layer(self, layer: list[N], found: Found[N]) -> Iterator[N]:
        for node in layer:
            at = self.form(node)
            for event in self.events:
                now = float(event.kind == WAIT)
                reached, broken = self.advance(node, event, now)
                found.transitions += 1
                if broken:
                    found.breaks(broken, at, event)
                    return
                reached = self.canonical(reached, now)
                if (new := self.form(reached)) not in found.nodes:
                    found.nodes[new], found.came[new] = reached, (at, event)
                    yield reached


def explore(module: ModuleType, model: Model, depth: int = sys.maxsize) -> Found[Node]:
    """Search a model of the gate."""

    def goes_on(node: Node, event: Event, now: float) -> tuple[Node, str]:
        reached, _, broken = advance(module, model, node, event, now)
        return reached, broken

    return Search(
        model.events,
        (module.State(), History()),
        lambda node, now: canonical(model, node, now),
        form,
        goes_on,
        lambda node: recovers(module, model, node, 0.0),
    ).run(depth)


def replay(module: ModuleType, model: Model, events: tuple[Event, ...]) -> tuple[str, list[str]]:
    """Play events on plain times, without canonical forms; return what broke, and how it went."""
    node, began, now, lines = (module.State(), History()), 100.0, 100.0, []
    for event in events:
        newest, now = node[1].newest, now + (event.kind == WAIT)
        node, press, broken = advance(module, model, node, event, now)
        if event.kind == WAIT:
            continue
        what = f"{event.kind} {event.name}".strip()
        if event.kind in (CLEAR, NUDITY, DOUBT):
            what += f", exposed at {event.exposure(now, newest) - began:g}"
        if press is not None:
            what += f" (a press: {'taken' if press.taken else press.reason})"
        lines.append(f"tick {now - began:g}: {what}: {'OPEN' if node[0].is_open else 'CLOSED'}")
        if broken:
            return broken, lines
    return "" if recovers(module, model, node, now) else "no_deadlock", lines


def alphabet(
    clear: tuple[float, ...], blocked: tuple[float, ...], *faults: str, kinds: tuple[str, ...]
) -> tuple[Event, ...]:
    """Return the events: frames of these exposures (ticks from now), and faults of these names."""
    return (
        *map(Event, (TICK, UP, DOWN)),
        *(Event(CLEAR, exposed) for exposed in clear),
        *(Event(kind, exposed) for kind in kinds for exposed in blocked),
        *(Event(kind, name=name) for name in faults for kind in (MEND, FAULT)),
        Event(WAIT),
    )


# Frames of now, a little ago, just young enough, just too old, ahead of the clock, again, no time.
LIVE = (0.0, -1.0, -3.0, -4.0, 1.0, AGAIN, nan)
FEW = alphabet(LIVE, (0.0, -1.0), "starting", "camera", kinds=(NUDITY, DOUBT))
MANY = alphabet((*LIVE, -2.0, inf), LIVE, "starting", "camera", "album", kinds=(NUDITY, DOUBT))
SMALL = Model("few events", Rules(2, 3.0, 5.0, 2.0), FEW)
FULL = (
    Model("many events", Rules(2, 3.0, 5.0, 2.0), MANY),
    Model("three frames", Rules(3, 4.0, 7.0, 2.0), MANY),
    Model("one frame", Rules(1, 3.0, 5.0, 2.0), MANY),
    Model("no hold-off", Rules(2, 3.0, 0.0, 2.0), MANY),
    Model("hold-off below the age", Rules(2, 4.0, 2.0, 1.0), MANY),
    Model("settling over the age", Rules(2, 2.0, 3.0, 4.0), MANY),
)


def main() -> None:
    """Search one alphabet or all of them, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="model-check gate.py")
    parser.add_argument("--full", action="store_true", help="more alphabets (some minutes)")
    models = (SMALL, *FULL) if parser.parse_args().full else (SMALL,)
    print("| alphabet (frames, age, hold-off, settling) | events | states | transitions ", end="")
    print("| depth | fixpoint | seconds | properties |\n|---|---|---|---|---|---|---|---|")
    for model in models:
        found, rules = explore(gate, model), model.rules
        ticks = f"{rules.max_age_s:g}, {rules.hold_off_s:g}, {rules.settle_s:g}"
        print(
            f"| {model.name} ({rules.clear_frames}, {ticks}) | {len(model.events)} "
            f"| {len(found.nodes)} | {found.transitions} | {found.depth} "
            f"| {'yes' if found.is_whole else 'no'} | {found.seconds:.1f} "
            f"| {len(model.properties) + 2}{f', broken: {found.broken}' if found.broken else ''} |",
            flush=True,
        )
        if found.broken:
            raise SystemExit("\n".join(replay(gate, model, found.events)[1]))


if __name__ == "__main__":
    main()
