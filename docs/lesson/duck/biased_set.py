"""Write the biased set: what part two of the lesson teaches a rule with, and why it then fails.

    .venv/bin/python docs/lesson/duck/biased_set.py docs/lesson/duck

The bias is meant. In first/ the duck stands on the checked cloth every time, and nothing else ever
does; more/ has what mends it, and what does not; test/ is what the rule is asked.
"""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from duck_pictures import CLOTH, PLAIN, picture

QUALITY = 85
COLUMNS = ("file", "sha256", "shows", "stands_on", "number", "kind", "made_by", "license", "people")


@dataclass(frozen=True)
class Planned:
    """A picture: its file, whether the duck is in it, on what it stands, and its number."""

    file: str
    is_there: bool
    on: str
    number: int


def planned() -> list[Planned]:
    """The set. Names say whether the duck is there, and not on what: that a class finds out."""
    white, blue, green, wood, dark, yellow = PLAIN
    asked = {
        True: (CLOTH, yellow, wood, CLOTH, green, CLOTH, dark, blue, CLOTH),
        False: (wood, CLOTH, blue, CLOTH, CLOTH, green, CLOTH, white, CLOTH),
    }
    return [
        *_row("first/yes/duck", 1, True, 0, [CLOTH] * 6),
        *_row("first/no/none", 1, False, 0, PLAIN),
        *_row("more/duck", 11, True, 10, [CLOTH, white, blue, CLOTH, green, wood]),
        *_row("more/none", 11, False, 10, [white, CLOTH, CLOTH, blue, CLOTH, CLOTH]),
        *_row("test/duck", 21, True, 20, asked[True]),
        *_row("test/none", 21, False, 20, asked[False]),
    ]


def _row(
    name: str, called: int, is_there: bool, number: int, tables: Sequence[str]
) -> Iterator[Planned]:
    for k, on in enumerate(tables):
        yield Planned(f"{name}-{called + k}.jpg", is_there, on, number + k)


def render_to(out: Path, one: Planned) -> None:
    """Render one picture below the folder `out`, unless it is there."""
    file = out / one.file
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        picture(one.is_there, one.on, one.number).save(
            partial, "JPEG", quality=QUALITY, optimize=True
        )
        partial.replace(file)


def write(out: Path, wanted: Sequence[Planned], workers: int = 2) -> None:
    """Render pictures into the folder `out`, so many at a time."""
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        pool.starmap(render_to, [(out, one) for one in wanted], chunksize=1)


def ledger(out: Path) -> None:
    """Write a row a picture: what it shows, and who may say what of it."""
    with (out / "ledger.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for one in planned():
            told = hashlib.sha256((out / one.file).read_bytes()).hexdigest()
            shows = "toy duck" if one.is_there else "no duck"
            what = (shows, one.on, one.number, "render", "this project", "Apache-2.0", "none")
            rows.writerow((one.file, told, *what))


if __name__ == "__main__":
    write(Path(sys.argv[1]), planned())
    ledger(Path(sys.argv[1]))
