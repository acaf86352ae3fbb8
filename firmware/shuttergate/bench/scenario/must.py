"""What must hold in a run: pure judgements on a `Record`, each with words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from shuttergate.bench.scenario.record import AlbumPicture, PressRecord, Record
from shuttergate.capture.album import PHOTO, VIDEO
from shuttergate.system.toml import Table
from shuttergate.verdict import Reason

Seconds = Annotated[float, Meta(ge=0, le=86400)]
Milliseconds = Annotated[float, Meta(ge=0, le=86400e3)]

CLOSED = (
    *(Reason.NUDITY, Reason.DOUBT, Reason.SECOND_LOOK, Reason.WAITING, Reason.STALE),
    Reason.FAULT,
)
"""What the gate says while it is CLOSED."""

EVENTS = (
    *("photo", "press refused", "video", "video lost", "no video", "gate"),
    *("album fault", "album ready", "camera fault", "camera works again", "model fault"),
    *("accelerator", "accelerator fault", "permissive fault", "contact fault", "poles fault"),
    *("fault injected", "fault taken back", "fault refused", "frame buffers", "picture skipped"),
    *("gate ended", "publisher ended", "console ended", "gate frozen", "publisher frozen"),
    *("publisher gone", "publisher silent", "publisher replaced", "thread died", "stderr"),
    *("gate talks nonsense", "accelerator fault", "self-test fault", "second-look self-test fault"),
)
"""What the log of a kit may tell of."""

AROUND_S = 0.5
"""So much before and after is shown of a finding that was not held."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement, whether it held, what was seen, and when to look closer."""

    must: str
    held: bool
    was: str
    from_s: float = 0.0
    to_s: float = 0.0


class _Must(Table, frozen=True, tag_field="what"):
    """One requirement; the subclasses' tags are the words in the file."""

    def wrong(self, presses: int, seconds: float) -> str:
        """Return what is wrong with it in a script of so many presses and seconds, or nothing."""
        for name in ("from_s", "to_s", "at_s", "after_s"):
            if getattr(self, name, 0.0) > seconds:
                return f"{name}: the script ends at {seconds:g} s"
        if getattr(self, "to_s", 1.0) <= getattr(self, "from_s", 0.0):
            return "to_s: must come after from_s"
        return ""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        raise NotImplementedError


class LineLevel(_Must, frozen=True, tag="line"):
    """The permissive line has this level all the time."""

    level: Literal["low", "high"]
    from_s: Seconds
    to_s: Seconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        wrong = list(record.spans(self.level == "low", self.from_s, self.to_s))
        was = "; ".join(
            f"{'HIGH' if self.level == 'low' else 'low'} from {sooner:.3f} to {later:.3f} s"
            for sooner, later in wrong[:3]
        )
        return Finding(
            f"the line is {self.level} from {self.from_s:g} to {self.to_s:g} s",
            not wrong,
            was or "so it was",
            wrong[0][0] - AROUND_S if wrong else self.from_s,
            wrong[0][1] + AROUND_S if wrong else self.to_s,
        )


class Falls(_Must, frozen=True, tag="falls"):
    """The line was high, and falls soon after."""

    after_s: Seconds
    within_ms: Milliseconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return _moves(record, False, self.after_s, 0.0, self.within_ms)


class Rises(_Must, frozen=True, tag="rises"):
    """The line was low, and rises soon after, but not sooner than ``not_before_ms``."""

    after_s: Seconds
    within_ms: Milliseconds
    not_before_ms: Milliseconds = 0.0

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return _moves(record, True, self.after_s, self.not_before_ms, self.within_ms)


def _moves(record: Record, high: bool, after_s: float, least_ms: float, most_ms: float) -> Finding:
    verb, was_verb = ("rises", "rose") if high else ("falls", "fell")
    span = f"{least_ms:g} to {most_ms:g}" if least_ms else f"{most_ms:g}"
    text = f"the line {verb} within {span} ms after {after_s:g} s"
    to_s = after_s + most_ms / 1000 + AROUND_S
    if record.level(after_s) is high:
        was = f"it was {'HIGH' if high else 'low'} already"
        return Finding(text, False, was, after_s - AROUND_S, to_s)
    moved_s = record.changes(high, after_s)
    if moved_s is None:
        return Finding(text, False, f"it never {was_verb}", after_s - AROUND_S, to_s)
    took_ms = (moved_s - after_s) * 1000
    held = least_ms <= took_ms <= most_ms
    was = f"it {was_verb} after {took_ms:.0f} ms"
    return Finding(text, held, was, after_s - AROUND_S, max(to_s, moved_s + AROUND_S))


