"""What happened, in words: the one place that says events for the log and for people.

The log's words are English and stay as they are: programs outside read them. People's are the same
on terminal and page, in the language that is asked for; None: the environment's.
"""

from __future__ import annotations

from typing import Any, assert_never

import msgspec

from shuttergate import feed
from shuttergate.errors import Phrase, phrase
from shuttergate.lang import texts
from shuttergate.verdict import Fault, Reason

LANGUAGES = ("en", "ja")
"""What a page can speak."""


Caused = (
    feed.AcceleratorChanged
    | feed.CameraGivenUp
    | feed.FaultBegan
    | feed.NoVideo
    | feed.PictureSkipped
    | feed.PressRefused
    | feed.RuleRefused
    | feed.SwitchRefused
    | feed.Unsigned
    | feed.VideoLost
    | feed.VoiceMute
)


def kind(event: feed.Logged) -> str:
    """Return the tag of an event's struct: what it is, for whoever reacts to it."""
    return str(type(event).__struct_config__.tag)


def log_name(event: feed.AnyEvent) -> str:
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
    return kind(event)


def log_fields(event: feed.AnyEvent) -> dict[str, Any]:
    """Return what the log says of it besides its name, as JSON has it."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    del fields["event"]
    fields.pop("said", None)
    match event:  # these are in the name
        case feed.FaultBegan():
            del fields["fault"]
        case feed.ChildEnded() | feed.ChildFrozen():
            del fields["process"]
        case feed.PublisherLost():
            del fields["how"]
        case feed.Switch():
            del fields["on"]
        case feed.RulesChanged():  # their names say enough
            del fields["live"], fields["look"]
    return fields


def is_notable(event: feed.Logged) -> bool:
    """Say whether it is of the few that somebody looks for: faults, presses and what they gave."""
    match event:
        case feed.GateChanged():
            return bool(event.faults)
        case feed.Photo() | feed.PressRefused() | feed.Video() | feed.VideoLost() | feed.NoVideo():
            return True
        case feed.QuestionPut():
            return True
        case feed.FaultBegan() | feed.Switch() | feed.SwitchRefused() | feed.ThreadDied():
            return True
        case feed.RulesChanged() | feed.RuleRefused():
            return True
        case feed.ChildEnded() | feed.ChildFrozen() | feed.AlbumReady() | feed.Ready():
            return True
        case feed.Unsigned() | feed.VoiceMute():
            return True
        case feed.CameraSlow() | feed.CameraGivenUp() | feed.ClockSet() | feed.ComputerBusy():
            return True
    return False


def _reasons(language: str | None) -> dict[str, str]:
    _ = texts(language)
    return {
        Reason.CLEAR: _("clear"),
        Reason.NUDITY: _("a model sees what could be nudity"),
        Reason.TAUGHT: _("this is something that this kit was taught not to take"),
        Reason.DOUBT: _("a model is not sure"),
        Reason.SECOND_LOOK: _("looked at closely, part by part, the picture was not clear"),
        Reason.WAITING: _("some clear frames in a row, and the shutter works again"),
        Reason.STALE: _("the newest cleared frame is too old to speak for what is there now"),
        Reason.FAULT: _("something is broken, so the shutter is dead"),
        Reason.HELD: _("the button was already held down; let it go first"),
        Reason.BUSY: _("the photo before this one is still in work"),
        Reason.NO_FRAME: _("no cleared frame was near enough to the press"),
        Reason.CLOSED: _("the shutter died before the photo was done"),
        Reason.SLOW: _("the disk or the encoder did not keep up"),
        Reason.NO_PHOTO: _("the photo of its press was not kept"),
    }


def _losses(language: str | None) -> dict[str, str]:
    _ = texts(language)
    return _reasons(language) | {
        Reason.BUSY: _("the one before it is still being saved"),
        Reason.NO_FRAME: _("too short a time was clear"),
        Reason.FAULT: _("something broke while it was made"),
    }


def _faults(language: str | None) -> dict[str, str]:
    _ = texts(language)
    return {
        Fault.STARTING: _("it is still starting"),
        Fault.STOPPING: _("it is being switched off"),
        Fault.CAMERA: _("the camera gives no pictures"),
        Fault.MODEL: _("a model gives no answer"),
        Fault.ACCELERATOR: _("the accelerator gives no answer"),
        Fault.SELF_TEST: _("a model fails its self-test"),
        Fault.SECOND_LOOK_SELF_TEST: _("a model of the second look fails its self-test"),
        Fault.PUBLISHER: _("the process that saves photos is gone"),
        Fault.ALBUM: _("the album cannot keep a photo"),
        Fault.PERMISSIVE: _("the line that powers the button is not as it was set"),
        Fault.CONTACT: _("the button signals without current"),
        Fault.POLES: _("the button’s two halves disagree"),
    }


def _switches(language: str | None) -> dict[str, str]:
    """Those that a page offers; see `injection.offered`."""
    _ = texts(language)
    return {
        "camera stalled": _("stall the camera"),
        "accelerator unplugged": _("unplug what the models run on"),
        "model corrupted": _("corrupt a model"),
        "disk full": _("fill the disk"),
    }


def _harmless(language: str | None) -> dict[str, str]:
    """What the harmless pictures show that a taught rule is tried on, by the word in their list."""
    _ = texts(language)
    return {
        "animal": _("animal"),
        "crowd": _("crowd"),
        "drawn crowd": _("drawn crowd"),
        "drawn face": _("drawn face"),
        "drawn foot": _("drawn foot"),
        "drawn hand": _("drawn hand"),
        "drawn person": _("drawn person"),
        "food": _("food"),
        "hand": _("hand"),
        "landscape": _("landscape"),
        "object": _("object"),
        "person": _("person"),
        "plain colour": _("plain colour"),
        "plant": _("plant"),
        "room": _("room"),
        "texture": _("texture"),
    }


def clauses(language: str | None = None) -> dict[str, str]:
    """Return all that a page says by name.

    ``reason.…``, ``lost.…``, ``fault.…``, ``inject.…``, ``accelerator.…``, ``harmless.…``.
    """
    named = {
        "reason": _reasons(language),
        "lost": _losses(language),
        "fault": _faults(language),
        "inject": _switches(language),
        "accelerator": _accelerator_states(language),
        "harmless": _harmless(language),
    }
    return {f"{what}.{name}": text for what, own in named.items() for name, text in own.items()}


def harmless_words(what: str, language: str | None = None) -> str:
    """Return what a harmless picture shows, in words for people."""
    return _harmless(language).get(what, what)


def reason_words(reason: str, language: str | None = None) -> str:
    """Return a reason in words for people."""
    return _reasons(language).get(reason, reason)


def lost_words(reason: str, language: str | None = None) -> str:
    """Return in words why a recording came to nothing."""
    return _losses(language).get(reason, reason)


def camera_words(name: str) -> Phrase:
    """Return a camera's name, which stays English in the log, for people."""
    device = name.removeprefix("webcam ")
    if device != name:
        return phrase("webcam {device}", device=device)
    scene = name.removeprefix("simulated camera on ")
    if scene == name:
        return Phrase(name)
    if scene == "the built-in room":
        return phrase("simulated camera on the built-in room")
    stage = scene.removeprefix("the stage ")
    if stage != scene:
        return phrase("simulated camera on the stage {file}", file=stage)
    return phrase("simulated camera on {scene}", scene=scene)


