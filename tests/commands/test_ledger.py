"""`ledger`: was this picture used, whose word is that, what came of a package; and opting out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shuttergate.commands import ledger as command
from shuttergate.policy.pairs import in_japanese
from shuttergate.policy.rule_file import read
from shuttergate.system.paths import share
from support.taught import pictures
from test_cli import asked


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of a star and without, and the rule that comes of them."""
    folder = tmp_path_factory.mktemp("lesson")
    pictures(folder / "yes", 4, 1, star=True)
    pictures(folder / "no", 4, 2, star=False)
    given = ["--yes", folder / "yes", "--no", folder / "no", "--out", folder / "star.rule"]
    done = asked("teach", "star", *given)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the packs' papers: what is opted out here is opted out nowhere else."""
    folder = tmp_path / "models"
    weights = shutil.ignore_patterns("*.tflite", "*.np?", "recipe", "*.md")
    shutil.copytree(share("models"), folder, ignore=weights)
    monkeypatch.setattr(command, "share", lambda _: folder)
    return folder


def told(*arguments: object, status: int = 0) -> Any:
    done = asked("ledger", *arguments, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def row_of_a_picture() -> dict[str, str]:
    """The first row of a photograph, as the ledger has it."""
    found: dict[str, str] = told("--package", "gcompris")["rows"][0]["source"]
    return found


def test_what_there_is_to_search(lesson: Path) -> None:
    rule = read(lesson / "star.rule")
    found = told("--rule", lesson / "star.rule")
    assert [one["pack"] for one in found["packs"]] == [
        *("consent-clean", "consent-clean-coral", "open-nsfw")
    ]
    assert [one["word"] for one in found["rules"][0]["contributions"]] == rule.words
    done = asked("ledger", "--rule", lesson / "star.rule")
    assert "its authors disclosed no sources, so nobody can search it" in done.stdout
    assert "star, taught on" in done.stdout and rule.words[0] in done.stdout


def test_a_package_says_licence_and_consent() -> None:
    done = asked("ledger", "--package", "@uswds/uswds")
    assert done.returncode == 0
    assert "npm @uswds/uswds 3.14.0" in done.stdout and "CC0-1.0" in done.stdout
    assert "is not documented" in " ".join(done.stdout.split())
    found = told("--package", "@uswds/uswds")
    assert (found["total"], found["rows"][0]["pack"]) == (1, "consent-clean")


@pytest.mark.parametrize("name", ["no-such-package", "", "'; --", "\x1b[2J"])
def test_a_package_that_is_not_there_is_1(name: str) -> None:
    done = asked("ledger", "--package", name)
    assert done.returncode == 1 and "no package of that name" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_word_is_found_in_both_languages(lesson: Path) -> None:
    word = read(lesson / "star.rule").words[0]
    for said in (word, in_japanese(word)):
        done = asked("ledger", "--word", said, "--rule", lesson / "star.rule")
        assert done.returncode == 0, done.stderr
        assert f"{word}: example of the rule star" in " ".join(done.stdout.split())
    assert told("--word", word, "--rule", lesson / "star.rule")["contributions"][0]["yes"] is True


def test_a_word_that_was_never_there_is_1(lesson: Path) -> None:
    words = {*(f"blue {one}" for one in ("heron", "fox"))} - {*read(lesson / "star.rule").words}
    for said, means in (
        (words.pop(), "not in the taught rules that are loaded here (1)"),
        ("no such", "no such word is ever given to a contribution"),
    ):
        done = asked("ledger", "--word", said, "--rule", lesson / "star.rule")
        assert done.returncode == 1 and means in " ".join(done.stdout.split())
    assert asked("ledger", "--word", "blue heron").returncode == 1


def test_a_picture_that_taught_a_rule_is_found_by_its_contribution(
    lesson: Path, tmp_path: Path
) -> None:
    words = read(lesson / "star.rule").words
    again = tmp_path / "again.jpg"
    with Image.open(lesson / "yes" / "1.png") as image:
        image.convert("RGB").save(again, quality=85)
    done = asked("ledger", "--picture", again, "--rule", lesson / "star.rule")
    assert done.returncode == 0
    assert "this was used, or one much like it" in " ".join(done.stdout.split())
    found = told("--picture", again, "--rule", lesson / "star.rule")
    assert found["contributions"][0]["word"] in words
    assert found["ledgers"]["exact"] == []
    for one in found["ledgers"]["alike"]:  # the bank has views of the built-in room, too
        assert (one["ledger"], one["source"]["what"]) == ("bank.csv", "room")


def test_a_picture_that_was_never_there_is_1_and_the_limits_are_said() -> None:
    done = asked("ledger", "--picture", share("models") / "testcard" / "card.png")
    said = " ".join(done.stdout.split())
    assert done.returncode == 1 and "nothing found, neither byte for byte" in said
    assert "finds none that was cut, mirrored, turned or drawn anew" in said


def test_what_is_no_picture_is_compared_by_its_bytes(tmp_path: Path, lesson: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    done = asked("ledger", "--picture", text, "--rule", lesson / "star.rule")
    assert done.returncode == 1 and "only its bytes were compared" in done.stdout


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (["--picture", "/dev/zero"], "/dev/zero: not a file"),
        (["--picture", "gone.png"], "gone.png: No such file"),
        (["--picture", "\0"], "null"),
        (["--word", "blue heron", "--package", "net"], "by one of them at a time"),
        (["--word", "blue heron", "--rule", "gone.rule"], "gone.rule"),
        (["opt-out"], "opt out by one of"),
        (["opt-out", "--package", "a", "--sha256", "b"], "opt out by one of"),
        (["opt-out", "--sha256", "xyz"], "sha256 has 64 digits"),
    ],
)
def test_what_cannot_be_asked_is_2(given: list[str], means: str) -> None:
    done = asked("ledger", *given)
    assert (done.returncode, done.stdout) == (2, "") and means in done.stderr


