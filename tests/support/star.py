"""The object of the scenarios: a star held up in the built-in room, and the rule that knows it.

`PYTHONPATH=tests .venv/bin/python tests/support/star.py` draws and teaches it anew, into
tests/scenarios/taught. The words in the rule are drawn by lot each time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from shuttergate.bench.scenario.scenes import built_in
from shuttergate.vision.known import paint
from support.places import ROOT
from support.taught import pictures, star_points

PLACE = ROOT / "tests" / "scenarios" / "taught"
EXAMPLES = 5
CARD_PX = 115
"""As large as the bench's own far card: only the second look's finest parts tell it."""


def scene() -> Image.Image:
    """Return the room with the star that the scenarios show."""
    room = built_in("room")
    points = star_points((500.0, 520.0), 260, 0.2)
    ImageDraw.Draw(room).polygon(points, (250, 215, 40), outline=(90, 60, 0), width=8)
    return room


def with_far_card(room: Image.Image) -> Image.Image:
    """Return it with a test card far away."""
    card = Image.fromarray(paint("test_card", (224, 224))).resize((CARD_PX, CARD_PX))
    room.paste(card, (960, 180))
    return room


def main() -> None:
    """Draw the scenes, and teach the rule."""
    PLACE.mkdir(exist_ok=True)
    scene().save(PLACE / "star.jpg", quality=70)
    with_far_card(scene()).save(PLACE / "star-far-card.jpg", quality=70)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pictures(folder / "yes", EXAMPLES, 1, star=True)
        pictures(folder / "no", EXAMPLES, 2, star=False)
        sides = ["--yes", folder / "yes", "--no", folder / "no"]
        told = ["-m", "shuttergate", "teach", "star", *sides, "--out", PLACE / "star.rule"]
        subprocess.run([sys.executable, *map(str, told)], check=True)


if __name__ == "__main__":
    main()
