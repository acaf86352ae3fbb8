"""The printable test card: one page, two languages, the picture untouched, the same bytes again."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from shuttergate import __version__
from shuttergate.errors import PictureError, ShuttergateError
from shuttergate.print import card

PAPERS = ("a4", "a6")
MM_PER_PT = 25.4 / 72
# No Japanese line may begin with these, nor end with an opening bracket.
NOT_FIRST = "、。，．・）」』】〉》〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ%"
NOT_LAST = "（「『【〈《〔"


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An abstract stand-in for models/testcard/card.png, cheap to draw and hard to compress."""
    path = tmp_path_factory.mktemp("card") / "card.png"
    pixels = np.random.default_rng(1).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


Line = tuple[float, float, float, float, str]
"""Left, right and upper edge in mm; the type's size in points; the text."""


@pytest.fixture(scope="module")
def drawn(picture: Path) -> dict[str, tuple[bytes, list[Line]]]:
    """Each card, and the lines that were set on it."""
    from fpdf import FPDF

    cell = FPDF.cell
    found: dict[str, tuple[bytes, list[Line]]] = {}
    for paper in PAPERS:
        lines: list[Line] = []

        def note(pdf: FPDF, w: float, h: float, text: str, lines: list[Line] = lines) -> None:
            lines.append((pdf.x, pdf.x + w, pdf.y, pdf.font_size_pt, text))
            cell(pdf, w, h, text)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FPDF, "cell", note)
            found[paper] = card.draw(picture, paper), lines
    return found


@pytest.fixture(scope="module")
def cards(drawn: dict[str, tuple[bytes, list[Line]]]) -> dict[str, bytes]:
    return {paper: content for paper, (content, _) in drawn.items()}


def page_of(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content), strict=True)


@pytest.mark.parametrize(("paper", "width", "height"), [("a4", 210, 297), ("a6", 105, 148)])
def test_it_is_one_page_of_the_size_of_the_paper(
    cards: dict[str, bytes], paper: str, width: float, height: float
) -> None:
    (page,) = page_of(cards[paper]).pages
    assert float(page.mediabox.width) * MM_PER_PT == pytest.approx(width, abs=0.01)
    assert float(page.mediabox.height) * MM_PER_PT == pytest.approx(height, abs=0.01)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_font_is_embedded_as_a_subset(cards: dict[str, bytes], paper: str) -> None:
    fonts = page_of(cards[paper]).pages[0]["/Resources"]["/Font"]
    assert len(fonts) == 2
    for font in fonts.values():
        described = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert "+NotoSansCJKJP" in font["/BaseFont"] and font["/Encoding"] == "/Identity-H"
        assert 1_000 < len(described["/FontFile2"].get_data()) < 200_000
        assert "/ToUnicode" in font


@pytest.mark.parametrize(
    ("paper", "said"),
    [
        ("a4", "2つのモデルがどちらも撮影を止めるように"),
        ("a4", "ゲートが閉じないキットは"),
        ("a4", "A refusal is a machine’s doubt"),
        ("a4", "is not working and must not be used"),
        ("a4", "170 mm"),
        ("a6", "人を責めるものではありません"),
        ("a6", "never"),
        ("a6", "card is not working: do not use it"),
        ("a6", "85 mm"),
    ],
)
def test_the_words_can_be_copied_out(cards: dict[str, bytes], paper: str, said: str) -> None:
    assert said in page_of(cards[paper]).pages[0].extract_text()


@pytest.mark.parametrize("paper", PAPERS)
def test_an_old_print_can_be_told(cards: dict[str, bytes], picture: Path, paper: str) -> None:
    import hashlib

    text = page_of(cards[paper]).pages[0].extract_text()
    assert f"shuttergate {__version__}" in text
    assert f"sha256 {hashlib.sha256(picture.read_bytes()).hexdigest()[:16]}" in text


@pytest.mark.parametrize("paper", PAPERS)
def test_the_picture_is_there_pixel_for_pixel(
    cards: dict[str, bytes], picture: Path, paper: str
) -> None:
    (image,) = page_of(cards[paper]).pages[0].images
    assert image.image is not None
    with Image.open(picture) as original:
        assert image.image.mode == "RGB"
        assert np.array_equal(np.asarray(image.image), np.asarray(original))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_square_has_the_stated_side(cards: dict[str, bytes], paper: str) -> None:
    sides: list[float] = []

    def note(operator: bytes, _: object, matrix: list[float], __: object) -> None:
        if operator == b"Do":
            sides.extend((matrix[0] * MM_PER_PT, matrix[3] * MM_PER_PT))

    page_of(cards[paper]).pages[0].extract_text(visitor_operand_before=note)
    assert sides == pytest.approx([card.SHEETS[paper].side] * 2, abs=0.01)


@pytest.mark.parametrize("paper", PAPERS)
def test_it_says_what_it_is_and_runs_nothing(cards: dict[str, bytes], paper: str) -> None:
    reader = page_of(cards[paper])
    assert reader.metadata is not None
    assert reader.metadata.title == f"テストカード / Test card ({paper.upper()})"
    assert reader.metadata.author == "shuttergate"
    root = reader.root_object
    assert root["/Lang"] == "ja"
    assert root["/ViewerPreferences"]["/PrintScaling"] == "/None"  # type: ignore[index]
    assert not {"/AA", "/AcroForm", "/Names"} & set(root)
    assert isinstance(root["/OpenAction"], list)  # a place to look at, no action
    assert b"/JavaScript" not in cards[paper] and b"/JS" not in cards[paper]


