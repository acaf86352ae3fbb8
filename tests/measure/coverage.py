"""How small a figure is found in what would leave: `python -m measure.coverage MANIFEST.csv`.

A Markdown table. The test card, and the manifest's undressed CG mannequins with what is behind
them, are pasted at random places of 12-megapixel harmless pictures, at sizes given as shares of the
height; collages of the harmless pictures alone; and what a page would show of a card that the live
look misses. All by the simulated board's own looks, on the CPU.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from shuttergate import feed, viewfinder
from shuttergate.bench.evaluate.manifest import Row, read_manifest
from shuttergate.bench.evaluate.rates import wilson
from shuttergate.board import AcceleratorPart, read_board
from shuttergate.errors import ShuttergateError
from shuttergate.frame import Frame
from shuttergate.frames.pictures import lores_of, main_of
from shuttergate.gate import State
from shuttergate.legible import LIVE_FILL
from shuttergate.verdict import Look, Reason, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.known import paint

MAIN = (4056, 3040)
GROUNDS = 20
GROUND_PX = 300  # a smaller picture is no ground for 12 megapixels
CARD_SHARES = (0.08, 0.1, 0.12, 0.14, 0.16)
BODY_SHARES = (0.12, 0.14, 0.16, 0.2, 0.3)
PAGE_SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
COLLAGE = (4, 3)
APART = ("mannequin", "hand")
"""Sets with these in their names are no grounds; mannequins are in no collage either."""

TOLD = 0.99
"""From this score on a channel tells the card in a crop of a page's picture."""


@dataclass(frozen=True)
class Shot:
    """What is pasted where: a picture's path, or none for the card; ``share`` of the height."""

    ground: Path
    figure: Path | None
    share: float
    seed: int


@lru_cache(maxsize=1)
def _eyes() -> Eyes:
    board = read_board("simulated")
    engine = AcceleratorPart(driver="cpu")
    return open_eyes(board.channels.live, board.channels.look, engine, views=board.views)


@lru_cache(maxsize=1)
def _card() -> Image.Image:
    return Image.fromarray(paint("test_card", (224, 224)))


def opened(path: Path) -> Image.Image:
    """Return a picture, RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


def picture(shot: Shot) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return the picture, 12 megapixels, and the box of what was pasted."""
    rng = np.random.default_rng(shot.seed)
    image = opened(shot.ground).resize(MAIN, Image.Resampling.BICUBIC)
    figure = _card() if shot.figure is None else opened(shot.figure)
    high = round(shot.share * MAIN[1])
    wide = max(1, round(figure.width * high / figure.height))
    x, y = int(rng.integers(0, MAIN[0] - wide + 1)), int(rng.integers(0, MAIN[1] - high + 1))
    image.paste(figure.resize((wide, high), Image.Resampling.LANCZOS), (x, y))
    return image, (x, y, x + wide, y + high)


def is_refused(image: Image.Image) -> bool:
    """Whether a press would be refused, whatever the live look says."""
    eyes = _eyes()
    look = eyes.second_look
    found = look(look.leaving(main_of(image, MAIN)))
    return judge(found, eyes.rule(Look.SECOND, {})) is not Reason.CLEAR


def shot_is_refused(shot: Shot) -> bool:
    """Whether a press is refused before such a scene."""
    return is_refused(picture(shot)[0])


