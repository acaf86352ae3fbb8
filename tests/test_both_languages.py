"""What people read is there in English and in Japanese, and both say the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from support.places import ROOT

ENGLISH_ONLY: set[str] = {
    "CONTRIBUTING.md",
    "docs/design.md",
}
WRITTEN = [*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")]
PAGES = {path for path in WRITTEN if path.relative_to(ROOT).parts[0] != "build"}
ENGLISH = sorted(
    name
    for name in (str(path.relative_to(ROOT)) for path in PAGES)
    if not name.endswith(".ja.md") and name not in ENGLISH_ONLY
)
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
    return re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)


def leads_to(text: str, own: str) -> set[str]:
    """Where a page's links lead, whichever language: its own other side left out."""
    found = {re.sub(r"\.(en|ja)(\.\w+)$", r"\2", one) for one in targets(text)}
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


@pytest.mark.parametrize("name", ENGLISH)
def test_both_sides_have_the_same_headings_links_and_code(name: str) -> None:
    english, other = both(name)
    assert ranks(english) == ranks(other)
    assert leads_to(english, name) == leads_to(other, name)
    assert code(english) == code(other)


@pytest.mark.parametrize("name", ENGLISH)
def test_both_sides_have_the_same_figures_in_their_tables(name: str) -> None:
    english, other = map(rows, both(name))
    assert len(english) == len(other)
    for one, its in zip(english, other, strict=True):
        # Japanese may write as a figure what English writes as a word: two, two-thirds.
        assert not Counter(re.findall(NUMBER, one)) - Counter(re.findall(NUMBER, its)), its


@pytest.mark.parametrize("name", ENGLISH)
def test_a_page_leads_to_pages_in_its_own_language(name: str) -> None:
    english, other = both(name)
    here = (ROOT / name).parent
    for target in set(targets(other)) - {Path(name).name}:
        side = re.sub(r"(\.en)?(\.\w+)$", r".ja\2", target)
        assert ":" in target or side == target or not (here / side).exists(), target
    strays = [one for one in targets(english) if ".ja." in one]
    assert set(strays) <= {japanese(name).name}


def test_what_differs_is_seen() -> None:
    page = "[日本語](a.ja.md)\n\n    make x   # now\n\n| 1.5 | two |\n"
    assert (targets(page), code(page)) == (["a.ja.md"], ["make x"])
    assert leads_to(page, "a.md") == set() and leads_to("[a](b.ja.md#c)", "a.md") == {"b.md"}
    assert rows(page) == ["| 1.5 | two |"] and ranks("# a\n```\n# b\n```\n## c\n") == [1, 2]
