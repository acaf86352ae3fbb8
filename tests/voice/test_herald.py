"""Which word is said when: what stands is said once, what happens at once, and nothing stammers."""

from __future__ import annotations

import msgspec
import pytest

from shuttergate import feed
from shuttergate.verdict import Reason
from shuttergate.voice.herald import AGAIN_S, Herald
from shuttergate.voice.spoken import Spoken
from support.looking import standing

READY, REFUSED, RECORDING = Spoken.READY, Spoken.REFUSED, Spoken.RECORDING
PRESS = feed.PressRefused(Reason.NUDITY)


def status(reason: str = "", recording_s: float | None = None) -> feed.Status | None:
    """Open, unless there is a reason."""
    return standing(not reason, reason or "nudity", recording_s).status


def hears(
    herald: Herald, found: feed.Status | None, from_s: float, to_s: float, *news: feed.News
) -> list[Spoken]:
    """Return what is said while the kit stands so, asked ten times a second."""
    said = []
    for tenth in range(round((to_s - from_s) * 10)):
        word = herald.hears(found, news if not tenth else (), from_s + tenth / 10)
        said += [word] if word else []
    return said


def test_what_stands_for_a_second_is_said_once() -> None:
    herald = Herald()
    assert hears(herald, status(), 10.0, 11.0) == []
    assert hears(herald, status(), 11.0, 20.0) == [READY]
    assert hears(herald, status("nudity"), 20.0, 21.0) == []
    assert hears(herald, status("doubt"), 21.0, 30.0) == [REFUSED], "whatever the reason becomes"
    assert hears(herald, status(), 30.0, 35.0) == [READY]


def test_a_gate_that_flickers_does_not_stammer() -> None:
    herald = Herald()
    hears(herald, status(), 0.0, 2.0)
    for turn in range(20):
        found = status("nudity") if turn % 2 else status()
        assert hears(herald, found, 2 + turn * 0.9, 2.9 + turn * 0.9) == []


@pytest.mark.parametrize("reason", ["waiting", "stale", "fault"])
def test_what_no_model_says_is_no_refusal_and_after_it_ready_is_said_anew(reason: str) -> None:
    herald = Herald()
    assert hears(herald, status(), 0.0, 2.0) == [READY]
    assert hears(herald, status(reason), 2.0, 2.5) == []
    assert hears(herald, status(), 2.5, 5.0) == [], "it was a moment"
    assert hears(herald, status(reason), 5.0, 8.0) == []
    assert hears(herald, status(), 8.0, 10.0) == [READY]


def test_of_a_kit_that_is_not_heard_nothing_is_said() -> None:
    assert hears(Herald(), None, 0.0, 9.0) == []


def test_a_recording_is_told_at_once_and_ready_after_it() -> None:
    herald = Herald()
    hears(herald, status(), 0.0, 2.0)
    assert hears(herald, status(recording_s=0.0), 2.0, 2.1) == [RECORDING]
    assert hears(herald, status(recording_s=3.0), 2.1, 6.0) == []
    assert hears(herald, status(), 6.0, 8.0) == [READY]


def test_a_refused_press_is_told_at_once_and_not_for_every_press_of_many() -> None:
    herald = Herald()
    hears(herald, status(), 0.0, 2.0)
    assert hears(herald, status("nudity"), 2.0, 2.1, PRESS) == [REFUSED]
    assert hears(herald, status("nudity"), 2.1, 2.0 + AGAIN_S, PRESS) == [], "it was just said"
    assert hears(herald, status("nudity"), 2.0 + AGAIN_S, 9.0, PRESS, PRESS) == [REFUSED]
    said = hears(herald, status(), 9.0, 12.0, PRESS)  # by the second look: the gate is open
    assert said == [REFUSED, READY]
    assert hears(herald, status(), 12.0, 19.0, PRESS) == [REFUSED], "it was not closed"


def test_a_question_is_put_at_once_and_while_it_stands_nothing_else_is_said() -> None:
    herald = Herald()
    hears(herald, status(), 0.0, 2.0)
    assert hears(herald, status("taught"), 2.0, 5.0) == [REFUSED]
    asks = msgspec.structs.replace(
        standing(False, "taught").status, question=feed.OpenQuestion(10.0, 10.0, 3.0)
    )
    put = feed.QuestionPut(10.0, 3.0)
    assert hears(herald, asks, 5.0, 15.0, put) == [Spoken.ASKED]
    assert hears(herald, status("taught"), 15.0, 18.0) == [REFUSED], "nobody said yes"
    assert hears(herald, asks, 18.0, 20.0, put, PRESS) == [Spoken.ASKED], "it comes first"