def words(item: feed.News, language: str | None = None) -> str:
    """Return a clause for what happened, or "" for what need not be said."""
    _ = texts(language)
    match item:
        case feed.Ready():
            camera = camera_words(item.camera).told(language)
            return _("ready after {s:.1f} s: {camera}").format(s=item.start_s, camera=camera)
        case feed.GateChanged():
            return _gate_words(item, language)
        case feed.QuestionPut():
            said = _(
                "are you sure? Let it be, and nothing is taken; to take this one photo, let go, "
                "then hold the shutter for {hold:g} s, within {answer:g} s"
            )
            return said.format(hold=item.hold_s, answer=item.answer_s)
        case feed.Photo():
            return _("photo saved, {ms:.0f} ms after the press").format(ms=item.ms)
        case feed.Video():
            return _video_words(item, language)
        case feed.NoVideo():
            return _("no press can become a video: {why}").format(
                why=_cause(item, item.cause, language)
            )
        case feed.Unsigned():
            return _("kept without a credential: {why}").format(
                why=_cause(item, item.cause, language)
            )
        case feed.VideoLost():
            detail = _cause(item, item.detail, language)
            why = _more(lost_words(item.reason, language), detail, language)
            return _("no video: {why}").format(why=why)
        case feed.PressRefused():
            why = _with_faults(item.reason, item.faults, language)
            detail = _cause(item, reason_words(item.detail, language), language)
            why = _more(why, detail, language)
            return _("press refused: {why}").format(why=why)
        case feed.FaultBegan():
            why = _cause(item, item.error, language)
            return _more(_faults(language)[item.fault], why, language)
        case feed.CameraWorks():
            camera = camera_words(item.camera).told(language)
            return _("the camera works again: {camera}").format(camera=camera)
        case feed.CameraSlow():
            said = _(
                "the camera is too slow for the gate: {age} ms from a frame to the next "
                "one’s verdict, where {limit} ms are allowed"
            )
            return said.format(age=item.age_ms, limit=item.max_age_ms)
        case feed.ComputerBusy():
            said = _(
                "this computer is too busy: {n} times in {s} s the shutter died because a verdict "
                "came too late; close other programs"
            )
            return said.format(n=item.closings, s=round(item.within_s))
        case feed.CameraGivenUp():
            return _("another process tries to get the camera ({why})").format(
                why=_cause(item, item.error, language)
            )
        case feed.ClockSet():
            said = (
                _("the clock was put on by {s} s: photos are dated by it")
                if item.by_s > 0
                else _("the clock was put back by {s} s: photos are dated by it")
            )
            return said.format(s=f"{abs(item.by_s):.0f}")
        case feed.PublisherLost(how="silent"):
            return _("the process that saves photos gives no sign")
        case feed.PublisherLost(how="replaced"):
            return _("another process saves photos now")
        case feed.AcceleratorChanged():
            state = _accelerator_states(language).get(item.state, item.state)
            return _more(state, _cause(item, item.cause, language), language)
        case feed.PictureSkipped():
            return _("a picture cannot be shown: {why}").format(
                why=_cause(item, item.cause, language)
            )
        case feed.Switch():
            said = _("broken on purpose: {fault}") if item.on else _("mended again: {fault}")
            return said.format(fault=_switches(language).get(item.fault, item.fault))
        case feed.SwitchRefused():
            fault = _switches(language).get(item.fault, item.fault)
            why = _cause(item, item.cause, language)
            return _more(_("switch refused: {fault}").format(fault=fault), why, language)
        case feed.RulesChanged():
            if not item.taught:
                return _("no taught rule is in force any more")
            said = _("in force: this camera does not take {names}")
            return said.format(names=_(", ").join(item.taught))
        case feed.RuleRefused():
            why = _cause(item, item.cause, language)
            return _("the rule {name} is not in force: {why}").format(name=item.name, why=why)
        case feed.ThreadDied():
            return _("a part of the gate process died: {why}").format(
                why=_more(item.thread, item.error, language)
            )
        case feed.ChildEnded():
            process = _processes(language).get(item.process, item.process)
            return _("{process} ended; it starts again").format(process=process)
        case feed.ChildFrozen():
            process = _processes(language).get(item.process, item.process)
            said = _("{process} gave no sign; it is ended and starts again")
            return said.format(process=process)
        case feed.VoiceMute():
            why = _cause(item, item.cause, language)
            return _("the voice cannot be heard: {why}").format(why=why)
        case feed.Stderr():
            return f"{item.process}: {item.line}"
        case feed.Nonsense():
            return _("the gate process talks nonsense: {why}").format(why=item.error)
        case feed.FrameBuffers() | feed.AlbumReady() | feed.PublisherLost():
            return ""  # the gate's own line says what they mean
        case feed.Refused():
            return ""  # the command's last word says it
        case feed.Status() | feed.StartStep() | feed.Level() | feed.PublisherSilent():
            return ""  # no event
        case feed.ExampleTaken() | feed.ExampleRefused():
            return ""  # for whoever asked
    assert_never(item)