@pytest.mark.parametrize("paper", PAPERS)
def test_the_same_card_has_the_same_bytes(
    cards: dict[str, bytes], picture: Path, paper: str
) -> None:
    # Another process: another hash seed, another second, another time zone.
    words = "import sys; from pathlib import Path; from shuttergate.print import card; "
    words += "sys.stdout.buffer.write(card.draw(Path(sys.argv[1]), sys.argv[2]))"
    done = subprocess.run(
        [sys.executable, "-c", words, str(picture), paper],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANGUAGE": "ja"},
    )
    assert done.stdout == cards[paper]


@pytest.mark.parametrize("paper", PAPERS)
def test_no_line_leaves_its_column_or_meets_another(
    drawn: dict[str, tuple[bytes, list[Line]]], paper: str
) -> None:
    sheet, lines = card.SHEETS[paper], drawn[paper][1]
    assert lines and all(size >= {"a4": 9, "a6": 6.5}[paper] for _, _, _, size, _ in lines)
    left = (sheet.page[0] - sheet.side) / 2
    middle = sheet.page[0] / 2
    for x, right, _, _, text in lines:
        if not text.endswith(" mm"):
            assert right <= (middle if x < middle else left + sheet.side), text
    for x0 in (left, middle):
        uppers = sorted({y for x, _, y, _, _ in lines if x0 <= x < x0 + sheet.side / 2})
        size = sheet.text[1] * MM_PER_PT
        assert all(lower - upper > size for upper, lower in itertools.pairwise(uppers))


@pytest.mark.parametrize("paper", PAPERS)
def test_no_japanese_line_begins_or_ends_wrongly(paper: str) -> None:
    japanese, _ = card.SHEETS[paper].columns
    for line in (japanese.body + "\n" + japanese.warning).splitlines():
        bare = line.lstrip("#・ ")
        assert not bare or (bare[0] not in NOT_FIRST and bare[-1] not in NOT_LAST), line


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.png cannot be read: No such file.*anew"):
        card.draw(tmp_path / "gone.png", "a4")


def test_a_picture_that_is_none_or_not_square_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(PictureError, match="cannot be read"):
        card.draw(path, "a4")
    Image.new("RGB", (64, 48)).save(path)
    with pytest.raises(PictureError, match="64 × 48 pixels"):
        card.draw(path, "a4")


def test_an_unwritable_output_is_named(
    tmp_path: Path, picture: Path, cards: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "draw", lambda picture, paper: cards[paper])
    with pytest.raises(card.CardError, match=r"card\.pdf cannot be written: No such file.*name"):
        card.write(tmp_path / "nowhere" / "card.pdf", picture, "a6")


def test_missing_parts_are_named_with_the_command(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "PARTS", {"fpdf": "fpdf2", "nowhere_to_be_found": "a-font"})
    with pytest.raises(ShuttergateError, match=r"-m pip install a-font$"):
        card.draw(picture, "a4")


def shuttergate(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shuttergate", "card", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", "LANGUAGE": "", "LANG": "C.UTF-8"},
    )


def test_the_command_reads_well_and_knows_its_papers(tmp_path: Path) -> None:
    done = shuttergate("--help")
    assert done.returncode == 0
    assert "a4" in done.stdout and "OUT.pdf" in done.stdout
    done = shuttergate("--paper", "letter", tmp_path / "card.pdf")
    assert done.returncode == 2
    assert "letter" in done.stderr and "a6" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "card.pdf").exists()
    assert shuttergate().returncode == 2


@pytest.fixture
def shared_picture(tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command looks for its picture, with the stand-in there."""
    from shuttergate import cli

    monkeypatch.setattr(cli, "share", lambda room: tmp_path / room)
    path = tmp_path / "models" / "testcard" / "card.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(picture.read_bytes())
    return path


@pytest.mark.usefixtures("shared_picture")
def test_the_command_writes_a4_where_nothing_is_said(
    tmp_path: Path, cards: dict[str, bytes]
) -> None:
    from typer.testing import CliRunner

    from shuttergate.cli import app

    for words, paper in (([], "a4"), (["--paper", "A6"], "a6")):
        done = CliRunner().invoke(app, ["card", *words, str(tmp_path / "card.pdf")])
        assert done.exit_code == 0, done.output
        assert (tmp_path / "card.pdf").read_bytes() == cards[paper]


def test_the_command_fails_plainly(tmp_path: Path, shared_picture: Path) -> None:
    from typer.testing import CliRunner

    from shuttergate.cli import app

    (tmp_path / "folder.pdf").mkdir()
    done = CliRunner().invoke(app, ["card", str(tmp_path / "folder.pdf")])
    assert done.exit_code == 1
    assert "cannot be written: Is a directory" in done.stderr
    shared_picture.unlink()
    done = CliRunner().invoke(app, ["card", str(tmp_path / "card.pdf")])
    assert done.exit_code == 1
    assert "card.png cannot be read: No such file" in done.stderr
    assert not (tmp_path / "card.pdf").exists()
