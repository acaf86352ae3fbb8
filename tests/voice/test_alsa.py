"""Playing by the real libasound: what comes out is the shipped sound, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.errors import SoundError
from shuttergate.voice import alsa
from shuttergate.voice.spoken import Spoken, Tongue, read_sound
from support.sounds import ALSA, configuration

LISTING = """\
00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: USB Audio : USB Audio : capture 1
02-03: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
03-00: USB Audio : USB Audio : playback 1 : capture 1
"""


def to_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have ALSA's device "tofile" write what is played into a file, which is returned."""
    out = folder / "out.raw"
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration(folder, out)))
    return out


@ALSA.mark
@pytest.mark.parametrize("word", Spoken)
def test_what_comes_out_is_the_shipped_sound(
    word: Spoken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = to_file(tmp_path, monkeypatch)
    sound = read_sound(Tongue.JA, word)
    alsa.play(sound, "tofile")
    assert out.read_bytes() == sound.samples


@ALSA.mark
def test_a_device_that_is_not_there_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    to_file(tmp_path, monkeypatch)
    with pytest.raises(
        SoundError, match=r"^none-such: no sound can be played there .*voice.device"
    ):
        alsa.play(read_sound(Tongue.EN, Spoken.READY), "none-such")
    assert capfd.readouterr().err == "", "the library says nothing by itself"


@ALSA.mark
def test_a_probe_plays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = to_file(tmp_path, monkeypatch)
    assert alsa.probe("tofile", 16_000) == "tofile"
    assert out.read_bytes() == b""


def test_the_devices_that_play_are_found(tmp_path: Path) -> None:
    listing = tmp_path / "pcm"
    listing.write_text(LISTING)
    assert alsa.loudspeakers(listing) == ["plughw:0,0", "plughw:2,3", "plughw:3,0"]
    assert alsa.loudspeakers(tmp_path / "none") == []


@ALSA.mark
def test_the_first_that_takes_it_plays_and_of_none_the_first_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_file(tmp_path, monkeypatch)
    monkeypatch.setattr(alsa, "loudspeakers", lambda: ["none-such", "tofile"])
    assert alsa.probe("", 16_000) == "tofile"
    monkeypatch.setattr(alsa, "loudspeakers", lambda: ["none-such", "nor-this"])
    with pytest.raises(SoundError, match=r"^none-such: "):
        alsa.probe("", 16_000)
    monkeypatch.setattr(alsa, "loudspeakers", list)
    with pytest.raises(SoundError, match="has no sound device"):
        alsa.probe("", 16_000)


def test_without_the_library_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa, "LIBRARY", "libnone-such.so.9")
    alsa.library.cache_clear()
    with pytest.raises(SoundError, match="sudo apt install libasound2"):
        alsa.probe("any", 16_000)


class Stuck:
    """A device that takes some samples, and then no more."""

    def __getattr__(self, name: str) -> object:
        def answer(*given: object) -> int:
            return {"snd_pcm_writei": -11, "snd_pcm_state": 3}.get(name, 0)

        return answer


def test_a_device_that_takes_no_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa, "library", Stuck)
    monkeypatch.setattr(alsa, "OVERTIME_S", 0.1)
    with pytest.raises(SoundError, match="the sound stopped"):
        alsa.play(read_sound(Tongue.EN, Spoken.READY), "any")
