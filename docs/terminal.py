"""Runs the demo in a pseudo-terminal, once a language, and draws what it left on the screen.

The scene is the built-in room, where somebody holds the test card before the camera. Writes
demo.en.svg and demo.ja.svg. Run it at the root of the checkout with the project's own Python:
.venv/bin/python docs/terminal.py (after make video)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import termios
import unicodedata
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

ROWS, COLUMNS = 24, 100
OPTIONS = ("--seconds", "22", "--press", "4,9:7.6,17.1,21.3")
TITLES = {"en": "The demo in a terminal", "ja": "ターミナルで動かしたデモ"}
CELL, LINE, MARGIN, BAR = 8.4, 21, 22, 36  # pixels; BAR: the window's title bar
STYLE = """
text { font: 14px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: #d6dde5 }
.wide { font: 15.5px "Hiragino Sans", "Noto Sans Mono CJK JP", "Noto Sans JP", monospace }
.open { fill: #4fd17a } .closed { fill: #ff7b72 } .prompt { fill: #8b98a5 }
"""
MARKS = {"●": "open", "○": "closed", "$": "prompt"}


def run_demo(language: str) -> str:
    """Return what the demo wrote to its terminal, the temporary home called ~."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        demo = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "demo", *OPTIONS],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={
                **os.environ,
                "HOME": folder,
                "NO_COLOR": "1",
                "LANGUAGE": language,
                "LANG": "C.UTF-8",
            },
        )
        os.close(theirs)
        written = b"".join(chunks(ours))
        os.close(ours)
        if demo.wait() != 0:
            sys.exit(f"the demo ended with status {demo.returncode}:\n{written.decode()}")
        return written.decode().replace(folder, "~")


def chunks(descriptor: int) -> Iterator[bytes]:
    """Yield what is written to the other end until nobody has it open."""
    while True:
        try:
            yield os.read(descriptor, 65536)
        except OSError:  # EIO: how a pseudo-terminal says that it is over
            return


def screen(written: str) -> list[str]:
    """Return the lines that stay: the demo uses carriage return and "erase to the end" only."""
    kept = (line.rstrip("\r").replace("\r\x1b[K", "\r") for line in written.split("\n"))
    return [line.rpartition("\r")[2].removeprefix("\x1b[K") for line in kept]


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    return sum(map(width, text))


def width(char: str) -> int:
    """Japanese characters take two columns."""
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def runs(line: str) -> Iterator[tuple[int, str]]:
    """Cut a line where the characters' width changes, at marks and at gaps; with the columns."""
    at = 0
    for _, group in groupby(line, lambda char: (width(char), MARKS.get(char))):
        run = "".join(group)
        for word in re.finditer(r"\S+( \S+)*", run):
            yield at + columns(run[: word.start()]), word[0]
        at += columns(run)


def place(column: int, run: str) -> str:
    """Return where a run stands, as attributes: in the grid, whatever the fonts."""
    starts = [f"{MARGIN + (column + 2 * number) * CELL:.1f}" for number in range(len(run))]
    if run in MARKS:
        return f'class="{MARKS[run]}" x="{starts[0]}"'
    if width(run[0]) == 2:
        return f'class="wide" x="{" ".join(starts)}"'
    return f'x="{starts[0]}" textLength="{len(run) * CELL:.1f}"'


def draw(language: str, lines: list[str]) -> str:
    """Return the window as SVG."""
    wide = round(2 * MARGIN + max(map(columns, lines)) * CELL)
    high = BAR + MARGIN + len(lines) * LINE
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" '
        f'lang="{language}" aria-labelledby="title desc">',
        f'<title id="title">{TITLES[language]}</title>',
        f'<desc id="desc">{escape(chr(10).join(lines), quote=False)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect x="1" y="1" width="{wide - 2}" height="{high - 2}" rx="12" '
        'fill="#161b22" stroke="#4a5561" stroke-width="2"/>',
        *(f'<circle cx="{x}" cy="20" r="6" fill="#4a5561"/>' for x in (26, 46, 66)),
    ]
    for number, line in enumerate(lines):
        y = BAR + MARGIN + number * LINE
        for column, run in runs(line):
            text = escape(run, quote=False)
            pieces.append(f'<text {place(column, run)} y="{y}">{text}</text>')
    return "\n".join([*pieces, "</svg>\n"])


if __name__ == "__main__":
    for language in TITLES:
        command = f'$ make demo ARGS="{" ".join(OPTIONS)}"'
        lines = [command, *"\n".join(screen(run_demo(language))).rstrip().split("\n")]
        file = Path(__file__).with_name(f"demo.{language}.svg")
        file.write_text(draw(language, lines), encoding="utf-8")
