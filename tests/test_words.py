"""Events in words: the log's names and fields are a contract, and people get words for each."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest

from shuttergate import feed, injection
from shuttergate.board import board_names, read_board
from shuttergate.capture.video import LIMIT, RELEASED
from shuttergate.errors import PackError, phrase
from shuttergate.parent import log
from shuttergate.parent.log import line_of
from shuttergate.verdict import Fault, Reason, Rule
from shuttergate.vision.accelerator import AcceleratorState
from shuttergate.words import (
    LANGUAGES,
    camera_words,
    clauses,
    harmless_words,
    is_notable,
    kind,
    log_fields,
    log_name,
    log_words,
    lost_words,
    reason_words,
    words,
)
from support.places import ROOT

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
    (feed.QuestionPut(10.0, 3.0), "asked", {"answer_s": 10.0, "hold_s": 3.0}),
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
    (feed.Unsigned("a.jpg", "is cut"), "unsigned", {"name": "a.jpg", "cause": "is cut"}),
    (feed.FaultBegan(Fault.SELF_TEST, "0.3"), "self-test fault", {"error": "0.3"}),
    (feed.CameraWorks("a camera"), "camera works again", {"camera": "a camera"}),
    (
        feed.CameraSlow("a camera", 280, 250),
        "camera slow",
        {"camera": "a camera", "age_ms": 280, "max_age_ms": 250},
    ),
    (feed.ComputerBusy(3, 60.0), "computer busy", {"closings": 3, "within_s": 60.0}),
    (
        feed.CameraGivenUp("it is busy", 20.1),
        "camera given up",
        {"error": "it is busy", "tried_s": 20.1},
    ),
    (feed.ClockSet(-61.0), "clock set", {"by_s": -61.0}),
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
    (feed.RulesChanged(Rule({}), Rule({}), ["star"]), "rules changed", {"taught": ["star"]}),
    (feed.RuleRefused("star", "no"), "rule refused", {"name": "star", "cause": "no"}),
    (feed.ThreadDied("warden", "E()"), "thread died", {"thread": "warden", "error": "E()"}),
    (feed.VoiceMute("no device"), "voice mute", {"cause": "no device"}),
    (feed.Stderr("gate", "words"), "stderr", {"process": "gate", "line": "words"}),
    (
        feed.ChildEnded("publisher", "SIGKILL", 0.1),
        "publisher ended",
        {"how": "SIGKILL", "restart_s": 0.1},
    ),
    (feed.ChildFrozen("gate", 2.0), "gate frozen", {"silent_s": 2.0}),
    (
        feed.ChildFrozen("gate", 30.0, "camera"),
        "gate frozen",
        {"silent_s": 30.0, "doing": "camera"},
    ),
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


@pytest.mark.usefixtures("tokyo")
def test_a_line_of_the_log_has_that_and_when_it_was_and_nothing_else() -> None:
    """No name of a computer or a person; and of the time not in which part of the world."""
    for event, name, fields in LOGGED:
        told = json.loads(line_of(event))
        stamp = datetime.strptime(told.pop("time"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        assert abs(stamp - datetime.now(UTC)) < timedelta(hours=1), "it is UTC"
        assert told == {"event": name, **fields}
    ready = feed.Ready("a camera", start_s=1.5)
    assert json.loads(line_of(ready)).keys() == {"time", "event", "camera", "start_s"}
    assert json.loads(line_of(feed.Refused("no"))).keys() == {"time", "event", "cause"}


EVENTS = [event for event, _, _ in LOGGED]
each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda one: log_name(one))


@each_event
def test_people_get_words_unless_the_gates_own_say_it(event: feed.AnyEvent) -> None:
    assert bool(words(event)) is (type(event) not in FOR_THE_LOG_ALONE)


@each_event
def test_both_languages_say_it(event: feed.AnyEvent) -> None:
    english, japanese = (words(event, language) for language in ("en", "ja"))
    assert bool(english) is bool(japanese) is (type(event) not in FOR_THE_LOG_ALONE)
    if english and not isinstance(event, feed.Stderr):  # a program's own words
        assert not says_japanese(english) and says_japanese(japanese)


def says_japanese(text: str) -> bool:
    return any("぀" <= letter <= "ヿ" or "一" <= letter <= "龠" for letter in text)


def test_nobody_has_to_be_spoken_to_in_ones_own_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "ja")
    photo = feed.Photo("a.jpg", 7, SCORES, 94.2)
    assert words(photo, "en") == "photo saved, 94 ms after the press"
    assert words(photo, "ja") == "写真を保存しました（押してから94ミリ秒）"


def test_every_reason_fault_and_switch_has_a_clause_in_both_languages() -> None:
    switches = {one for name in board_names() for one in injection.offered(read_board(name))}
    expected = {f"{what}.{reason}" for what in ("reason", "lost") for reason in Reason}
    expected |= {f"fault.{fault}" for fault in Fault} | {f"inject.{switch}" for switch in switches}
    expected |= {f"accelerator.{state}" for state in AcceleratorState}
    expected |= {f"harmless.{what}" for what in bank()}
    english, japanese = (clauses(language) for language in LANGUAGES)
    assert english.keys() == japanese.keys() == expected
    for key, text in english.items():
        assert text and not says_japanese(text), key
        assert says_japanese(japanese[key]) or japanese[key] == "問題なし", key
        # Clauses stand within a sentence: whoever shows one alone makes it a sentence.
        assert text[0].islower() and text[-1] != "." and japanese[key][-1] != "。", key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_end_of_a_video_has_words_of_its_own_kind(language: str) -> None:
    def said(ended: str) -> str:
        return words(feed.Video("a.mp4", ended, 60, 12.4, 498.0), language)

    assert len({said(one) for one in (RELEASED, LIMIT, Reason.NUDITY, Reason.CLOSED)}) == 4
    assert said(Reason.NUDITY) == said(Reason.DOUBT) == said(Reason.SECOND_LOOK)
    assert all("12" in said(one) for one in (RELEASED, LIMIT, *Reason))


def test_how_long_a_video_is_has_a_digit_more_where_it_is_short() -> None:
    assert words(feed.Video("a", RELEASED, 60, 2.04, 1.0), "en") == "video saved: 2.0 s"
    assert words(feed.Video("a", RELEASED, 60, 29.6, 1.0), "en") == "video saved: 30 s"


def test_what_an_event_says_besides_is_in_the_readers_language_and_english_in_the_log() -> None:
    gone = phrase("the publisher is gone ({cause})", cause=phrase("Broken pipe"))
    hung = phrase("no answer within {ms:.0f} ms", ms=50)
    events: list[feed.AnyEvent] = [
        feed.PressRefused(Reason.FAULT, str(gone), [Fault.PUBLISHER], gone),
        feed.VideoLost(Reason.FAULT, str(gone), gone),
        feed.VideoLost(Reason.SLOW, "disk", phrase("disk")),
        feed.AcceleratorChanged("hung", str(hung), hung),
    ]
    for event, english, japanese in zip(
        events,
        (str(gone), str(gone), "disk", str(hung)),
        (gone.told("ja"), gone.told("ja"), "ディスク", "50ミリ秒以内に答えがありません"),
        strict=True,
    ):
        assert english in log_fields(event).values() and "said" not in log_fields(event)
        assert english in words(event, "en")
        assert japanese in words(event, "ja") and english not in words(event, "ja")


@pytest.mark.parametrize(
    "name",
    [
        "simulated camera on the built-in room",
        "simulated camera on the stage stage.toml",
        "simulated camera on ./a.png",
        "webcam /dev/video0",
    ],
)
def test_a_cameras_name_stays_in_the_log_and_is_told_in_japanese(name: str) -> None:
    assert str(camera_words(name)) == name
    assert says_japanese(camera_words(name).told("ja"))


def test_a_refusal_says_what_is_broken_and_what_the_second_look_saw() -> None:
    broken = feed.PressRefused(Reason.FAULT, faults=[Fault.CAMERA, Fault.ALBUM])
    assert words(broken, "en") == (
        "press refused: something is broken, so the shutter is dead: "
        "the camera gives no pictures; the album cannot keep a photo"
    )
    assert words(broken, "ja") == (
        "撮影しませんでした：どこかが故障しているため、シャッターは使えません："
        "カメラから画像が来ません、アルバムに写真を保存できません"
    )
    looked = feed.PressRefused(Reason.SECOND_LOOK, Reason.NUDITY)
    assert words(looked, "en").endswith(f"({reason_words('nudity', 'en')})")
    assert words(looked, "ja").endswith(f"（{reason_words('nudity', 'ja')}）")


def test_a_kit_that_starts_or_ends_is_not_called_broken() -> None:
    def logged(*faults: Fault) -> list[str]:
        event = feed.GateChanged("CLOSED", Reason.FAULT, list(faults), {})
        return [log_words(event, language) for language in LANGUAGES]

    assert logged(Fault.PUBLISHER, Fault.STARTING) == ["it is still starting", "起動しています"]
    assert logged(Fault.STOPPING) == ["it is being switched off", "終了しています"]
    assert logged(Fault.STARTING, Fault.CAMERA) == [
        "it is still starting (the camera gives no pictures)",
        "起動しています（カメラから画像が来ません）",
    ]
    pressed = feed.PressRefused(Reason.FAULT, faults=[Fault.STARTING])
    assert words(pressed, "en") == "press refused: it is still starting"
    assert "故障" in logged(Fault.PUBLISHER)[1]


def bank() -> set[str]:
    """What the harmless pictures show that a taught rule is tried on, as their list has it."""
    with (ROOT / "models" / "consent-clean" / "bank.csv").open(encoding="utf-8") as file:
        return {row["what"] for row in csv.DictReader(file)}


def test_what_the_harmless_pictures_show_is_told_in_japanese() -> None:
    for what in bank():
        assert harmless_words(what, "en") == what == clauses("en")[f"harmless.{what}"]
        assert says_japanese(harmless_words(what, "ja")), what


def test_a_lost_recording_has_a_reason_of_its_own_where_a_photos_does_not_fit() -> None:
    assert lost_words("busy", "en") != reason_words("busy", "en")
    assert lost_words("slow", "en") == reason_words("slow", "en")
    assert lost_words("unheard of") == reason_words("unheard of") == "unheard of"


@pytest.mark.parametrize("state", AcceleratorState)
def test_every_state_of_an_accelerator_has_words(state: AcceleratorState) -> None:
    said = {words(feed.AcceleratorChanged(state, ""), language) for language in LANGUAGES}
    assert len(said) == 2 and str(state) not in said


def test_a_kind_is_the_structs_own_tag() -> None:
    kinds = {kind(event) for event in EVENTS}
    assert {"photo", "press refused", "video", "video lost", "switch", "ended", "frozen"} <= kinds
    assert kind(feed.Ready("a camera")) == "ready"
    assert len(kinds) == len(get_args(feed.AnyEvent))


def test_faults_and_presses_are_notable_and_the_rest_is_not() -> None:
    assert {log_name(event) for event in EVENTS if not is_notable(event)} == {
        *("camera works again", "publisher gone", "accelerator", "frame buffers"),
        *("picture skipped", "stderr", "gate talks nonsense"),
    }
    assert is_notable(feed.Ready("a camera")) and not is_notable(feed.Refused("a cause"))
    gates = [feed.GateChanged("CLOSED", Reason.FAULT, [fault], {}) for fault in Fault]
    assert all(is_notable(gate) for gate in gates)
    assert not is_notable(feed.GateChanged("OPEN", Reason.CLEAR, [], SCORES))
    assert not is_notable(feed.GateChanged("CLOSED", Reason.NUDITY, [], SCORES))


@pytest.mark.parametrize(
    "event",
    [
        feed.FaultBegan(Fault.CAMERA, "it is empty", phrase("it is empty")),
        feed.NoVideo("it is empty", phrase("it is empty")),
        feed.CameraGivenUp("it is empty", 20.0, phrase("it is empty")),
        feed.PictureSkipped("it is empty", phrase("it is empty")),
        feed.SwitchRefused("x", "it is empty", phrase("it is empty")),
    ],
)
def test_the_cause_is_told_in_the_same_language_and_the_log_has_it_in_english(
    event: feed.AnyEvent,
) -> None:
    (same,) = [msgspec.json.decode(msgspec.json.encode(event), type=type(event))]
    assert same == event
    assert "it is empty" in words(event, "en")
    assert "空です" in words(event, "ja") and "empty" not in words(event, "ja")
    fields = log_fields(event)
    assert "it is empty" in fields.values() and "said" not in fields


def test_why_a_kit_does_not_start_is_told_in_the_same_language() -> None:
    error = PackError("this is no TFLite model: {cause}", cause=phrase("it is empty"))
    assert feed.Refused(str(error)).words.told("ja") == "this is no TFLite model: it is empty"
    told = feed.Refused(str(error), said=error.phrase).words.told("ja")
    assert told == "TFLite のモデルではありません：空です"
    assert "said" not in log.line_of(feed.Refused(str(error), said=error.phrase))


def test_only_an_error_or_a_phrase_can_be_said() -> None:
    assert feed.said("it is empty") is msgspec.UNSET
    assert feed.said(PackError("it is empty")) == feed.said(phrase("it is empty"))
