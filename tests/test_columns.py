"""Words by the room that they take on a terminal."""

from __future__ import annotations

import pytest

from shuttergate.columns import columns, cut, padded, wrapped


def test_a_line_is_cut_by_columns_and_not_by_letters() -> None:
    assert columns("○ 閉") == 4
    assert cut("カメラ", 5) == "カメ"
    assert cut("カメラ", 0) == ""


def test_cells_of_both_languages_are_padded_alike() -> None:
    assert padded("ok", 8) + "|" == "ok      |"
    assert padded("正常", 8) + "|" == "正常    |"
    assert padded("longer than that", 8) == "longer than that"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a few words of English", 12, ["a few words", "of English"]),
        ("日本語はどこでも", 8, ["日本語は", "どこでも"]),
        ("文が終わる。次の文", 10, ["文が終わ", "る。次の文"]),
        ("FILE.toml を参照", 12, ["FILE.toml を", "参照"]),
        ("（かっこ）の中", 4, ["（か", "っ", "こ）", "の中"]),
        ("判定する。  [既定値：a4]", 13, ["判定する。", "[既定値：a4]"]),
        ("", 10, [""]),
    ],
)
def test_japanese_is_broken_between_letters_and_no_line_begins_with_a_full_stop(
    text: str, width: int, lines: list[str]
) -> None:
    assert wrapped(text, width) == lines
