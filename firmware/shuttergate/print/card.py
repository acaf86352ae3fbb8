"""The printable test card: an abstract square that the real models refuse, on A4 or A6."""

from __future__ import annotations

import hashlib
import io
import string
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from shuttergate import __version__
from shuttergate.errors import PictureError, ShuttergateError, cause_of
from shuttergate.print import card_words as words
from shuttergate.print.card_type import WEIGHTS, make_font
from shuttergate.print.card_words import Words
from shuttergate.system.extras import mend
from shuttergate.system.paths import tilde

if TYPE_CHECKING:
    from fpdf import FPDF

# What the extra `card` installs: module, distribution.
PARTS = {
    "fontTools": "fonttools",
    "fpdf": "fpdf2",
    "uharfbuzz": "uharfbuzz",
    "noto_cjk_sans_jp_regular": "noto-cjk-sans-jp-regular",
    "noto_cjk_sans_jp_bold": "noto-cjk-sans-jp-bold",
}
MM_PER_PT = 25.4 / 72


class CardError(ShuttergateError, OSError):
    """The test card cannot be made."""


@dataclass(frozen=True)
class Paper:
    """One paper. Lengths in mm, downwards from the top edge to a baseline; sizes of type in pt."""

    paper: str
    page: tuple[float, float]  # width, height
    side: float  # of the square, which stands in the middle
    square: float  # its upper edge
    marks: tuple[float, float]  # from the square to a crop mark, and the length of the mark
    gutter: float  # between the two columns, which are as wide together as the square
    title: tuple[float, float]  # baseline, size
    subtitle: float
    text: tuple[float, float, float]  # first baseline, size, leading in mm
    warning: tuple[float, float]  # upper of the two rules around it, size
    foot: float
    columns: tuple[Words, Words]  # Japanese, English


SHEETS = {
    "a4": Paper(
        paper="A4",
        page=(210, 297),
        side=170,
        square=28.5,
        marks=(2, 4),
        gutter=6,
        title=(14.5, 21),
        subtitle=20.6,
        text=(210.3, 9, 4.6),
        warning=(271.6, 10),
        foot=289.6,
        columns=(words.A4_JAPANESE, words.A4_ENGLISH),
    ),
    "a6": Paper(
        paper="A6",
        page=(105, 148),
        side=85,
        square=11.6,
        marks=(1, 2.2),
        gutter=3,
        title=(7.2, 11.5),
        subtitle=0,
        text=(102.8, 6.5, 3.1),
        warning=(131, 6.7),
        foot=143.1,
        columns=(words.A6_JAPANESE, words.A6_ENGLISH),
    ),
}


def _put(
    pdf: FPDF, x: float, baseline: float, text: str, pt: float, lang: str = "en", bold: bool = False
) -> None:
    """Set one line of type; mm and pt as in `Paper`."""
    size = pt * MM_PER_PT
    pdf.set_font("Noto", "B" if bold else "", pt)
    # Kana of the body stand on their full squares; display sizes and English are kerned.
    tight = lang == "ja" and pt > 11
    pdf.set_text_shaping(features={"kern": tight or lang == "en", "palt": tight})
    pdf.set_xy(x, baseline - 0.8 * size)  # fpdf2 puts the baseline 0.8 of the size below
    pdf.cell(pdf.get_string_width(text), size, text)


def _crop_marks(pdf: FPDF, sheet: Paper, left: float) -> None:
    gap, length = sheet.marks
    right, bottom = left + sheet.side, sheet.square + sheet.side
    for x, out_x in ((left, -1), (right, 1)):
        for y, out_y in ((sheet.square, -1), (bottom, 1)):
            pdf.line(x + out_x * gap, y, x + out_x * (gap + length), y)
            pdf.line(x, y + out_y * gap, x, y + out_y * (gap + length))


def _dimension(pdf: FPDF, sheet: Paper, left: float) -> None:
    """Draw the stated side length between two arrows, under the square."""
    text, pt, em = f"{sheet.side:g} mm", sheet.text[1], sheet.text[1] * MM_PER_PT
    gap, length = sheet.marks
    y = sheet.square + sheet.side + gap + length / 2
    pdf.set_font("Noto", "", pt)
    half = pdf.get_string_width(text) / 2
    _put(pdf, sheet.page[0] / 2 - half, y + 0.36 * em, text, pt)
    for edge, way in ((left, 1), (left + sheet.side, -1)):
        pdf.line(edge, y, sheet.page[0] / 2 - way * (half + em / 2), y)
        back = edge + way * 0.7 * em
        pdf.polygon([(edge, y), (back, y - em / 6), (back, y + em / 6)], style="F")


