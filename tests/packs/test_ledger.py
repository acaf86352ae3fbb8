"""`shuttergate model sources`: what a pack was made from, and whether a file is in it."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from shuttergate import cli
from shuttergate.commands import model as cli_model
from shuttergate.errors import PackError
from shuttergate.packs import ledger as sources
from shuttergate.packs.looks import dhash, reduced
from shuttergate.system.paths import share
from shuttergate.vision.known import paint


def _row(picture: Image.Image | None, **said: str) -> dict[str, str]:
    looks = "" if picture is None else dhash(reduced(picture))
    row = {
        "sha256": hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest(),
        "dhash": looks,
        "kind": "photograph",
        "what": "object",
        "registry": "debian",
        "package": "some-pictures",
        "version": "1.0",
        "path": "usr/share/one.png",
        "licence": "CC0-1.0",
        "source": "a painter",
        "consent_basis": "no person shown",
        "use": "safe",
    }
    return {**row, **said}


def _ellipses() -> Image.Image:
    return Image.fromarray(paint("violet_and_green", (224, 224)))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs: open-nsfw, which has no ledger, and `mine`, which is all ledger."""
    folder = tmp_path / "models"
    shutil.copytree(share("models") / "open-nsfw", folder / "open-nsfw")
    (folder / "mine").mkdir()
    picture = tmp_path / "one.png"
    _ellipses().save(picture)
    own = hashlib.sha256(picture.read_bytes()).hexdigest()
    rows = [
        _row(_ellipses(), sha256=own),
        _row(Image.linear_gradient("L"), path="usr/share/two.png", what="hand", licence="MIT"),
        _row(None, kind="weights", what="things", registry="pypi", package="net", use="backbone"),
    ]
    with (folder / "mine" / "ledger.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(cli_model, "share", lambda _: folder)
    return folder


def ask(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["model", "sources", *map(str, words)])


def ask_json(*words: object) -> Any:
    return json.loads(ask(*words, "--json").stdout)


def test_the_summary_reads(models: Path) -> None:
    done = ask("mine")
    assert done.exit_code == 0
    assert "mine: 3 pictures and assets; 1 of them show a person" in done.stdout
    assert str(models / "mine" / "ledger.csv") in done.stdout
    assert "debian some-pictures" in done.stdout and "CC0-1.0" in done.stdout
    assert "backbone" in done.stdout


def test_the_summary_as_json(models: Path) -> None:
    found = ask_json("mine")
    assert (found["pack"], found["rows"], found["persons"]) == ("mine", 3, 1)
    assert found["kinds"] == {"photograph": 2, "weights": 1}
    assert found["licences"] == {"CC0-1.0": 2, "MIT": 1}
    assert found["packages"][0] == {
        "registry": "debian",
        "package": "some-pictures",
        "version": "1.0",
        "rows": 2,
        "persons": 1,
        "licences": {"CC0-1.0": 1, "MIT": 1},
    }
    assert [row["package"] for row in found["assets"]] == ["net"]


def test_a_file_is_found_by_its_bytes(models: Path, tmp_path: Path) -> None:
    done = ask("mine", "--find", tmp_path / "one.png")
    assert done.exit_code == 0
    assert "in the ledger, byte for byte" in done.stdout
    assert "usr/share/one.png" in done.stdout and "no person shown" in done.stdout
    found = ask_json("mine", "--find", tmp_path / "one.png")
    assert found["found"] and [row["path"] for row in found["exact"]] == ["usr/share/one.png"]
    assert found["alike"] == []


@pytest.mark.parametrize("how", ["small.jpg", "large.png", "clear.png", "turned.jpg"])
def test_a_picture_is_found_by_its_looks(models: Path, tmp_path: Path, how: str) -> None:
    picture, more = _ellipses(), dict[str, Any]()
    if how == "small.jpg":
        picture, more = picture.resize((100, 100)), {"quality": 60}
    elif how == "large.png":
        picture = picture.resize((700, 500))
    elif how == "clear.png":
        picture = picture.convert("RGBA")
    else:
        picture, exif = picture.rotate(90, expand=True), Image.Exif()
        exif[0x0112] = 6
        more = {"exif": exif}
    picture.save(tmp_path / how, **more)
    done = ask("mine", "--find", tmp_path / how)
    assert done.exit_code == 0
    assert "something there looks like it" in done.stdout
    found = ask_json("mine", "--find", tmp_path / how)
    assert found["found"] and not found["exact"]
    assert [one["row"]["path"] for one in found["alike"]] == ["usr/share/one.png"]
    assert found["alike"][0]["distance"] <= 6


def test_what_is_not_there_is_1(models: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(paint("checkerboard", (224, 224))).save(other)
    done = ask("mine", "--find", other)
    assert done.exit_code == 1
    assert "neither byte for byte nor by its looks" in done.stdout
    assert ask_json("mine", "--find", other)["found"] is False


def test_any_file_may_be_asked_for(models: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("no picture")
    done = ask("mine", "--find", text)
    assert done.exit_code == 1
    assert "no picture, so looks do not count" in done.stdout
    assert ask_json("mine", "--find", text)["dhash"] is None


def test_a_plain_picture_is_warned_of(models: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (90, 90, 90)).save(tmp_path / "plain.png")
    assert "so plain" in ask("mine", "--find", tmp_path / "plain.png").stdout
    assert ask_json("mine", "--find", tmp_path / "plain.png")["plain"] is True


def test_nearest_first_and_ten_at_most(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    _ellipses().save(picture)
    looks = int(dhash(reduced(_ellipses())), 16)
    masks = [0b1111111, 0b111111, *(1 << bit for bit in range(9)), 0, 0b11]
    rows = [
        sources.LedgerSource(**_row(None, dhash=f"{looks ^ mask:016x}", path=str(number)))
        for number, mask in enumerate(masks)
    ]
    alike = sources.find(picture, rows).alike
    assert [one.distance for one in alike] == [0, *[1] * 9]
    assert all(one.row.path != "0" for one in sources.find(picture, rows[:2]).alike)
    assert [one.distance for one in sources.find(picture, rows[:2]).alike] == [6]


def test_a_pack_without_a_ledger_says_so(models: Path, tmp_path: Path) -> None:
    done = ask("open-nsfw")
    assert done.exit_code == 0
    assert "its authors disclosed no sources" in done.stdout
    assert "Yahoo's training pictures: private" in done.stdout
    assert ask("open-nsfw", "--find", tmp_path / "one.png").exit_code == 1
    assert ask_json("open-nsfw")["ledger"] is None
    assert len(ask_json("open-nsfw")["undisclosed"]) == 3


def test_what_cannot_be_answered_is_2(models: Path, tmp_path: Path) -> None:
    for words in (
        ["nope"],
        ["mine", "--find", tmp_path / "gone.png"],
        ["mine", "--find", tmp_path],
    ):
        done = ask(*words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("shuttergate: ")
    (models / "mine" / "ledger.csv").write_text("nonsense\n")
    assert ask("mine").exit_code == 2


@pytest.mark.parametrize("spoil", ["short", "long", "hash"])
def test_a_damaged_ledger_is_refused(models: Path, spoil: str) -> None:
    path = models / "mine" / "ledger.csv"
    line = {"short": "one,two\n", "long": "," * 20 + "\n", "hash": "x" + "," * 11 + "\n"}[spoil]
    path.write_text(path.read_text() + line)
    with pytest.raises(PackError, match="line 5: not a ledger's row"):
        sources.read_ledger(path)


def test_the_pack_in_the_checkout_answers() -> None:
    command = [sys.executable, "-m", "shuttergate", "model", "sources", "consent-clean", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["rows"] == sum(found["kinds"].values()) == sum(found["licences"].values())
    assert found["rows"] == sum(one["rows"] for one in found["packages"])
    assert {row["use"] for row in found["assets"]} == {"body", "backbone"}


def test_asking_needs_neither_models_nor_numpy() -> None:
    code = "import sys, shuttergate.packs.ledger; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def heir(models: Path) -> Path:
    """The ledger of a pack whose head was fitted on all that `mine` was, on another backbone."""
    folder = models / "heir"
    folder.mkdir()
    digest = hashlib.sha256((models / "mine" / "ledger.csv").read_bytes()).hexdigest()
    rows = [
        _row(None, kind="weights", package="other-net", use="backbone"),
        _row(None, kind="ledger", package="mine", path="ledger.csv", sha256=digest, use="head"),
    ]
    with (folder / "ledger.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_ledger_may_name_another_whose_rows_count_too(heir: Path, tmp_path: Path) -> None:
    found = ask_json("heir")
    assert (found["rows"], found["persons"]) == (4, 1)
    assert [row["package"] for row in found["assets"]] == ["other-net", "mine"]
    assert ask("heir", "--find", tmp_path / "one.png").exit_code == 0


@pytest.mark.parametrize("change", ["another row", "gone"])
def test_a_ledger_that_is_no_longer_the_one_named_is_refused(heir: Path, change: str) -> None:
    other = heir.parent / "mine" / "ledger.csv"
    if change == "gone":
        other.unlink()
    else:
        other.write_text(other.read_text().replace("two.png", "new.png"))
    done = ask("heir")
    assert done.exit_code == 2
    assert ("reinstall" if change == "gone" else "build heir anew from it") in done.stderr


def test_consent_clean_coral_names_consent_cleans_ledger_as_it_is() -> None:
    rows = sources.read_ledger(share("models") / "consent-clean-coral" / "ledger.csv")
    theirs = sources.read_ledger(share("models") / "consent-clean" / "ledger.csv")
    assert set(theirs) - set(rows) == {row for row in theirs if row.use == "backbone"}
    assert {row.package for row in rows if row.use == "backbone"} == {"google-coral/test_data"}
