"""Backgrounds for the card: `python grounds.py PICTURES TRAIN.npy HELD.npy`.

PICTURES is what consent-clean's recipe/pictures.py fetched; a quarter is held out for choosing.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image

SIDE_PX = 224
KINDS = ("landscape", "room", "object", "plant", "animal", "food", "person", "face", "other")


def square(path: Path) -> np.ndarray:
    """The picture as uint8 (224, 224, 3), a cut-out on grey."""
    picture = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", picture.size, (150, 148, 145, 255))
    ground.alpha_composite(picture)
    return np.asarray(ground.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("pictures", "train", "held"):
        parser.add_argument(name, type=Path)
    told = parser.parse_args()
    with (told.pictures / "pictures.csv").open() as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["sha256"])
    chosen = [row for k, row in enumerate(rows) if row["what"] in KINDS or k % 8 == 0]
    squares = np.stack([square(told.pictures / row["file"]) for row in chosen])
    held = np.arange(len(squares)) % 4 == 3
    np.save(told.train, squares[~held])
    np.save(told.held, squares[held])
    print(f"{(~held).sum()} backgrounds to train on, {held.sum()} held out")


if __name__ == "__main__":
    main()
