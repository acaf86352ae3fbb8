"""What the demo says to people: events and reasons in their own language."""

from __future__ import annotations

from typing import Any

from shuttergate import feed
from shuttergate.lang import _
from shuttergate.parent.supervisor import Supervisor

_FOR_THE_LOG = frozenset({"frame buffers", "album ready", "publisher gone"})
"""Events that a person at the demo need not read: the gate's own line says what they mean."""


def reason_words(reason: str) -> str:
    """Return a reason in words for people."""
    return {
        "clear": _("clear"),
        "nudity": _("the model sees what could be nudity"),
        "doubt": _("the model is in doubt"),
        "second look": _("the second look, at full resolution, was not clear"),
        "waiting": _("waiting for enough clear frames in a row"),
        "stale": _("the newest clear frame is too old"),
        "fault": _("something is broken"),
        "held": _("the button was already held; let go first"),
        "busy": _("still busy with the photo before"),
        "no frame": _("no clear frame was near enough to the press"),
        "closed": _("the gate closed before the photo was done"),
    }.get(reason, reason)


def lost_words(reason: str) -> str:
    """Return in words why a recording came to nothing."""
    return {
        "busy": _("still busy with the video before"),
        "no frame": _("too short a time was clear"),
        "slow": _("disk or encoder too slow for video"),
        "no photo": _("the photo of its press was not kept"),
    }.get(reason, reason_words(reason))


def ended_words(ended: str) -> str:
    """Return in words why a video ended."""
    return {
        "released": _("the button was let go"),
        "limit": _("the longest time was reached"),
    }.get(ended, reason_words(ended))


def words(item: feed.News, kit: Supervisor) -> str:
    """Return a line for what happened, or "" for what need not be said."""
    match item:
        case feed.Ready():
            camera = {  # its name stays English in the log
                "simulated camera on the built-in room": _("simulated camera on the built-in room")
            }.get(item.camera, item.camera)
            return _("Ready after {s:.1f} s: {camera}").format(s=kit.start_s, camera=camera)
        case feed.Refused():
            return ""
        case feed.Log(event="gate", fields=fields):
            return _gate_words(fields) if kit.was_ready else ""
        case feed.Log(event="photo", fields=fields):
            return _("  photo {name}, {ms:.0f} ms after the press").format(**fields)
        case feed.Log(event="video", fields=fields):
            why = ended_words(fields["ended"])
            return _("  video {name}, {seconds:.1f} s; ended: {why}").format(**fields, why=why)
        case feed.Log(event="no video", fields=fields):
            return _("  no video: {why}").format(why=fields["cause"])
        case feed.Log(event="video lost", fields=fields):
            why = lost_words(fields["reason"])
            if "detail" in fields:
                why = f"{why} ({fields['detail']})"
            return _("  no video: {why}").format(why=why)
        case feed.Log(event="press refused", fields=fields):
            why = _with_faults(reason_words(fields["reason"]), fields.get("faults", []))
            if "detail" in fields:
                why = f"{why} ({reason_words(fields['detail'])})"
            return _("  press refused: {why}").format(why=why)
        case feed.Log(event="gate frozen", fields=fields):
            return _("○ CLOSED  the gate process gave no sign; it is ended and starts again")
        case feed.Log(event=("gate ended" | "publisher ended")):
            return _("○ CLOSED  a process ended; it starts again")
        case feed.Log(event="stderr", fields=fields):
            return f"  {fields['process']}: {fields['line']}"
        case feed.Log(event=event) if event in _FOR_THE_LOG:
            return ""
        case feed.Log(event=event, fields=fields):
            return f"  {event}: " + ", ".join(str(value) for value in fields.values())
    return ""


def _with_faults(why: str, faults: list[str]) -> str:
    names = {
        "album": _("the album"),
        "camera": _("the camera"),
        "model": _("the model"),
        "publisher": _("the process that saves photos"),
        "self-test": _("the self-test"),
        "second-look self-test": _("the self-test"),
    }
    return f"{why}: {', '.join(names.get(fault, fault) for fault in faults)}" if faults else why


def _gate_words(fields: dict[str, Any]) -> str:
    if fields["state"] == "OPEN":
        return _("● OPEN    the shutter button is live")
    if {"starting", "stopping"} & set(fields["faults"]):
        return ""  # as it should be: nothing is broken
    why = _with_faults(reason_words(fields["reason"]), fields["faults"])
    if fields["reason"] in ("nudity", "doubt"):
        why = f"{why} ({score_words(fields['scores'])})"
    return _("○ CLOSED  {why}").format(why=why)


def score_words(scores: dict[str, float]) -> str:
    """Return the scores by channel."""
    return " ".join(f"{name} {score:.2f}" for name, score in scores.items())
