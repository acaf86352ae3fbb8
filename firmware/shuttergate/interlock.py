"""The gate on its line: one lock, one writer of the permissive line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shuttergate import gate
from shuttergate.clock import Clock, since_boot_s
from shuttergate.gate import Press, Rules, State
from shuttergate.verdict import Fault, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Opening:
    """When the button was pressed, and since when the gate had been OPEN (seconds since boot)."""

    pressed_s: float
    opened_s: float | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The gate as it stood at one moment (seconds since boot)."""

    at_s: float
    state: State
    reason: Reason


class Interlock:
    """Applies the pure gate to events from several threads; the permissive line follows it.

    ``write_line`` raises or lowers the permissive line; nothing else in the program may.
    ``on_change(now)`` is told of each change, in their order, after the line was written. Both run
    under the lock, which is re-entrant: raising the line may at once bring a contact event on the
    same thread.
    """

    def __init__(
        self,
        rules: Rules,
        write_line: Callable[[bool], None],
        on_change: Callable[[Moment], None] = lambda now: None,
        clock: Clock = since_boot_s,
    ) -> None:
        self._rules = rules
        self._write_line = write_line
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.RLock()
        self._state = State()
        self._line: bool | None = False
        self._said: tuple[Reason, frozenset[Fault]] | None = None
        self._untold: deque[tuple[State, Reason]] = deque()
        write_line(False)

    @property
    def state(self) -> State:
        """The gate's state; immutable."""
        return self._state

    @property
    def reason(self) -> Reason:
        """Why the gate is CLOSED, or CLEAR while it is OPEN."""
        return gate.why_closed(self._state, self._clock(), self._rules) or Reason.CLEAR

    @contextmanager
    def still(self) -> Iterator[Moment]:
        """Hold the gate and its line as they stand, for as long as it takes to read a level."""
        with self._lock:
            now_s = self._clock()
            reason = gate.why_closed(self._state, now_s, self._rules) or Reason.CLEAR
            yield Moment(now_s, self._state, reason)

    def judged(self, verdict: Verdict) -> bool:
        """A frame was judged; return whether the gate is OPEN now."""
        with self._lock:
            now_s = self._clock()
            self._settle(gate.judged(self._state, verdict, now_s, self._rules), now_s)
            return self._state.is_open

    def fault(self, fault: Fault) -> None:
        """Something broke: the line is low when this returns."""
        assert isinstance(fault, Fault), f"{fault!r} is no fault"
        with self._lock:
            now_s = self._clock()
            self._settle(gate.faulted(self._state, fault, now_s, self._rules), now_s)

    def mended(self, fault: Fault) -> None:
        """That fault is over; nothing happens where it does not stand."""
        assert isinstance(fault, Fault), f"{fault!r} is no fault"
        with self._lock:
            now_s = self._clock()
            self._settle(gate.mended(self._state, fault, now_s, self._rules), now_s)

    def tick(self) -> None:
        """Time passed; call this often enough for ``max_age_s`` to mean something."""
        with self._lock:
            now_s = self._clock()
            self._settle(gate.ticked(self._state, now_s, self._rules), now_s)

    def contact(self, read: Callable[[], bool]) -> tuple[Press, Opening] | None:
        """Read the shutter contact; return a press and the opening it fell in, if it began one.

        The contact is read under the lock: a level read before an event and applied after it could
        arm a button that is held.
        """
        with self._lock:
            now_s = self._clock()
            state, press = gate.contact(self._state, read(), now_s, self._rules)
            self._settle(state, now_s)
            return None if press is None else (press, Opening(now_s, self._state.opened_s))

    def lasts(self, opening: Opening) -> bool:
        """Whether the gate has stayed OPEN, without a break, since that press."""
        with self._lock:
            self.tick()
            return self._state.is_open and self._state.opened_s == opening.opened_s

    def _settle(self, state: State, now_s: float) -> None:
        if self._state.is_open and state.is_open and self._state.opened_s != state.opened_s:
            # It closed, and opened again for a frame that came just too late: not the same opening.
            between = replace(state, opened_s=None, armed=False, held_since_s=None)
            self._apply(between, Reason.STALE)
        self._apply(state, gate.why_closed(state, now_s, self._rules) or Reason.CLEAR)

    def _apply(self, state: State, reason: Reason) -> None:
        # The state is in place before the line moves: what its edge sets off sees the new one.
        self._state = state
        if (reason, state.faults) != self._said:
            self._said = (reason, state.faults)
            self._untold.append((state, reason))
        if state.is_open != self._line:
            self._line = state.is_open
            try:
                self._write_line(state.is_open)
            except BaseException:
                self._line = None  # whatever it is now, it is written again at the next event
                raise
        while self._untold:  # whichever event comes here first: what the edge set off is told last
            self._on_change(Moment(self._clock(), *self._untold.popleft()))
