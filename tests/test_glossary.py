"""One Japanese word for a thing, everywhere: docs/glossary.md says which, and which not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from support.places import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
FOLDERS = ("device", "docs", "firmware", "models", "systemd", "tests")
KINDS = {".md", ".po", ".js", ".toml", ".sh", ".py", ".html", ".j2", ".svg", ".ja"}
KANA, KATAKANA, KANJI = "ぁ-ヿ", "ァ-ヺー", "一-龠"
SHORTEST = 3
"""Shorter words may end with a long vowel or without, and be two words."""


@cache
def rows() -> list[tuple[list[str], list[str], str]]:
    """Return of each row the words it gives a thing, those it forbids, and its Japanese text."""
    found = []
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "English":
            assert len(cells) == 5, line
            found.append((cells[1].split("、"), cells[2].split("、") if cells[2] else [], cells[4]))
    return found


def joined(text: str) -> str:
    """Return `text` with what a line's end cuts in two made whole again."""
    text = re.sub(r'\\\n|"\n\s*f?"', "", text)
    mark = rf"[{KANA}{KANJI}、。）」]"
    return re.sub(rf"(?<={mark})\n[ >]*(?={mark})", "", text)


@cache
def texts() -> dict[str, str]:
    """Return by its path each text of the repository that has Japanese in it."""
    files = [path for path in ROOT.iterdir() if path.suffix in KINDS or path.name == "Makefile"]
    for folder in FOLDERS:
        files += (path for path in (ROOT / folder).rglob("*") if path.suffix in KINDS)
    ours = {GLOSSARY, ROOT / "tests" / "test_glossary.py"}
    found = {}
    for path in sorted({*files} - ours):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if re.search(f"[{KANA}]", text):
            found[str(path.relative_to(ROOT))] = joined(text)
    return found


@cache
def words() -> re.Pattern[str]:
    """Return what finds every word of the glossary, the longest first.

    What is part of a longer word is another word: コマンド has no コマ in it.
    """

    def alone(word: str) -> str:
        start, end = (
            next((kind for kind in (KATAKANA, KANJI) if re.match(f"[{kind}]", one)), None)
            for one in (word[0], word[-1])
        )
        before = f"(?<![{KATAKANA}])" if start == KATAKANA else ""
        return before + re.escape(word) + (f"(?![{end}])" if end else "")

    right = {re.escape(word) for given, _, _ in rows() for word in given}
    wrong = {f"(?P<_{number}>{alone(word)})": word for number, word in enumerate(forbidden())}
    both = {**{word: word for word in right}, **wrong}
    ordered = "|".join(sorted(both, key=lambda one: len(both[one]), reverse=True))
    return re.compile(f"(?=[{KANA}{KANJI}])(?:{ordered})")


def forbidden() -> list[str]:
    return [word for _, not_said, _ in rows() for word in not_said]


def wrong_words(text: str) -> Iterator[str]:
    """Yield each word in `text` that the glossary forbids, with what is around it."""
    for match in words().finditer(text):
        if match.lastgroup:
            around = text[max(0, match.start() - 12) : match.end() + 12]
            yield f"{match[0]} (…{around}…)"


def katakana(text: str) -> set[str]:
    return set(re.findall(f"[{KATAKANA}]{{{SHORTEST},}}", text))


def both_ways(found: set[str]) -> set[str]:
    """Return the words that end with a long vowel in one place and without in another."""
    long = {word for word in found if word.endswith("ー")}
    ends = {word[start:] for word in found for start in range(len(word) - SHORTEST + 1)}
    return {word for word in long if word[:-1] in ends}


def test_the_texts_are_found() -> None:
    expected = {
        *("README.ja.md", "SECURITY.ja.md", "docs/bench.ja.md", "docs/draw.py"),
        *("device/pi-cpu/board.toml", "device/webcam/README.ja.md"),
        "firmware/shuttergate/console/pages/js/words.js",
        "firmware/shuttergate/locale/ja/LC_MESSAGES/shuttergate.po",
        "firmware/shuttergate/print/card_words.py",
        "systemd/cloud-init/user-data.ja",
    }
    assert expected <= set(texts())


def test_a_word_stands_in_one_row_alone() -> None:
    given = [word for words_given, _, _ in rows() for word in words_given]
    assert len(given) == len(set(given))
    assert len(forbidden()) == len(set(forbidden()))
    assert not set(given) & set(forbidden())


@pytest.mark.parametrize("path", texts())
def test_no_text_says_what_the_glossary_forbids(path: str) -> None:
    assert list(wrong_words(texts()[path])) == []


def test_the_glossary_keeps_to_itself() -> None:
    for given, _, said in rows():
        assert list(wrong_words(said)) == [], given


def test_every_word_of_the_glossary_is_used() -> None:
    for number, (given, _, _) in enumerate(rows()):
        others = [said for other, (_, _, said) in enumerate(rows()) if other != number]
        used = "\n".join([*texts().values(), *others])
        assert [word for word in given if word not in used] == []


def test_a_word_has_a_long_vowel_at_its_end_everywhere_or_nowhere() -> None:
    found = set().union(*map(katakana, [*texts().values(), *(said for _, _, said in rows())]))
    assert both_ways(found) == set()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("カメラのプロセスのメモリー", ["カメラのプロセス", "メモリー"]),
        ("カメラの\nプロセス", ["カメラのプロセス"]),
        ('msgstr "ゲートの"\n"プロセス"', ["ゲートのプロセス"]),
        ("コマンド、モデルパック、ライブラリ、不可能", []),
        ("コマ、パック、ライブ、不可", ["コマ", "パック", "ライブ", "不可"]),
        ("サーバとサーバー", ["サーバ"]),
    ],
)
def test_what_is_forbidden_is_seen(text: str, seen: list[str]) -> None:
    assert [found.partition(" ")[0] for found in wrong_words(joined(text))] == seen


def test_two_endings_of_a_word_are_seen() -> None:
    assert both_ways(katakana("レンダラーとレンダラ、カメラとカラー")) == {"レンダラー"}
    assert both_ways(katakana("ホームフォルダとフォルダー")) == {"フォルダー"}


COUNTERS = "枚|秒|ミリ秒|個|回|件|分|本|倍|桁|行目|番目|台|項目|時間|バイト|画素|コア|フレーム"


def test_a_number_and_its_japanese_unit_stand_together() -> None:
    """As the page says under its table; of what a kit says, where numbers are filled in."""
    for path in ("locale/ja/LC_MESSAGES/shuttergate.po", "console/pages/js/words.js"):
        text = texts()[f"firmware/shuttergate/{path}"]
        assert re.findall(rf".*[}}\d] (?:{COUNTERS})(?!物).*", text) == [], path
