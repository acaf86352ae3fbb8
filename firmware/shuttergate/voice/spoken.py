"""What the voice says, in both languages; the sounds were made of it by device/voice/render.py.

A word says how the kit stands, and asks. It says nothing about who or what is in the picture, and
blames nobody: a refusal is a machine's doubt.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shuttergate.errors import ShuttergateError
from shuttergate.system.paths import share, tilde


class Spoken(StrEnum):
    """What can be said; the name of its sound, too."""

    READY = "ready"
    REFUSED = "refused"
    RECORDING = "recording"
    ASKED = "asked"


class Tongue(StrEnum):
    """In which language."""

    EN = "en"
    JA = "ja"


TEXTS: dict[Tongue, dict[Spoken, str]] = {
    Tongue.EN: {
        Spoken.READY: "Ready.",
        # After a press, and when the gate closes: true of both.
        Spoken.REFUSED: "No picture.",
        Spoken.RECORDING: "Recording.",
        # First how to leave it: whoever does nothing has said no.
        Spoken.ASKED: "Are you sure? If not, do nothing. If so, let go, and hold.",
    },
    Tongue.JA: {
        Spoken.READY: "撮れます。",
        Spoken.REFUSED: "撮りません。",
        Spoken.RECORDING: "録画中です。",
        Spoken.ASKED: "ほんとにいいの？やめるなら、そのままで。"
        "撮るなら、離して、押し続けてください。",
    },
}


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono samples of 16 bits, little-endian, so many a second."""

    rate_hz: int
    samples: bytes

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.samples) / 2 / self.rate_hz


def sound_path(tongue: Tongue, word: Spoken) -> Path:
    """Return where a word's sound lies."""
    return share("device") / "voice" / tongue / f"{word}.wav"


def read_sound(tongue: Tongue, word: Spoken) -> Sound:
    """Return a word's sound; raise `ShuttergateError` where there is none of its form."""
    path = sound_path(tongue, word)
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise wave.Error("not one channel of 16 bits")
            return Sound(file.getframerate(), file.readframes(file.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        raise ShuttergateError(
            "{path}: this sound cannot be played ({error}); install shuttergate again",
            path=tilde(path),
            error=error,
        ) from error
