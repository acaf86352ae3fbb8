"""A script that makes no sense is refused by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.bench.scenario.run import read_scenario
from shuttergate.errors import ConfigError
from support.scenarios import LEAST

SHOWN = 'what = "page pictures", from_s = 0, to_s = 1'


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            "press = [{ at_s = 1500 }]",
            r"press\[0\]: lasts until 1500\.2 s, but the script",
        ),
        ('fault = [{ what = "disk full", at_s = 40 }]', r"fault\[0\]\.at_s: 40 s, but the script"),
        ('show = [{ at_s = 5, scene = "card" }]', r"show\[0\]\.at_s: 5 s, but the script ends"),
        ("press = [{ at_s = 1, hold_s = 1 }, { at_s = 2 }]", "at 2 s: the button is still held"),
        ('fault = [{ what = "page flooded", at_s = 1 }]', "needs page = true"),
        ('[scenes]\ngreen = "gren.png"', r"scenes\.green: 'gren\.png' is not there"),
        ('[scenes]\ncard = "one.toml"', r"scenes\.card: is a scene of the bench's own"),
        ('show = [{ at_s = 1, scene = "garden" }]', r"show\[0\]\.scene: there is no 'garden'"),
        ('fault = [{ what = "gremlins", at_s = 1 }]', r"fault\[0\]\.what: there is no 'gremlins'"),
        ('fault = [{ what = "disk full", at_s = 2, until_s = 1 }]', "until_s: must come after"),
        (
            'fault = [{ what = "disk full", at_s = 2, until_s = 50 }]',
            r"fault\[0\]\.until_s: 50 s, but the script ends at 5 s",
        ),
        (
            'fault = [{ what = "disk read-only", at_s = 1 }, { what = "disk removed", at_s = 2 }]',
            "'disk removed' at 2 s: 'disk read-only' lasts until the end; let the one end",
        ),
        ('[kit.scene]\npath = "here"', r"kit\.scene\.path: is the bench's own in every scenario"),
        ('[kit.album]\nfolder = "here"', r"kit\.album\.folder: is the bench's own"),
        ("pres = []", "pres: there is no such key"),
        ("[kit.gate]\nclear_frames = 0", r"kit\.gate\.clear_frames"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_by_its_key(
    tmp_path: Path, more: str, says: str
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(LEAST + more)
    with pytest.raises(ConfigError, match=says):
        read_scenario(path)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ('what = "line", level = "low", from_s = 2, to_s = 9', "to_s: the script ends at 5 s"),
        ('what = "line", level = "low", from_s = 2, to_s = 1', "to_s: must come after from_s"),
        ('what = "press", outcome = "taken"', "the script has 0 presses"),
        ('what = "photos"', "name a count, a least number, a scene"),
        (
            'what = "miracles"',
            r"must\[0\]\.what: invalid value .*; choose from line, falls",
        ),
        ('what = "line", level = "on", from_s = 0, to_s = 1', "'on'; choose from high, low"),
        ('what = "log", event = "fotos"', "event: there is no 'fotos'; choose from photo"),
        ('what = "says", at_s = 1, reason = "opened"', "choose from open, nudity, taught, doubt"),
        (SHOWN + ", none = true", "needs page = true"),
        (SHOWN, "name either none = true, or some of most_px"),
        (SHOWN + ", none = true, most_px = 9", "name either none"),
        ('what = "photos", scene = "gren"', "scene: there is no 'gren'; name its file in"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_refused(
    tmp_path: Path, wanted: str, says: str
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(f'title = "t"\nseconds = 5\nmust = [{{ {wanted} }}]\n')
    with pytest.raises(ConfigError, match=says):
        read_scenario(path)
