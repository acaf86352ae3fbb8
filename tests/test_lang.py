"""Every text is there in Japanese, with the same blanks to fill, and compiled."""

from __future__ import annotations

import gettext
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from shuttergate.lang import texts
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


@pytest.mark.parametrize("spoken", ["C", "ja_JP.UTF-8"])
def test_a_language_that_is_named_is_given_whoever_is_spoken_to(
    monkeypatch: pytest.MonkeyPatch, spoken: str
) -> None:
    monkeypatch.setenv("LANGUAGE", spoken)
    for language, said in (("ja", "ブザー"), ("en", "buzzer"), ("fr", "buzzer")):
        assert texts(language)("buzzer") == said


def test_make_locale_changes_nothing_that_is_up_to_date(tmp_path: Path) -> None:
    made(tmp_path)
    for file in FOLDER.iterdir():
        assert made_of(tmp_path, file.name).read_bytes() == file.read_bytes(), "run `make locale`"


def test_make_locale_adds_drops_and_guesses_nothing(tmp_path: Path) -> None:
    text = (FOLDER / "shuttergate.po").read_text()
    other = text.replace('msgid "Folder for photos and videos."', 'msgid "Folder for photos."')
    assert other != text
    made(tmp_path, other)
    after = made_of(tmp_path, "shuttergate.po").read_text()
    assert "fuzzy" not in after and "#~" not in after
    assert after.splitlines() == [
        'msgstr ""' if above == 'msgid "Folder for photos and videos."' else line
        for above, line in zip(["", *text.splitlines()], text.splitlines(), strict=False)
    ]


def made(locale: Path, text: str | None = None) -> None:
    """Run `make locale` on a copy, with `text` for its shuttergate.po; no environment is made."""
    shutil.copytree(FOLDER.parents[1], locale, dirs_exist_ok=True)
    if text is not None:
        made_of(locale, "shuttergate.po").write_text(text)
    ready = [word for name in (".ready", ".ready-dev") for word in ("-o", f".venv/{name}")]
    subprocess.run(
        ["make", "--silent", *ready, "locale", f"LOCALE={locale}"]
        + [f"BIN={Path(sys.executable).parent}"],
        cwd=ROOT,
        check=True,
    )


def made_of(locale: Path, name: str) -> Path:
    return locale / "ja" / "LC_MESSAGES" / name
