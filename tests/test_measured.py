"""A figure stands once, in docs/measured.md, under its command, machine and day.

Who says it elsewhere, in a paragraph, an item or a row of a table, links in that very place to the
section in which it stands. The digits must be there: `404 of 540` in one row of it. What is a
number and no figure, a setting or a version, is named in `QUOTING`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from test_both_languages import NUMBER
from test_docs import LANGUAGES, slug, text_of

QUOTING = {
    "README": (
        *("Debian 12", "Python 3.11 to 3.13", "every 20 seconds", "a lesson of 45 minutes"),
        *("Python 3.11～3.13", "20秒に1度", "45分の授業", "パソコンが1台", "1枚も使わずに"),
        *("その1枚を", "最初の1枚", "2画面に収まり", "1フレームごと", "5分の講演"),
    ),
    "docs/limits": (
        *("of 2016", "4 : 3", "EN 62676-4", "2016年", "1フレームごと"),
        *("1枚にした", "1分ずつ", "1度ずつ", "その2倍"),
    ),
}
"""Pages whose figures are asked for; what in either language of them is a number and no figure."""

CARDS = ("consent-clean", "open-nsfw", "consent-clean-coral")
ABOUT = ("The machines", "使ったコンピューター")
"""Not a measurement, and so without a command."""

FIGURE = rf"(?<![A-Za-z\d.,-]){NUMBER}(?!\d*つ)"
"""No part of a name (EfficientNet-Lite0, BSD-2), and no 1つ, 2つ, which English writes as words."""

PAIR = rf"({NUMBER}) of(?: the| those)? ({NUMBER})"
PAIR_JA = rf"({NUMBER})(?:枚|か所|本)(?:（[^）]*）)?のうち[^。\d]*({NUMBER})(?:枚|か所|本)"


def blocks(text: str) -> list[str]:
    """Return a page's paragraphs, items and rows, each on one line; without code and pictures."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(?<=\n\n)(?: {4,}\S.*\n+)+", "", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>]*>|`[^`]*`", "", text)
    parts = re.split(r"\n\s*\n|\n(?=[-*|#] ?|\d+\. )", text)
    return [re.sub(r"\s+", " ", re.sub(r"^\d+\. ", "", part.strip())) for part in parts]


@dataclass(frozen=True)
class Section:
    """A section of docs/measured.md: what stands under its heading, and what is said of it."""

    heading: str
    head: str
    rows: tuple[str, ...]

    @property
    def numbers(self) -> set[str]:
        return {number for row in self.rows for number in numbers(row)}

    def has_together(self, pair: tuple[str, str]) -> bool:
        return any(set(pair) <= set(numbers(row)) for row in self.rows)


def numbers(text: str) -> list[str]:
    return re.findall(FIGURE, re.sub(r"\]\([^)]*\)", "]", text))


def sections(language: str) -> dict[str, Section]:
    """Return the sections of the page, by the anchors that lead to them."""
    found = {}
    for part in text_of(f"docs/measured{language}.md").split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        head, _, rest = body.strip().partition("\n")
        rows = rest if heading not in ABOUT else body
        found[slug(heading)] = Section(heading, head, tuple(blocks(f"\n\n{rows}\n")))
    return found


def linked(block: str) -> list[str]:
    return re.findall(r"\]\((?:docs/)?measured(?:\.ja)?\.md#([^)]+)\)", block)


def unfounded(text: str, no_figures: tuple[str, ...], known: dict[str, Section]) -> Iterator[str]:
    """Yield each figure of a page that stands in no section to which its own paragraph leads."""
    for block in blocks(text):
        told = block
        for words in no_figures:
            told = told.replace(words, "")
        there = [known[anchor] for anchor in linked(block)]
        for number in numbers(told):
            if not any(number in section.numbers for section in there):
                yield f"{number} (in: {block[:60]} …)"
        said = re.sub(r"\]\([^)]*\)|[\[*]", "", told)
        for pair in re.findall(PAIR, said) + re.findall(PAIR_JA, said.replace(" ", "")):
            if not any(section.has_together(pair) for section in there):
                yield f"{' of '.join(pair)} (in: {block[:60]} …)"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", QUOTING)
def test_every_figure_is_one_that_was_measured(page: str, language: str) -> None:
    text = text_of(f"{page}{language}.md")
    assert list(unfounded(text, QUOTING[page], sections(language))) == []
    assert any(linked(block) for block in blocks(text))


