"""What must hold in every run, whatever its script: the four promises as far as a bench sees."""

from __future__ import annotations

import functools
import socket
from pathlib import Path

import msgspec

from shuttergate.bench.scenario.expectation import AROUND_S, SO_IT_WAS, Finding
from shuttergate.bench.scenario.expectations import EVENTS
from shuttergate.bench.scenario.record import Record, Said
from shuttergate.capture.album import PHOTO
from shuttergate.errors import Phrase, phrase
from shuttergate.injection import FaultSwitch
from shuttergate.question import Terms

CLOCK_S = 0.02
"""A picture's clock is read some milliseconds before its exposure is dated, and what the gate says
of a press is heard some milliseconds later."""

SEEN_S = 0.025
"""So late at most does a meter see that the line fell."""

SILENT_S = 0.2
"""So old at most is the last word of a gate process that is heard no more."""

STDERR_BYTES = 16 * 1024
"""So much a camera's driver may have to say; a kit of simulated parts wrote 56 bytes."""


def findings(record: Record, frame_s: float, slow: float = 1.0) -> list[Finding]:
    """Judge what no scenario has to ask for.

    ``frame_s`` is the camera's frame interval; ``slow``: how many times slower a machine is.
    """
    shorted = _broken(record, FaultSwitch.LINE_SHORTED)
    return [
        *([_ends_low(record)] if record.stopped else []),
        *([] if shorted else [_open_while_high(record, slow)]),  # no software can lower such a line
        _one_outcome(record),
        _whole(record),
        _announced(record),
        *([_of_the_press(record, frame_s, slow)] if record.staged else []),
        *([] if record.gate_wrote_bytes is None else [_gate_writes_nothing(record)]),
        *([] if record.gate_sockets is None else [_gate_has_no_network(record)]),
        _log_names_nobody(record),
    ]


def _broken(record: Record, *switches: FaultSwitch) -> bool:
    """Whether the script broke, or mended, one of these."""
    return any(str(one.what.blanks.get("fault", "")) in switches for one in record.done)


def _ends_low(record: Record) -> Finding:
    is_high = record.level(record.ended_s)
    to_s = record.ended_s
    must = phrase("1: the line is low when the kit has ended")
    was = phrase("high") if is_high else phrase("low")
    return Finding(must, not is_high, was, to_s - 1, to_s)


def _open_while_high(record: Record, slow: float) -> Finding:
    """From the gate's first word of CLOSED until its next opening the line stays low.

    Line and words are dated where they come from, however late they are heard: CLOSED when the line
    had fallen, an opening before it rose.
    """
    must = phrase("1: the line is never high while the gate says CLOSED")
    news = list(record.news())
    questions = [one.at_s for one in record.events("asked")]
    began_s: float | None = None
    for one in [*news, Said(record.ended_s, None)]:
        if one.is_open is False:
            began_s = one.at_s if began_s is None else began_s
            continue
        if began_s is not None:
            until_s = one.at_s - SILENT_S * slow if one.is_open is None else one.opened_s
            until_s = one.at_s if until_s is None else until_s
            for from_s, to_s in record.spans(True, began_s + SEEN_S * slow, until_s):
                if _is_for_a_yes(from_s, to_s, questions, slow):
                    continue
                was = phrase(
                    "it was high from {from_s:.3f} to {to_s:.3f} s", from_s=from_s, to_s=to_s
                )
                return Finding(must, False, was, from_s - AROUND_S, to_s + AROUND_S)
        began_s = None
    return Finding(must, True, SO_IT_WAS)


def _is_for_a_yes(from_s: float, to_s: float, questions: list[float], slow: float) -> bool:
    """Whether the button may have had current for a yes: once a question, in time, and shortly."""
    terms, late_s = Terms(), SEEN_S * slow
    asked = [at_s for at_s in questions if at_s - late_s <= from_s - terms.hold_s]
    if not asked or to_s - from_s > terms.lent_s + late_s:
        return False
    questions[:] = [at_s for at_s in questions if at_s > asked[-1]]
    return from_s - asked[-1] <= terms.answer_s * slow + late_s


def _whole(record: Record) -> Finding:
    must = phrase("3: every file in the album is whole, and says nothing but the picture")
    for one in record.pictures:
        if one.trouble:
            was = phrase("{file}: {trouble}", file=one.name, trouble=one.trouble)
            return Finding(must, False, was, 0.0, record.ended_s)
    return Finding(must, True, SO_IT_WAS)


