"""The lesson: one text for page and paper, the same in both languages, with figures that are so."""

from __future__ import annotations

import csv
import importlib.util
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pypdf import PdfReader

from support.places import ROOT

LESSON = ROOT / "docs" / "lesson"
MM_PER_PT = 25.4 / 72
PAGES = {
    "plan": (4, 4),
    "worksheet": (4, 4),
    "handout": (2, 2),
    "answers": (3, 3),
    "two-plan": (4, 4),
    "two-worksheet": (4, 4),
    "two-answers": (3, 3),
}
"""In English and in Japanese."""
PICTURES = {
    *("docs/page-open.en.png", "docs/page-closed.en.png"),
    *("docs/page-open.ja.png", "docs/page-closed.ja.png"),
    "models/testcard/card.png",
    *(
        f"docs/lesson/duck/test/{kind}-{at}.jpg"
        for kind in ("duck", "none")
        for at in range(21, 30)
    ),
}
"""Computer-made, all of them: no person is in any."""


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lesson_build", LESSON / "build.py")
    assert spec and spec.loader
    module = sys.modules["lesson_build"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load()
ALL = [(sheet, language) for sheet in build.SHEETS for language in build.LANGUAGES]


def page(sheet: str, language: str) -> str:
    text: str = build.page_of(sheet, language).read_text(encoding="utf-8")
    return text


Line = tuple[float, float, float, float, str]
"""Left, right and upper edge in mm; the type's size in points; the text."""


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    build.make_fonts(folder)
    return folder


@pytest.fixture(scope="module")
def drawn(fonts: Path) -> dict[tuple[str, str], tuple[bytes, list[Line]]]:
    """Each sheet, and the lines that were set on it."""
    put = build.Sheet.put
    found = {}
    for one in ALL:
        lines: list[Line] = []

        def note(
            sheet: Any,
            x: float,
            y: float,
            runs: list[tuple[str, bool]],
            pt: float,
            lines: list[Line] = lines,
        ) -> None:
            text = "".join(text for text, _ in runs)
            space = sheet.width([(" ", False)], pt) if text.endswith(" ") else 0
            lines.append((x, x + sheet.width(runs, pt) - space, y, pt, text.rstrip()))
            put(sheet, x, y, runs, pt)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build.Sheet, "put", note)
            found[one] = build.draw(*one, fonts), lines
    return found


@pytest.fixture(params=ALL, ids="-".join)
def one(request: pytest.FixtureRequest) -> tuple[str, str]:
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.fixture
def pdf(drawn: dict[tuple[str, str], tuple[bytes, list[Line]]], one: tuple[str, str]) -> PdfReader:
    return PdfReader(io.BytesIO(drawn[one][0]), strict=True)


@pytest.fixture
def lines(
    drawn: dict[tuple[str, str], tuple[bytes, list[Line]]], one: tuple[str, str]
) -> list[Line]:
    return drawn[one][1]


def bare(text: str) -> str:
    return re.sub(r"\s", "", text.replace("**", ""))


def shapes(sheet: str, language: str) -> Iterator[tuple[object, ...]]:
    for block in build.read(page(sheet, language)):
        empty = [[cell == "" for cell in row] for row in block.rows]
        yield block.kind, block.rank, empty


@pytest.mark.parametrize("sheet", build.SHEETS)
def test_both_languages_have_the_same_parts(sheet: str) -> None:
    assert [*shapes(sheet, "en")] == [*shapes(sheet, "ja")]


def test_it_has_the_pages_it_is_made_for_in_a4(pdf: PdfReader, one: tuple[str, str]) -> None:
    assert len(pdf.pages) == PAGES[one[0]][build.LANGUAGES.index(one[1])]
    for sheet in pdf.pages:
        size = [float(side) * MM_PER_PT for side in (sheet.mediabox.width, sheet.mediabox.height)]
        assert size == pytest.approx([210, 297], abs=0.01)


def test_every_font_is_embedded(pdf: PdfReader) -> None:
    for sheet in pdf.pages:
        for font in sheet["/Resources"]["/Font"].values():
            described = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert described["/FontFile2"].get_data() and "/ToUnicode" in font


def test_title_and_language_are_told(pdf: PdfReader, one: tuple[str, str]) -> None:
    assert pdf.metadata
    assert pdf.metadata.title == build.read(page(*one))[0].text
    assert pdf.trailer["/Root"]["/Lang"] == one[1]


