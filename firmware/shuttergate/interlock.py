"""The gate on its line: one lock, one writer of the permissive line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shuttergate import gate, question
from shuttergate.clock import Clock, since_boot_s
from shuttergate.gate import Press, Rules, State
from shuttergate.question import Asking, Felt, Terms
from shuttergate.verdict import Decision, Fault, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Opening:
    """When the button was pressed, and since when the gate had been OPEN (seconds since boot).

    ``but_for``: the press is a yes. The gate would have been OPEN for so long but for this rule.
    """

    pressed_s: float
    opened_s: float | None
    but_for: str = ""


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
    same thread. ``terms``: how the kit asks, if it does, where a taught rule alone closes.
    """

    def __init__(
        self,
        rules: Rules,
        write_line: Callable[[bool], None],
        on_change: Callable[[Moment], None] = lambda now: None,
        clock: Clock = since_boot_s,
        terms: Terms | None = None,
    ) -> None:
        self._rules = rules
        self._terms = terms or Terms(rules)
        self._write_line = write_line
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.RLock()
        self._asking = Asking()
        self._line: bool | None = False
        self._said: tuple[Reason, frozenset[Fault]] | None = None
        self._untold: deque[tuple[State, Reason]] = deque()
        write_line(False)

    @property
    def state(self) -> State:
        """The gate's state; immutable."""
        return self._asking.gate

    @property
    def asking(self) -> Asking:
        """What stands beside the gate; immutable."""
        return self._asking

    @property
    def terms(self) -> Terms:
        """How the kit asks."""
        return self._terms

    @property
    def reason(self) -> Reason:
        """Why the gate is CLOSED, or CLEAR while it is OPEN."""
        return gate.why_closed(self.state, self._clock(), self._rules) or Reason.CLEAR

    @contextmanager
    def still(self) -> Iterator[Moment]:
        """Hold the gate and its line as they stand, for as long as it takes to read a level."""
        with self._lock:
            now_s = self._clock()
            reason = gate.why_closed(self.state, now_s, self._rules) or Reason.CLEAR
            yield Moment(now_s, self.state, reason)

    def judged(self, verdict: Verdict) -> bool:
        """A frame was judged; return whether the gate is OPEN now."""
        with self._lock:
            now_s = self._clock()
            self._settle(question.judged(self._asking, verdict, now_s, self._terms), now_s)
            return self.state.is_open

    def fault(self, fault: Fault) -> None:
        """Something broke: the line is low when this returns."""
        assert isinstance(fault, Fault), f"{fault!r} is no fault"
        with self._lock:
            now_s = self._clock()
            self._settle(question.faulted(self._asking, fault, now_s, self._terms), now_s)

    def mended(self, fault: Fault) -> None:
        """That fault is over; nothing happens where it does not stand."""
        assert isinstance(fault, Fault), f"{fault!r} is no fault"
        with self._lock:
            now_s = self._clock()
            self._settle(question.mended(self._asking, fault, now_s, self._terms), now_s)

    def tick(self) -> None:
        """Time passed; call this often enough for ``max_age_s`` to mean something."""
        with self._lock:
            now_s = self._clock()
            self._settle(question.ticked(self._asking, now_s, self._terms), now_s)

    def contact(self, read: Callable[[], bool]) -> tuple[Press, Opening] | None:
        """Read the shutter contact; return a press and the opening it fell in, if it began one.

        The contact is read under the lock: a level read before an event and applied after it could
        arm a button that is held.
        """
        with self._lock:
            now_s = self._clock()
            found, press, is_yes = question.contact(self._asking, read(), now_s, self._terms)
            self._settle(found, now_s)
            if press is None:
                return None
            if is_yes:
                return press, Opening(now_s, found.answer_s, found.rule)
            return press, Opening(now_s, self.state.opened_s)

    def sensed(self, read: Callable[[], bool]) -> Felt | None:
        """Read the button's second pole, under the lock as well; return what it says of a press."""
        with self._lock:
            now_s = self._clock()
            found, felt = question.sensed(self._asking, read(), now_s, self._terms)
            self._settle(found, now_s)
            return felt

    def spares(self, verdict: Verdict) -> bool:
        """Whether a yes may need that frame: nothing but the rule that was asked about blocks it.

        Only while the button is held for one, and until what it took is done.
        """
        now = self._asking
        fits = verdict.decision is Decision.CLEAR or verdict.alone == now.rule != ""
        return now.wants_frames and now.but.is_open and fits

    def press_done(self) -> None:
        """Whatever was pressed last has come to its end."""
        with self._lock:
            now_s = self._clock()
            self._settle(question.done(self._asking, now_s, self._terms), now_s)

    def lasts(self, opening: Opening) -> bool:
        """Whether the gate has stayed OPEN since that press, or would have but for its rule."""
        with self._lock:
            self.tick()
            if opening.but_for:
                now = self._asking
                is_same = now.answer_s == opening.opened_s and now.rule == opening.but_for
                return is_same and now.but.is_open and now.but.opened_s == opening.opened_s
            return self.state.is_open and self.state.opened_s == opening.opened_s

    def _settle(self, found: Asking, now_s: float) -> None:
        state = found.gate
        if self._asking.has_current and state.is_open and self.state.opened_s != state.opened_s:
            if self.state.is_open:
                # It closed, and opened again for a frame that came just too late: not the same
                # opening.
                between = replace(state, opened_s=None, armed=False, held_since_s=None)
                self._apply(replace(found, gate=between), Reason.STALE)
            else:  # it opens while the button has current for a yes, which is nothing of the kind
                assert self._said is not None
                self._apply(replace(self._asking, question=None), self._said[0])
        self._apply(found, gate.why_closed(state, now_s, self._rules) or Reason.CLEAR)

    def _apply(self, found: Asking, reason: Reason) -> None:
        # The state is in place before the line moves: what its edge sets off sees the new one.
        self._asking, state = found, found.gate
        if (reason, state.faults) != self._said:
            self._said = (reason, state.faults)
            self._untold.append((state, reason))
        if found.has_current != self._line:
            self._line = found.has_current
            try:
                self._write_line(found.has_current)
            except BaseException:
                self._line = None  # whatever it is now, it is written again at the next event
                raise
        while self._untold:  # whichever event comes here first: what the edge set off is told last
            self._on_change(Moment(self._clock(), *self._untold.popleft()))
