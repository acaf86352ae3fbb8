"""The talk: steps that a script can press, words that fit into 5 minutes, figures that are so."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from shuttergate.cli import app
from support.places import ROOT
from support.talk import EN, JA, Wall, keys, seconds, steps

BOTH = pytest.mark.parametrize("path", [EN, JA], ids=["en", "ja"])

LENGTH_S = 300
SHORT_S = 40
"""No answer is longer."""
LOOK_S = 2.0
"""Between two steps the audience looks at the wall for so long, while nobody speaks."""

WORDS_A_MINUTE = 130
LETTERS_A_MINUTE = 300
"""Of Japanese, 、 and 。 among them: they are pauses."""
DIGIT = 3
"""Letters: how long a digit is in Japanese when it is said. In English it is a word."""


def section(path: Path, number: int) -> str:
    """Return a section of second rank, counted from 0: both languages have the same ones."""
    return re.split(r"^## .+\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[number + 1]


NEVER, BEFORE, KEYS, GLANCE, SAY, STAND, KIT, QUESTIONS, FAILS, TOLD = range(10)


def quoted(text: str) -> str:
    """Return what is said in `text`: its indented lines."""
    return "\n".join(re.findall(r"^> ?(.*)$", text, re.MULTILINE)).strip()


def said(path: Path) -> list[tuple[int, str, str]]:
    """Return when, the key that is pressed first, and what is said then."""
    parts = re.split(r"^\*\*(\d:\d\d)\*\* `([^`]+)`$", section(path, SAY), flags=re.MULTILINE)
    return [
        (seconds(time), key, quoted(words))
        for time, key, words in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]


def long_s(words: str, path: Path) -> float:
    """Return how long it takes to say `words`, in seconds."""
    if path == EN:
        digits = [len(re.findall(r"\d", word)) for word in words.split()]
        return sum(max(1, number) for number in digits) / WORDS_A_MINUTE * 60
    letters = "".join(words.split())
    return sum(DIGIT if one.isdigit() else 1 for one in letters) / LETTERS_A_MINUTE * 60


def questions(path: Path) -> dict[str, str]:
    """Return each question with what stands under it."""
    parts = re.split(r"^### (.+)\n", section(path, QUESTIONS), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def links(text: str) -> list[tuple[str, list[str]]]:
    """Return where `text` leads, and of each page what it is said to say."""
    parts = re.split(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    quotes = (re.findall(r"[\"「]([^\"」]+)[\"」]", after) for after in parts[2::2])
    return list(zip(parts[1::2], quotes, strict=True))


def shown(path: Path, text: str) -> list[tuple[str, list[str]]]:
    """Return the links of the paragraphs of `text` that say by what it is shown."""
    mark = r"(?:^|(?<=\. )|(?<=are ))[Ss]hown by " if path == EN else "根拠："
    return [link for part in text.split("\n\n") if re.search(mark, part) for link in links(part)]


def bare(text: str) -> str:
    """Return `text` without its line ends, its bold, and the spaces at which Japanese breaks."""
    return re.sub(r"\s+", "", text.replace("**", ""))


def test_both_languages_have_the_same_steps() -> None:
    assert steps(EN) == steps(JA)
    assert len(steps(EN)) > 10


@BOTH
def test_the_steps_are_in_order_from_black_to_black_within_five_minutes(path: Path) -> None:
    found = steps(path)
    times = [step.at_s for step in found]
    assert times == sorted(set(times))
    assert times[0] == 0 and times[-1] == LENGTH_S
    assert [found[0].wall, found[-2].wall, found[-1].wall] == [Wall.BLACK, Wall.BLACK, Wall.READY]


@BOTH
def test_every_key_is_in_the_table_of_keys(path: Path) -> None:
    assert {step.key for step in steps(path)} <= keys(path)
    assert keys(path) == keys(EN)
    for part in (NEVER, BEFORE, SAY, STAND, KIT, FAILS):
        ticks = re.findall(r"`([^`\n]+)`", section(path, part))
        pressed = [one for one in ticks if re.fullmatch(r".|Space|Enter|Page\w+", one)]
        assert set(pressed) <= keys(path), part


@BOTH
def test_what_is_pressed_in_the_script_is_what_the_table_says(path: Path) -> None:
    assert [(at_s, key) for at_s, key, _ in said(path)] == [
        (step.at_s, step.key) for step in steps(path)
    ]


@BOTH
def test_what_is_said_fits_between_its_step_and_the_next(path: Path) -> None:
    script = said(path)
    assert all(words for _, _, words in script[:-1]) and not script[-1][2]
    for (at_s, _, words), (next_s, _, _) in pairwise(script):
        needed_s = LOOK_S + long_s(words, path)
        assert needed_s <= next_s - at_s, f"{at_s} s: {needed_s:.0f} of {next_s - at_s} s"


@BOTH
def test_every_time_that_is_named_is_a_steps(path: Path) -> None:
    named = set(re.findall(r"\b\d:\d\d\b", path.read_text(encoding="utf-8")))
    assert {seconds(time) for time in named} == {step.at_s for step in steps(path)}


@BOTH
def test_one_minute_is_one_minute(path: Path) -> None:
    assert 30 < long_s(quoted(section(path, STAND)), path) <= 60


@BOTH
def test_every_question_has_a_short_answer_and_says_by_what_it_is_shown(path: Path) -> None:
    found = questions(path)
    assert len(found) == len(questions(EN)) > 10
    for question, text in found.items():
        assert 0 < long_s(quoted(text), path) <= SHORT_S, question
        assert shown(path, text), question


def test_both_languages_show_it_by_the_same_pages() -> None:
    def leads(path: Path) -> list[list[str]]:
        texts = [section(path, SAY), *questions(path).values()]
        return [[link.replace(".ja.", ".") for link, _ in shown(path, text)] for text in texts]

    assert leads(EN) == leads(JA)


@BOTH
def test_each_page_says_what_it_is_said_to_say(path: Path) -> None:
    count = 0
    for text in [section(path, SAY), *questions(path).values()]:
        for link, quotes in shown(path, text):
            target = (path.parent / link).resolve()
            assert target.is_file(), link
            page = bare(target.read_text(encoding="utf-8"))
            for quote in quotes:
                assert bare(quote) in page, f"{link} does not say {quote!r}"
            count += len(quotes)
    assert count > 15


@BOTH
def test_every_figure_that_is_said_is_shown(path: Path) -> None:
    """Small counts, years and the campaign's decades aside."""
    for text in [section(path, SAY), *questions(path).values()]:
        quotes = " ".join(quote for _, found in shown(path, text) for quote in found)
        figures = set(re.findall(r"\d+\.\d+|\d{2,}", quoted(text)))
        told = {one for one in figures if not re.fullmatch("10|20(..)?", one)}
        assert told <= set(re.findall(r"\d+\.\d+|\d+", quotes)), quoted(text)


@BOTH
def test_the_commands_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert {"demo", "setup", "video"} <= set(re.findall(r"`make ([a-z0-9-]+)", text)) <= targets
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {"card", "doctor"} <= set(re.findall(r"bin/shuttergate ([a-z]+)", text)) <= commands


@BOTH
def test_the_lines_to_fill_in_are_empty(path: Path) -> None:
    blanks = re.findall(r"^- .+[:：] ?_{20,}$", section(path, TOLD), re.MULTILINE)
    assert len(blanks) == 3


def test_what_is_too_long_and_what_is_not_there_are_seen() -> None:
    assert long_s("one two " * 65, EN) == 60
    assert long_s("あ、" * 150, JA) == 60 and long_s("1845", JA) == 12 / 5
    assert links('[a](b.md): "1 of 2"; [c](d.md#e)') == [("b.md", ["1 of 2"]), ("d.md", [])]
    assert links("[a](b.md)「1枚」「2枚」。") == [("b.md", ["1枚", "2枚"])]
    assert bare("a **b**\nc") == "abc"