def log_words(item: feed.Logged, language: str | None = None) -> str:
    """Return a clause for a line of the log: also for what `words` has no need to say."""
    _ = texts(language)
    if said := words(item, language):
        return said
    match item:
        case feed.GateChanged():
            return _with_faults(item.reason, item.faults, language)
        case feed.FrameBuffers():
            return _("memory taken for frames: {n} MB").format(n=item.megabytes)
        case feed.AlbumReady():
            return _("the album can be written to")
        case feed.PublisherLost():
            return _("the process that saves photos is gone")
        case feed.Refused():
            return _("the kit did not start: {cause}").format(cause=item.words.told(language))
    return log_name(item) if isinstance(item, feed.Event) else kind(item)


def _gate_words(event: feed.GateChanged, language: str | None) -> str:
    _ = texts(language)
    if event.state == "OPEN":
        return _("the shutter button is live")
    if _passing(event.faults, language):
        return ""  # as it should be: nothing is broken
    why = _with_faults(event.reason, event.faults, language)
    is_seen = event.reason in (Reason.NUDITY, Reason.TAUGHT, Reason.DOUBT)
    return _more(why, score_words(event.scores) if is_seen else "", language)


def _passing(faults: list[Fault], language: str | None) -> str:
    """Return that the kit starts or ends, and what is amiss meanwhile; "" at any other time.

    A kit that starts has no publisher yet: that is no fault that anybody should hear of.
    """
    named = _faults(language)
    for fault, usual in ((Fault.STOPPING, ()), (Fault.STARTING, (Fault.PUBLISHER,))):
        if fault in faults:
            others = [one for one in faults if one not in (fault, *usual)]
            said = texts(language)("; ").join(named[one] for one in others)
            return _more(named[fault], said, language)
    return ""


