"""Draws the colleague who walks into the simulated camera's room: a clothed figure, of paper.

    .venv/bin/python device/simulated/room/colleague.py device/simulated/colleague.png

Nobody's likeness: ellipses and polygons, in a coat and trousers.
"""

import sys
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

SIZE = (220, 620)
FINER = 4
"""It is drawn so many times as large: what is made smaller has soft edges."""

Points = Sequence[tuple[float, float]]

SKIN, SHADE, HAIR = (176, 124, 92), (148, 100, 74), (44, 36, 34)
COAT, FOLD, SHIRT = (38, 84, 112), (28, 64, 88), (222, 226, 224)
TROUSERS, CREASE, SHOE, BADGE = (58, 62, 74), (46, 50, 60), (32, 30, 32), (228, 186, 60)


def scaled(points: Points) -> list[tuple[float, float]]:
    """Return `points` at the size of the drawing."""
    return [(x * FINER, y * FINER) for x, y in points]


def draw() -> Image.Image:
    """Return the figure, RGBA, on nothing."""
    image = Image.new("RGBA", (SIZE[0] * FINER, SIZE[1] * FINER))
    pen = ImageDraw.Draw(image)

    def shape(colour: tuple[int, int, int], *points: tuple[float, float]) -> None:
        pen.polygon(scaled(points), fill=colour)

    def oval(
        colour: tuple[int, int, int], left: float, top: float, right: float, bottom: float
    ) -> None:
        pen.ellipse([left * FINER, top * FINER, right * FINER, bottom * FINER], fill=colour)

    def limb(colour: tuple[int, int, int], width: float, *points: tuple[float, float]) -> None:
        pen.line(scaled(points), fill=colour, width=round(width * FINER), joint="curve")
        for x, y in points:
            oval(colour, x - width / 2, y - width / 2, x + width / 2, y + width / 2)

    # Legs and shoes.
    limb(CREASE, 44, (128, 350), (136, 470), (134, 578))
    limb(TROUSERS, 46, (92, 350), (86, 470), (82, 578))
    oval(SHOE, 112, 580, 172, 614)
    oval(SHOE, 48, 580, 108, 614)
    # Coat, with the shirt in its opening.
    limb(FOLD, 38, (160, 166), (184, 262), (172, 348))
    oval(SKIN, 156, 344, 190, 384)
    shape(
        COAT,
        (58, 146),
        (104, 128),
        (122, 128),
        (168, 146),
        (172, 300),
        (178, 424),
        (46, 424),
        (52, 300),
    )
    shape(SHIRT, (96, 128), (130, 128), (114, 226))
    shape(FOLD, (111, 226), (117, 226), (120, 424), (108, 424))
    shape(FOLD, (92, 128), (104, 128), (112, 226), (84, 190))
    shape(FOLD, (134, 128), (122, 128), (116, 226), (142, 190))
    limb(COAT, 38, (64, 166), (42, 262), (54, 348))
    oval(SKIN, 36, 344, 70, 384)
    shape(BADGE, (134, 216), (156, 216), (156, 244), (134, 244))
    # Head.
    limb(SHADE, 36, (113, 108), (113, 134))
    oval(HAIR, 68, 18, 158, 118)
    oval(SKIN, 76, 30, 150, 122)
    shape(HAIR, (74, 64), (84, 30), (142, 30), (154, 66), (140, 54), (104, 48))
    oval(SKIN, 68, 68, 82, 92)
    oval(SKIN, 144, 68, 158, 92)
    for x in (96, 130):
        oval((250, 250, 248), x - 8, 72, x + 8, 84)
        oval(HAIR, x - 4, 73, x + 4, 83)
        limb(HAIR, 4, (x - 9, 65), (x + 9, 64))
    limb(SHADE, 4, (113, 82), (109, 96), (115, 97))
    limb((138, 72, 66), 4, (99, 107), (113, 111), (127, 107))
    small = image.resize(SIZE, Image.Resampling.LANCZOS)
    return small.filter(ImageFilter.SMOOTH)


if __name__ == "__main__":
    draw().save(sys.argv[1], optimize=True)
