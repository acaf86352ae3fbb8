"""Views of the card for our own heads to learn: `python taught.py CARD.png GROUNDS.npy OUT`.

As virus scanners know EICAR, every head of ours knows the card, whatever its backbone makes of it.
Half of the views show the card. The others are what is not to be taken for it: kaleidoscopes of
the same inks that nobody optimised, the grounds in gaudy colours, and textures of chance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from optimise import Card
from PIL import Image
from simulate import SIDE_PX, as_bytes, views
from torch.nn import functional
from tqdm import tqdm

SEED = 20261122
CARD_PX = 512
SCALES = (0.27, 0.95)
AT_ONCE = 10
DECOYS = 40
ROUNDS = 8  # each ground is behind the card so often, and behind a decoy
WALLS = 4  # in every fourth round a plain wall is there instead


def texture(rng: np.random.Generator) -> np.ndarray:
    """Noise of several sizes between two or three colours, uint8 (224, 224, 3)."""
    field = torch.zeros(1, 1, SIDE_PX, SIDE_PX)
    for _ in range(int(rng.integers(1, 4))):
        cells = int(np.exp(rng.uniform(np.log(2), np.log(SIDE_PX))))
        noise = torch.from_numpy(rng.normal(0, 1, (1, 1, cells, cells))).float()
        mode = "nearest" if rng.random() < 0.2 else "bilinear"
        field += functional.interpolate(noise, (SIDE_PX, SIDE_PX), mode=mode) * rng.uniform(0.3, 1)
    place = (field[0, 0].numpy() * rng.uniform(0.1, 0.6) + 0.5).clip(0, 1)
    low, high = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.6:  # shades of one colour
        high = np.clip(low + rng.normal(0, 40, 3), 0, 255)
    picture = low + place[..., None] * (high - low)
    picture += rng.normal(0, rng.uniform(0, 8), picture.shape)
    return picture.clip(0, 255).round().astype(np.uint8)


def gaudy(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of a ground, upright or not, every hue turned, its colours as bright as feathers."""
    picture = Image.fromarray(ground).rotate(rng.uniform(0, 360), Image.Resampling.BILINEAR)
    side = int(rng.uniform(0.3, 0.7) * SIDE_PX)
    left, top = (int(edge) for edge in rng.uniform(0.15, 0.85 - side / SIDE_PX, 2) * SIDE_PX)
    part = picture.resize(
        (SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
    )
    hue, colour, light = part.convert("HSV").split()
    turn, gain = int(rng.integers(256)), rng.uniform(1.0, 3.0)
    hue = hue.point([(value + turn) % 256 for value in range(256)])
    colour = colour.point([min(255, int(value * gain)) for value in range(256)])
    return np.asarray(Image.merge("HSV", (hue, colour, light)).convert("RGB"))


def wall(rng: np.random.Generator) -> np.ndarray:
    """One colour, lit a little unevenly: a wall, a table, a sheet; uint8 (224, 224, 3)."""
    ramp = np.linspace(-1, 1, SIDE_PX)
    light = 1 + rng.normal(0, 0.1) * ramp[:, None] + rng.normal(0, 0.1) * ramp
    picture = rng.uniform(10, 245, 3) * light[..., None]
    picture += rng.normal(0, rng.uniform(0, 4), picture.shape)
    return picture.clip(0, 255).round().astype(np.uint8)


def take(card: torch.Tensor, decoys: list[torch.Tensor], grounds: np.ndarray, out: Path) -> None:
    """Write OUT/views.npy, uint8 (n, 224, 224, 3), and OUT/about.npz, as embed.py does."""
    rng = np.random.default_rng(SEED)
    count = len(grounds) // AT_ONCE * AT_ONCE
    shown: list[np.ndarray] = []
    total = 2 * ROUNDS * count
    for start in tqdm(range(0, total, AT_ONCE), mininterval=10):
        first = start % count
        kind = start // AT_ONCE % 4 if start >= total // 2 else 0
        if kind == 1:
            shown += [texture(rng) for _ in range(AT_ONCE)]
            continue
        if kind > 1:
            shown += [gaudy(one, rng) for one in grounds[first : first + AT_ONCE]]
            continue
        ground = grounds[first : first + AT_ONCE].astype(np.float32) / 255
        if start // count % WALLS == WALLS - 1:
            ground = np.stack([wall(rng) for _ in range(AT_ONCE)]).astype(np.float32) / 255
        ink = card if start < total // 2 else decoys[start // AT_ONCE // 4 % len(decoys)]
        with torch.no_grad():
            seen = views(ink, torch.from_numpy(ground).permute(0, 3, 1, 2), rng, SCALES)
        shown += [as_bytes(one, rng) for one in seen]
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "views.npy", np.stack(shown).reshape(-1, SIDE_PX, SIDE_PX, 3))
    is_card = np.arange(len(shown)) < total // 2
    np.savez(
        out / "about.npz",
        nude=is_card,
        group=np.where(is_card, "card", "decoy"),
        scene=np.full(len(shown), -1),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("card", "grounds", "out"):
        parser.add_argument(name, type=Path)
    told = parser.parse_args()
    with Image.open(told.card) as picture:
        image = picture.convert("RGB").resize((CARD_PX, CARD_PX), Image.Resampling.LANCZOS)
    ink = torch.from_numpy(np.asarray(image).astype(np.float32) / 255).permute(2, 0, 1)
    with torch.no_grad():
        decoys = [Card(1000 + k)(3.0, CARD_PX) for k in range(DECOYS)]
    take(ink, decoys, np.load(told.grounds, mmap_mode="r"), told.out)


if __name__ == "__main__":
    main()
