"""Part two of the lesson, played: every command of its worksheet, and what its answers say."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from measure.lesson import MENDS
from shuttergate.config import read_config
from support.places import ROOT
from test_lesson import build, page, table

DUCK = ROOT / "docs" / "lesson" / "duck"
PLACEHOLDER = "blue heron"
BOTH = pytest.mark.parametrize("language", build.LANGUAGES)


def blocks(language: str) -> list[list[str]]:
    """Return the commands of the worksheet, as they stand together."""
    found = build.read(page("two-worksheet", language))
    return [block.text.split("\n") for block in found if block.kind == "code"]


TEACH, ASK, SHOW, WAY_A, WAY_B, WAY_C, WAY_D, ANEW, RECEIPT, OUT = range(10)


@dataclass(frozen=True)
class Verdicts:
    """What `check` said of the 18 pictures: which it blocked, by their names."""

    blocked: frozenset[str]
    cleared: frozenset[str]

    @property
    def misses(self) -> set[str]:
        return {one for one in self.cleared if one.startswith("duck")}

    @property
    def false_blocks(self) -> set[str]:
        return {one for one in self.blocked if one.startswith("none")}

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.misses), len(self.false_blocks)


@dataclass
class Class:
    """A class at a laptop in ``folder``, which has what a checkout has."""

    folder: Path
    receipts: dict[str, str] = field(default_factory=dict)
    """By the file of an example its two words, as `teach` said them last."""

    def types(self, *commands: str, language: str = "en", status: int = 0) -> str:
        """Type commands as they stand on the worksheet; return what the last one said."""
        said = ""
        for command in commands:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env={**os.environ, "LANGUAGE": language},
                capture_output=True,
                text=True,
                timeout=60,
            )
            said = done.stdout + done.stderr
            wanted = 1 if " check " in command else status  # it blocks something every time
            assert done.returncode == wanted, f"{command}: {said}"
            if " teach " in command:
                self.receipts = {file: word for _, word, _, file in lines(said)}
        return said

    def withdraws(self, command: str, file: str, **more: Any) -> str:
        """Type a command with an example's own words."""
        assert PLACEHOLDER in command
        return self.types(command.replace(PLACEHOLDER, self.receipts[file]), **more)

    def asks(self, command: str) -> Verdicts:
        """Return the verdicts that a command prints."""
        rows = re.findall(r"^(BLOCKED|CLEAR) .*/([\w-]+)\.jpg(?:  \(|$)", self.types(command), re.M)
        assert len(rows) == 18
        return Verdicts(
            *(
                frozenset(name for said, name in rows if said == verdict)
                for verdict in ("BLOCKED", "CLEAR")
            )
        )


def lines(said: str) -> list[tuple[str, str, float, str]]:
    """Return each example in an answer: its kind, its words, its score, its file or nothing."""
    rows = re.findall(r"^  (\S*example) +(\w+ \w+) +(\d\.\d\d) *(\S*)$", said, re.M)
    return [(kind, word, float(score), file) for kind, word, score, file in rows]