def test_it_is_tagged_from_its_title_to_its_pictures(pdf: PdfReader, one: tuple[str, str]) -> None:
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    tags = [each.get_object() for each in root["/StructTreeRoot"]["/K"][0]["/K"]]
    kinds = [tag["/S"] for tag in tags]
    blocks = build.read(page(*one))
    assert kinds[0] == "/H1"
    assert kinds.count("/H2") == sum(block.rank == 2 for block in blocks)
    shown = re.findall(r"!\[([^\]]+)\]", page(*one))
    assert [tag["/Alt"] for tag in tags if tag["/S"] == "/Figure"] == shown


def test_every_word_of_the_page_can_be_copied_out(pdf: PdfReader, one: tuple[str, str]) -> None:
    text = bare("".join(sheet.extract_text() for sheet in pdf.pages))
    for block in build.read(page(*one)):
        cells = [cell for row in block.rows for cell in row if not cell.startswith("!")]
        # A paragraph's own mark stands beside it, and a page may end within one's neighbours.
        said = block.text.partition(" ")[2] if block.kind == "item" else block.text
        if block.kind != "line":
            assert all(bare(part) in text for part in [said, *cells]), said


def test_no_tables_head_stands_alone(pdf: PdfReader, one: tuple[str, str]) -> None:
    """Nor the heading over it."""
    pages = [bare(sheet.extract_text()) for sheet in pdf.pages]
    for before, block in pairwise(build.read(page(*one))):
        cells = [cell for row in block.rows[:2] for cell in row if not cell.startswith("!")]
        cells += [before.text] if before.kind == "head" else []
        assert any(all(bare(cell) in text for cell in cells) for text in pages), cells


def test_it_shows_no_pictures_but_these(pdf: PdfReader, one: tuple[str, str]) -> None:
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page(*one))
    paths = {str((LESSON / name).resolve().relative_to(ROOT)) for name in named}
    assert paths <= PICTURES
    assert sum(len(sheet.images) for sheet in pdf.pages) == len(named)
    assert len(named) == {"handout": 3, "two-worksheet": 18}.get(one[0], 0)


def test_type_is_large_enough_and_within_the_margins(lines: list[Line]) -> None:
    for left, right, top, pt, text in lines:
        assert pt >= 11, text
        assert left >= build.SIDE and right <= 210 - build.SIDE + 0.1, text
        assert top + pt * MM_PER_PT < 297 - 6, text


def test_no_line_begins_or_ends_where_japanese_must_not(lines: list[Line]) -> None:
    for *_, text in lines:
        assert text[0] not in build.NOT_FIRST and text[-1] not in "（「『", text


def test_the_same_words_make_the_same_bytes(
    fonts: Path, drawn: dict[tuple[str, str], tuple[bytes, list[Line]]]
) -> None:
    assert build.draw("handout", "ja", fonts) == drawn["handout", "ja"][0]


def table(sheet: str, language: str, column: str) -> list[tuple[str, ...]]:
    """Return the rows of the table that has `column` in its head."""
    blocks = build.read(page(sheet, language))
    (rows,) = [block.rows for block in blocks if block.rows and column in block.rows[0]]
    body: list[tuple[str, ...]] = rows[1:]
    return body


@pytest.mark.parametrize(("language", "column"), [("en", "minutes"), ("ja", "時間（分）")])
def test_the_minutes_come_to_45(language: str, column: str) -> None:
    at = 0
    for start, minutes, *_ in table("plan", language, column):
        assert int(start) == at
        at += int(minutes)
    assert at == 45


@pytest.mark.parametrize(("language", "column"), [("en", "misses"), ("ja", "見逃し")])
def test_the_thresholds_are_counted_right(language: str, column: str) -> None:
    text = page("worksheet", language)
    told = re.search(r"0\.02.+?(?=\n\n)", text, re.DOTALL)
    assert told
    scores = [float(one) for one in re.findall(r"\d\.\d\d", told[0])]
    harmless, others = scores[:6], scores[6:]
    assert len(others) == 4
    for line, blocked, missed in table("answers", language, column):
        at = float(line)
        assert int(blocked) == sum(score >= at for score in harmless)
        assert int(missed) == sum(score < at for score in others)