def _column(pdf: FPDF, sheet: Paper, x: float, column: Words, lang: str) -> None:
    _put(pdf, x, sheet.title[0], column.title, sheet.title[1], lang, bold=True)
    y, pt, leading = sheet.text
    if column.subtitle:
        _put(pdf, x, sheet.subtitle, column.subtitle, pt, lang)
    indent = pt * MM_PER_PT * (1 if lang == "ja" else 0.8)
    for line in column.body.splitlines():
        if not line:
            y += leading / 2
            continue
        if line[0] in "・•":
            _put(pdf, x, y, line[0], pt, lang)
        hanging = line[0] in "・• "
        _put(pdf, x + indent * hanging, y, line.lstrip("#・• "), pt, lang, bold=line[0] == "#")
        y += leading
    rule, pt = sheet.warning
    for number, line in enumerate(column.warning.splitlines()):
        _put(pdf, x, rule + (1.5 + 1.45 * number) * pt * MM_PER_PT, line, pt, lang, bold=True)


def draw(picture: Path, paper: str) -> bytes:
    """Return the PDF of the card with `picture` (square, RGB) on `paper` ("a4" or "a6")."""
    missing = [name for module, name in PARTS.items() if find_spec(module) is None]
    if missing:
        raise CardError("the card needs what is not installed; {mend}", mend=mend("card", *missing))
    content, sheet = _read(picture), SHEETS[paper]
    letters = string.printable + "".join("".join(vars(one).values()) for one in sheet.columns)
    with tempfile.TemporaryDirectory(prefix="shuttergate-card-") as folder:
        pdf = _blank(sheet)
        for weight in WEIGHTS:
            font = Path(folder, f"{weight}.ttf")
            make_font(weight, letters, font)
            pdf.add_font("Noto", "B" if weight == "Bold" else "", font)
        _fill(pdf, sheet, content)
        return bytes(pdf.output())


def _blank(sheet: Paper) -> FPDF:
    from fpdf import FPDF
    from fpdf.prefs import ViewerPreferences

    pdf = FPDF(unit="mm", format=sheet.page)
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))  # fixed: same input, same bytes
    pdf.set_title(f"テストカード / Test card ({sheet.paper})")
    pdf.set_author("shuttergate")
    pdf.set_creator(f"shuttergate {__version__}")
    pdf.set_lang("ja")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True, print_scaling="None")
    pdf.set_image_filter("FlateDecode")  # lossless
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.set_auto_page_break(False)
    pdf.add_page()
    return pdf


def _fill(pdf: FPDF, sheet: Paper, content: bytes) -> None:
    left = (sheet.page[0] - sheet.side) / 2
    pdf.image(io.BytesIO(content), left, sheet.square, sheet.side, sheet.side)
    pdf.set_line_width(0.15)
    _crop_marks(pdf, sheet, left)
    _dimension(pdf, sheet, left)
    second = left + (sheet.side + sheet.gutter) / 2
    for x, lang, column in zip((left, second), ("ja", "en"), sheet.columns, strict=True):
        _column(pdf, sheet, x, column, lang)
    rule, pt = sheet.warning
    for y in (rule, rule + 3.7 * pt * MM_PER_PT):
        pdf.rect(left, y, sheet.side, pt * 0.05, style="F")
    digest = hashlib.sha256(content).hexdigest()[:16]
    _put(pdf, left, sheet.foot, f"shuttergate {__version__}", sheet.text[1])
    _put(pdf, second, sheet.foot, f"image sha256 {digest}", sheet.text[1])


def _read(picture: Path) -> bytes:
    """Return the bytes of `picture`, or say why it cannot be printed."""
    try:
        content = picture.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            if image.mode != "RGB" or image.width != image.height:
                raise PictureError(
                    "{picture} is {mode}, {width} × {height} pixels, where the "
                    "card needs a square RGB picture; install shuttergate anew",
                    picture=tilde(picture),
                    mode=image.mode,
                    width=image.width,
                    height=image.height,
                )
            image.load()
    except OSError as error:
        raise PictureError(
            "the card's picture {picture} cannot be read: {cause}; install shuttergate anew",
            picture=tilde(picture),
            cause=cause_of(error),
        ) from error
    return content


def write(out: Path, picture: Path, paper: str) -> None:
    """Write the card to the file `out`."""
    card = draw(picture, paper)
    try:
        out.write_bytes(card)
    except OSError as error:
        raise CardError(
            "{file} cannot be written: {cause}; name a file in a folder that is "
            "there and that you may write to",
            file=tilde(out),
            cause=cause_of(error),
        ) from error
