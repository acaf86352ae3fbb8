"""The chosen card's two pictures: `python finish.py CHOSEN.png OUT_DIR`.

card.png to print, and known.png: the card before a grey wall, as the self-test shows it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageOps

SIDE_PX, SQUARE_PX, PAPER_PX = 224, 150, 9
WALL, PAPER = (150, 148, 145), (240, 240, 236)


def main() -> None:
    """Write both."""
    chosen, out = Path(sys.argv[1]), Path(sys.argv[2])
    card = Image.open(chosen).convert("RGB")
    card.save(out / "card.png", optimize=True)
    small = ImageOps.expand(
        card.resize((SQUARE_PX, SQUARE_PX), Image.Resampling.LANCZOS), PAPER_PX, PAPER
    )
    known = Image.new("RGB", (SIDE_PX, SIDE_PX), WALL)
    known.paste(small, ((SIDE_PX - small.width) // 2, (SIDE_PX - small.height) // 2))
    known.save(out / "known.png", optimize=True)


if __name__ == "__main__":
    main()
