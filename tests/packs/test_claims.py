"""What a pack says of itself is said in words, in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shuttergate.packs.claims import claims
from shuttergate.vision.pack import read_pack
from support.japanese import english
from support.places import ROOT

PACKS = sorted(path.parent for path in (ROOT / "models").glob("*/model.toml"))


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_row_is_words_and_no_data_of_a_program(folder: Path, language: str) -> None:
    rows = [*claims(read_pack(folder).manifest, language)]
    assert len(rows) >= 12
    for label, said in rows:
        assert said, label
        assert not re.search(r"null|None|true|false|[{}\[\]]", said), said


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_a_japanese_reader_gets_the_packs_own_paragraphs_in_japanese(folder: Path) -> None:
    rows = dict(claims(read_pack(folder).manifest, "ja"))
    del rows["名前"], rows["ファイル"]
    assert list(english("\n".join(rows.values()))) == []
    assert list(english("\n".join(rows))) == []


def test_what_a_pack_has_not_has_no_row() -> None:
    rows = {
        folder.name: {label for label, _ in claims(read_pack(folder).manifest, "en")}
        for folder in PACKS
    }
    assert "for the Edge TPU" in rows["consent-clean-coral"]
    assert not {"for the Edge TPU", "head", "head for parts"} & rows["open-nsfw"]
    assert {"head", "head for parts", "threshold for parts"} <= rows["consent-clean"]


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_both_languages_give_the_same_figures(folder: Path) -> None:
    """What is thought anew in Japanese has lost no number of the English, and brought none."""

    def figures(language: str) -> list[list[str]]:
        said = (said for _, said in claims(read_pack(folder).manifest, language))
        return [sorted(set(re.findall(r"\d+\.\d+", one))) for one in said]

    assert figures("en") == figures("ja")
