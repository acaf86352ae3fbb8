"""The talk's steps as docs/talk.md has them, and a hand that presses them on a stage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from support.places import ROOT

EN, JA = ROOT / "docs" / "talk.md", ROOT / "docs" / "talk.ja.md"

PRESSED = {"→": "ArrowRight", "←": "ArrowLeft"}
"""What a browser calls the keys that the page writes otherwise."""

COMES_MS = 1500
"""So long it takes until what was ordered stands before the camera."""

WAITS_MS = 30_000


class Wall(StrEnum):
    """What stands on the wall, in one word."""

    BLACK = "black"
    READY = "READY"
    REFUSED = "REFUSED"
    RECORDING = "RECORDING"
    OUT_OF_ORDER = "OUT OF ORDER"


IN_JAPANESE = {
    "黒": Wall.BLACK,
    "撮れます": Wall.READY,
    "撮りません": Wall.REFUSED,
    "録画中": Wall.RECORDING,
    "故障中": Wall.OUT_OF_ORDER,
}
JAPANESE = {wall: word for word, wall in IN_JAPANESE.items()}

MARKS = {
    Wall.READY: "open",
    Wall.REFUSED: "blocked",
    Wall.RECORDING: "open",
    Wall.OUT_OF_ORDER: "fault",
}
"""What the page calls them."""


@dataclass(frozen=True)
class Step:
    """When, which key as the table of keys names it, and what must stand on the wall then."""

    at_s: int
    key: str
    wall: Wall


def table(path: Path, column: str) -> list[list[str]]:
    """Return the rows of the table whose head begins with `column`."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"^\| {column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"{path.name} has no table {column!r}"
    rows = found[1].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def seconds(time: str) -> int:
    minutes, rest = time.split(":")
    return int(minutes) * 60 + int(rest)


def steps(path: Path) -> list[Step]:
    """Return the steps of the talk in the page `path`, in order."""
    found = []
    for time, press, wall in table(path, "Minute" if path == EN else "分"):
        word = wall.split("**")[1]
        known = Wall(word) if path == EN else IN_JAPANESE[word]
        found.append(Step(seconds(time), press.strip("`"), known))
    return found


def keys(path: Path) -> set[str]:
    """Return every key of the page `path`'s table of keys."""
    rows = table(path, "Key" if path == EN else "キー")
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row[0])}


class Stage:
    """The wall of a talk in a browser's `page`, and the presenter's hand."""

    def __init__(self, page: Any) -> None:
        self._page = page
        page.wait_for_selector("body:not([data-mark=off])", timeout=WAITS_MS)  # or nothing hears it
        page.keyboard.press("1")
        page.wait_for_selector('[data-prop="nobody"][aria-pressed="true"]', state="attached")
        page.wait_for_selector('body[data-mark="open"]', timeout=WAITS_MS)
        page.wait_for_timeout(COMES_MS)

    def plays(
        self, steps: list[Step], wait: Callable[[Step], object] | None = None
    ) -> Iterator[Step]:
        """Press each step's key after ``wait`` and yield it when the wall is as it says.

        A press before a clear picture gives a photo, and any other none; else it raises.
        """
        photos = self._photos()
        for step in steps:
            if wait is not None:
                wait(step)
            self._page.keyboard.press(PRESSED.get(step.key, step.key))
            self._becomes(step.wall)
            if step.key == "Space" and step.wall is Wall.READY:
                photos += 1
                self._page.wait_for_selector(
                    f"#photos li:nth-child({min(photos, 4)})", timeout=WAITS_MS
                )
            yield step
            if step.key.isdigit():
                self._page.wait_for_timeout(COMES_MS)
                if step.wall is Wall.READY:
                    self._becomes(Wall.READY)
            assert self._photos() == min(photos, 4), step

    def _becomes(self, wall: Wall) -> None:
        black = self._page.locator("#black")
        black.wait_for(state="visible" if wall is Wall.BLACK else "hidden", timeout=WAITS_MS)
        if wall is not Wall.BLACK:
            self._page.wait_for_selector(f'body[data-mark="{MARKS[wall]}"]', timeout=WAITS_MS)

    def _photos(self) -> int:
        return int(self._page.locator("#photos li").count())
