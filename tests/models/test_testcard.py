"""The test card: the gate blocks it wherever a camera may see it, and it is a pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from shuttergate.board import read_board
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, Rule, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes

CARD = share("models") / "testcard" / "card.png"
VIEWS = 200


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    board = read_board("simulated")
    return open_eyes(board.channels.live, board.channels.look, board.accelerator)


@pytest.fixture(scope="module")
def grounds(eval_rows: list[dict[str, str]]) -> list[Image.Image]:
    """Photographs that the card was not made on: no ledger picture is among them (test_ledger)."""
    safe = [row for row in eval_rows if row["set"].startswith("neg-") and "skin" not in row["set"]]
    return [
        Image.open(row["path"]).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        for row in safe[::4]
    ]


def solve(corners: np.ndarray, side: int) -> list[float]:
    """Pillow's eight coefficients that map frame places to places on a card of `side` pixels."""
    card = [(0, 0), (side, 0), (side, side), (0, side)]
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, card, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(wanted))]


def photograph(
    card: Image.Image, ground: Image.Image, rng: np.random.Generator, scale: float
) -> Image.Image:
    """The printed card as a camera sees it: other code than the recipe's, the same world."""
    side = 224 * scale
    turn = np.radians(rng.normal(0, 12))
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * side / 2
    square = square * (1 + rng.uniform(-0.12, 0.12, (4, 1)))  # perspective
    c, s = np.cos(turn), np.sin(turn)
    room = max(0.0, (224 - side) / 2)
    corners = square @ np.array([[c, s], [-s, c]]) + 112 + rng.uniform(-room, room, 2)
    ink = Image.merge("RGBA", (*card.split(), Image.new("L", card.size, 255)))
    laid = ink.transform(
        (448, 448),
        Image.Transform.PERSPECTIVE,
        solve(corners * 2, card.width),
        Image.Resampling.BILINEAR,
    ).resize((224, 224), Image.Resampling.BOX)
    frame = ground.copy()
    frame.paste(laid, (0, 0), laid)
    pixels = np.asarray(frame) / 255
    pixels = pixels * rng.uniform(0.6, 1.2) * rng.uniform(0.9, 1.1, 3) + rng.uniform(-0.03, 0.04)
    pixels = np.clip(pixels + rng.normal(0, rng.uniform(0, 0.03), pixels.shape), 0, 1)
    out = Image.fromarray((pixels * 255).astype(np.uint8))
    return out.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.2))))


Views = list[tuple[float, dict[str, bool]]]
"""For each view, the card's side as a share of the picture's, and what blocks: channels, gate."""


@pytest.fixture(scope="module")
def views(eyes: Eyes, grounds: list[Image.Image]) -> Views:
    """Views from far and near, between 0.4 and 0.9 as many as evenly drawn ones would be."""
    rule = eyes.rule(Look.LIVE, {})
    rng = np.random.default_rng(7)
    card = Image.open(CARD).convert("RGB").resize((512, 512), Image.Resampling.LANCZOS)
    found = []
    for near, far, count in ((0.3, 0.4, VIEWS), (0.4, 0.5, VIEWS // 4), (0.5, 0.9, VIEWS)):
        for number in range(count):
            scale = rng.uniform(near, far)
            view = photograph(card, grounds[number % len(grounds)], rng, scale)
            seen = scores(eyes.live, np.asarray(view))
            blocks = {
                name: judge(seen, Rule({name: limit})) is not Reason.CLEAR
                for name, limit in rule.limits.items()
            }
            blocks["gate"] = judge(seen, rule) is not Reason.CLEAR
            found.append((scale, blocks))
    return found


def blocked_shares(views: Views, near: float, far: float) -> dict[str, float]:
    """Of the views from `near` to `far`, how many each channel blocks."""
    found = [blocks for scale, blocks in views if near <= scale < far]
    assert len(found) >= VIEWS
    return {name: sum(one[name] for one in found) / len(found) for name in found[0]}


@pytest.mark.parametrize(("scale", "least"), [((0.4, 0.9), 0.99), ((0.3, 0.4), 0.9)])
def test_the_gate_blocks_the_card(views: Views, scale: tuple[float, float], least: float) -> None:
    shares = blocked_shares(views, *scale)
    assert shares["gate"] >= least, shares


def test_held_large_each_channel_blocks_it(views: Views) -> None:
    shares = blocked_shares(views, 0.5, 0.9)
    assert min(shares.values()) >= 0.9, shares


def test_the_grounds_alone_are_clear(eyes: Eyes, grounds: list[Image.Image]) -> None:
    rule = eyes.rule(Look.LIVE, {})
    clear = [judge(scores(eyes.live, np.asarray(one)), rule) is Reason.CLEAR for one in grounds]
    assert sum(clear) / len(clear) >= 0.95


def test_no_colour_of_the_card_is_a_skin_colour() -> None:
    """By the box of Chai and Ngan (IEEE CSVT 9, 1999): Cb 77 to 127 and Cr 133 to 173."""
    chroma = np.asarray(Image.open(CARD).convert("YCbCr"))[..., 1:].astype(int)
    skin = (
        (chroma[..., 0] >= 77)
        & (chroma[..., 0] <= 127)
        & (chroma[..., 1] >= 133)
        & (chroma[..., 1] <= 173)
    )
    assert skin.mean() < 0.001


def test_the_card_is_square_and_large_enough_to_print() -> None:
    with Image.open(CARD) as card:
        assert card.mode == "RGB"
        assert card.width == card.height >= 1024


def test_the_pack_folder_says_what_the_card_is() -> None:
    for name in ("DATASHEET.md", "recipe"):
        assert (Path(CARD).parent / name).exists()