class Says(_Must, frozen=True, tag="says"):
    """The gate's own words at that time: "open", or the reason, and the faults by name."""

    at_s: Seconds
    reason: str
    faults: list[str] | None = None

    def wrong(self, presses: int, seconds: float) -> str:
        """Return what is wrong with it."""
        if self.reason not in ("open", *CLOSED):
            return f"reason: there is no {self.reason!r}; choose from open, {', '.join(CLOSED)}"
        return super().wrong(presses, seconds)

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        wanted = "OPEN" if self.reason == "open" else f"CLOSED ({self.reason}"
        if self.reason != "open":
            wanted += f": {', '.join(self.faults)})" if self.faults else ")"
        said = record.standing(self.at_s)
        held = said is not None and said.is_open is (self.reason == "open")
        if held and said is not None and not said.is_open:
            named = self.faults is None or sorted(self.faults) == sorted(said.faults)
            held = said.reason == self.reason and named
        return Finding(
            f"at {self.at_s:g} s the gate says {wanted}",
            held,
            str(said) if said is not None else "nothing was said yet",
            self.at_s - AROUND_S,
            self.at_s + AROUND_S,
        )


class OnePress(_Must, frozen=True, tag="press"):
    """A press of the script, by its number from 1, or every one (0), and what becomes of it.

    ``within_ms``: from the press to the durable file. ``scene``: what the photo shows.
    """

    outcome: Literal["taken", "refused", "unfelt"]
    number: Annotated[int, Meta(ge=0)] = 0
    reason: str = ""
    within_ms: Milliseconds | None = None
    scene: str = ""

    def wrong(self, presses: int, seconds: float) -> str:
        """Return what is wrong with it."""
        if self.number > presses or not presses:
            return f"number: the script has {presses} presses"
        if self.reason and self.reason not in list(Reason):
            return f"reason: choose from {', '.join(Reason)}"
        return ""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        name = f"press {self.number}" if self.number else "every press"
        if len(record.presses) < max(1, self.number):
            was = "it was never made"
            return Finding(f"{name} is {self.outcome}", False, was, 0.0, record.ended_s)
        pressed = record.presses if self.number == 0 else [record.presses[self.number - 1]]
        text = f"{name} is {self.outcome}" + (f" for {self.reason}" if self.reason else "")
        text += f" within {self.within_ms:g} ms" if self.within_ms is not None else ""
        text += f" and shows {self.scene}" if self.scene else ""
        pictures = {one.name: one for one in record.pictures}
        wrong = [(one, was) for one in pressed if (was := self._amiss(one, pictures))]
        if not wrong:
            return Finding(text, True, "so it was", 0.0, 0.0)
        one, was = wrong[0]
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        at_s = one.at_s
        return Finding(
            text,
            False,
            f"the press at {at_s:.3f} s {was}{more}",
            at_s - AROUND_S,
            at_s + 3 * AROUND_S,
        )

    def _amiss(self, press: PressRecord, pictures: dict[str, AlbumPicture]) -> str:
        outcome = press.outcome or "unfelt"
        if outcome != self.outcome or (self.reason and press.reason != self.reason):
            return f"was {outcome}" + (f" for {press.reason}" if press.reason else "")
        if self.within_ms is not None and press.took_ms > self.within_ms:
            return f"took {press.took_ms:.0f} ms"
        shown = pictures.get(press.file)
        if self.scene and (shown is None or shown.scene != self.scene):
            return f"shows {shown.scene if shown is not None else 'nothing'}"
        return ""


