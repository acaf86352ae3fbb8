"""QR codes: for a page as a path of an SVG, for a terminal as half blocks."""

from __future__ import annotations

import segno

QUIET = 4
"""Light modules all around, without which readers do not find it (ISO/IEC 18004)."""

_PAPER = "\x1b[38;5;16;48;5;231m"
"""Black on white, by the numbers that no colour scheme changes: on a dark terminal its own colours
would turn the code inside out, which many readers do not take."""

_END = "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def modules(text: str) -> list[list[bool]]:
    """Return the rows of a QR code, True for dark, its quiet zone around it."""
    # Of the smallest code that holds the text it takes whatever correction of errors has room.
    code = segno.make_qr(text, error="l")
    return [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]


def path(rows: list[list[bool]]) -> str:
    """Return the dark modules as a path of an SVG whose units are modules."""
    runs = []
    for y, row in enumerate(rows):
        start = None
        for x, is_dark in enumerate([*row, False]):
            if is_dark and start is None:
                start = x
            elif not is_dark and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    return "".join(runs)


def lines(rows: list[list[bool]]) -> list[str]:
    """Return it as lines for a terminal, a column a module and two rows a line."""
    below = [*rows[1:], [False] * len(rows[0])]
    pairs = zip(rows[::2], below[::2], strict=True)
    return [
        _PAPER + "".join(_HALVES[pair] for pair in zip(*both, strict=True)) + _END for both in pairs
    ]
