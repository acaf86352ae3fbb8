"""All that a script may expect: pure judgements on a `Record`, each with words for people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from shuttergate.bench.scenario.album_expectations import AlbumUnchanged, PhotoCount, VideoCount
from shuttergate.bench.scenario.expectation import (
    AROUND_S,
    SO_IT_WAS,
    Expectation,
    Finding,
    Milliseconds,
    Seconds,
)
from shuttergate.bench.scenario.line_expectations import Falls, LineLevel, Rises
from shuttergate.bench.scenario.names import REASONS, SCENES, named
from shuttergate.bench.scenario.page_expectations import PagePictures
from shuttergate.bench.scenario.record import AlbumPicture, PressRecord, Record, Said
from shuttergate.errors import Phrase, listed, phrase
from shuttergate.verdict import Reason

CLOSED = (
    *(Reason.NUDITY, Reason.TAUGHT, Reason.DOUBT, Reason.SECOND_LOOK, Reason.WAITING),
    *(Reason.STALE, Reason.FAULT),
)
"""What the gate says while it is CLOSED."""

EVENTS = (
    *("photo", "press refused", "asked", "video", "video lost", "no video", "unsigned", "gate"),
    *("album fault", "album ready", "camera fault", "camera works again", "model fault"),
    *("camera slow", "computer busy", "camera given up", "clock set"),
    *("accelerator", "accelerator fault", "permissive fault", "contact fault", "poles fault"),
    *("fault injected", "fault taken back", "fault refused", "frame buffers", "picture skipped"),
    *("gate ended", "publisher ended", "console ended", "gate frozen", "publisher frozen"),
    *("publisher gone", "publisher silent", "publisher replaced", "thread died", "stderr"),
    *("gate talks nonsense", "accelerator fault", "self-test fault", "second-look self-test fault"),
)
"""What the log of a kit may tell of."""


class Says(Expectation, frozen=True, tag="says"):
    """The gate's own words at that time: "open", or the reason, and the faults by name."""

    at_s: Seconds
    reason: str
    faults: list[str] | None = None

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it."""
        if self.reason not in ("open", *CLOSED):
            return phrase(
                "reason: there is no {reason!r}; choose from {known}",
                reason=self.reason,
                known=listed(("open", *CLOSED)),
            )
        return super().wrong(presses, seconds)

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        is_open = self.reason == "open"
        wanted = Said(self.at_s, is_open, self.reason, tuple(self.faults or ()))
        said = record.standing(self.at_s)
        held = said is not None and said.is_open is is_open
        if held and said is not None and not said.is_open:
            named = self.faults is None or sorted(self.faults) == sorted(said.faults)
            held = said.reason == self.reason and named
        return Finding(
            phrase("at {at_s:g} s the gate says {word}", at_s=self.at_s, word=wanted.phrase()),
            held,
            said.phrase() if said is not None else phrase("nothing was said yet"),
            self.at_s - AROUND_S,
            self.at_s + AROUND_S,
        )


class OnePress(Expectation, frozen=True, tag="press"):
    """A press of the script, by its number from 1, or every one (0), and what becomes of it.

    ``within_ms``: from the press to the durable file. ``scene``: what the photo shows.
    """

    outcome: Literal["taken", "refused", "asked", "unfelt"]
    number: Annotated[int, Meta(ge=0)] = 0
    reason: str = ""
    within_ms: Milliseconds | None = None
    scene: str = ""

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it."""
        if self.number > presses or not presses:
            return phrase("number: the script has {presses} presses", presses=presses)
        if self.reason and self.reason not in list(Reason):
            return phrase("reason: choose from {known}", known=listed(Reason))
        return None

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        outcome = _outcome(self.outcome)
        text = (
            phrase("press {n} is {outcome}", n=self.number, outcome=outcome)
            if self.number
            else phrase("every press is {outcome}", outcome=outcome)
        )
        if len(record.presses) < max(1, self.number):
            return Finding(text, False, phrase("it was never made"), 0.0, record.ended_s)
        pressed = record.presses if self.number == 0 else [record.presses[self.number - 1]]
        if self.reason:
            text = phrase("{text} for {reason}", text=text, reason=named(REASONS, self.reason))
        if self.within_ms is not None:
            text = phrase("{text} within {ms:g} ms", text=text, ms=self.within_ms)
        if self.scene:
            text = phrase("{text} and shows {scene}", text=text, scene=named(SCENES, self.scene))
        pictures = {one.name: one for one in record.pictures}
        wrong = [(one, was) for one in pressed if (was := self._amiss(one, pictures))]
        if not wrong:
            return Finding(text, True, SO_IT_WAS, 0.0, 0.0)
        one, was = wrong[0]
        at_s = one.at_s
        was = phrase("the press at {at_s:.3f} s {was}", at_s=at_s, was=was)
        if len(wrong) > 1:
            was = phrase("{was}, and {n} more", was=was, n=len(wrong) - 1)
        return Finding(text, False, was, at_s - AROUND_S, at_s + 3 * AROUND_S)

    def _amiss(self, press: PressRecord, pictures: dict[str, AlbumPicture]) -> Phrase | None:
        outcome = press.outcome or "unfelt"
        if outcome != self.outcome or (self.reason and press.reason != self.reason):
            was = phrase("was {outcome}", outcome=_outcome(outcome))
            if press.reason:
                was = phrase("{text} for {reason}", text=was, reason=named(REASONS, press.reason))
            return was
        if self.within_ms is not None and press.took_ms > self.within_ms:
            return phrase("took {ms:.0f} ms", ms=press.took_ms)
        shown = pictures.get(press.file)
        if shown is None and self.scene:
            return phrase("shows nothing")
        if shown is not None and self.scene and shown.scene != self.scene:
            return phrase("gave a photo of {scene}", scene=named(SCENES, shown.scene))
        return None


