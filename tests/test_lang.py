"""Every text is there in Japanese, with the same blanks to fill, and compiled."""

from __future__ import annotations

import ast
import gettext
import shutil
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from shuttergate.lang import texts
from support.places import ROOT

FOLDER = ROOT / "firmware" / "shuttergate" / "locale" / "ja" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def keywords() -> list[str]:
    (mapping,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    return list(mapping["keywords"])


@pytest.fixture(scope="module")
def japanese() -> dict[str, str]:
    with (FOLDER / "shuttergate.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def test_every_text_is_translated_and_none_is_left_over(
    japanese: dict[str, str], keywords: list[str]
) -> None:
    known = {**DEFAULT_KEYWORDS, **dict.fromkeys(keywords)}
    found = extract_from_dir(ROOT / "firmware", [("**.py", "python")], keywords=known)
    assert {str(message) for _, _, message, _, _ in found} == set(japanese)
    assert all(japanese.values())


def test_a_template_within_a_call_is_found_too(
    japanese: dict[str, str], keywords: list[str]
) -> None:
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Name(name), [ast.Constant(str(text)), *_]) if name in keywords:
                    assert text in japanese, f"{path}:{node.lineno}"


def test_translations_have_the_same_blanks(japanese: dict[str, str]) -> None:
    def blanks(text: str) -> set[tuple[str | None, ...]]:
        parts = string.Formatter().parse(text)
        return {(name, how, kind) for _, name, how, kind in parts if name is not None}

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
