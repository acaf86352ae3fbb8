"""The kit's end of the voice: off by default, and it never waits for the other end."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import msgspec
import pytest

from shuttergate import feed
from shuttergate.config import Config, VoiceSettings
from shuttergate.verdict import Reason
from shuttergate.voice.process import VoiceStart, byte_of
from shuttergate.voice.prompter import Prompter
from shuttergate.voice.spoken import Spoken, Tongue
from support.looking import standing

OPEN = standing(True).status
PRESS = feed.PressRefused(Reason.NUDITY)


class Clock:
    """Seconds, as a test sets them."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def voice(clock: Clock) -> Iterator[Prompter]:
    with Prompter(VoiceSettings(language="ja", device="null"), clock) as one:
        yield one


@pytest.fixture
def theirs(voice: Prompter) -> Iterator[socket.socket]:
    """The end that the voice process has."""
    with socket.fromfd(voice.companions[0].link, socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.settimeout(5)
        yield one


def test_it_is_off_unless_a_language_is_set() -> None:
    with Prompter(Config().voice) as voice:
        assert voice.companions == []
        assert voice.attend(OPEN, [PRESS]) == []


def test_the_process_is_told_language_device_and_then_words(
    voice: Prompter, theirs: socket.socket, clock: Clock
) -> None:
    (one,) = voice.companions
    start = msgspec.json.decode(one.settings, type=VoiceStart)
    assert (one.name, start.tongue, start.device) == ("voice", Tongue.JA, "null")
    assert voice.attend(OPEN, []) == []
    clock.now_s = 1.0
    assert voice.attend(OPEN, []) == []
    assert theirs.recv(16) == byte_of(Spoken.READY), "one byte, and no more"


def test_a_voice_that_hears_nothing_holds_nobody_up(voice: Prompter, clock: Clock) -> None:
    began_s = time.monotonic()
    for number in range(2000):
        clock.now_s = 10.0 * number
        assert voice.attend(OPEN, [PRESS]) == []
        assert time.monotonic() - began_s < 5.0


def test_what_it_tells_is_passed_on_and_nonsense_is_not(
    voice: Prompter, theirs: socket.socket
) -> None:
    mute = feed.VoiceMute("no device")
    for packet in (b"nonsense", b"[" * 3000, msgspec.json.encode(feed.Stop())):
        theirs.send(packet)
        assert voice.attend(None, []) == []
    theirs.send(msgspec.json.encode(mute))
    assert voice.attend(None, []) == [mute]