class _Files(_Must, frozen=True):
    """So many files of a kind lie in the album at the end; each shows ``scene``, by its marks."""

    count: Annotated[int, Meta(ge=0)] | None = None
    least: Annotated[int, Meta(ge=0)] = 0
    scene: str = ""

    def wrong(self, presses: int, seconds: float) -> str:
        """Return what is wrong with it."""
        named = self.count is not None or self.least or self.scene
        return "" if named else "name a count, a least number, a scene, or all of them"

    def _judged(self, record: Record, what: str, suffix: str) -> Finding:
        found = [one for one in record.pictures if one.name.endswith(suffix)]
        others = [one for one in found if self.scene and one.scene != self.scene]
        text = f"{what} in the album"
        text += f": {self.count}" if self.count is not None else ""
        text += f": at least {self.least}" if self.least else ""
        text += f", every one shows {self.scene}" if self.scene else ""
        was = f"{len(found)}" + "".join(f"; {one.name} shows {one.scene}" for one in others[:3])
        enough = len(found) >= self.least and self.count in (None, len(found))
        held = enough and not others
        return Finding(text, held, was, 0.0, record.ended_s)


class PhotoCount(_Files, frozen=True, tag="photos"):
    """So many photos lie in the album at the end."""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return self._judged(record, "photos", PHOTO)


class VideoCount(_Files, frozen=True, tag="videos"):
    """So many videos lie in the album at the end; every frame of each shows ``scene``."""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return self._judged(record, "videos", VIDEO)


class Starts(_Must, frozen=True, tag="starts"):
    """The gate process was started so often."""

    count: Annotated[int, Meta(ge=0)]

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return _counted("starts of the gate process", self.count, record.starts, record)


def _counted(what: str, due: int, found: int, record: Record) -> Finding:
    return Finding(f"{what}: {due}", due == found, f"{found}", 0.0, record.ended_s)


class LogSays(_Must, frozen=True, tag="log"):
    """A log event with these fields comes in that time; ``times``: so often, or at least once."""

    event: str
    fields: dict[str, Any] = {}
    from_s: Seconds = 0.0
    to_s: Seconds | None = None
    times: Annotated[int, Meta(ge=0)] | None = None

    def wrong(self, presses: int, seconds: float) -> str:
        """Return what is wrong with it."""
        if self.event not in EVENTS and not self.event.endswith((" fault", " ended")):
            return f"event: there is no {self.event!r}; choose from {', '.join(EVENTS)}"
        if self.to_s is not None and self.to_s <= self.from_s:
            return "to_s: must come after from_s"
        return ""

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
        often = "" if self.times is None else f" {self.times} times"
        return Finding(
            f"the log says {self.event!r}{f' ({said})' if said else ''}{often} "
            f"from {self.from_s:g} to {to_s:.4g} s",
            held,
            f"{len(found)} times",
            self.from_s,
            to_s,
        )


def _says(found: object, wanted: object) -> bool:
    """Whether a field says it: a text is found within a text."""
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted in found
    return found == wanted


class AlbumUnchanged(_Must, frozen=True, tag="album unchanged"):
    """Nothing appears in the album's folder in that time, under any name."""

    from_s: Seconds
    to_s: Seconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        found = [at_s for at_s in record.album_changes_s if self.from_s <= at_s <= self.to_s]
        return Finding(
            f"the album does not change from {self.from_s:g} to {self.to_s:g} s",
            not found,
            f"it changed at {found[0]:.3f} s" if found else "so it was",
            (found[0] if found else self.from_s) - AROUND_S,
            (found[0] if found else self.to_s) + AROUND_S,
        )


class Refusal(_Must, frozen=True, tag="refuses to start"):
    """The kit refuses to start, and says why in words with this text in them."""

    saying: str = ""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return Finding(
            f"the kit refuses to start{f', saying {self.saying!r}' if self.saying else ''}",
            bool(record.refusal) and self.saying in record.refusal,
            record.refusal or "it started",
            0.0,
            record.ended_s,
        )


class Age(_Must, frozen=True, tag="frame age"):
    """No frame was older than this when it was judged."""

    most_ms: Milliseconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return Finding(
            f"frames are judged within {self.most_ms:g} ms",
            record.oldest_ms <= self.most_ms,
            f"the oldest was {record.oldest_ms:.0f} ms old",
            0.0,
            record.ended_s,
        )


Must = (
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
    | Refusal
    | Age
)
