"""What people read is there in English and in Japanese, and both say the same."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from measure import scaling
from support import needs
from support.places import ROOT
from test_docs import PAGES

BOTH_IN_ONE = "docs/glossary.md"
ENGLISH = [name for name in PAGES if not name.endswith(".ja.md") and name != BOTH_IN_ONE]
CHOSEN = {
    "ありの画像": "with-teapot",
    "なしの画像": "without",
    "急須": "teapot",
    "画像": "PICTURE",
    "青いサギ": "blue heron",
    "自分の言葉で": "in my own words",
}
"""Names that a reader makes up, in lines of code; the longer first."""

NUMBER = r"\d+(?:[.,]\d+)*"


def japanese(name: str) -> Path:
    return ROOT / name.replace(".md", ".ja.md")


def both(name: str) -> tuple[str, str]:
    return (ROOT / name).read_text("utf-8"), japanese(name).read_text("utf-8")


def no_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def ranks(text: str) -> list[int]:
    return [len(mark) for mark in re.findall(r"^(#+) ", no_fences(text), re.MULTILINE)]


def targets(text: str) -> list[str]:
    return [*re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text), *re.findall(r' src="([^"]+)"', text)]


def leads_to(text: str, own: str) -> set[str]:
    """Where a page's links lead, whichever language: its own other side left out."""
    found = {re.sub(r"\.(en|ja)(\.\w+)?$", r"\2", one) for one in targets(text)}
    return found - {Path(own).name}


def rows(text: str) -> list[str]:
    return re.findall(r"^ *\|.*$", text, re.MULTILINE)


def code(text: str) -> list[str]:
    """The lines of code, without comments, words to fill in, and drawings made of arrows."""
    fenced = re.findall(r"^```.*?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"(?<=\n\n)(?: {4,}\S.*\n+)+", no_fences(text))
    blocks = [block for block in (*fenced, *indented) if "→" not in block]
    lines = (re.sub(r"(^|\s)#\s.*|<[^>]*>", "", line) for line in "".join(blocks).splitlines())
    return [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("name", ENGLISH)
def test_every_page_has_its_japanese_side_and_each_leads_to_the_other(name: str) -> None:
    assert japanese(name).is_file(), f"{name} has no Japanese side"
    english, other = (text.split("\n## ")[0] for text in both(name))
    assert f"[日本語]({japanese(name).name})" in english
    assert f"[English]({Path(name).name})" in other


def _with_english_names(line: str) -> str:
    for theirs, ours in CHOSEN.items():
        line = line.replace(theirs, ours)
    return line


@pytest.mark.parametrize("name", ENGLISH)
def test_both_sides_have_the_same_headings_links_and_code(name: str) -> None:
    english, other = both(name)
    assert ranks(english) == ranks(other)
    assert leads_to(english, name) == leads_to(other, name)
    assert code(english) == [_with_english_names(line) for line in code(other)]


@pytest.mark.parametrize("name", ENGLISH)
def test_both_sides_have_the_same_figures_in_their_tables(name: str) -> None:
    english, other = map(rows, both(name))
    assert len(english) == len(other)
    for one, its in zip(english, other, strict=True):
        # Japanese may write as a figure what English writes as a word: two, two-thirds.
        assert not Counter(re.findall(NUMBER, one)) - Counter(re.findall(NUMBER, its)), its


@pytest.mark.parametrize("name", ENGLISH)
def test_a_page_leads_to_pages_in_its_own_language(name: str) -> None:
    """To the other side only beside its own: who writes a page is sent to both of another."""
    english, other = map(set, map(targets, both(name)))
    for target in other - {Path(name).name}:
        side = re.sub(r"(\.en)?(\.\w+)$", r".ja\2", target)
        there = ":" not in target and ((ROOT / name).parent / side).exists()
        assert not there or side in other or side == target, target
    for target in english - {japanese(name).name}:
        assert ".ja." not in target or target.replace(".ja.", ".") in english, target


@pytest.mark.parametrize("name", PAGES)
def test_a_link_that_is_called_by_a_files_name_leads_to_that_file(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for label, target in re.findall(r"\[([^\]]+\.[a-z]\w+)\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert Path(label.strip("`")).name == Path(target).name, label


def test_what_differs_is_seen() -> None:
    page = "[日本語](a.ja.md)\n\n    make x   # now\n\n| 1.5 | two |\n"
    assert (targets(page), code(page)) == (["a.ja.md"], ["make x"])
    assert leads_to(page, "a.md") == set() and leads_to("[a](b.ja.md#c)", "a.md") == {"b.md"}
    assert leads_to('<img src="d.en.svg" width="9">', "a.md") == {"d.svg"}
    assert rows(page) == ["| 1.5 | two |"] and ranks("# a\n```\n# b\n```\n## c\n") == [1, 2]


def test_the_curves_of_scaling_are_the_same_in_both_languages() -> None:
    english, other = (
        (ROOT / "docs" / f"scaling.{one}.svg").read_text("utf-8") for one in ("en", "ja")
    )
    assert other == scaling.in_japanese(english)
    labels = re.findall(r">([^<>\n]+)</text>", other)
    assert len(labels) > 40 and set(scaling.JAPANESE.values()) <= set(labels)
    assert not [one for one in labels if re.search(r"[a-z]{3}", one)]


def menu(language: str) -> dict[str, str]:
    """What bare `make` says of each target in an environment of this language."""
    spoken = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": language}
    said = subprocess.run(
        ["make", "--no-print-directory", "menu"],
        cwd=ROOT,
        env={**os.environ, **spoken, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {line.split()[0]: line.partition(" ")[2].strip() for line in said.splitlines()}


@needs.program("make").mark
def test_the_menu_of_make_is_in_both_languages() -> None:
    english, other = menu("C.UTF-8"), menu("ja_JP.UTF-8")
    targets = re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [*english] == [*other] == targets
    assert all(text.isascii() or "…" in text for text in english.values())
    for name, text in other.items():
        assert re.search(r"[ぁ-んァ-ヶ]", text), f"{name} has no Japanese"
        sizes = [set(re.findall(NUMBER, one)) for one in (english[name], text)]
        assert sizes[0] <= sizes[1], name
    assert len(set(other.values())) == len(other)
