"""A Japanese reader is spoken to in Japanese: every command's help, usual output and refusals.

A line for people that has words has Japanese ones among them; names are no words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from shuttergate.board import board_file, board_names, read_board
from shuttergate.columns import columns
from support.japanese import english, sentences
from support.places import ROOT

ALL_OF_THEM = """
import contextlib, io, json, sys
import typer.main
from shuttergate.cli import app
from shuttergate.commands import usage
from shuttergate import cli

def walk(command, words):
    yield words
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(one, [*words, name])

said = {}
asked = [[*words, "--help"] for words in walk(typer.main.get_command(app), [])]
for words in [*asked, *json.loads(sys.argv[1])]:
    sys.argv = ["shuttergate", *words]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            usage.run(app, "shuttergate")
        except SystemExit:
            pass
    said[" ".join(words)] = out.getvalue()
print(json.dumps(said))
"""

WRONG = [
    *([], ["--nope"], ["nope"], ["chek"], ["model"], ["board", "show"]),
    *(["board", "show", "a", "b"], ["board", "show", "pi9"], ["doctor", "--write"]),
    *(["check"], ["check", "--jsn", "x"], ["card", "x.png"], ["card", "x.pdf", "--paper", "a5"]),
    *(["demo", "--seconds", "x"], ["demo", "--seconds", "0"], ["demo", "--port", "x"]),
    *(["demo", "--port", "99999"], ["demo", "--seconds"], ["demo", "--headless=1"]),
    *(["demo", "--press", "soon"], ["bench", "x", "--slow", "9"], ["bench", "--jobs", "1.5", "x"]),
    *(["model", "show", "gone"], ["run", "--config", "nowhere.toml"]),
    *(
        ["console", "--lan-may", "fly"],
        ["demo", "--lan-may", "fly"],
        ["demo", "--lan", "--headless"],
    ),
    *(["demo", "--lan-at", "x:1"], ["demo", "--lan", "--lan-at", "a place"]),
    *(["bench", "nowhere.toml"], ["evaluate", "nowhere.csv"]),
]


def environment(**more: str) -> dict[str, str]:
    unset = dict.fromkeys(("LANGUAGE", "LC_ALL", "LC_MESSAGES"), "")
    return {**os.environ, **unset, "LANG": "ja_JP.UTF-8", "COLUMNS": "80", **more}


def shuttergate(*words: object, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "shuttergate", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**env),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_what_is_english_is_seen() -> None:
    names = "  --version\nopen-nsfw  sha256 0123456789ab\n20261129T230539.130Z.jpg\n可  a.png"
    assert list(english(names)) == []
    said = "CLEAR  0.012  a.png  (clear)\n  --help  Show this message and exit.\n正常  camera"
    assert list(english(said)) == said.splitlines()[:2]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What every command says for --help, and what `WRONG` usage is answered with."""
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, json.dumps(WRONG)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_help_and_refusals_are_japanese(told: dict[str, str]) -> None:
    assert len(told) > 40
    for words, text in told.items():
        assert text.strip(), words
        assert list(english(text)) == [], words
        assert list(sentences(text)) == [], words


WHOLE = """\
title = 'x'
seconds = 3
must = [{what = 'line', level = 'low', from_s = 0, to_s = 1}]"""

MISTAKES = {
    "kit.toml": [
        *("board = 3", "board = x", "[gate]\nclear_frames = 'x'", "[gate]\nnope = 3", "[gate"),
        *("[album]\nfolder = '~nobody-x/a'", "[policy]\nrules = 'x'", "[gate]\nmax_age_ms = 0"),
    ],
    "script.toml": [
        "title = 'x'",
        *(
            f"{WHOLE}\n{line}"
            for line in (
                "show = [{at_s = 0, scene = 'nix'}]",
                "fault = [{at_s = 0, what = 'nix'}]",
                "fault = [{at_s = 9, what = 'disk full'}]",
                "fault = [{at_s = 0, what = 'disk full'}, {at_s = 1, what = 'disk full'}]",
                "press = [{at_s = 1, hold_s = 1}, {at_s = 1.5}]",
                "press = [{at_s = 5000}]",
                "kit = {board = 3}",
            )
        ),
        "title = 'x'\nseconds = 3\nmust = [{what = 'fals'}]",
        "title = 'x'\nseconds = 3\nmust = [{what = 'line', level = 'lo', from_s = 0, to_s = 1}]",
        "title = 'x'\nseconds = '3'\nmust = []",
    ],
    "list.csv": ["path,label\na,maybe", 'path,label\n"a,nude', "label\nnude", "path,label\na,safe"],
}


