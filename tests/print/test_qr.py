"""QR codes for a page and for a terminal: the same modules, and a quiet zone around them."""

from __future__ import annotations

import re

import pytest
import segno

from shuttergate.print import qr
from support.screen import dark_modules

LINKS = [
    "http://10.0.0.1:80/pair#00000000",
    "http://192.168.178.123:65535/pair#12345678",  # no IPv4 address and no port is longer
]


@pytest.mark.parametrize("link", LINKS)
def test_it_holds_the_link_and_leaves_a_quiet_zone(link: str) -> None:
    rows = qr.modules(link)
    plain = segno.make_qr(link, error="l")
    assert [row[4:-4] for row in rows[4:-4]] == [[bool(one) for one in row] for row in plain.matrix]
    rim = [*rows[:4], *rows[-4:], *(row[:4] + row[-4:] for row in rows)]
    assert not any(any(row) for row in rim)


def test_the_longest_link_fits_beside_its_words_on_a_terminal() -> None:
    assert max(len(qr.modules(link)) for link in LINKS) == 37


@pytest.mark.parametrize("link", LINKS)
def test_the_path_is_the_dark_modules_and_no_others(link: str) -> None:
    rows = qr.modules(link)
    drawn = [[False] * len(rows) for _ in rows]
    path = qr.path(rows)
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path)
    assert "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs) == path
    for x, y, length in (map(int, run) for run in runs):
        for at in range(x, x + length):
            assert not drawn[y][at]
            drawn[y][at] = True
    assert drawn == rows


@pytest.mark.parametrize("link", LINKS)
def test_on_a_terminal_it_is_black_on_white_whatever_its_colours_are(link: str) -> None:
    """By numbers of the fixed part of the palette; the first sixteen are the terminal's own."""
    rows = qr.modules(link)
    lines = qr.lines(rows)
    assert all(re.fullmatch(r"\x1b\[38;5;16;48;5;231m[ ▀▄█]+\x1b\[0m", line) for line in lines)
    assert dark_modules("\n".join(lines)) == [*rows, [False] * len(rows)]
