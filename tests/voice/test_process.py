"""The voice process: the newest word alone; its silence is told once; confined, it is heard."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from shuttergate import feed
from shuttergate.errors import SoundError
from shuttergate.system import spawn
from shuttergate.voice.process import WORDS, VoiceStart, beside, byte_of, serve
from shuttergate.voice.spoken import Sound, Spoken, Tongue, read_sound
from support.kits import wait_until
from support.sounds import ALSA, configuration

SOUNDS = {word: Sound(16_000, word.encode()) for word in Spoken}


class Mouth:
    """Plays into a list; `may_end` is set when a sound may come to its end."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.began, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()
        self.breaks = False

    def play(self, sound: Sound) -> None:
        self.began.set()
        self.may_end.wait(10)
        if self.breaks:
            raise SoundError("no loudspeaker; plug one in")
        self.said.append(sound.samples)


@pytest.fixture
def mouth() -> Mouth:
    return Mouth()


@pytest.fixture
def link(mouth: Mouth) -> Iterator[socket.socket]:
    """The kit's end of a voice that hears in a thread."""
    ours, theirs = feed.pair()
    ours.send(byte_of(Spoken.RECORDING))  # before it began: over
    voice = threading.Thread(target=serve, args=(theirs, SOUNDS, mouth.play))
    voice.start()
    try:
        assert wait_until(lambda: not select.select([theirs], [], [], 0)[0])
        time.sleep(0.3)  # until it waits
        ours.settimeout(5)
        yield ours
    finally:
        ours.close()
        mouth.may_end.set()
        voice.join(10)
        theirs.close()
    assert not voice.is_alive(), "it ends with the other side"


def test_it_says_what_it_is_told(link: socket.socket, mouth: Mouth) -> None:
    for number, word in enumerate(WORDS, 1):
        link.send(byte_of(word))
        assert wait_until(lambda number=number: len(mouth.said) == number)
    assert mouth.said == [word.encode() for word in WORDS], "and nothing from before it began"


def test_of_the_words_that_came_meanwhile_the_newest_is_said(
    link: socket.socket, mouth: Mouth
) -> None:
    mouth.may_end.clear()
    link.send(byte_of(Spoken.READY))
    assert mouth.began.wait(5)
    for word in (Spoken.REFUSED, Spoken.RECORDING, Spoken.REFUSED):
        link.send(byte_of(word))
    mouth.may_end.set()
    assert wait_until(lambda: len(mouth.said) == 2)
    link.send(b"\xff")  # no word of ours
    link.send(byte_of(Spoken.ASKED))
    assert wait_until(lambda: len(mouth.said) == 3)
    assert mouth.said == [b"ready", b"refused", b"asked"]


def test_that_it_cannot_be_heard_is_told_once_until_it_can_be(
    link: socket.socket, mouth: Mouth
) -> None:
    def told(word: Spoken) -> bytes | None:
        mouth.began.clear()
        link.send(byte_of(word))
        assert mouth.began.wait(5)
        link.settimeout(0.5)
        try:
            return link.recv(4096)
        except TimeoutError:
            return None

    mouth.breaks = True
    packet = told(Spoken.READY)
    assert packet is not None
    event = msgspec.json.decode(packet, type=feed.VoiceMute)
    assert event.cause == "no loudspeaker; plug one in"
    assert told(Spoken.REFUSED) is None
    mouth.breaks = False
    assert told(Spoken.READY) is None
    mouth.breaks = True
    assert told(Spoken.READY) is not None


@ALSA.mark
@pytest.mark.parametrize("tongue", Tongue)
def test_the_confined_process_plays_the_shipped_sounds_by_the_real_library(
    tongue: Tongue, tmp_path: Path
) -> None:
    """Into a pipe that it inherits: a file it could not write."""
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(end) for end in feed.pair())
        read, write = os.pipe()
        stack.callback(os.close, read)
        companion = beside(theirs.fileno(), VoiceStart(tongue, "tofile"))
        process = subprocess.Popen(
            [*spawn.command(companion.module), "--link", str(companion.link)]
            + ["--parent", str(os.getpid())],
            pass_fds=[companion.link, write],
            stdin=subprocess.PIPE,
            env={**os.environ, "ALSA_CONFIG_PATH": str(configuration(tmp_path, write))},
        )
        os.close(write)
        stack.callback(process.wait)
        stack.callback(process.kill)
        assert process.stdin is not None
        process.stdin.write(companion.settings)
        process.stdin.close()
        for word in (Spoken.READY, Spoken.ASKED):
            samples = read_sound(tongue, word).samples
            assert heard(read, len(samples), lambda word=word: ours.send(byte_of(word))) == samples
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Seccomp:\t2" in status
        ours.close()
        assert process.wait(10) == 0, "it ends with the kit"


def heard(read: int, size: int, say: Callable[[], object]) -> bytes:
    """Return what comes out of a pipe once something is said; again if it was said too early."""
    found = b""
    until_s = time.monotonic() + 30
    while len(found) < size and time.monotonic() < until_s:
        if not found:
            say()
        while len(found) < size and select.select([read], [], [], 1.0)[0]:
            found += os.read(read, size - len(found))
    return found
