"""What a terminal shows of a QR code, read off it as a camera would see it."""

from __future__ import annotations

import re

_LINE = re.compile(r"\x1b\[38;5;16;48;5;231m([ ▀▄█]+)\x1b\[0m")
_DARK = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def dark_modules(text: str) -> list[list[bool]]:
    """Return the rows of modules of the one code in `text`, True for dark; the last may be rim."""
    rows = []
    for line in _LINE.findall(text):
        halves = [_DARK[one] for one in line]
        rows += [[upper for upper, _ in halves], [lower for _, lower in halves]]
    return rows


def without_colours(text: str) -> str:
    """Return `text` without the sequences that set colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
