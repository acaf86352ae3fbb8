"""Set the lesson's sheets on A4, from the Markdown pages beside this file: build/lesson/*.pdf.

The words stand in those pages alone. Of Markdown it knows what they use: headings, paragraphs,
bold, lists, tables, code, and three things of paper. A line `___` is a line to write on, an empty
cell is room to write in, and `<!-- page -->` begins a new page; the dashes under a table's head say
how wide its columns are. Run it at the root of the checkout: `make lesson`.
"""

from __future__ import annotations

import re
import string
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import groupby, pairwise
from pathlib import Path

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences
from PIL import Image

from shuttergate import __version__
from shuttergate.print.card import MM_PER_PT
from shuttergate.print.card_type import WEIGHTS, make_font

HERE = Path(__file__).parent
SHEETS = {
    "plan": "README",
    "worksheet": "worksheet",
    "handout": "handout",
    "answers": "answers",
    "two-plan": "part-two",
    "two-worksheet": "part-two-worksheet",
    "two-answers": "part-two-answers",
}
"""What a sheet is called, and the page that it is set from."""
LANGUAGES = ("en", "ja")

PAGE, SIDE, TOP, FOOT = (210, 297), 20, 17, 283  # mm; FOOT: the lower edge of what a page holds
WIDTH = PAGE[0] - 2 * SIDE
BODY, HEADS = 11, {1: 20, 2: 14}  # pt
LINE, ROOM = 9.0, 11.5  # mm: between two lines to write on; least height of a cell to write in
PAD = 1.6  # mm, inside a cell
GAP = 1.8  # mm, after a paragraph
SHORTEST = 4  # em: a last line

CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
# No line may begin with these, nor end with an opening bracket.
NOT_FIRST = "、。，．・：；）」』】〉》〕！？ーぁぃぅぇぉっゃゅょァィゥェォッャュョ%)…"
NOT_LAST = "（「『【〈《〔(□"

Run = tuple[str, bool]
"""Text, and whether it is bold."""

Cell = list[list[Run]] | tuple[BytesIO, str, float]
"""Lines; or a picture: its bytes, what it shows, and its height in mm."""


@dataclass(frozen=True)
class Block:
    """What stands together: `kind` is head, text, item, note, code, line, page or table."""

    kind: str
    text: str = ""
    rank: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    shares: tuple[int, ...] = ()


def page_of(sheet: str, language: str) -> Path:
    """Return the Markdown page of a sheet."""
    return HERE / f"{SHEETS[sheet]}{'.ja' if language == 'ja' else ''}.md"


def plain(text: str) -> str:
    """Return `text` without its links, and bold what stands in ticks: paper has neither."""
    return re.sub(r"`([^`]+)`", r"**\1**", re.sub(r"(?<!!)\[([^\]]+)\]\([^)]+\)", r"\1", text))


def join(lines: list[str]) -> str:
    """Return lines as one; what Japanese breaks it joins without a space."""
    text = "\n".join(line.strip() for line in lines)
    return re.sub(rf"(?<=[{CJK}])\n|\n(?=[{CJK}])", "", text).replace("\n", " ")


def read(page: str) -> list[Block]:
    """Return the blocks of a Markdown page, without the line that leads to others."""
    found = []
    for part in re.split(r"\n{2,}", page.strip("\n")):
        lines = part.split("\n")
        head = re.match(r"(#+) (.+)", part)
        if re.match(r"\[(日本語|English)\]", part):
            continue
        if head:
            found.append(Block("head", plain(head[2]), rank=len(head[1])))
        elif part.startswith("    "):
            found.append(Block("code", "\n".join(line[4:] for line in lines)))
        elif part.startswith("|"):
            rows = [[one.strip() for one in line.strip().strip("|").split("|")] for line in lines]
            shares = tuple(len(dashes) for dashes in rows.pop(1))
            cells = tuple(tuple(plain(cell) for cell in row) for row in rows)
            found.append(Block("table", rows=cells, shares=shares))
        elif part == "<!-- page -->":
            found.append(Block("page"))
        elif part.startswith("___"):
            found.append(Block("line"))
        elif part.startswith("> "):
            found.append(Block("note", plain(join([line[2:] for line in lines]))))
        elif re.match(r"(- |\d+\. )", part):
            items = re.split(r"\n(?=- |\d+\. )", part)
            found += [Block("item", plain(join(item.split("\n")))) for item in items]
        else:
            found.append(Block("text", plain(join(lines))))
    return found


