"""Every text is there in Japanese, with the same blanks to fill, and compiled."""

from __future__ import annotations

import gettext
import string

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from support.places import ROOT

FOLDER = ROOT / "firmware" / "shuttergate" / "locale" / "ja" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def japanese() -> dict[str, str]:
    with (FOLDER / "shuttergate.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def test_every_text_is_translated_and_none_is_left_over(japanese: dict[str, str]) -> None:
    found = extract_from_dir(ROOT / "firmware", [("**.py", "python")])
    assert {str(message) for _, _, message, _, _ in found} == set(japanese)
    assert all(japanese.values())


def test_translations_have_the_same_blanks(japanese: dict[str, str]) -> None:
    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for text, translated in japanese.items():
        assert blanks(text) == blanks(translated), text


def test_the_compiled_file_is_up_to_date(japanese: dict[str, str]) -> None:
    with (FOLDER / "shuttergate.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, translated in japanese.items():
        assert compiled.gettext(text) == translated, "run `make locale`"
