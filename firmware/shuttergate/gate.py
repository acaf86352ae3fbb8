"""The interlock: when the shutter button has current, and when a press is a press.

This page is the whole decision. It is pure: no hardware, no clock, no I/O. Every function takes the
state, what happened and the time now (seconds since boot) and returns the next state, so every
sequence of events can be replayed, tested and proved. `interlock.py` applies it to the real line.

The gate is OPEN when `why_closed` finds no reason, and only then. It never opens because something
happened; it is open because nothing speaks against it, asked anew at every event and every tick.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from shuttergate.verdict import Decision, Fault, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Rules:
    """The four numbers of the gate."""

    clear_frames: int = 5  # consecutive CLEAR frames that opening needs
    max_age_s: float = 0.25  # the newest CLEAR frame speaks for no longer than this
    hold_off_s: float = 1.0  # after a BLOCKED frame the gate stays closed at least so long
    settle_s: float = 0.05  # contacts bounce: so late after an opening, and for so long, let go


@dataclass(frozen=True, slots=True)
class State:
    """Everything the gate remembers. A new State is CLOSED, for a fault: nothing has started."""

    faults: frozenset[Fault] = frozenset({Fault.STARTING})
    clears: int = 0  # consecutive CLEAR frames up to the newest
    newest_s: float = -inf  # exposure of the newest CLEAR frame
    blocked_until_s: float = -inf  # the end of the hold-off
    blocked_by: Reason = Reason.DOUBT  # what the last BLOCKED frame was blocked for
    opened_s: float | None = None  # since when the gate is OPEN; None: CLOSED
    armed: bool = False  # the button was seen released since the gate opened
    down: bool = False  # the shutter contact as last read
    up_since_s: float = -inf  # since when it reads released
    held_since_s: float | None = None  # a taken press that is still down, in the same opening

    @property
    def is_open(self) -> bool:
        """Whether the permissive line is to be high."""
        return self.opened_s is not None


def why_closed(state: State, now_s: float, rules: Rules) -> Reason | None:
    """Return the first reason to be CLOSED, or None.

    Each test is written so that a nonsense number (NaN) closes.
    """
    if state.faults:
        return Reason.FAULT
    if not now_s >= state.blocked_until_s:
        return state.blocked_by
    if not state.clears >= rules.clear_frames:
        return Reason.WAITING
    if not _speaks(state, now_s, rules):
        return Reason.STALE
    return None


def _speaks(state: State, now_s: float, rules: Rules) -> bool:
    """Whether the newest CLEAR frame says anything about now."""
    return 0.0 <= now_s - state.newest_s <= rules.max_age_s


def _settled(state: State, now_s: float, rules: Rules) -> State:
    """Open or close according to `why_closed`. Closing forgets the button: armed or held."""
    if why_closed(state, now_s, rules) is not None:
        return replace(state, opened_s=None, armed=False, held_since_s=None)
    return state if state.is_open else replace(state, opened_s=now_s, armed=False)


def judged(state: State, verdict: Verdict, now_s: float, rules: Rules) -> State:
    """A frame was judged. One BLOCKED frame closes at once; CLEAR ones must follow one another."""
    state = _settled(state, now_s, rules)  # no opening lasts over a time that nobody looked into
    if verdict.decision is not Decision.CLEAR:
        state = replace(
            state,
            clears=0,
            blocked_until_s=now_s + rules.hold_off_s,
            blocked_by=verdict.reason,
        )
    else:
        if not state.newest_s < verdict.exposed_s <= now_s:
            # A repeated frame, or one from the future: it proves nothing about now.
            state = replace(state, clears=0)
        else:
            # Where the one before no longer spoke when this one was judged, counting starts again:
            # a camera too slow for ``max_age_s`` would else have the gate open and close for ever.
            run = state.clears if _speaks(state, now_s, rules) else 0
            clears = min(run + 1, rules.clear_frames)
            state = replace(state, clears=clears, newest_s=verdict.exposed_s)
    return _settled(state, now_s, rules)


def faulted(state: State, fault: Fault, now_s: float, rules: Rules) -> State:
    """Something broke: CLOSED until the same fault is `mended`."""
    return _settled(replace(state, faults=state.faults | {fault}, clears=0), now_s, rules)


def mended(state: State, fault: Fault, now_s: float, rules: Rules) -> State:
    """A fault is over. CLEAR frames are counted from nought again."""
    if fault not in state.faults:
        return _settled(state, now_s, rules)
    return _settled(replace(state, faults=state.faults - {fault}, clears=0), now_s, rules)


def ticked(state: State, now_s: float, rules: Rules) -> State:
    """Time passed."""
    return _settled(state, now_s, rules)


@dataclass(frozen=True, slots=True)
class Press:
    """A press of the shutter button: taken, or refused for a reason."""

    taken: bool
    reason: Reason


def contact(state: State, down: bool, now_s: float, rules: Rules) -> tuple[State, Press | None]:
    """The shutter contact reads pressed (`down`) or released; ask as often as you like.

    Anti-tie-down: a button that was down when the gate opened must be seen released, at least
    ``settle_s`` after the opening, before a press counts. A taken press disarms in the same way. A
    contact that opens for less than ``settle_s`` has bounced: it was not let go.
    """
    state = _settled(state, now_s, rules)
    let_go = now_s - state.up_since_s >= rules.settle_s and not state.down
    if not down:
        late_enough = state.opened_s is not None and now_s - state.opened_s >= rules.settle_s
        state = replace(
            state,
            down=False,
            up_since_s=now_s if state.down else state.up_since_s,
            armed=state.armed or (late_enough and let_go),
            held_since_s=None if let_go else state.held_since_s,
        )
        return state, None
    state = replace(state, down=True)
    if not let_go:
        return state, None
    if state.armed:
        return replace(state, armed=False, held_since_s=now_s), Press(True, Reason.CLEAR)
    state = replace(state, held_since_s=None)  # whatever was held before was let go for this one
    return state, Press(False, why_closed(state, now_s, rules) or Reason.HELD)