def pieces(text: str, bold: bool = False) -> list[tuple[list[Run], bool]]:
    """Return what no line's end may cut, each with whether a space follows it."""
    found: list[tuple[list[Run], bool]] = []
    for number, part in enumerate(text.split("**")):
        weight = bold or number % 2 == 1
        for token in re.findall(rf"\s+|[{CJK}]|[^\s{CJK}]+", part):
            if token.isspace():
                if found:
                    found[-1] = (found[-1][0], True)
                continue
            if found:
                last = found[-1][0][-1][0][-1]
                both = [bool(re.match(rf"[{CJK}]", one)) for one in (last, token)]
                if all(both):  # Markdown wants a space after bold that ends in 。; paper does not
                    found[-1] = (found[-1][0], False)
                glued = token[0] in NOT_FIRST or last in NOT_LAST or not any(both)
                if glued and not found[-1][1]:
                    found[-1][0].append((token, weight))
                    continue
            found.append(([(token, weight)], False))
    return found


def merged(runs: list[Run]) -> list[Run]:
    """Return runs with neighbours of one weight made one, as they are set and measured."""
    groups = groupby(runs, key=lambda run: run[1])
    return [("".join(text for text, _ in group), bold) for bold, group in groups]


class Sheet:
    """One PDF while it is set, from the top of its first page to the end of its last."""

    def __init__(self, fonts: Path, language: str, title: str, pages: int) -> None:
        """Begin a sheet; `pages` is how many it will have, 0 where nobody knows yet."""
        self.pdf, self.pages, self.title = FPDF(unit="mm", format=PAGE), pages, title
        self.y = self.top = 0.0  # mm: the next line's upper edge, and the last paragraph's
        self.widths: dict[tuple[str, bool, float], float] = {}  # measured once; it takes long
        self.leading = 1.5 if language == "en" else 1.65  # of the type's size
        pdf = self.pdf
        pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))  # fixed: same input, same bytes
        pdf.set_title(title)
        pdf.set_author("shuttergate")
        pdf.set_creator(f"shuttergate {__version__}")
        pdf.set_lang(language)
        pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        for weight in WEIGHTS:
            pdf.add_font("Noto", "B" if weight == "Bold" else "", fonts / f"{weight}.ttf")
        pdf.set_text_shaping(features={"kern": language == "en", "palt": False})
        pdf.set_margin(0)
        pdf.c_margin = 0
        pdf.set_auto_page_break(False)
        self.turn()

    def turn(self) -> None:
        """Begin a page."""
        self.pdf.add_page()
        self.y = TOP
        foot = f"{self.title} · shuttergate {__version__}", f"{self.pdf.page} / {self.pages}"
        with self.aside():
            for text, right in zip(foot, (False, True), strict=True):
                x = PAGE[0] - SIDE - self.width([(text, False)], BODY) if right else SIDE
                self.put(x, FOOT + 3.5, [(text, False)], BODY)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Mark what no reader of the text needs: page numbers, rules."""
        self.pdf._out("/Artifact BMC")
        yield
        self.pdf._out("EMC")

    @contextmanager
    def tagged(self, kind: str, alt: str | None = None) -> Iterator[None]:
        """Mark what it is, for who has it read aloud: fpdf2 has this for figures alone."""
        with self.pdf._marked_sequence(alt_text=alt) as element:
            element.s = f"/{kind}"
            yield

    def width(self, runs: list[Run], pt: float) -> float:
        """Return how wide runs are, in mm."""
        total = 0.0
        for text, bold in runs:
            if (text, bold, pt) not in self.widths:
                self.pdf.set_font("Noto", "B" if bold else "", pt)
                self.widths[text, bold, pt] = self.pdf.get_string_width(text)
            total += self.widths[text, bold, pt]
        return total

    def put(self, x: float, y: float, runs: list[Run], pt: float) -> None:
        """Set one line whose upper edge is at `y`."""
        for text, bold in runs:
            width = self.width([(text, bold)], pt)
            self.pdf.set_font("Noto", "B" if bold else "", pt)
            self.pdf.set_xy(x, y)
            self.pdf.cell(width, pt * MM_PER_PT, text)
            x += width

    def lines(self, text: str, width: float, pt: float, bold: bool = False) -> list[list[Run]]:
        """Return the lines into which `text` breaks, the last not too short where that can be."""
        lines = self.fill(text, width, pt, bold)
        em = pt * MM_PER_PT
        for less in range(1, 6 if width > 30 * em else 0):
            if len(lines) == 1 or self.width(lines[-1], pt) > SHORTEST * em:
                break
            narrower = self.fill(text, width - less * em, pt, bold)
            if len(narrower) > len(lines):
                break
            lines = narrower
        return lines

    def fill(self, text: str, width: float, pt: float, bold: bool) -> list[list[Run]]:
        """Return the lines of `text`, each as long as it can be."""
        lines: list[list[Run]] = [[]]
        used, space = 0.0, self.width([(" ", bold)], pt)
        for runs, spaced in pieces(text, bold):
            wide = self.width(runs, pt)
            if lines[-1] and used + wide > width:
                lines.append([])
                used = 0
            lines[-1] += [*runs, (" ", runs[-1][1])] if spaced else runs
            used += wide + space * spaced
        return [merged(line) for line in lines]

    def room(self, height: float) -> None:
        """Begin a page where `height` mm are not left on this one."""
        if self.y + height > FOOT:
            self.turn()

    def text(
        self, text: str, pt: float = BODY, kind: str = "P", indent: float = 0, bold: bool = False
    ) -> None:
        """Set a paragraph, whole on one page."""
        lines = self.lines(text, WIDTH - indent, pt, bold)
        step = pt * MM_PER_PT * self.leading
        self.room(len(lines) * step)
        self.top = self.y
        with self.tagged(kind):
            for line in lines:
                self.put(SIDE + indent, self.y, line, pt)
                self.y += step

    def rule(self, x: float, y: float, width: float, thick: float = 0.2) -> None:
        """Draw a line from `x` to the right."""
        with self.aside():
            self.pdf.set_line_width(thick)
            self.pdf.line(x, y, x + width, y)

    def add(self, block: Block, after: Block) -> None:
        """Set one block; `after` is the one that follows it."""
        if block.kind == "page":
            self.turn()
        elif block.kind == "head":
            self.head(block, after)
        elif block.kind == "line":
            self.room(LINE)
            self.rule(SIDE, self.y + LINE - GAP, WIDTH)
            self.y += LINE if after.kind == "line" else LINE + GAP / 2
        elif block.kind == "table":
            self.table(block)
        elif block.kind == "item":
            mark, _, text = block.text.partition(" ")
            self.text(text, indent=6)
            with self.aside():
                self.put(SIDE + 1, self.top, [(mark.replace("-", "•"), False)], BODY)
            self.y += 0.8 if after.kind == "item" else GAP
        elif block.kind == "code":
            self.code(block.text.split("\n"))
        elif block.kind == "note":
            self.note(block.text)
        else:
            self.text(block.text)
            self.y += GAP

    def head(self, block: Block, after: Block) -> None:
        """Set a heading, with room for what follows it, or for the beginning of a table."""
        if block.rank == 2:
            count = len(self.lines(after.text, WIDTH, BODY)) if after.text else 4
            height = count * BODY * MM_PER_PT * self.leading
            if after.kind == "table":
                height = sum(row[1] for row in self.laid(after)[:2])
            self.y += 3.5 if self.y > TOP else 0
            self.room(12 + height)
            self.rule(SIDE, self.y - 1.2, WIDTH, 0.5)
            self.y += 1
        self.text(block.text, HEADS[block.rank], f"H{block.rank}", bold=True)
        self.y += 1.4

    def note(self, text: str) -> None:
        """Set a paragraph in a frame."""
        lines = self.lines(text, WIDTH - 8, BODY)
        step = BODY * MM_PER_PT * self.leading
        height = len(lines) * step + 5
        self.room(height)
        with self.aside():
            self.pdf.set_line_width(0.5)
            self.pdf.rect(SIDE, self.y, WIDTH, height)
        with self.tagged("P"):
            for number, line in enumerate(lines):
                self.put(SIDE + 4, self.y + 3.2 + number * step, line, BODY)
        self.y += height + 3

    def code(self, lines: list[str]) -> None:
        """Set lines to type, with a bar beside them."""
        step = BODY * MM_PER_PT * 1.45
        self.room(len(lines) * step)
        with self.aside():
            self.pdf.set_line_width(0.8)
            self.pdf.line(SIDE + 1, self.y - 0.5, SIDE + 1, self.y + len(lines) * step - 1)
        for line in lines:
            with self.tagged("Code"):
                self.put(SIDE + 5, self.y, [(line, False)], BODY)
            self.y += step
        self.y += GAP

    def laid(self, block: Block) -> list[tuple[list[Cell], float]]:
        """Return a table's rows: their cells, and how high they are, in mm."""
        widths = self.columns(block)
        step = BODY * MM_PER_PT * self.leading
        rows = []
        for number, row in enumerate(block.rows):
            cells = [
                self.cell(cell, width, bold=number == 0)
                for cell, width in zip(row, widths, strict=True)
            ]
            height = max(len(cell) * step if isinstance(cell, list) else cell[2] for cell in cells)
            rows.append((cells, max(height + 1.2 * PAD, ROOM if "" in row[1:] and number else 0)))
        return rows

    def columns(self, block: Block) -> list[float]:
        """Return how wide a table's columns are, in mm."""
        return [WIDTH * share / sum(block.shares) for share in block.shares]

    def table(self, block: Block) -> None:
        """Set a table, each row whole on one page, and its head where a row follows."""
        widths, rows = self.columns(block), self.laid(block)
        step = BODY * MM_PER_PT * self.leading
        for number, (cells, height) in enumerate(rows):
            self.room(height + (rows[1][1] if number == 0 else 0))
            x = float(SIDE)
            for cell, width in zip(cells, widths, strict=True):
                with self.aside():
                    self.pdf.set_line_width(0.5 if number == 0 else 0.2)
                    self.pdf.rect(x, self.y, width, height)
                if isinstance(cell, tuple):
                    picture, alt, tall = cell
                    with self.tagged("Figure", alt):
                        self.pdf.image(picture, x + PAD, self.y + 0.6 * PAD, width - 2 * PAD, tall)
                elif any(cell):
                    with self.tagged("P"):
                        for down, line in enumerate(cell):
                            self.put(x + PAD, self.y + PAD + down * step, line, BODY)
                x += width
            self.y += height
        self.y += 3

    def cell(self, text: str, width: float, bold: bool) -> Cell:
        """Return what stands in a cell."""
        picture = re.fullmatch(r"!\[([^\]]+)\]\(([^)]+)\)", text)
        if not picture:
            return self.lines(text, width - 2 * PAD, BODY, bold) if text else []
        content = BytesIO((HERE / picture[2]).read_bytes())
        with Image.open(content) as image:
            tall = (width - 2 * PAD) * image.height / image.width
        return content, picture[1], tall