def test_a_package_is_opted_out_and_what_that_means_is_said(own: Path) -> None:
    package = row_of_a_picture()["package"]
    done = asked("ledger", "opt-out", "--package", package, "--reason", "mine")
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "The model that is here is unchanged" in said
    assert "The next build of consent-clean is made without 222 pictures" in said
    assert "shuttergate model build consent-clean-coral" in said
    listed = (own / "consent-clean" / "opt-out.csv").read_text().splitlines()
    assert len(listed) == 2 and listed[1].startswith(f",,{package},mine,20")
    assert told("opt-out", "--package", package)["added"] is False
    assert "asked for already" in asked("ledger", "opt-out", "--package", package).stdout


def test_a_picture_is_opted_out_by_its_sha256(own: Path) -> None:
    sha256 = row_of_a_picture()["sha256"]
    found = told("opt-out", "--sha256", sha256.upper())
    assert found["added"] and found["opted_out"]["pictures"] == 1
    assert found["row"]["sha256"] == sha256


def test_what_stands_in_no_ledger_changes_nothing(own: Path) -> None:
    card = share("models") / "testcard" / "card.png"
    for given in (["--picture", card], ["--package", "no-such"], ["--sha256", "ab" * 32]):
        done = asked("ledger", "opt-out", *given)
        assert done.returncode == 1 and "nothing was written" in done.stderr
    assert (own / "consent-clean" / "opt-out.csv").read_text().count("\n") == 1


def test_what_no_build_can_do_without_is_said(own: Path) -> None:
    done = asked("ledger", "opt-out", "--package", "anny")
    assert done.returncode == 0
    assert "anny: no build can do without it" in done.stdout
    assert "is made without" not in done.stdout


def test_another_list_is_written_where_it_is_named(own: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    shutil.copy(own / "consent-clean" / "opt-out.csv", mine)
    assert told("opt-out", "--package", "fingerpose", "--list", mine)["file"] == str(mine)
    assert "fingerpose" in mine.read_text()
    assert (own / "consent-clean" / "opt-out.csv").read_text().count("\n") == 1


def test_no_line_is_wider_than_80_columns(lesson: Path, own: Path) -> None:
    for given in (
        [],
        ["--rule", lesson / "star.rule"],
        ["--package", "fingerpose"],
        ["--package", "gnome"],
        ["--picture", lesson / "yes" / "0.png", "--rule", lesson / "star.rule"],
        ["opt-out", "--package", "gnome-control-center-data"],
    ):
        for line in asked("ledger", *given).stdout.splitlines():
            assert len(line) <= 80 or " " not in line.strip(), line
