"""FHIBE's table as a manifest, on a stub: drawn pictures, rows as published programs read them."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from shuttergate.bench.evaluate.fhibe import COLUMNS, FILE, PICTURES, read_fhibe
from shuttergate.errors import ConfigError
from test_cli import asked

PERSON = {
    "subject_id": "s-0",
    "filepath": "",
    "is_primary": "True",
    "age": "34",
    "pronoun": "['0. She/her/hers']",
    "ancestry": "['0. Africa', '4. Southern Africa']",
    "apparent_skin_color": "2. [164, 131, 103]",
    "action_body_pose": "1. Sitting",
    "camera_position": "0. Typical",
    "camera_distance": "2. CD III",
    "segments": "",
}
"""One row; what is not among the adapter's columns is there as it is in FHIBE's own table."""


def table(folder: Path, rows: list[dict[str, str]]) -> Path:
    """Write a stub of FHIBE with a plain blue for each picture; return its table."""
    path = folder / "fhibe.test_downsampled_public" / FILE
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(PERSON))
        writer.writeheader()
        for number, row in enumerate(rows):
            own = {**PERSON, "filepath": f"{PICTURES}s-{number}/i/main_i.png", **row}
            writer.writerow(own)
            if own["filepath"].startswith(PICTURES):
                picture = path.parents[3] / own["filepath"]
                picture.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (64, 48), (30, 60, 100 + number)).save(picture)
    return path


def groups(folder: Path, **own: str) -> dict[str, str]:
    (row,) = read_fhibe(table(folder, [own])).rows
    return row.columns


def test_every_picture_is_safe_and_has_its_groups(tmp_path: Path) -> None:
    found = read_fhibe(table(tmp_path, [{}, {"age": "18"}]))
    assert [row.label for row in found.rows] == ["safe", "safe"]
    assert found.rows[0].path.is_file()
    assert found.by == tuple(COLUMNS)
    assert found.rows[0].columns == {
        "apparent_skin_color": "Fitzpatrick IV",
        "age": "30-39",
        "pronoun": "She/her/hers",
        "ancestry": "Africa",
        "action_body_pose": "Sitting",
        "camera_position": "Typical",
        "camera_distance": "CD III",
    }


@pytest.mark.parametrize(
    ("column", "cell", "group"),
    [
        ("age", "18.0", "18-29"),
        ("age", "60", "60+"),
        ("pronoun", "['0. She/her/hers', '2. They/them/their']", "several"),
        ("ancestry", "['11. Asia', '17. Europe', '13. Eastern Asia']", "several"),
        ("apparent_skin_color", "[102, 78, 65]", "Fitzpatrick VI"),
        ("action_body_pose", "15. whatever somebody wrote", "Not listed"),
        ("action_body_pose", "0. Standing", "Standing"),
        ("camera_position", "2. Atypical Low: Camera was below the eye line", "Atypical Low"),
        ("camera_distance", "", ""),
    ],
)
def test_groups_are_few_and_none_is_what_somebody_wrote(
    tmp_path: Path, column: str, cell: str, group: str
) -> None:
    assert groups(tmp_path, **{column: cell})[column] == group


def test_a_picture_of_two_people_is_judged_once(tmp_path: Path) -> None:
    twice = f"{PICTURES}s-0/i/main_i.png"
    rows = [{}, {"is_primary": "False", "filepath": twice, "age": "70"}]
    (row,) = read_fhibe(table(tmp_path, rows)).rows
    assert row.columns["age"] == "30-39"


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"age": "17"}, "line 3: age: expected an age in years from 18 up"),
        ({"age": "young"}, "line 3: age: expected an age"),
        ({"apparent_skin_color": "2. [1, 2, 3]"}, "expected one of Sony's six colours"),
        ({"pronoun": "['somebody']"}, "line 3: pronoun: expected a list of pronouns"),
        (
            {"pronoun": "['0. She/her/hers'.strip()]"},
            "line 3: pronoun: expected a list of pronouns",
        ),
        ({"ancestry": "['Atlantis']"}, "line 3: ancestry: expected a list of regions"),
        ({"camera_position": "9. Upside down"}, "expected one of Typical, Atypical High"),
        ({"is_primary": "yes"}, "line 3: is_primary: expected True or False"),
        ({"filepath": "main.png"}, "line 3: filepath: expected a picture under data/raw"),
        ({"filepath": f"{PICTURES}../../x.png"}, "line 3: filepath: expected a picture under"),
        ({"filepath": f"{PICTURES}s-0/i/main_i.png"}, "line 3: its picture has its primary"),
    ],
)
def test_what_is_not_as_published_is_refused_with_what_was_expected(
    tmp_path: Path, own: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        read_fhibe(table(tmp_path, [{}, own]))
    assert ";" in str(refused.value)
    cells = [cell for cell in own.values() if len(cell) > 6]
    assert not [cell for cell in cells if cell in str(refused.value)]


def test_a_table_of_another_name_or_with_other_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"expects the table where {'Sony'}'s archive")):
        read_fhibe(tmp_path / "fhibe_face_crop_align.csv")
    path = table(tmp_path, [{}])
    path.write_text(path.read_text().replace("is_primary", "primary"))
    with pytest.raises(
        ConfigError, match="line 1: no column is_primary; Sony's table has filepath"
    ):
        read_fhibe(path)
    with pytest.raises(ConfigError, match="--by hairstyle: with --fhibe there is apparent_skin"):
        read_fhibe(path, ["hairstyle"])


def test_outlines_of_any_length_are_read_past(tmp_path: Path) -> None:
    assert groups(tmp_path, segments="[" + "1, " * 100_000 + "]")["age"] == "30-39"
    assert csv.field_size_limit() == 131072  # as Python has it, for all others


def test_false_refusals_by_group_are_measured_blind(tmp_path: Path) -> None:
    rows = [{"age": "25" if number < 10 else "45"} for number in range(21)]
    out = tmp_path / "figures.json"
    path = table(tmp_path, rows)
    done = asked(*("evaluate", path, "--fhibe", "--blind", "--live", "--by", "age", "--out", out))
    assert done.returncode == 0, done.stderr
    (live,) = json.loads(out.read_text())["looks"]
    assert (live["nude"]["of"], live["safe"]["of"], live["auc"]["joint"]) == (0, 21, None)
    assert [(one["value"], one["rate"]["of"]) for one in live["cells"]] == [
        ("18-29", 10),
        ("40-49", 11),
    ]
    assert "main_i" not in out.read_text() + done.stdout + done.stderr


def test_without_blind_it_is_a_manifest_like_any_other(tmp_path: Path) -> None:
    path = table(tmp_path, [{}, {"apparent_skin_color": "0. [102, 78, 65]"}])
    done = asked("evaluate", path, "--fhibe", "--live", "--json", tmp_path / "all.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "all.json").read_text())
    assert (found["safe"], found["by"][0]) == (2, "apparent_skin_color")
    assert "not with --fhibe" in asked("evaluate", path, "--fhibe", "--names", "(?P<x>.)").stderr
