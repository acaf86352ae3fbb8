"""Events in words: the log's names and fields are a contract, and people get words for each."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from shuttergate import feed
from shuttergate.verdict import Fault, Reason
from shuttergate.words import fault_words, log_fields, log_name, words

SCORES = {"consent-clean": 0.1}
LOGGED: list[tuple[feed.Event, str, dict[str, Any]]] = [
    (
        feed.GateChanged("CLOSED", Reason.FAULT, [Fault.CAMERA], SCORES),
        "gate",
        {"state": "CLOSED", "reason": "fault", "faults": ["camera"], "scores": SCORES},
    ),
    (
        feed.Photo("a.jpg", 7, SCORES, 94.2),
        "photo",
        {"name": "a.jpg", "frame": 7, "scores": SCORES, "ms": 94.2},
    ),
    (feed.PressRefused(Reason.NUDITY), "press refused", {"reason": "nudity"}),
    (
        feed.PressRefused(Reason.FAULT, "is full", [Fault.ALBUM]),
        "press refused",
        {"reason": "fault", "detail": "is full", "faults": ["album"]},
    ),
    (
        feed.Video("a.mp4", "released", 60, 2.0, 498.0),
        "video",
        {"name": "a.mp4", "ended": "released", "frames": 60, "seconds": 2.0, "ms": 498.0},
    ),
    (feed.VideoLost(Reason.NO_PHOTO), "video lost", {"reason": "no photo"}),
    (feed.NoVideo("no PyAV"), "no video", {"cause": "no PyAV"}),
    (feed.FaultBegan(Fault.SELF_TEST, "0.3"), "self-test fault", {"error": "0.3"}),
    (feed.CameraWorks("a camera"), "camera works again", {"camera": "a camera"}),
    (feed.AlbumReady(), "album ready", {}),
    (feed.PublisherLost("gone"), "publisher gone", {}),
    (
        feed.AcceleratorChanged("hung", "no answer"),
        "accelerator",
        {"state": "hung", "cause": "no answer"},
    ),
    (feed.FrameBuffers(56, True), "frame buffers", {"megabytes": 56, "locked": True}),
    (feed.PictureSkipped("no picture"), "picture skipped", {"cause": "no picture"}),
    (feed.Switch("disk full", True), "fault injected", {"fault": "disk full"}),
    (feed.Switch("disk full", False), "fault taken back", {"fault": "disk full"}),
    (feed.SwitchRefused("x", "no such"), "fault refused", {"fault": "x", "cause": "no such"}),
    (feed.ThreadDied("warden", "E()"), "thread died", {"thread": "warden", "error": "E()"}),
    (feed.Stderr("gate", "words"), "stderr", {"process": "gate", "line": "words"}),
    (
        feed.ChildEnded("publisher", "SIGKILL", 0.1),
        "publisher ended",
        {"how": "SIGKILL", "restart_s": 0.1},
    ),
    (feed.ChildFrozen("gate", 2.0), "gate frozen", {"silent_s": 2.0}),
    (feed.Nonsense("truncated"), "gate talks nonsense", {"error": "truncated"}),
]
FOR_THE_LOG_ALONE = {feed.FrameBuffers, feed.AlbumReady, feed.PublisherLost}


def test_each_event_stands_in_the_table() -> None:
    assert {type(event) for event, _, _ in LOGGED} == set(get_args(feed.AnyEvent))


def test_each_event_can_be_heard() -> None:
    # One that is in no union is sent, and taken for nonsense by who hears it.
    assert set(feed.Event.__subclasses__()) == set(get_args(feed.AnyEvent))
    ours, theirs = feed.pair()
    with ours, theirs:
        for event, _, _ in LOGGED:
            feed.Link(ours).send(event)
            assert feed.Leash(theirs).receive() == event


@pytest.mark.parametrize(("event", "name", "fields"), LOGGED)
def test_the_log_says_it_so(event: feed.Event, name: str, fields: dict[str, Any]) -> None:
    assert (log_name(event), log_fields(event)) == (name, fields)


@pytest.mark.parametrize("event", [event for event, _, _ in LOGGED], ids=lambda one: log_name(one))
def test_people_get_words_unless_the_gates_own_say_it(event: feed.AnyEvent) -> None:
    assert bool(words(event)) is (type(event) not in FOR_THE_LOG_ALONE)


@pytest.mark.parametrize("fault", Fault)
def test_people_get_words_for_whatever_is_broken(fault: Fault) -> None:
    assert fault_words(fault)
    said = words(feed.PressRefused(Reason.FAULT, faults=[fault]))
    assert said.endswith(f": {fault_words(fault)}")
