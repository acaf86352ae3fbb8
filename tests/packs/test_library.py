"""The ledgers of all packs as one: what is found, where it stands, and what opting out would do."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from packs.test_ledger import _row as row_of
from shuttergate.errors import PackError
from shuttergate.packs.ledger import read_ledger
from shuttergate.packs.library import MOST_ROWS, Library, read_library
from shuttergate.packs.looks import Fingerprint, fingerprint
from shuttergate.packs.optout import OptOutRow
from shuttergate.system.paths import share
from shuttergate.vision.known import paint

PICTURE = Image.fromarray(paint("violet_and_green", (224, 224)))
TOML = 'title = "Mine"\ntitle_ja = "私の"\n[data]\nundisclosed = ["whose hand it is"]\n'


def printed(image: Image.Image, kind: str = "PNG") -> Fingerprint:
    file = io.BytesIO()
    image.save(file, kind)
    return fingerprint(file)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


ROWS = [
    row_of(PICTURE, sha256=printed(PICTURE).sha256),
    row_of(PICTURE.rotate(180), path="a/写真.png", package="@odd/näme", what="hand"),
    row_of(None, kind="weights", package="net", use="backbone", source="a company"),
]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A pack with a list and a bank, its heir, and one whose authors said nothing."""
    write(tmp_path / "mine" / "ledger.csv", ROWS)
    write(tmp_path / "mine" / "bank.csv", ROWS[1:2])
    bank = '[bank]\nledger = "bank.csv"\n'
    (tmp_path / "mine" / "model.toml").write_text(TOML + bank)
    (tmp_path / "mine" / "opt-out.csv").write_text("sha256,dhash,package,reason,asked\n")
    digest = hashlib.sha256((tmp_path / "mine" / "ledger.csv").read_bytes()).hexdigest()
    heir = row_of(None, kind="ledger", package="mine", path="ledger.csv", sha256=digest, use="head")
    write(tmp_path / "heir" / "ledger.csv", [heir])
    (tmp_path / "heir" / "model.toml").write_text(TOML)
    (tmp_path / "silent").mkdir()
    (tmp_path / "silent" / "model.toml").write_text(TOML)
    return tmp_path


@pytest.fixture
def library(models: Path) -> Library:
    return read_library(models)


def test_every_pack_is_told_of(library: Library) -> None:
    told = {one.pack: one for one in library.packs}
    assert {name: (one.rows, one.bank, one.opt_out) for name, one in told.items()} == {
        "mine": (3, 1, True),
        "heir": (1, 0, False),
        "silent": (0, 0, False),
    }
    assert told["heir"].made_from == ["mine"]
    assert told["silent"].undisclosed["ja"] == ["whose hand it is"]  # better than nothing
    assert told["mine"].title == {"en": "Mine", "ja": "私の"}


def test_a_file_is_found_with_its_row_and_its_heirs(library: Library) -> None:
    found = library.by_picture(printed(PICTURE))
    (one,) = found.exact
    assert (one.pack, one.ledger, one.row, one.heirs) == ("mine", "ledger.csv", 2, ["heir"])
    assert one.distance is None and found.alike == []


def test_a_picture_that_looks_alike_is_found_in_every_ledger(library: Library) -> None:
    found = library.by_picture(printed(PICTURE.rotate(180).resize((90, 90)), "JPEG"))
    assert found.exact == []
    assert [(one.ledger, one.row) for one in found.alike] == [("ledger.csv", 3), ("bank.csv", 2)]
    assert all((one.distance or 0) <= 6 for one in found.alike)


def test_what_was_cropped_is_not_found(library: Library) -> None:
    found = library.by_picture(printed(PICTURE.crop((0, 0, 120, 120))))
    assert (found.exact, found.alike) == ([], [])


@pytest.mark.parametrize("name", ["some-pictures", "SOME", "debian some", "ｓｏｍｅ－"])
def test_a_package_is_found_by_a_part_of_its_name(library: Library, name: str) -> None:
    found = library.by_package(name)
    assert found.total == 1
    assert [(one.package, one.rows) for one in found.packages] == [("some-pictures", 1)]


@pytest.mark.parametrize("name", ["@odd/näme", "@odd/NA\u0308ME"])
def test_odd_characters_are_found(library: Library, name: str) -> None:
    assert library.by_package(name).total == 2