def test_mistakes_in_files_are_told_without_an_english_sentence(tmp_path: Path) -> None:
    asked = []
    for name, texts in MISTAKES.items():
        for number, text in enumerate(texts):
            file = tmp_path / f"{number}-{name}"
            file.write_text(text)
            command = {"kit.toml": ["demo", "--headless", "--seconds", "0.1", "--config"]}
            command |= {"script.toml": ["bench"], "list.csv": ["evaluate", "--names", "("]}
            asked.append([*command[name], str(file)])
            if name == "list.csv":
                asked.append(["evaluate", str(file)])
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, json.dumps(asked)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for words in map(" ".join, asked):
        text = said[words].replace(str(tmp_path), "")
        text = re.sub(r"[^。]* から選", "・", text)  # names that a file has
        assert text.startswith("shuttergate: ") and "原文" not in text, text
        assert list(english(text)) == [] and list(sentences(text)) == [], text


NAMED_SO = {
    "Git for Windows",
    "Raspberry Pi documentation",
    "Raspberry Pi white paper",
    "usage on Raspberry Pi devices",
    "cannot be asked",  # as a ledger has it, with what it means
    "program knows this file",
    "sudo shuttergate doctor",
}
"""What documents name or quote in English."""


def test_japanese_documents_have_no_english_sentence() -> None:
    found = []
    for path in sorted(ROOT.rglob("*.ja.*")):
        if path.suffix not in (".md", ".toml") or ".venv" in path.parts or "build" in path.parts:
            continue
        blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
        text = blocks.sub(lambda code: "\n" * code[0].count("\n"), path.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("    "):  # code, too
                continue
            plain = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+|<[^>]*>", "・", line)
            for words in sentences(plain):
                if re.search(r"\b[a-z]", words) and words not in NAMED_SO:
                    found.append(f"{path.relative_to(ROOT)}:{number}: {words}")
    assert found == []


def test_usage_says_once_that_more_may_follow(told: dict[str, str]) -> None:
    for words, text in told.items():
        assert not re.search(r"…[^ ]*\.\.\.", text), words
    assert "--version  バージョン" in told["--help"]


def test_help_is_as_wide_as_the_terminal_and_no_wider(told: dict[str, str]) -> None:
    for words, text in told.items():
        if words.endswith("--help"):
            lines = text.splitlines()
            assert max(map(columns, lines)) <= 80, words
            assert not any(re.match(r" *[。、）]", line) for line in lines), words


def test_what_commands_usually_say_is_japanese(
    clear_scene: Path, blocked_scene: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_text("no picture")
    config = tmp_path / "kit.toml"
    config.write_text(f'[album]\nfolder = "{tmp_path}/album"\n')
    for words in (
        ["check", clear_scene, blocked_scene, tmp_path / "broken.jpg"],
        ["check", "--live", clear_scene],
        ["doctor", "--config", config],
        ["model", "list"],
        ["model", "show", "open-nsfw"],
        ["model", "verify"],
        ["model", "fit"],
        ["model", "sources", "open-nsfw"],
        ["board", "list"],
        ["card", tmp_path / "card.pdf"],
    ):
        assert list(english(shuttergate(*words))) == [], words


@pytest.mark.parametrize("name", board_names())
def test_a_boards_description_has_japanese_comments(name: str) -> None:
    """All of them; and what the software reads is the same. Names of cameras are names."""
    ours, shown = board_file(name).read_text(), shuttergate("board", "show", name)
    assert tomllib.loads(shown) == tomllib.loads(ours)
    comments = re.findall(r"# (.+)", shown)
    assert len(comments) == len(re.findall(r"# (.+)", ours)) > 8
    words = [one for one in comments if not re.match(r"(Camera Module \d|.* Camera)$", one)]
    assert list(english("\n".join(words))) == []


def test_why_a_picture_cannot_be_read_stands_whole_in_the_table_of_an_evaluation(
    clear_scene: Path, blocked_scene: Path, tmp_path: Path
) -> None:
    (tmp_path / "torn.png").write_bytes(clear_scene.read_bytes()[:500])
    rows = [f"{clear_scene},safe", f"{blocked_scene},nude", "torn.png,safe", "gone.png,safe"]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *rows]))
    said = shuttergate("evaluate", tmp_path / "list.csv", "--live")
    assert "…" not in said and max(map(columns, said.splitlines())) <= 80
    assert "そのようなファイルはありません" in said and "で終わっています" in said


