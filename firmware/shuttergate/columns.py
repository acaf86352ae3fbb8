"""How much room words take on a terminal, where Japanese letters are two columns wide."""

from __future__ import annotations

import re
import unicodedata

_PIECE = re.compile(r"\s+|[（「『\[]*(?:[!-~–—]+|[^\s])[。、）」』：…・ー]*")
"""What is not cut in two: a word of Latin letters, or a letter, with the marks that cling to it."""


def columns(text: str) -> int:
    """Return how many columns `text` takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return `text` with spaces behind it, `width` columns in all, or `text` where it has more."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """Return so much of `text` as takes fewer than `width` columns."""
    while text and columns(text) >= width:
        text = text[:-1]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` columns; Japanese breaks between any two letters.

    No line begins with a full stop or a comma.
    """
    lines = [""]
    for piece in _PIECE.findall(text):
        if columns(lines[-1] + piece) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]
