"""The voice's words and their sounds: both languages, small, playable everywhere."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from shuttergate.errors import ShuttergateError
from shuttergate.voice import spoken
from shuttergate.voice.spoken import TEXTS, Spoken, Tongue, read_sound, sound_path

BOTH = [(tongue, word) for tongue in Tongue for word in Spoken]
MOST_BYTES = 400_000


@pytest.mark.parametrize(("tongue", "word"), BOTH)
def test_each_word_has_a_text_and_a_sound(tongue: Tongue, word: Spoken) -> None:
    assert TEXTS[tongue][word]
    sound = read_sound(tongue, word)
    assert sound.rate_hz == 16_000
    assert 0.3 < sound.seconds < 6.0
    samples = memoryview(sound.samples).cast("h")
    assert 20_000 < max(map(abs, samples)) < 32_000, "as loud as the others, and not cut off"


def test_all_of_them_are_small() -> None:
    assert sum(sound_path(*one).stat().st_size for one in BOTH) <= MOST_BYTES


def test_the_question_says_first_how_to_leave_it() -> None:
    english, japanese = (TEXTS[tongue][Spoken.ASKED] for tongue in Tongue)
    assert english.index("do nothing") < english.index("hold")
    assert japanese.index("やめる") < japanese.index("撮る")


def test_a_sound_that_is_not_there_or_of_another_form_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken, "share", lambda room: tmp_path)
    with pytest.raises(ShuttergateError, match=r"ready\.wav: .* install shuttergate again"):
        read_sound(Tongue.EN, Spoken.READY)
    path = sound_path(Tongue.EN, Spoken.READY)
    path.parent.mkdir(parents=True)
    for content in (b"", b"RIFF\x04\x00\x00\x00WAVE", b"no wave at all"):
        path.write_bytes(content)
        with pytest.raises(ShuttergateError, match="cannot be played"):
            read_sound(Tongue.EN, Spoken.READY)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
    with pytest.raises(ShuttergateError, match="one channel of 16 bits"):
        read_sound(Tongue.EN, Spoken.READY)
