"""Figures as inline SVG, drawn by matplotlib (extra `bench`): what all plots here share."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shuttergate.bench.extra import extra

NUDE, SAFE, INK, GRID = "#d55e00", "#0072b2", "#1a1a1a", "#d9d9d9"
OTHERS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that colour-blind people tell apart (Okabe and Ito, 2008); line styles differ as well."""

_INCH = 1 / 72


def require() -> None:
    """Raise `ShuttergateError` with the pip command where matplotlib is missing."""
    extra("matplotlib.figure", "--report")


class Drawing:
    """Holds the SVG element once the figure is drawn."""

    svg = ""


@contextmanager
def figure_of(width: int, height: int, salt: str) -> Iterator[tuple[Any, Drawing]]:
    """Give a figure of so many pixels, and then its SVG element, without any address in it."""
    matplotlib = extra("matplotlib", "--report")
    figures = extra("matplotlib.figure", "--report")
    drawing = Drawing()
    settings = {
        "svg.fonttype": "none",  # text stays text: for readers, searches and screen readers
        "svg.hashsalt": salt,  # the same picture, the same bytes; other ids in other pictures
        "font.size": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The reader's fonts draw the text, and have the letters that are not in matplotlib's own.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = figures.Figure((width * _INCH, height * _INCH), layout="constrained")
        yield figure, drawing
        text = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    drawing.svg = _inline(text.getvalue())


def _inline(document: str) -> str:
    """Return the svg element alone; within HTML it needs no namespace addresses."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    return re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", element)


def document(element: str) -> str:
    """Return an SVG element as a file of its own, on white: dark pages show it too."""
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return element.replace("<svg", f'<svg {spaces} style="background: #fff"', 1)