def _video_words(event: feed.Video, language: str | None) -> str:
    """Say also why it ended, where nobody let go."""
    _ = texts(language)
    seconds = f"{event.seconds:.1f}" if event.seconds < 10 else f"{event.seconds:.0f}"
    match event.ended:
        case "released":
            said = _("video saved: {s} s")
        case "limit":
            said = _("video saved: {s} s; no video may be longer")
        case Reason.TAUGHT:
            said = _("video saved up to what it was taught not to take: {s} s")
        case Reason.NUDITY | Reason.DOUBT | Reason.SECOND_LOOK:
            said = _("video saved up to the moment before the camera had doubts: {s} s")
        case _other:
            said = _("video saved up to the moment before the shutter died: {s} s")
    return said.format(s=seconds)


def _accelerator_states(language: str | None) -> dict[str, str]:
    _ = texts(language)
    return {
        "starting": _("the accelerator is starting"),
        "working": _("the accelerator works"),
        "absent": _("there is no accelerator"),
        "unfit": _("the accelerator’s library does not fit"),
        "failed": _("the accelerator gives errors instead of answers"),
        "hung": _("the accelerator gives no answer"),
        "died": _("the accelerator’s process ended"),
    }


def _processes(language: str | None) -> dict[str, str]:
    _ = texts(language)
    return {
        "gate": _("the process that decides"),
        "publisher": _("the process that saves photos"),
        "console": _("the page’s server"),
        "voice": _("the process that speaks"),
    }


def _with_faults(reason: Reason, faults: list[Fault], language: str | None) -> str:
    _ = texts(language)
    if passing := _passing(faults, language):
        return passing
    why, named = reason_words(reason, language), _faults(language)
    said = _("; ").join(named[fault] for fault in faults)
    return _("{why}: {faults}").format(why=why, faults=said) if said else why


def _cause(event: Caused, english: str, language: str | None) -> str:
    return event.said.told(language) if event.said else english


def _more(words: str, detail: str, language: str | None) -> str:
    _ = texts(language)
    return _("{words} ({detail})").format(words=words, detail=detail) if detail else words


def score_words(scores: dict[str, float]) -> str:
    """Return the scores by channel."""
    return " ".join(f"{name} {score:.2f}" for name, score in scores.items())
