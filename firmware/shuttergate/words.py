"""What happened, in words: the one place that says events for the log and for people.

The log's words are English and stay as they are: programs outside read them. People's are in their
own language.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shuttergate import feed
from shuttergate.lang import _
from shuttergate.verdict import Fault, Reason


def log_name(event: feed.Event) -> str:
    """Return what the log calls an event."""
    match event:
        case feed.FaultBegan():
            return f"{event.fault} fault"
        case feed.ChildEnded():
            return f"{event.process} ended"
        case feed.ChildFrozen():
            return f"{event.process} frozen"
        case feed.PublisherLost():
            return f"publisher {event.how}"
        case feed.Switch():
            return "fault injected" if event.on else "fault taken back"
    return str(type(event).__struct_config__.tag)


def log_fields(event: feed.Event) -> dict[str, Any]:
    """Return what the log says of it besides its name, as JSON has it."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    del fields["event"]
    match event:  # these are in the name
        case feed.FaultBegan():
            del fields["fault"]
        case feed.ChildEnded() | feed.ChildFrozen():
            del fields["process"]
        case feed.PublisherLost():
            del fields["how"]
        case feed.Switch():
            del fields["on"]
    return fields


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


def words(item: feed.News) -> str:
    """Return a line for what happened, or "" for what need not be said."""
    match item:
        case feed.Ready():
            camera = {  # its name stays English in the log
                "simulated camera on the built-in room": _("simulated camera on the built-in room")
            }.get(item.camera, item.camera)
            return _("Ready after {s:.1f} s: {camera}").format(s=item.start_s, camera=camera)
        case feed.GateChanged():
            return _gate_words(item)
        case feed.Photo():
            return _("  photo {name}, {ms:.0f} ms after the press").format(
                name=item.name, ms=item.ms
            )
        case feed.Video():
            why = ended_words(item.ended)
            return _("  video {name}, {seconds:.1f} s; ended: {why}").format(
                name=item.name, seconds=item.seconds, why=why
            )
        case feed.NoVideo():
            return _("  no video: {why}").format(why=item.cause)
        case feed.VideoLost():
            why = lost_words(item.reason)
            if item.detail:
                why = f"{why} ({item.detail})"
            return _("  no video: {why}").format(why=why)
        case feed.PressRefused():
            why = _with_faults(reason_words(item.reason), item.faults)
            if item.detail:
                why = f"{why} ({reason_words(item.detail)})"
            return _("  press refused: {why}").format(why=why)
        case feed.ChildFrozen(process="gate"):
            return _("○ CLOSED  the gate process gave no sign; it is ended and starts again")
        case feed.ChildEnded(process="gate" | "publisher"):
            return _("○ CLOSED  a process ended; it starts again")
        case feed.Stderr():
            return f"  {item.process}: {item.line}"
        case feed.FrameBuffers() | feed.AlbumReady() | feed.PublisherLost(how="gone"):
            return ""  # the gate's own line says what they mean
        case feed.Event():
            said = ", ".join(str(value) for value in log_fields(item).values())
            return f"  {log_name(item)}: {said}"
    return ""


def fault_words(fault: Fault) -> str:
    """Return in words what is broken."""
    match fault:  # every one, or mypy finds a way that returns nothing
        case Fault.STARTING:
            return _("it is still starting")
        case Fault.STOPPING:
            return _("it is being switched off")
        case Fault.CAMERA:
            return _("the camera")
        case Fault.MODEL:
            return _("the model")
        case Fault.ACCELERATOR:
            return _("the accelerator")
        case Fault.SELF_TEST | Fault.SECOND_LOOK_SELF_TEST:
            return _("the self-test")
        case Fault.PUBLISHER:
            return _("the process that saves photos")
        case Fault.ALBUM:
            return _("the album")
        case Fault.PERMISSIVE:
            return _("the line that powers the button")
        case Fault.CONTACT:
            return _("the button, which signals without current")
        case Fault.POLES:
            return _("the button, whose two halves disagree")


def _with_faults(why: str, faults: list[Fault]) -> str:
    return f"{why}: {', '.join(map(fault_words, faults))}" if faults else why


def _gate_words(event: feed.GateChanged) -> str:
    if event.state == "OPEN":
        return _("● OPEN    the shutter button is live")
    if {Fault.STARTING, Fault.STOPPING} & set(event.faults):
        return ""  # as it should be: nothing is broken
    why = _with_faults(reason_words(event.reason), event.faults)
    if event.reason in (Reason.NUDITY, Reason.DOUBT):
        why = f"{why} ({score_words(event.scores)})"
    return _("○ CLOSED  {why}").format(why=why)


def score_words(scores: dict[str, float]) -> str:
    """Return the scores by channel."""
    return " ".join(f"{name} {score:.2f}" for name, score in scores.items())