@pytest.mark.parametrize(("language", "column"), [("en", "percent"), ("ja", "割合（%）")])
def test_the_percentages_are_those_of_the_figures(language: str, column: str) -> None:
    asked, answered = (table(sheet, language, column) for sheet in ("worksheet", "answers"))
    assert [row[1:3] for row in asked] == [row[1:3] for row in answered]
    for _, there, blocked, percent in answered:
        assert float(percent) == round(100 * int(blocked) / int(there), 1)


def test_the_figures_are_those_of_the_files_that_are_named() -> None:
    measured = (ROOT / "docs/measured.md").read_text("utf-8")
    card = " ".join((ROOT / "models/consent-clean/MODEL_CARD.md").read_text("utf-8").split())
    assert (
        "| safe (people in clothes, hands, objects, paintings), wrongly blocked, of 229 | 2 |"
        in measured
    )
    assert "| mannequins in skin-tight suits, wrongly blocked, of 36 | **9** |" in measured
    assert "| undressed figures blocked, of 540 | 404 |" in measured
    assert "| harmless pictures wrongly blocked, of 1845 | 157 |" in measured
    assert "| of them hands | 0 of 75 |" in card
    assert "least against legs (0.85) and hands (0.86) close up" in card


@pytest.mark.parametrize("language", build.LANGUAGES)
def test_the_answers_about_the_ledger_are_the_ledgers(language: str) -> None:
    path = ROOT / "models" / "consent-clean" / "ledger.csv"
    rows = path.read_text("utf-8").splitlines()
    kinds = [row["kind"] for row in csv.DictReader(rows)]
    answers = dict(re.findall(r"^\*\*([a-f])\)\*\* (.+)$", page("answers", language), re.M))
    told = [int(one) for one in re.findall(r"\d+", answers["a"])][:4]
    assert told == [len(kinds), *map(kinds.count, ("texture", "photograph", "drawing"))]
    for letter, words in (("b", "not documented"), ("c", "cannot be asked")):
        number = re.match(r"\d+", answers[letter])
        assert number and int(number[0]) == sum(words in row for row in rows)
        assert f'grep -c "{words}"' in page("worksheet", language)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Ready", "One moment", "This camera won't take that picture", "How it works"]),
        ("en", ["Back to the real lines", "clear below"]),
        ("ja", ["撮影できます", "撮影できません", "お待ちください", "しくみ"]),
        ("ja", ["実際のしきい値に戻す", "未満：問題なし"]),
    ],
)
def test_what_the_page_is_said_to_say_it_says(language: str, words: list[str]) -> None:
    js = ROOT / "firmware/shuttergate/console/pages/js/words.js"
    says = js.read_text("utf-8").replace("’", "'")
    lesson = "".join(page(sheet, language) for sheet in build.SHEETS)
    assert [word for word in words if word not in says or word not in lesson] == []


@pytest.mark.parametrize("language", build.LANGUAGES)
def test_the_slider_that_is_to_be_moved_is_called_so(language: str) -> None:
    """As whatif.clear of words.js has it; in Japanese with its line of the live look."""
    rule = tomllib.loads((ROOT / "models" / "rule.toml").read_text("utf-8"))
    (live,) = [one["alone"] for one in rule["agreement"] if one["look"] == "live"]
    line = live["consent-clean"]["clear_below"]
    asked = {
        "en": 'move "Model A · consent-clean: clear below" down to 0.05',
        "ja": f"「モデル A・consent-clean {line} 未満：問題なし」を 0.05 まで下げて",
    }[language]
    assert asked in page("worksheet", language)


@pytest.mark.parametrize("language", build.LANGUAGES)
def test_make_knows_what_the_lesson_asks_it_for(language: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    asked = set(re.findall(r"`make ([a-z0-9-]+)", page("plan", language)))
    assert {"lesson", "demo", "setup"} <= asked <= targets


def test_lines_break_between_words_and_between_kana() -> None:
    def parts(text: str) -> list[str]:
        return ["".join(part for part, _ in runs) for runs, _ in build.pieces(text)]

    assert parts("a **b**, c") == ["a", "b,", "c"]
    assert parts("「カ」。**太い。** 次") == ["「カ」。", "太", "い。", "次"]
    assert parts("A4 の紙") == ["A4", "の", "紙"]
