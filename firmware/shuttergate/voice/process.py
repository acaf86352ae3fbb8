"""The voice process: says a word when it is told one, and knows nothing else of the kit.

It is told one byte: which word. It may open loudspeakers, and that is all. Whatever becomes of it,
nobody waits for it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import msgspec

from shuttergate import feed
from shuttergate.companion import Companion
from shuttergate.errors import SoundError
from shuttergate.system import spawn
from shuttergate.voice import alsa
from shuttergate.voice.spoken import Sound, Spoken, Tongue, read_sound

WORDS = list(Spoken)
"""By their bytes."""


class VoiceStart(msgspec.Struct, frozen=True):
    """What comes on stdin: in which language, and on which device; "": the first that plays."""

    tongue: Tongue
    device: str = ""


def beside(link: int, start: VoiceStart) -> Companion:
    """Return how a supervisor starts this process, to hear words on a socket's descriptor."""
    return Companion("voice", "shuttergate.voice.process", link, msgspec.json.encode(start))


def byte_of(word: Spoken) -> bytes:
    """Return the byte that stands for a word."""
    return bytes([WORDS.index(word)])


def serve(
    link: socket.socket, sounds: dict[Spoken, Sound], play: Callable[[Sound], object]
) -> None:
    """Say each word that comes, until the other side is gone.

    What came while one was said is old, but for the newest; and all that came before it began. That
    nothing can be heard is told once, until something can be.
    """
    _newest(link, b"")
    is_mute = False
    while packet := link.recv(1):
        (number,) = _newest(link, packet)
        if number >= len(WORDS):
            continue
        try:
            play(sounds[WORDS[number]])
            is_mute = False
        except SoundError as error:
            if not is_mute:
                _tell(link, feed.VoiceMute(str(error), feed.said(error)))
            is_mute = True


def _newest(link: socket.socket, packet: bytes) -> bytes:
    with contextlib.suppress(BlockingIOError):
        while newer := link.recv(1, socket.MSG_DONTWAIT):
            packet = newer
    return packet


def _tell(link: socket.socket, event: feed.VoiceMute) -> None:
    with contextlib.suppress(BlockingIOError):  # nobody waits for anybody here
        link.send(msgspec.json.encode(event), socket.MSG_DONTWAIT)


def main(argv: list[str] | None = None) -> None:
    """Say what comes by an inherited socket, `VoiceStart` as JSON on stdin."""
    link = spawn.begin("shuttergate-voice", argv, spawn.Liberties(devices=alsa.DEVICES))
    start = msgspec.json.decode(spawn.settings(), type=VoiceStart)
    sounds = {word: read_sound(start.tongue, word) for word in Spoken}
    with contextlib.suppress(ConnectionError):
        serve(link, sounds, lambda sound: alsa.play(sound, start.device))


if __name__ == "__main__":
    main()