def test_a_ledgers_kinds_uses_and_columns_are_told_in_japanese() -> None:
    head, _mark, rest = shuttergate("model", "sources", "consent-clean").partition("ライセンス")
    assert list(english(head)) == [] and "テクスチャー" in head
    columns_of_rows = re.findall(r"^  (\S+)  ", rest.partition("画像以外")[2], re.MULTILINE)
    assert {one for one in columns_of_rows if one.isascii()} == {"sha256"}


def test_of_the_wiring_only_what_is_printed_on_boards_is_not_japanese() -> None:
    text = shuttergate("board", "wiring", "pi-cpu")
    lines = [line for line in text.splitlines() if re.search(r"\(\d\d\)", line)]
    assert {word for line in lines for word in re.findall(r"[A-Za-z]{2,}", line)} == {
        *("BCM", "GND"),
        *("clear", "blocked", "wait"),  # as the lamps are called
    }
    assert len({columns(line.partition(" (")[0]) for line in lines}) == 1
    assert list(english(text.partition("[pins]")[2])) == []


def test_operations_are_counted_alike_wherever_they_are_told() -> None:
    for command in ("show", "fit"):
        assert "ADD 9、AVERAGE_POOL_2D 1、" in shuttergate("model", command, "consent-clean")


def test_tables_stand_in_columns_whatever_their_letters(
    clear_scene: Path, blocked_scene: Path
) -> None:
    lines = shuttergate("check", clear_scene, blocked_scene).splitlines()
    assert [columns(line.partition("0.")[0]) for line in lines[:1]] == [11]
    assert lines[0].startswith("問題なし ") and lines[1].startswith("遮断 ")
    assert (
        lines[0].endswith("blue.png")
        and lines[1].endswith("（裸の可能性）")
        and "(" not in "".join(lines)
    )
    found = [line for line in shuttergate("doctor").splitlines() if "→" not in line]
    assert "mock" not in "".join(found)
    assert not any(re.search(r"(?<![(（])(gpio|mock|cpu)(?![)）])", line) for line in found)
    starts = {columns(re.match(r"\S+ +", line)[0]) for line in found}  # type: ignore[index]
    assert starts == {9}


def test_programs_are_spoken_to_in_english(clear_scene: Path) -> None:
    (line,) = shuttergate("check", "--json", clear_scene).splitlines()
    assert json.loads(line)["verdict"] == "CLEAR" and json.loads(line)["reason"] == "clear"
    for one in map(json.loads, shuttergate("doctor", "--json").splitlines()):
        assert set(one) == {"type", "part", "health", "seen", "mend"}
        assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", json.dumps(one, ensure_ascii=False))


@pytest.mark.parametrize(
    ("env", "head"),
    [
        ({"LANGUAGE": "en", "LANG": "ja_JP.UTF-8"}, "Usage: "),
        ({"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, "Usage: "),
        ({"LC_ALL": "ja_JP.UTF-8", "LANG": "C.UTF-8"}, "使い方: "),
        ({"LANGUAGE": "ja:en", "LANG": "en_GB.UTF-8"}, "使い方: "),
        ({"LANGUAGE": "fr", "LANG": "fr_FR.UTF-8"}, "Usage: "),
    ],
)
def test_the_environment_chooses_as_it_does_for_other_programs(
    env: dict[str, str], head: str
) -> None:
    assert shuttergate("--help", **env).startswith(head)


def test_each_pack_and_board_has_a_japanese_name() -> None:
    for name in board_names():
        assert list(english(read_board(name).title["ja"])) == [], name
    for path in (ROOT / "models").glob("*/model.toml"):
        assert "title_ja = " in path.read_text(), path
