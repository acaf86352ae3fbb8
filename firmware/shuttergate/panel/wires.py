"""Whether the button's wires behave as wires can: pure, from readings over time.

Three things cannot be while the wiring is whole. Each has a fault's name:

- *permissive*: the line's level is not the one that was written: a short to supply or to ground, or
  something else drives it;
- *contact*: the gated pole reads pressed while the line is low: it gets current past the line;
- *poles*: while the line is high, one pole of the button reads pressed and the other does not: a
  weld, a short across the gated pole, or a broken wire. Only where the second pole is fitted.

What bounces, is pressed slowly or is read in the middle of a change must never be a fault. So a
contradiction counts once it was read without a break for its whole limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shuttergate.errors import phrase
from shuttergate.verdict import Fault

LIMITS_S = {Fault.PERMISSIVE: 0.2, Fault.CONTACT: 0.2, Fault.POLES: 2.0}
"""Levels follow within microseconds, readings of them within 10 ms (debouncing). A finger that
hesitates half-way may keep a button's two poles apart for as long as it likes to."""

WIRE_FAULTS = {
    Fault.PERMISSIVE: phrase(
        "the permissive line is not at the level written to it; "
        "look for a short to supply or ground, and for another program that drives it"
    ),
    Fault.CONTACT: phrase(
        "the shutter contact reads pressed while the permissive line is low; "
        "look for a short between the supply, or the second pole, and the shutter contact"
    ),
    Fault.POLES: phrase(
        "the button's poles disagree while the permissive line is high; "
        "look for a welded button, a short from permissive to shutter contact, and a broken wire"
    ),
}
"""What to say of each, and the mend."""

BREAK_S = 0.1
"""Readings further apart than this are not one observation: nobody looked in between."""

MENDED_S = 10.0
"""A fault is over when nothing has spoken for it for so long. Two of the three can be seen only
while the line is high, so this is also how long a standing one keeps the gate closed at a time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was written to the permissive, and the levels read back; no second pole: None."""

    written: bool
    line: bool
    contact: bool
    sense: bool | None


def contradictions(reading: Reading) -> set[Fault]:
    """Return what in this reading cannot be while the wiring is whole."""
    found = set[Fault]()
    if reading.line != reading.written:
        found.add(Fault.PERMISSIVE)
    if reading.contact and not reading.written:
        found.add(Fault.CONTACT)
    if reading.written and reading.sense is not None and reading.contact != reading.sense:
        found.add(Fault.POLES)
    return found


@dataclass(slots=True)
class WireWatch:
    """Give it every reading as it is taken; it returns the faults that stand."""

    _looked_s: float = float("-inf")
    _since_s: dict[Fault, float] = field(default_factory=dict)
    _spoken_s: dict[Fault, float] = field(default_factory=dict)  # of standing faults

    def look(self, now_s: float, reading: Reading | None) -> frozenset[Fault]:
        """Take a reading (None: none could be taken) at ``now_s``."""
        if reading is None or now_s - self._looked_s > BREAK_S:
            self._since_s.clear()
        self._looked_s = now_s
        found = contradictions(reading) if reading is not None else set[Fault]()
        self._since_s = {name: self._since_s.get(name, now_s) for name in found}
        for name, since_s in self._since_s.items():
            if name in self._spoken_s or now_s - since_s >= LIMITS_S[name]:
                self._spoken_s[name] = now_s
        self._spoken_s = {
            name: spoken_s
            for name, spoken_s in self._spoken_s.items()
            if now_s - spoken_s < MENDED_S
        }
        return frozenset(self._spoken_s)