@dataclass
class Played:
    """What a class got to see."""

    taught: str
    shown: str
    first: Verdicts
    ways: dict[str, Verdicts]
    searched: dict[str, list[str]]
    withdrawn: str
    word: str
    after: Verdicts
    everything: Verdicts
    refused: dict[str, str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the worksheet from the first command to the last."""
    folder = tmp_path_factory.mktemp("class")
    for name in (".venv", "docs", "models"):
        (folder / name).symlink_to(ROOT / name)
    group = Class(folder)
    given = blocks("en")
    begin_anew = given[TEACH][0]
    taught = group.types(*given[TEACH])
    (ask,), (show,) = given[ASK], given[SHOW]
    first, shown = group.asks(ask), group.types(show)
    ways = {}
    group.withdraws(*given[WAY_A], "duck-1.jpg")
    ways["A"] = group.asks(ask)
    refused = {}
    for file in ("duck-2.jpg", "duck-3.jpg"):
        group.withdraws(*given[WAY_A], file)
    for language in build.LANGUAGES:
        refused[language] = group.withdraws(
            *given[WAY_A], "duck-4.jpg", language=language, status=1
        )
    (b,), (c,), (d,) = given[WAY_B], given[WAY_C], given[WAY_D]
    teach, again = given[ANEW]
    for way, added in {"B": [b], "C": [c], "D": [d], "E": [c, d]}.items():
        group.types(begin_anew, *added, teach)
        ways[way] = group.asks(again)
    *made, search = given[RECEIPT]
    withdraw, last = given[OUT]
    group.types(*made)
    word = group.receipts["duck-12.jpg"]
    searched = {one: [group.types(search, language=one)] for one in build.LANGUAGES}
    withdrawn = group.withdraws(withdraw, "duck-12.jpg")
    for one, said in searched.items():
        said.append(group.types(search, language=one, status=1))
    after = group.asks(last)
    group.types(
        "cp docs/lesson/duck/more/duck-* build/yes; cp docs/lesson/duck/more/none-* build/no"
    )
    group.types(teach)
    everything = group.asks(again)
    return Played(taught, shown, first, ways, searched, withdrawn, word, after, everything, refused)


def answer(language: str, part: int, letter: str = "") -> str:
    """Return a part of the answers, or what it says at a letter."""
    text = re.split(r"^## \d .+$", page("two-answers", language), flags=re.M)[part]
    if letter:
        found = re.search(rf"^{letter}\) (.+?)(?=\n\n)", text, re.M | re.S)
        assert found
        text = found[1]
    return " ".join(text.split())


def figures(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"(?<![A-Za-z\d.-])\d+(?:\.\d+)?", text)]


def test_both_languages_type_the_same_commands() -> None:
    assert blocks("en") == blocks("ja")
    assert len(blocks("en")) == OUT + 1


def test_the_bench_asks_of_the_same_ways() -> None:
    def added(*ways: int) -> list[set[str]]:
        kinds: list[set[str]] = [set(), set()]
        for way in ways:
            ((kind, numbers),) = re.findall(r"/(\w+)-\{([\d,]+)\}", blocks("en")[way][0])
            names = {f"{kind}-{number}" for number in numbers.split(",")}
            kinds[("duck", "none").index(kind)] |= names
        return kinds

    expected = [added(WAY_B), added(WAY_C), added(WAY_D), added(WAY_C, WAY_D)]
    assert [[*map(set, more)] for more in MENDS.values()] == expected


@BOTH
def test_the_scores_look_as_good_as_is_said(played: Played, language: str) -> None:
    found = lines(played.taught)
    least = min(score for kind, _, score, _ in found if kind == "example")
    most = max(score for kind, _, score, _ in found if kind == "counter-example")
    told = re.findall(r"0\.\d\d", answer(language, 1, "a"))
    assert [float(one) for one in told] == [least, most]
    assert [row[:3] for row in lines(played.shown)] == [row[:3] for row in found]


@BOTH
def test_the_first_rule_fails_as_is_said(played: Played, language: str) -> None:
    text = answer(language, 2)
    assert set(re.findall(r"(?:duck|none)-\d+", text)) == played.first.blocked
    with_it, without = table("two-answers", language, {"en": "there are", "ja": "枚数"}[language])
    missed, wrongly = played.first.counts
    assert [int(one) for one in with_it[1:]] == [9, 9 - missed, missed]
    assert [int(one) for one in without[1:]] == [9, wrongly, 9 - wrongly]
    told = figures(text[text.rindex("|") :])
    assert told == [missed, wrongly, 18, missed + wrongly]


def test_it_learned_the_cloth(played: Played) -> None:
    """What the rule blocks is what stands on the cloth, all of it, and nothing else."""
    on = {Path(row["file"]).stem: row["stands_on"] for row in ledger() if "test" in row["file"]}
    assert played.first.blocked == {name for name, where in on.items() if where == "checked cloth"}


@BOTH
def test_each_way_mends_what_is_said(played: Played, language: str) -> None:
    head, *rows = table("two-answers", language, {"en": "misses", "ja": "見逃し"}[language])
    told = {way: (int(misses), int(wrongly)) for way, _, misses, wrongly in rows}
    assert told == {way: one.counts for way, one in played.ways.items()}
    assert tuple(map(int, head[2:])) == played.first.counts
    asked = table("two-worksheet", language, {"en": "misses", "ja": "見逃し"}[language])
    assert [row[0] for row in asked] == [row[0] for row in (head, *rows)]
    text = answer(language, 4)
    assert "duck-22" in text and played.ways["E"].misses == {"duck-22"}
    assert figures(text.rpartition("docs/lesson/duck/more")[2]) == [*played.everything.counts]


@BOTH
def test_taking_one_out_changes_what_is_said(played: Played, language: str) -> None:
    (found,) = re.findall(rf" {played.word} +(\d\.\d\d) → (\d\.\d\d)$", played.withdrawn, re.M)
    text = answer(language, 5, "a")
    assert re.findall(r"0\.\d\d", text) == [*found]
    misses = len(played.after.misses)
    assert {"en": f"{misses} miss", "ja": f"見逃しは{misses}枚"}[language] in text
    besides = played.after.misses - played.ways["E"].misses
    assert besides == set(re.findall(r"duck-\d+", text))


@BOTH
def test_a_picture_is_found_and_then_is_not(played: Played, language: str) -> None:
    before, after = ("".join(said.split()) for said in played.searched[language])
    quotes = {"en": r'"([^"]+)"', "ja": "「([^」]+)」"}[language]
    found, *_ = re.findall(quotes, answer(language, 5))
    gone, *_ = re.findall(quotes, answer(language, 5, "c"))
    assert "".join(found.split()) in before and played.word.replace(" ", "") in before
    assert "".join(gone.split()) in after


@BOTH
def test_the_last_ones_are_refused_in_these_words(played: Played, language: str) -> None:
    told = answer(language, 5, "e")
    quote = re.search({"en": '"(.+?)"', "ja": "「(.+?)」"}[language], told)
    assert quote and quote[1] in played.refused[language]


@BOTH
def test_the_petition_is_told_as_in_the_pages_of_the_demands(language: str) -> None:
    suffix, word = {"en": ("", "in part"), "ja": (".ja", "一部している")}[language]
    demands = (ROOT / "docs" / f"demands{suffix}.md").read_text("utf-8")
    for number in (12, 13, 14):
        assert re.search(rf"^### {number}\. .+\n\n\*\*{word}\*\*$", demands, re.M)
    column = {"en": "our duck", "ja": "アヒルの規則"}[language]
    answers = table("two-answers", language, column)
    assert [row[0] for row in answers] == [
        row[0] for row in table("two-worksheet", language, column)
    ]
    yes, part, no = {"en": ("yes", "in part", "no"), "ja": ("はい", "一部", "いいえ")}[language]
    (ours, free, theirs), *others = (row[1:] for row in answers)
    assert (ours, theirs) == (yes, no) and free.startswith(no), "a free licence asked nobody"
    assert {*others} == {(yes, part, no)}
    rows = (ROOT / "models/consent-clean/ledger.csv").read_text("utf-8").splitlines()
    assert str(len(rows) - 1) in page("two-worksheet", language)
    unknown = sum("not documented" in row for row in rows)
    assert {"en": f"for {unknown} that", "ja": f"{unknown}件"}[language] in answer(language, 6)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Teach", "Begin", "This is it", "This is not it", "Put it in force", "Take out"]),
        ("en", ["Save it as a file", "Go on with a file…", "Receipt"]),
        ("en", ["This was used, or one much like it, by contribution", "Take it out"]),
        ("en", ["How it works", "Try your own pictures", "Choose pictures"]),
        ("ja", ["教える", "始める", "これです", "これではない", "効かせる", "取り下げる"]),
        ("ja", ["ファイルに保存", "ファイルの続きから…", "控え"]),
        ("ja", ["しくみ", "自分の画像で試す", "画像を選ぶ", "遮断"]),
    ],
)
def test_what_is_to_be_pressed_on_the_page_is_there(language: str, words: list[str]) -> None:
    js = (ROOT / "firmware/shuttergate/console/pages/js/words.js").read_text("utf-8")
    told = page("two-plan", language)
    quoted = {"en": '"{}"', "ja": "「{}」"}[language]
    for word in words:
        assert quoted.format(word) in told, word
        assert re.search(rf'^  "[\w.]+": "{re.escape(word)}[":（]', js, re.M), word


def test_the_page_is_told_settings_that_a_kit_reads() -> None:
    (name,) = set(re.findall(r"--config (\S+)\"`", page("two-plan", "en")))
    settings = read_config(ROOT / name)
    seconds = f"{settings.scene.picture_s:.0f}"
    assert f"for {seconds} seconds" in page("two-plan", "en")
    assert f"{seconds}秒ずつ" in page("two-plan", "ja")
    scenes = set(re.findall(r"--scene (\S+)", page("two-plan", "en")))
    assert all((ROOT / scene).is_dir() for scene in scenes) and scenes


@BOTH
def test_the_minutes_come_to_45(language: str) -> None:
    at = 0
    for start, minutes, *_ in table(
        "two-plan", language, {"en": "minutes", "ja": "時間（分）"}[language]
    ):
        assert int(start) == at
        at += int(minutes)
    assert at == 45


def ledger() -> list[dict[str, str]]:
    with (DUCK / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def test_each_picture_has_its_row_and_is_nobodys() -> None:
    rows = ledger()
    files = {one.relative_to(DUCK).as_posix() for one in DUCK.rglob("*.jpg")}
    assert {row["file"] for row in rows} == files and len(rows) == len(files)
    for row in rows:
        content = (DUCK / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert (row["license"], row["people"], row["made_by"]) == (
            *("Apache-2.0", "none"),
            "this project",
        )
    assert sum((DUCK / file).stat().st_size for file in files) < 1_000_000
    for language in build.LANGUAGES:
        assert {"en": f"The {len(rows)} pictures", "ja": f"{len(rows)}枚の画像"}[language] in page(
            "two-plan", language
        )


@pytest.fixture(scope="module")
def recipe() -> Iterator[Any]:
    """The module that plans and renders the set, and takes the room's recipe with it."""
    before, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(DUCK))
    spec = importlib.util.spec_from_file_location("biased_set", DUCK / "biased_set.py")
    assert spec and spec.loader
    module = sys.modules["biased_set"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_the_bias_is_the_cloth_alone(recipe: Any) -> None:
    planned = recipe.planned()
    assert [one.file for one in planned] == [row["file"] for row in ledger()]
    for one in planned:
        if one.file.startswith("first/"):
            assert (one.on == recipe.CLOTH) == one.is_there
    asked = [one for one in planned if one.file.startswith("test/")]
    kinds = {(one.is_there, one.on == recipe.CLOTH) for one in asked}
    assert len(kinds) == 4


def test_a_picture_is_made_anew_from_its_row(recipe: Any, tmp_path: Path) -> None:
    (one,) = [one for one in recipe.planned() if one.file == "test/duck-22.jpg"]
    recipe.render_to(tmp_path, one)
    with Image.open(DUCK / one.file) as image, Image.open(tmp_path / one.file) as made:
        apart = np.abs(np.asarray(image, np.float32) - np.asarray(made, np.float32))
    assert apart.mean() < 1, "of 255: another processor rounds otherwise"