def _outcome(name: str) -> Phrase:
    return {
        "taken": phrase("taken"),
        "refused": phrase("refused"),
        "asked": phrase("asked about"),
        "unfelt": phrase("unfelt"),
    }[name]


class Starts(Expectation, frozen=True, tag="starts"):
    """The gate process was started so often."""

    count: Annotated[int, Meta(ge=0)]

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return Finding(
            phrase("starts of the gate process: {n}", n=self.count),
            self.count == record.starts,
            phrase("{n}", n=record.starts),
            0.0,
            record.ended_s,
        )


class LogSays(Expectation, frozen=True, tag="log"):
    """A log event with these fields comes in that time; ``times``: so often, or at least once."""

    event: str
    fields: dict[str, Any] = {}
    from_s: Seconds = 0.0
    to_s: Seconds | None = None
    times: Annotated[int, Meta(ge=0)] | None = None

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it."""
        if self.event not in EVENTS and not self.event.endswith((" fault", " ended")):
            return phrase(
                "event: there is no {event!r}; choose from {known}",
                event=self.event,
                known=listed(EVENTS),
            )
        if self.to_s is not None and self.to_s <= self.from_s:
            return phrase("to_s: must come after from_s")
        return None

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        to_s = record.ended_s if self.to_s is None else self.to_s
        found = [
            one
            for one in record.events(self.event, self.from_s, to_s)
            if all(_says(one.fields.get(name), value) for name, value in self.fields.items())
        ]
        held = bool(found) if self.times is None else len(found) == self.times
        said = ", ".join(f"{name} {value}" for name, value in self.fields.items())
        event: Phrase | str = repr(self.event)
        if said:
            event = phrase("{words} ({detail})", words=event, detail=said)
        must = (
            phrase(
                "the log says {event} from {from_s:g} to {to_s:.4g} s",
                event=event,
                from_s=self.from_s,
                to_s=to_s,
            )
            if self.times is None
            else phrase(
                "the log says {event} {n} times from {from_s:g} to {to_s:.4g} s",
                event=event,
                n=self.times,
                from_s=self.from_s,
                to_s=to_s,
            )
        )
        return Finding(must, held, phrase("{n} times", n=len(found)), self.from_s, to_s)


def _says(found: object, wanted: object) -> bool:
    """Whether a field says it: a text is found within a text."""
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted in found
    return found == wanted


class Refusal(Expectation, frozen=True, tag="refuses to start"):
    """The kit refuses to start, and says why in words with this text in them."""

    saying: str = ""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        must = phrase("the kit refuses to start")
        if self.saying:
            must = phrase("{must}, saying {words}", must=must, words=repr(self.saying))
        return Finding(
            must,
            bool(record.refusal) and self.saying in record.refusal,
            Phrase(record.refusal) if record.refusal else phrase("it started"),
            0.0,
            record.ended_s,
        )


class Age(Expectation, frozen=True, tag="frame age"):
    """No frame was older than this when it was judged."""

    most_ms: Milliseconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return Finding(
            phrase("frames are judged within {ms:g} ms", ms=self.most_ms),
            record.oldest_ms <= self.most_ms,
            phrase("the oldest was {ms:.0f} ms old", ms=record.oldest_ms),
            0.0,
            record.ended_s,
        )


AnyExpectation = (
    LineLevel
    | Falls
    | Rises
    | Says
    | OnePress
    | PhotoCount
    | VideoCount
    | Starts
    | LogSays
    | AlbumUnchanged
    | PagePictures
    | Refusal
    | Age
)
