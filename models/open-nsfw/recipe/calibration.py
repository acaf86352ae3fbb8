"""Draw the calibration pictures: abstract, made here, the same on every machine.

Runs inside the recipe's own environment: `python calibration.py OUT.npy` writes uint8
[N, 224, 224, 3], RGB. Only +, -, *, / and sqrt on seeded numbers: those round alike on every
processor, while sin, exp and FFT need not, and the model must come out byte for byte the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Plane = NDArray[np.float64]  # [224, 224], mostly 0..1
Picture = NDArray[np.float64]  # [224, 224, 3], RGB, mostly 0..1
Colour = NDArray[np.float64]  # [3], RGB, 0..1

SIDE_PX = 224
SEED = 20160930
PICTURES_PER_KIND = 12

ROWS, COLUMNS = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
Y: Plane = ROWS / (SIDE_PX - 1)
X: Plane = COLUMNS / (SIDE_PX - 1)


def between(rng: Generator, low: float, high: float) -> float:
    """One number, evenly spread over low..high."""
    return low + (high - low) * float(rng.random())


def stretch(plane: Plane) -> Plane:
    """Shift and scale to exactly 0..1."""
    return (plane - plane.min()) / max(float(plane.max() - plane.min()), 1e-9)


def paint(plane: Plane, dark: Colour, light: Colour) -> Picture:
    """Colour a plane: 0 becomes `dark`, 1 becomes `light`."""
    return dark * (1 - plane[..., None]) + light * plane[..., None]


def cover(under: Picture, over: Picture, mask: Plane) -> Picture:
    """Lay `over` on `under` where the mask is 1."""
    return under * (1 - mask[..., None]) + over * mask[..., None]


def muted(rng: Generator) -> Colour:
    """A colour as rooms and landscapes have them: seldom saturated.

    Full-strength random colours drive the first layers 3 times further than photographs do, and
    int8 then has too few steps left for a photograph.
    """
    colour = rng.random(3)
    grey = between(rng, 0.05, 0.95)
    strength = between(rng, 0.05, 0.6)
    return grey * (1 - strength) + colour * strength


def skin(rng: Generator) -> Colour:
    """A skin tone between very light and very dark, with a slight cast."""
    light, dark = np.array([0.96, 0.82, 0.72]), np.array([0.28, 0.17, 0.12])
    t = float(rng.random())
    return np.clip(light * (1 - t) + dark * t + (rng.random(3) - 0.5) * 0.08, 0, 1)


def noise(rng: Generator, cells: int) -> Plane:
    """Random values on a grid of `cells` x `cells`, smoothly joined."""
    grid = rng.random((cells + 1, cells + 1))
    row = np.minimum((Y * cells).astype(np.int64), cells - 1)
    column = np.minimum((X * cells).astype(np.int64), cells - 1)
    down, right = Y * cells - row, X * cells - column
    down, right = down * down * (3 - 2 * down), right * right * (3 - 2 * right)
    top = grid[row, column] * (1 - right) + grid[row, column + 1] * right
    low = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
    return top * (1 - down) + low * down


def cloud(rng: Generator, persistence: float, first: int = 2) -> Plane:
    """1/f noise: octaves from `first` cells up to single pixels; higher persistence is rougher."""
    total = np.zeros((SIDE_PX, SIDE_PX))
    weight, cells = 1.0, first
    while cells <= SIDE_PX:
        total += weight * (noise(rng, cells) - 0.5)
        weight *= persistence
        cells *= 2
    return stretch(total)


def ellipse(rng: Generator, smallest: float, largest: float) -> tuple[Plane, Plane]:
    """A leaning ellipse: its mask 0..1 and its brightness as a rounded, lit surface."""
    centre_y, centre_x = rng.random(2)
    down = (Y - centre_y) / between(rng, smallest, largest)
    right = (X - centre_x) / between(rng, smallest, largest) + between(rng, -0.8, 0.8) * down
    inside = 1 - down * down - right * right
    mask = np.clip(inside * between(rng, 4, 24), 0, 1)
    lamp = between(rng, -0.25, 0.25) * right + between(rng, -0.25, 0.25) * down
    return mask, np.clip(0.6 + 0.4 * np.sqrt(np.clip(inside, 0, 1)) + lamp, 0.1, 1.2)


def texture(rng: Generator) -> Picture:
    """Two layers of 1/f noise in muted colours: walls, cloth, sky."""
    base = paint(cloud(rng, between(rng, 0.4, 0.9)), muted(rng), muted(rng))
    return base * (0.6 + 0.4 * cloud(rng, between(rng, 0.4, 0.9)))[..., None]


def grain(rng: Generator) -> Picture:
    """Fine, rough noise: grass, gravel, carpet."""
    fine = cloud(rng, between(rng, 0.8, 1.2), int(rng.integers(8, 40)))
    return paint(fine, muted(rng) * 0.4, muted(rng)) * (0.5 + 0.5 * cloud(rng, 0.5))[..., None]


def gradient(rng: Generator) -> Picture:
    """One slope of light across the frame."""
    slope = stretch(between(rng, -1, 1) * Y + between(rng, -1, 1) * X)
    return paint(slope, muted(rng), muted(rng))


def background(rng: Generator) -> Picture:
    """What lies behind the shapes."""
    return gradient(rng) if rng.random() < 0.4 else texture(rng)


def _rounded(rng: Generator, tone: Callable[[Generator], Colour], largest: float) -> Picture:
    picture = background(rng)
    for _ in range(int(rng.integers(1, 7))):
        mask, shade = ellipse(rng, 0.06, largest)
        rough = 1 + (cloud(rng, 0.7, 8) - 0.5) * 0.15
        picture = cover(picture, tone(rng) * (shade * rough)[..., None], mask)
    return picture


def skin_blobs(rng: Generator) -> Picture:
    """Rounded ellipses in skin tones: the colours this model weighs most."""
    return _rounded(rng, skin, 0.5)


def things(rng: Generator) -> Picture:
    """Rounded ellipses in muted colours: fruit, balls, pots."""
    return _rounded(rng, muted, 0.35)


def room(rng: Generator) -> Picture:
    """A wall, a floor and boxes with hard edges."""
    picture = cover(gradient(rng), texture(rng), (between(rng, 0.4, 0.9) < Y).astype(np.float64))
    for _ in range(int(rng.integers(4, 16))):
        top, left = rng.random(2)
        height, width = between(rng, 0.03, 0.5), between(rng, 0.03, 0.5)
        box = (top < Y) & (top + height > Y) & (left < X) & (left + width > X)
        face = muted(rng) * (0.7 + 0.3 * cloud(rng, 0.5))[..., None]
        picture = cover(picture, face, box.astype(np.float64))
    return picture


def stripes(rng: Generator) -> Picture:
    """Bands, bent by noise: shirts, blinds, fences."""
    many = between(rng, 3, 40)
    phase = many * (between(rng, -1, 1) * Y + between(rng, -1, 1) * X)
    phase += cloud(rng, 0.4) * between(rng, 0, 4)
    wave = np.abs((phase % 1.0) * 2 - 1)
    if rng.random() < 0.5:
        wave = (wave > 0.5).astype(np.float64)
    return paint(wave, muted(rng), muted(rng)) * (0.6 + 0.4 * cloud(rng, 0.5))[..., None]


def cells(rng: Generator) -> Picture:
    """Cracked patches round random points: leaves, stones, crowds."""
    count = int(rng.integers(20, 200))
    points = rng.random((count, 2))
    nearest = np.full((SIDE_PX, SIDE_PX), 9.0)
    second = nearest.copy()
    owner = np.zeros((SIDE_PX, SIDE_PX), np.int64)
    for number, (row, column) in enumerate(points):
        distance = (Y - row) * (Y - row) + (X - column) * (X - column)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        owner = np.where(closer, number, owner)
        nearest = np.where(closer, distance, nearest)
    faces = np.stack([muted(rng) for _ in range(count)]) * 0.5 + muted(rng) * 0.5
    edge = np.clip((np.sqrt(second) - np.sqrt(nearest)) * between(rng, 10, 60), 0, 1)
    return faces[owner] * (0.3 + 0.7 * edge * (0.6 + 0.4 * cloud(rng, 0.7)))[..., None]


KINDS: dict[str, Callable[[Generator], Picture]] = {
    kind.__name__: kind
    for kind in (texture, grain, gradient, skin_blobs, things, room, stripes, cells)
}


def expose(rng: Generator, picture: Picture) -> Picture:
    """Half of the pictures darker or brighter than drawn, all with a little sensor noise."""
    gain = between(rng, 0.2, 1.2) if rng.random() < 0.5 else 1.0
    return picture * gain + (rng.random(picture.shape) - 0.5) * between(rng, 0, 0.04)


def draw(kind: str, number: int) -> NDArray[np.uint8]:
    """Picture `number` of a kind, uint8 [224, 224, 3]."""
    rng = np.random.default_rng([SEED, *kind.encode(), number])
    picture = expose(rng, KINDS[kind](rng))
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def full_range() -> NDArray[np.uint8]:
    """Rows of 0 and 255 in turn: makes the input scale exactly 1 and its zero point 0."""
    rows = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    rows[1::2] = 255
    return rows


def calibration_pictures() -> NDArray[np.uint8]:
    """The full-range picture, then 12 of every kind: uint8 [97, 224, 224, 3]."""
    drawn = [draw(kind, number) for kind in KINDS for number in range(PICTURES_PER_KIND)]
    return np.stack([full_range(), *drawn])


if __name__ == "__main__":
    np.save(Path(sys.argv[1]), calibration_pictures())