def _announced(record: Record) -> Finding:
    told = {str(one.fields["name"]) for one in record.told if one.event in ("photo", "video")}
    there = {one.name for one in record.pictures}
    strange, lost = sorted(there - told), sorted(told - there)
    was = [phrase("{file} was never told of", file=name) for name in strange]
    was += [phrase("{file} is not there", file=name) for name in lost]
    return Finding(
        phrase("3: the album holds what the log tells of, and nothing else"),
        not was,
        functools.reduce(lambda one, more: phrase("{one}; {more}", one=one, more=more), was)
        if was
        else SO_IT_WAS,
        0.0,
        record.ended_s,
    )


def _of_the_press(record: Record, frame_s: float, slow: float) -> Finding:
    """A photo's own clock: its frame is at most one interval away from the press that was felt."""
    must = phrase("2: each photo is of its press, by the clock in the picture")
    # These press by themselves.
    by_itself = _broken(record, FaultSwitch.BUTTON_WELDED, FaultSwitch.CONTACT_SHORTED)
    pressed = {one.file: one for one in record.presses if one.file}
    for one in record.pictures:
        if one.trouble or not one.name.endswith(PHOTO):
            continue
        press = pressed.get(one.name)
        if press is None and by_itself:
            continue
        if press is None:
            was = phrase("{file} is of no press", file=one.name)
            return Finding(must, False, was, 0.0, record.ended_s)
        if one.exposed_s is None:
            was = phrase("{file} has no clock", file=one.name)
            return Finding(must, False, was, 0.0, record.ended_s)
        off_s = one.exposed_s - press.felt_s
        if not abs(off_s) <= frame_s + CLOCK_S * slow:
            was = phrase(
                "{file} was exposed {ms:.0f} ms from when its press was felt",
                file=one.name,
                ms=off_s * 1000,
            )
            return Finding(must, False, was, press.at_s - AROUND_S, press.at_s + AROUND_S)
    return Finding(must, True, SO_IT_WAS)


def _one_outcome(record: Record) -> Finding:
    must = phrase("1: a press comes to one thing: a photo, a refusal or a question")
    for one in record.presses:
        if one.outcomes > 1:
            was = phrase("the press at {at_s:.3f} s came to {n}", at_s=one.at_s, n=one.outcomes)
            return Finding(must, False, was, one.at_s - AROUND_S, one.at_s + AROUND_S)
    return Finding(must, True, SO_IT_WAS)


def _gate_writes_nothing(record: Record) -> Finding:
    wrote = record.gate_wrote_bytes or 0
    return Finding(
        phrase("3: the gate process writes no picture to any file"),
        wrote <= STDERR_BYTES,
        phrase("{n} bytes by the kernel's count", n=wrote),
        0.0,
        record.ended_s,
    )


def _gate_has_no_network(record: Record) -> Finding:
    return Finding(
        phrase("4: the gate process has no socket but to its own kit"),
        not record.gate_sockets,
        Phrase(", ".join(record.gate_sockets)) if record.gate_sockets else SO_IT_WAS,
        0.0,
        record.ended_s,
    )


LONGEST_CHARS = 2000
"""A log event that is longer may hold more than words."""


def _log_names_nobody(record: Record) -> Finding:
    must = phrase("4: the log tells no name of a computer or a person, and holds no picture")
    names = {str(Path.home()), _text("/etc/machine-id")} - {"", "/"}
    if not _is_our_word(socket.gethostname()):
        names.add(socket.gethostname())
    for one in record.told:
        said = msgspec.json.encode(one.fields).decode()
        told = [name for name in names if len(name) > 3 and name in said]
        if told or len(said) > LONGEST_CHARS:
            length = phrase("{n} characters", n=len(said))
            what = Phrase(", ".join(told)) if told else length
            was = phrase("{event} tells {what}", event=repr(one.event), what=what)
            return Finding(must, False, was, one.at_s - AROUND_S, one.at_s + AROUND_S)
    return Finding(must, True, SO_IT_WAS)


def _is_our_word(host: str) -> bool:
    """Whether a computer is called what a log may say anyhow: "shuttergate", or "camera"."""
    return host.lower() in " ".join(("shuttergate", *EVENTS))


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
