"""An expectation of a script, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from shuttergate.bench.scenario.record import Record
from shuttergate.errors import Phrase, phrase
from shuttergate.system.toml import Table

Seconds = Annotated[float, Meta(ge=0, le=86400)]
Milliseconds = Annotated[float, Meta(ge=0, le=86400e3)]

SO_IT_WAS = phrase("so it was")

AROUND_S = 0.5
"""So much before and after is shown of a finding that was not held."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement, whether it held, what was seen, and when to look closer."""

    must: Phrase
    held: bool
    was: Phrase
    from_s: float = 0.0
    to_s: float = 0.0


class Expectation(Table, frozen=True, tag_field="what"):
    """One requirement; the subclasses' tags are the words in the file."""

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it in a script of so many presses and seconds, or nothing."""
        for name in ("from_s", "to_s", "at_s", "after_s"):
            if getattr(self, name, 0.0) > seconds:
                return phrase("{name}: the script ends at {end_s:g} s", name=name, end_s=seconds)
        if getattr(self, "to_s", 1.0) <= getattr(self, "from_s", 0.0):
            return phrase("to_s: must come after from_s")
        return None

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        raise NotImplementedError