@pytest.mark.parametrize("name", ["", "  ", "no such", "\0", "x" * 100_000, ".*", "'); --"])
def test_what_is_not_there_is_not_found(library: Library, name: str) -> None:
    assert library.by_package(name).total == 0
    assert library.by_words(name).total == 0


def test_words_are_found_wherever_they_stand(library: Library) -> None:
    assert library.by_words("写真 HAND").total == 2
    assert library.by_words("company weights").rows[0].row == 4
    assert library.by_words("company hand").total == 0


def test_the_backbone_is_not_inherited(library: Library) -> None:
    assert library.by_words("company").rows[0].heirs == []


def test_an_answer_is_bounded_and_says_how_many_there_are(models: Path) -> None:
    many = [row_of(PICTURE, path=str(at)) for at in range(MOST_ROWS + 7)]
    write(models / "heir" / "ledger.csv", many)
    found = read_library(models).by_package("some-pictures")
    assert (found.total, len(found.rows)) == (MOST_ROWS + 8, MOST_ROWS)


def test_opting_out_says_what_is_left_out_and_by_which_build(library: Library) -> None:
    row = library.request_for(printed(PICTURE), "mine", "2026-01-31")
    assert row == OptOutRow(sha256=ROWS[0]["sha256"], reason="mine", asked="2026-01-31")
    found = library.opted_out(row)
    assert found is not None and (found.pack, found.pictures, found.needed) == ("mine", 1, [])
    assert found.build == [
        "shuttergate model build mine",
        "shuttergate model build heir",
        "python models/mine/recipe/bank.py PICTURES",
    ]


def test_what_only_looks_alike_is_asked_for_by_its_looks(library: Library) -> None:
    asked = printed(PICTURE.resize((100, 90)))
    row = library.request_for(asked, "", "")
    assert row is not None and (row.sha256, row.dhash) == ("", asked.dhash)
    assert library.request_for(Fingerprint("ab" * 32, asked.dhash, True), "", "") is None
    assert library.request_for(Fingerprint("ab" * 32, "0" * 16, False), "", "") is None


def test_what_no_build_can_do_without_is_said(library: Library) -> None:
    found = library.opted_out(OptOutRow(package="net"))
    assert found is not None and found.pictures == 0
    assert [one.package for one in found.needed] == ["net"]
    assert library.opted_out(OptOutRow(package="mine")) is None, "no list is kept for an heir"


@pytest.mark.parametrize("damage", ["model.toml", "ledger.csv", "bank.csv"])
def test_a_damaged_pack_is_refused(models: Path, damage: str) -> None:
    (models / "mine" / damage).write_text("[nonsense\n")
    with pytest.raises(PackError, match=damage):
        read_library(models)


def test_an_heir_of_another_state_is_refused(models: Path) -> None:
    write(models / "mine" / "ledger.csv", ROWS[:2])
    with pytest.raises(PackError, match="is not the ledger that heir was made from"):
        read_library(models)


def test_25000_rows_are_searched_in_a_moment(tmp_path: Path) -> None:
    """Ten times what there is: a page's answer is never long in coming."""
    folder = tmp_path / "models" / "large"
    folder.mkdir(parents=True)
    shutil.copy(share("models") / "consent-clean" / "model.toml", folder)
    shutil.copy(share("models") / "consent-clean" / "bank.csv", folder)
    theirs = (share("models") / "consent-clean" / "ledger.csv").read_text().splitlines()
    (folder / "ledger.csv").write_text("\n".join(theirs[:1] + theirs[1:] * 12) + "\n")
    library = read_library(tmp_path / "models")
    assert library.packs[0].rows > 25_000
    picture = printed(PICTURE)
    for search in (
        lambda: library.by_picture(picture),
        lambda: library.by_package("tuxpaint"),
        lambda: library.by_words("astronaut"),
    ):
        began_s = time.process_time()
        search()
        assert time.process_time() - began_s < 0.5


def test_the_packs_here_are_read_whole() -> None:
    library = read_library(share("models"))
    told = {one.pack: one for one in library.packs}
    rows = read_ledger(share("models") / "consent-clean" / "ledger.csv")
    assert told["consent-clean"].rows == len(rows)
    assert told["consent-clean"].opt_out and told["consent-clean-coral"].made_from
    assert told["open-nsfw"].rows == 0 and told["open-nsfw"].undisclosed["ja"]
    first = library.by_picture(Fingerprint(rows[0].sha256, rows[0].dhash, False)).exact[0]
    assert first.source == rows[0] and first.heirs == ["consent-clean-coral"]