@pytest.mark.parametrize("page", QUOTING)
def test_what_is_no_figure_is_there_at_all(page: str) -> None:
    both = "\n".join(re.sub(r"\s+", " ", text_of(f"{page}{one}.md")) for one in LANGUAGES)
    assert [words for words in QUOTING[page] if words not in both] == []


@pytest.mark.parametrize("page", QUOTING)
def test_both_languages_quote_the_same_figures_of_the_same_sections(page: str) -> None:
    def quoted(language: str) -> list[tuple[list[int], list[str]]]:
        order = [*sections(language)]
        found = []
        for block in blocks(text_of(f"{page}{language}.md")):
            if at := sorted({order.index(anchor) for anchor in linked(block)}):
                known = set().union(*(sections(language)[order[one]].numbers for one in at))
                for words in QUOTING[page]:
                    block = block.replace(words, "")
                found.append((at, sorted(set(numbers(block)) & known)))
        return found

    english, other = map(quoted, LANGUAGES)
    assert [at for at, _ in english] == [at for at, _ in other]
    for (_, some), (_, its) in zip(english, other, strict=True):
        assert set(some) <= set(its), (some, its)


def test_a_figure_without_its_section_is_seen() -> None:
    known = {"a": Section("A", "", ("| cards, of 540 | 404 |", "| safe, of 1845 | 157 |"))}
    right = "It is [weak](docs/measured.md#a): 404 of 540, and 157\nof 1845, on Debian 12.\n"
    assert list(unfounded(right, ("Debian 12",), known)) == []
    for wrong, figure in [
        (right.replace("404", "405"), "405"),
        (right.replace("404 of 540", "404 of 1845"), "404 of 1845"),
        (right.replace("measured.md#a", "bench.md#a"), "404"),
        (right.replace("157\n", "157\n\n"), "1845"),
        (right + "\n- another of 540\n", "540"),
        ("[弱い](measured.ja.md#a)。540枚のうち、157枚です。", "540 of 157"),
    ]:
        found = [one.partition(" (")[0] for one in unfounded(wrong, ("Debian 12",), known)]
        assert figure in found, (wrong, found)
    with pytest.raises(KeyError):
        list(unfounded("[9](measured.md#gone)", (), known))


def test_no_code_and_no_picture_is_taken_for_a_figure() -> None:
    text = 'a `b 1` ![2](c3.png) <img width="4">\n\n    make x  # 5\n\n```\n6\n```\n\n1. one '
    text += "[7](d8.md), Lite0, BSD-2\n"
    assert numbers(" ".join(blocks(text))) == ["7"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_measurement_has_its_command_its_machine_and_its_day(language: str) -> None:
    machines, *measured = sections(language).values()
    assert machines.heading in ABOUT and len(measured) > 20
    names = {row.split("|")[1].strip() for row in machines.rows if row.startswith("|")}
    for one in measured:
        command, machine, day = one.head.split(" · ", 2)
        assert re.search(r"`[^`]+`", command), one
        assert re.search(r"20\d\d-\d\d-\d\d", day), one
        none = ("none: computed", "なし（測った", "**an estimate", "**見積もり")
        others = ("both machines", "1台目と遅い2台目")
        assert any(name in machine for name in names) or machine.startswith((*none, *others)), one


def test_both_languages_tell_the_same_commands_and_days() -> None:
    def told(language: str) -> list[tuple[list[str], list[str]]]:
        heads = [one.head for one in sections(language).values()]
        return [
            (re.findall(r"`([^`]+)`", head), re.findall(r"20\d\d-\d\d-\d\d", head))
            for head in heads
        ]

    english, other = map(told, LANGUAGES)
    assert english == other


def test_every_section_is_in_the_list_at_the_top() -> None:
    for language in LANGUAGES:
        top = text_of(f"docs/measured{language}.md").split("\n## ")[0]
        _machines, *expected = sections(language)
        assert set(re.findall(r"\(#([^)]+)\)", top)) == set(expected)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("card", CARDS)
def test_what_is_from_a_model_card_stands_there(card: str, language: str) -> None:
    page = f"models/{card}/MODEL_CARD{language}.md"
    parts = re.split(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    there = {
        slug(head): set(numbers(text)) for head, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    quoting = 0
    for one in sections(language).values():
        anchors = re.findall(rf"\.\./{re.escape(page)}#([^)]+)\)", " ".join(one.rows))
        if anchors:
            rows = [row for row in one.rows if row.startswith("|")] or one.rows
            told = {number for row in rows for number in numbers(row)}
            stands = set().union(*(there[anchor] for anchor in anchors))
            assert told <= stands, (one.heading, told - stands)
            quoting += 1
    assert quoting
