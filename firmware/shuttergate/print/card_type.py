"""The test card's type: Noto Sans CJK JP, cut down to the letters the card needs.

Its outlines become TrueType (cubic to quadratic, to a thousandth of the em): fpdf2 gives CFF fonts
a character map of its own, which not every reader of PDF follows when text is copied out.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

WEIGHTS = ("Regular", "Bold")


def make_font(weight: str, letters: str, out: Path) -> None:
    """Write the font of `weight` with `letters` alone to `out`; the same bytes each time."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont, newTable

    source = files(f"noto_cjk_sans_jp_{weight.lower()}") / f"NotoSansCJKjp-{weight}.otf"
    with as_file(source) as path, TTFont(path, recalcTimestamp=False) as font:
        subsetter = Subsetter(Options(layout_features=["kern", "palt"], drop_tables=["VORG"]))
        subsetter.populate(text=letters)
        subsetter.subset(font)
        order, outlines = font.getGlyphOrder(), font.getGlyphSet()
        glyphs = {}
        for name in order:
            pen = TTGlyphPen(outlines)
            outlines[name].draw(
                Cu2QuPen(pen, font["head"].unitsPerEm / 1000, reverse_direction=True)
            )
            glyphs[name] = pen.glyph()
        font["loca"] = newTable("loca")
        font["glyf"] = glyf = newTable("glyf")
        glyf.glyphOrder, glyf.glyphs = order, glyphs
        del font["CFF "]
        font["post"].formatType = 3.0
        maxp = font["maxp"]
        maxp.tableVersion, maxp.maxZones = 0x00010000, 1
        for limit in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs"):
            setattr(maxp, f"max{limit}", 0)
        maxp.maxStackElements = maxp.maxSizeOfInstructions = maxp.maxComponentElements = 0
        font.sfntVersion = "\0\1\0\0"
        font.save(out)
