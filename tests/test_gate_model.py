"""gate.py, model-checked: every reachable state of a small alphabet, and mutations that must show.

gate_model.py says what is searched, for which properties, and why the search ends.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from itertools import pairwise
from math import isnan, nan
from types import ModuleType

import pytest

from gate_model import (
    SMALL,
    Model,
    Node,
    advance,
    alphabet,
    canonical,
    explore,
    form,
    replay,
    written,
)
from shuttergate import gate
from shuttergate.gate import Rules, State
from shuttergate.verdict import Reason
from support.gate_history import AGAIN, CLEAR, NUDITY, PROPERTIES, WAIT, Event, History

TINY = Model(
    "mutations",
    Rules(2, 2.0, 3.0, 1.0),
    alphabet((0.0, -1.0, 1.0, AGAIN, nan), (0.0, -1.0), "starting", "camera", kinds=(NUDITY,)),
)

LONE = replace(TINY, rules=Rules(1, 2.0, 3.0, 1.0))
"""Where one frame opens, one that comes late would, too, but for what `judged` asks first."""


def mutated(old: str, new: str) -> ModuleType:
    """Return gate.py with one text in place of another, as a module that is nowhere on disk."""
    source = inspect.getsource(gate)
    assert source.count(old) == 1, f"{old!r} stands in gate.py {source.count(old)} times"
    module = ModuleType(gate.__name__)
    exec(compile(source.replace(old, new), "a mutation of gate.py", "exec"), vars(module))
    return module


def test_every_reachable_state_keeps_the_promises() -> None:
    found = explore(gate, SMALL)
    assert not found.broken, told(gate, SMALL, found.events)
    assert found.is_whole
    assert len(found.nodes) > 10_000, "a search that shrank has lost something"


def test_states_of_one_form_go_on_alike() -> None:
    for node in explore(gate, TINY).nodes.values():
        others = [kin(TINY, node, by) for by in (1.0, 1e6)]
        assert {form(canonical(TINY, other, 0.0)) for other in others} == {form(node)}
        for event in TINY.events:
            now = float(event.kind == WAIT)
            reached, *answer = advance(gate, TINY, node, event, now)
            goes_on = form(canonical(TINY, reached, now))
            for other in others:
                reached, *also = advance(gate, TINY, other, event, now)
                assert (form(canonical(TINY, reached, now)), also) == (goes_on, answer)


NO_NUMBERS_COUNT = mutated(
    "        if not state.newest_s < verdict.exposed_s <= now_s:",
    "        verdict = replace(verdict, exposed_s=verdict.exposed_s + 0.0)\n"  # each an object
    "        if verdict.exposed_s <= state.newest_s or verdict.exposed_s > now_s:",
)


def test_what_is_no_number_is_known_again_on_every_python() -> None:
    """By what the states say: neither a dataclass's `==` nor a NaN's identity comes into it."""
    one, other = State(newest_s=float("nan")), State(newest_s=float("nan"))
    assert one != other
    assert written(one) == written(other) != written(State())
    assert len({written(one), written(other)}) == 1
    node = (State(faults=frozenset()), History(faults=frozenset()))
    (state, _), _, broken = advance(NO_NUMBERS_COUNT, TINY, node, Event(CLEAR, nan), 0.0)
    assert isnan(state.newest_s)
    assert not broken, "two calls said the same"


def test_a_search_among_no_numbers_comes_to_an_end() -> None:
    few = (Event(CLEAR), Event(CLEAR, nan), Event(WAIT))
    found = explore(NO_NUMBERS_COUNT, replace(TINY, properties=(), events=few), depth=30)
    assert found.is_whole
    assert any(isnan(state.newest_s) for state, _ in found.nodes.values())


# What is broken, the property that must catch it, and the text of gate.py that becomes another. Two
# that change nothing are left out: `faulted` need not count from nought, since `mended` does, and
# an opening need not disarm, since every closing does.
MUTATIONS = [
    (
        "a press that was let go stays held when the next is refused",
        "held_is_a_taken_press",
        "state = replace(state, held_since_s=None)  #",
        "pass  #",
    ),
    ("faults are ignored", "interlock", "    if state.faults:", "    if False:"),
    ("no hold-off", "interlock", "not now_s >= state.blocked_until_s", "False"),
    (
        "the hold-off runs from the exposure",
        "interlock",
        "blocked_until_s=now_s + rules.hold_off_s",
        "blocked_until_s=verdict.exposed_s + rules.hold_off_s",
    ),
    (
        "the hold-off ends one look late",
        "permissive_is_given",
        "now_s >= state.blocked_until_s",
        "now_s > state.blocked_until_s",
    ),
    (
        "one frame too few",
        "interlock",
        "state.clears >= rules.clear_frames",
        "state.clears >= rules.clear_frames - 1",
    ),
    ("an old frame speaks for now", "interlock", "newest_s <= rules.max_age_s", "newest_s <= inf"),
    (
        "a frame of just the age is too old",
        "permissive_is_given",
        "newest_s <= rules.max_age_s",
        "newest_s < rules.max_age_s",
    ),
    (
        "a BLOCKED frame breaks no run",
        "interlock",
        "            clears=0,\n            blocked_until_s",
        "            blocked_until_s",
    ),
    ("the same frame counts again", "interlock", "newest_s < verdict", "newest_s <= verdict"),
    (
        "frames ahead of the clock count",
        "interlock",
        "verdict.exposed_s <= now_s",
        "verdict.exposed_s",
    ),
    (
        "an exposure that is no number counts",
        "interlock",
        "not state.newest_s < verdict.exposed_s <= now_s",
        "verdict.exposed_s <= state.newest_s or verdict.exposed_s > now_s",
    ),
    (
        "frames with a gap between them are consecutive",
        "interlock",
        "state.clears if _speaks(state, now_s, rules) else 0",
        "state.clears",
    ),
    (
        "frames of the time of a fault count",
        "interlock",
        "faults=state.faults - {fault}, clears=0",
        "faults=state.faults - {fault}",
    ),
    (
        "mending one fault mends all",
        "interlock",
        "faults=state.faults - {fault}",
        "faults=frozenset()",
    ),
    (
        "any block is called a doubt",
        "true_reason",
        "blocked_by=verdict.reason",
        "blocked_by=Reason.DOUBT",
    ),
    (
        "closing leaves the button armed",
        "closing_forgets",
        "opened_s=None, armed=False, held",
        "opened_s=None, held",
    ),
    (
        "every look is a new opening",
        "opening_is_unbroken",
        "return state if state.is_open else replace",
        "return replace",
    ),
    (
        "an opening lasts over a time nobody looked into",
        "opening_is_unbroken",
        "    state = _settled(state, now_s, rules)  # no",
        "    # no",
    ),
    (
        "a press is taken before the gate looks at the time",
        "anti_tie_down",
        "    state = _settled(state, now_s, rules)\n    let_go",
        "    let_go",
    ),
    ("a held button fires", "anti_tie_down", "    if state.armed:", "    if True:"),
    (
        "armed at once after the opening",
        "anti_tie_down",
        "now_s - state.opened_s >= rules.settle_s",
        "True",
    ),
    ("armed by a bounce", "anti_tie_down", "late_enough and let_go", "late_enough"),
    ("a bounce is a press", "debounced", "now_s - state.up_since_s >= rules.settle_s and ", ""),
    ("a button that stays down is pressed anew", "debounced", " and not state.down\n", "\n"),
    (
        "each reading begins the release anew",
        "press_is_taken",
        "now_s if state.down else state.up_since_s",
        "now_s",
    ),
    ("a taken press stays armed", "one_shot", "(state, armed=False, held", "(state, held"),
    (
        "a bounce ends the hold",
        "held_is_a_taken_press",
        "None if let_go else state.held_since_s",
        "None",
    ),
    (
        "a BLOCKED frame closes at the next look",
        "trips_at_once",
        "newest_s=verdict.exposed_s)\n    return _settled(state, now_s, rules)",
        "newest_s=verdict.exposed_s)\n    return state",
    ),
    (
        "a tick looks at nothing",
        "trips_at_once",
        '"""Time passed."""\n    return _settled(state, now_s, rules)',
        "return state",
    ),
    (
        "every refusal says the button was held",
        "refusal_is_true",
        "why_closed(state, now_s, rules) or Reason.HELD",
        "Reason.HELD",
    ),
    (
        "the gate remembers what it is not given",
        "pure",
        "    state = _settled(state, now_s, rules)\n    let_go",
        "    Rules.calls = down = down ^ getattr(Rules, 'calls', False)\n    let_go",
    ),
    (
        "the hold-off never ends",
        "no_deadlock",
        "blocked_until_s=now_s + rules.hold_off_s",
        "blocked_until_s=inf",
    ),
    (
        "no release arms the button",
        "no_deadlock",
        "state.armed or (late_enough and let_go)",
        "state.armed",
    ),
]


@pytest.mark.parametrize(
    ("caught_by", "old", "new"),
    [each[1:] for each in MUTATIONS],
    ids=[each[0] for each in MUTATIONS],
)
def test_a_mutation_is_caught_by_one_property_alone(caught_by: str, old: str, new: str) -> None:
    only = tuple(one for one in PROPERTIES if one.__name__ == caught_by)
    module = mutated(old, new)
    for model in (replace(one, properties=only) for one in (TINY, LONE)):
        found = explore(module, model)
        if found.broken:
            break
    assert found.broken == caught_by
    assert replay(module, model, found.events)[0] == caught_by, "only canonical forms break it"


def test_every_property_catches_a_mutation() -> None:
    names = {one.__name__ for one in PROPERTIES} | {"pure", "no_deadlock"}
    assert {each[1] for each in MUTATIONS} == names


def told(module: ModuleType, model: Model, events: tuple[Event, ...]) -> str:
    """Return a counterexample to read."""
    broken, lines = replay(module, model, events)
    return "\n".join([f"{broken} does not hold:", *lines])


def kin(model: Model, node: Node, by: float) -> Node:
    """Return another state of the same form: what is over has been so for `by` ticks more."""
    (state, history), rules = node, model.rules
    settled = rules.settle_s + 1.0

    def older(moment: float, limit: float) -> float:
        return moment - by if moment <= -limit else moment

    def opened(moment: float | None) -> float | None:
        return None if moment is None else older(moment, settled)

    run = [older(exposed, model.old) for exposed in history.run[-1:]]
    for earlier, later in pairwise(history.run[::-1]):
        is_long = earlier - later > rules.max_age_s
        run.append(run[-1] - rules.max_age_s - (by if is_long else 0.0))
    up_since = 0.0 if state.down else older(state.up_since_s, settled)
    state = replace(
        state,
        newest_s=older(state.newest_s, model.old),
        blocked_until_s=older(state.blocked_until_s, 1.0),
        blocked_by=state.blocked_by if state.blocked_until_s > 0.0 else Reason.NUDITY,
        opened_s=opened(state.opened_s),
        up_since_s=up_since,
        held_since_s=None if state.held_since_s is None else -by,
    )
    history = history._replace(
        run=tuple(run[::-1]),
        newest=older(history.newest, model.old),
        blocked=older(history.blocked, rules.hold_off_s),
        opened=opened(history.opened),
        up_since=up_since,
    )
    return state, history
