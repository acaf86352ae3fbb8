"""The test card: the gate blocks it wherever a camera may see it, and it is a pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from shuttergate.board import read_board
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, judge
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
    card: Image.Image, ground: Image.Image, rng: np.random.Generator, scale: tuple[float, float]
) -> Image.Image:
    """The printed card as a camera sees it: other code than the recipe's, the same world."""
    side = 224 * rng.uniform(*scale)
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


def blocked_shares(
    eyes: Eyes, grounds: list[Image.Image], scale: tuple[float, float]
) -> dict[str, float]:
    """Of `VIEWS` views, how many each channel blocks."""
    limits = eyes.limits(Look.LIVE, {})
    rng = np.random.default_rng(7)
    card = Image.open(CARD).convert("RGB").resize((512, 512), Image.Resampling.LANCZOS)
    blocked = dict.fromkeys(limits, 0)
    for number in range(VIEWS):
        view = photograph(card, grounds[number % len(grounds)], rng, scale)
        found = scores(eyes.live, np.asarray(view))
        for name, limit in limits.items():
            blocked[name] += judge(found, {name: limit}) is not Reason.CLEAR
    return {name: hits / VIEWS for name, hits in blocked.items()}


@pytest.mark.parametrize(("scale", "least"), [((0.4, 0.9), 0.99), ((0.3, 0.4), 0.9)])
def test_the_gate_blocks_the_card(
    eyes: Eyes, grounds: list[Image.Image], scale: tuple[float, float], least: float
) -> None:
    shares = blocked_shares(eyes, grounds, scale)
    assert max(shares.values()) >= least, shares


def test_held_large_each_channel_blocks_it(eyes: Eyes, grounds: list[Image.Image]) -> None:
    shares = blocked_shares(eyes, grounds, (0.5, 0.9))
    assert min(shares.values()) >= 0.9, shares


def test_the_grounds_alone_are_clear(eyes: Eyes, grounds: list[Image.Image]) -> None:
    limits = eyes.limits(Look.LIVE, {})
    clear = [judge(scores(eyes.live, np.asarray(one)), limits) is Reason.CLEAR for one in grounds]
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