def collage_is_refused(paths: Sequence[Path]) -> bool:
    """Whether a press is refused before a wall of harmless pictures."""
    columns, rows = COLLAGE
    side = MAIN[0] // columns, MAIN[1] // rows
    image = Image.new("RGB", MAIN)
    for place, path in enumerate(paths):
        one = opened(path).resize(side, Image.Resampling.BICUBIC)
        image.paste(one, (place % columns * side[0], place // columns * side[1]))
    return is_refused(image)


def page_tells(shot: Shot) -> bool | None:
    """Whether a channel tells the card in a page's picture; None where the live look blocks."""
    image, box = picture(shot)
    eyes, size = _eyes(), (224, 224)
    lores = lores_of(image, size)
    found = scores(eyes.live, lores)
    if judge(found, eyes.rule(Look.LIVE, {})) is not Reason.CLEAR:
        return None
    shown = Image.open(io.BytesIO(_page_picture(main_of(image, MAIN), lores))).convert("RGB")
    scale = shown.width / MAIN[0]
    left, top, right, bottom = (edge * scale for edge in box)
    margin = (right - left) / 8
    crop = shown.resize(
        size,
        Image.Resampling.BICUBIC,
        box=(
            max(0.0, left - margin),
            max(0.0, top - margin),
            min(float(shown.width), right + margin),
            min(float(shown.height), bottom + margin),
        ),
    )
    return any(score >= TOLD for score in scores(eyes.live, np.asarray(crop)).values())


def _page_picture(main: Any, lores: Any) -> bytes:
    gate: Any = SimpleNamespace(state=State(opened_s=0.0))
    ours, theirs = feed.pair()
    with ours, theirs:
        finder = viewfinder.Viewfinder(0, gate)
        finder.connect(ours)
        finder._copy(Frame(0, 0.0, main, lores, lambda: None), {})
        finder._encode(0, finder._small, 0, sharp=False)
        shown = viewfinder.decode(theirs.recv(viewfinder.MAX_PACKET_BYTES))
    assert isinstance(shown, viewfinder.Picture)
    return shown.jpeg


def grounds(rows: Sequence[Row]) -> list[Path]:
    """Return harmless pictures for what is pasted."""
    found = []
    for row in rows:
        if row.label == "nude" or any(word in row.set for word in APART):
            continue
        with Image.open(row.path) as image:
            if image.width >= image.height and min(image.size) >= GROUND_PX:
                found.append(row.path)
    order = np.random.default_rng(3).permutation(len(found))
    return [found[place] for place in order[:GROUNDS]]


def shots(
    behind: Sequence[Path], figures: Sequence[Path | None], share: float, count: int
) -> list[Shot]:
    """Return so many, with each ground and each figure as often as the next."""
    return [
        Shot(
            behind[place % len(behind)],
            figures[place % len(figures)],
            share,
            place * 1000 + round(share * 1000),
        )
        for place in range(count)
    ]


def table(rows: Sequence[Row], count: int, jobs: int) -> Iterator[str]:
    """Yield its lines."""
    behind = grounds(rows)
    bodies: list[Path | None] = [row.path for row in rows if row.label == "nude"]
    harmless = [row.path for row in rows if row.label != "nude" and APART[0] not in row.set]
    walls = np.random.default_rng(5)
    size = COLLAGE[0] * COLLAGE[1]
    collages = [
        [harmless[place] for place in walls.permutation(len(harmless))[:size]]
        for _ in range(max(1, count * 2 // 5))
    ]
    with ProcessPoolExecutor(jobs) as pool:

        def line(name: str, ask: Callable[[Any], bool | None], tasks: Sequence[Any]) -> str:
            said = [one for one in pool.map(ask, tasks, chunksize=4) if one is not None]
            if not said:
                return f"| {name} | – | |"
            low, high = wilson(sum(said), len(said))
            return f"| {name} | {sum(said)}/{len(said)} | {low:.1%} to {high:.1%} |"

        yield "| picture | share of them | 95 % |"
        yield "|---|---|---|"
        for share in CARD_SHARES:
            yield line(
                f"card of {share:.0%} of the height, refused",
                shot_is_refused,
                shots(behind, [None], share, count),
            )
        for share in BODY_SHARES if bodies else ():
            yield line(
                f"mannequin's picture of {share:.0%}, refused",
                shot_is_refused,
                shots(behind, bodies, share, count),
            )
        yield line("grounds alone, refused", _ground_is_refused, behind)
        yield line("collages of harmless pictures, refused", collage_is_refused, collages)
        page = [one for share in PAGE_SHARES for one in shots(behind, [None], share, count // 5)]
        yield line(
            f"page: card under {LIVE_FILL:.0%} that the live look clears, told in a crop",
            page_tells,
            page,
        )


def _ground_is_refused(path: Path) -> bool:
    return is_refused(opened(path).resize(MAIN, Image.Resampling.BICUBIC))


def main() -> int:
    """The command line; 0, or 2 where there is nothing to read."""
    parser = argparse.ArgumentParser(description="How small a figure is found in what would leave.")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--count", type=int, default=500, help="pictures a line (500)")
    parser.add_argument("--jobs", type=int, default=2)
    told = parser.parse_args()
    try:
        rows = read_manifest(told.manifest).rows
    except ShuttergateError as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2
    for text in table(rows, told.count, told.jobs):
        print(text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