def draw(sheet: str, language: str, fonts: Path) -> bytes:
    """Return a sheet as PDF, in the type of the folder `fonts`."""
    blocks = read(page_of(sheet, language).read_text(encoding="utf-8"))
    pages = 0
    while True:  # once to count the pages, once to say how many there are
        drawn = Sheet(fonts, language, blocks[0].text, pages)
        for block, after in pairwise([*blocks, Block("end")]):
            drawn.add(block, after)
        content = bytes(drawn.pdf.output())
        if drawn.pdf.page == pages:
            return content
        pages = drawn.pdf.page


def make_fonts(folder: Path) -> None:
    """Cut the type down to the letters of all pages."""
    pages = [page_of(sheet, language) for sheet in SHEETS for language in LANGUAGES]
    letters = string.printable + "•·" + "".join(page.read_text(encoding="utf-8") for page in pages)
    for weight in WEIGHTS:
        make_font(weight, letters, folder / f"{weight}.ttf")


def write(out: Path) -> None:
    """Write all sheets to the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shuttergate-lesson-") as folder:
        make_fonts(Path(folder))
        for sheet in SHEETS:
            for language in LANGUAGES:
                file = out / f"{sheet}.{language}.pdf"
                file.write_bytes(draw(sheet, language, Path(folder)))
                print(file)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
