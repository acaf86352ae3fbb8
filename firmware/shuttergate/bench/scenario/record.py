"""What came of a run: everything that was seen, with its time on one clock."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shuttergate import feed
from shuttergate.bench.scenario.names import closed_for
from shuttergate.errors import Phrase, phrase
from shuttergate.lang import LANGUAGE
from shuttergate.words import log_words


@dataclass(frozen=True, slots=True)
class Said:
    """The gate's own words on how it stands, or None while no gate process says anything.

    ``at_s``: when it stood so, by the gate, and not when it was heard. ``opened_s``: since when it
    is OPEN.
    """

    at_s: float
    is_open: bool | None
    reason: str = ""
    faults: tuple[str, ...] = ()
    opened_s: float | None = None

    def phrase(self) -> Phrase:
        """Return it in words; reasons and faults go by the names that they have in scripts."""
        if self.is_open is None:
            return phrase("no word from the gate process")
        if self.is_open:
            return phrase("OPEN")
        return phrase("CLOSED ({why})", why=closed_for(self.reason, self.faults))


@dataclass(frozen=True, slots=True)
class Told:
    """A log event, as the log has it; ``item``: the same for people, where it was heard live."""

    at_s: float
    event: str
    fields: dict[str, Any]
    item: feed.AnyEvent | None = None

    def phrase(self, language: str | None) -> Phrase:
        """Return it in words: the log's own, which are English, or those of another language."""
        item = self.item
        if item is None or (language or LANGUAGE) == "en":
            return phrase("log: {line}", line=f"{self.event} {_brief(self.fields)}".rstrip())
        line = log_words(item, language)
        if line == self.event:
            return phrase("log: {line}", line=line)
        return phrase("log: {words} ({event})", words=line, event=self.event)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that the bench did."""

    at_s: float
    what: Phrase


@dataclass(frozen=True, slots=True)
class AlbumPicture:
    """A file in the album at the end, and what its own clock says.

    ``scene`` and ``exposed_s`` are None where the picture has no readable clock. ``trouble`` is
    what is wrong with the file itself, in words.
    """

    name: str
    scene: str | None
    exposed_s: float | None
    trouble: Phrase | None = None


@dataclass(slots=True)
class PressRecord:
    """A press: when the finger went down, and what became of it.

    ``outcome``: "taken", "refused", "asked", or empty where nobody said anything of it. A press
    that the gate never felt, for its line was low, is told by the second pole alone.
    """

    at_s: float
    outcome: str = ""
    reason: str = ""
    file: str = ""
    took_ms: float = 0.0
    felt_s: float = 0.0  # when the gate felt it, by its own word
    outcomes: int = 0
    lasts_s: float = 0.3


@dataclass
class Record:
    """All times are seconds from the script's start; the line's levels are the meter's."""

    levels: list[tuple[float, bool]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    presses: list[PressRecord] = field(default_factory=list)
    pictures: list[AlbumPicture] = field(default_factory=list)
    began_s: float = 0.0  # of the script, by `clock.since_boot_s`
    ended_s: float = 0.0  # from the script's start
    start_s: float = 0.0  # from starting the kit to its first verdict
    refusal: str = ""  # why the kit would not start
    starts: int = 0  # of the gate process
    oldest_ms: float = 0.0  # the greatest age of a frame when it was judged
    page_pictures: list[tuple[float, int]] = field(default_factory=list)  # when; height in pixels
    album_changes_s: list[float] = field(default_factory=list)  # when what lies in it changed
    gate_wrote_bytes: int | None = None  # to any file, by its calls; None: not looked at
    gate_sockets: list[str] | None = None  # other than Unix ones; None: not looked at
    stopped: bool = False  # the kit was ended with it
    staged: bool = True  # the camera is simulated: its pictures carry a clock
    skipped: Phrase | str = ""  # why it was not run at all
    overdue_ms: float = 0.0  # the worst delay of the bench's own actions

    def hear(self, one: Said) -> None:
        """Take in a word of the gate, which may come late, at its own time."""
        bisect.insort(self.said, one, key=lambda said: said.at_s)

    def level(self, at_s: float) -> bool:
        """Return the line's level at a time."""
        found = bisect.bisect_right(self.levels, (at_s, True)) - 1
        return found >= 0 and self.levels[found][1]

    def changes(self, high: bool, from_s: float) -> float | None:
        """Return when the line next goes to that level, from that time on."""
        return next((at_s for at_s, to in self.levels if to is high and at_s >= from_s), None)

    def spans(self, high: bool, from_s: float, to_s: float) -> Iterator[tuple[float, float]]:
        """Yield the times between ``from_s`` and ``to_s`` during which the line had that level."""
        edges = [at_s for at_s, _ in self.levels if from_s < at_s < to_s]
        for sooner, later in zip([from_s, *edges], [*edges, to_s], strict=True):
            if self.level(sooner) is high and later > sooner:
                yield sooner, later

    def standing(self, at_s: float) -> Said | None:
        """Return the last word of the gate up to a time."""
        found = bisect.bisect_right([one.at_s for one in self.said], at_s) - 1
        return self.said[found] if found >= 0 else None

    def events(self, event: str, from_s: float = 0.0, to_s: float = float("inf")) -> list[Told]:
        """Return the log events of that name in that time."""
        return [one for one in self.told if one.event == event and from_s <= one.at_s <= to_s]

    def timeline(
        self, from_s: float, to_s: float, language: str | None = None
    ) -> list[tuple[float, Phrase]]:
        """Return all that happened in that time, in order, in words; the line first.

        ``language``: of whoever reads it, as `lang.texts` has it.
        """
        levels = (phrase("line low"), phrase("line high"))
        found = [(at_s, levels[high]) for at_s, high in self.levels]
        found += [(one.at_s, phrase("bench: {what}", what=one.what)) for one in self.done]
        found += [(one.at_s, phrase("gate says {word}", word=one.phrase())) for one in self.news()]
        found += [(one.at_s, one.phrase(language)) for one in self.told if one.event != "gate"]
        within = [one for one in found if from_s <= one[0] <= to_s]
        return sorted(within, key=lambda one: one[0])

    def news(self) -> Iterator[Said]:
        """Yield each word of the gate that differs from the one before."""
        last = None
        for one in self.said:
            now = (one.is_open, one.reason, one.faults)
            if now != last:
                yield one
            last = now


def _brief(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items() if value not in ({}, []))
