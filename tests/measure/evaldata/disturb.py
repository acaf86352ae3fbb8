"""Disturbances: far, grey, cold, mosaic, strokes, ink, few colours, on a screen.

The model was trained with its recipe's views.py; none of that is used here. Each takes an RGB
picture and numbers of its own, and returns an RGB picture of the same size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

Disturb = Callable[[Image.Image, np.random.Generator], Image.Image]


def plain(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A wall, lighter above than below, of one colour of low saturation."""
    grey = rng.uniform(70, 215)
    colour = grey + rng.uniform(-14, 14, 3)
    fall = np.linspace(1.08, 0.88, size[1])[:, None, None]
    wall = np.broadcast_to(np.clip(colour * fall, 0, 255), (size[1], size[0], 3))
    return Image.fromarray(wall.astype(np.uint8))


def far(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Half as large, its own edges' colours running on around it: the scene from twice as far."""
    small = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    left = int(rng.integers(0, image.width - small.width + 1))
    top = image.height - small.height
    around = np.pad(
        np.asarray(small),
        (
            (top, image.height - small.height - top),
            (left, image.width - small.width - left),
            (0, 0),
        ),
        mode="edge",
    )
    ground = Image.fromarray(around).filter(ImageFilter.BoxBlur(max(2, image.width // 40)))
    ground.paste(small, (left, top))
    return ground


def grey(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As a film that sees blue more than red gives it, with its grain."""
    level = np.asarray(image).astype(np.float32) @ np.array([0.2, 0.42, 0.38], np.float32)
    grained = level + rng.normal(0, 5, level.shape)
    return Image.fromarray(np.clip(grained, 0, 255).astype(np.uint8)).convert("RGB")


def cold(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lit by a blue sky: red falls, blue rises, shadows more than lights."""
    value = np.asarray(image).astype(np.float32) / 255
    shadow = 1 - value.mean(-1, keepdims=True)
    turn = np.array([-0.22, -0.03, 0.18], np.float32) * float(rng.uniform(0.7, 1.2))
    value = value * (1 + turn * (0.6 + 0.8 * shadow))
    return Image.fromarray((np.clip(value, 0, 1) * 255).astype(np.uint8))


def mosaic(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Tiles in a brickwork bond, 36 to 48 across, with darker joints."""
    cell = max(3, round(image.width / int(rng.integers(36, 49))))
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    row = y // cell
    column = (x + (row % 2) * (cell // 2)) // cell
    across = int(column.max()) + 1
    tile = (row * across + column).ravel()
    count = np.maximum(np.bincount(tile), 1)
    pixels = np.asarray(image).reshape(-1, 3)
    means = np.stack([np.bincount(tile, pixels[:, one]) / count for one in range(3)], 1)
    laid = means[tile].reshape(image.height, image.width, 3)
    joint = ((y % cell == 0) | ((x + (row % 2) * (cell // 2)) % cell == 0))[..., None]
    return Image.fromarray((laid * np.where(joint, 0.82, 1.0)).astype(np.uint8))


def strokes(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Painted anew with some thousand short strokes along the edges, coarse ones first."""
    light = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(4))).astype(np.float32)
    down, across = np.gradient(light)
    along = np.arctan2(down, across) + np.pi / 2
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5))).astype(np.float32)
    canvas = np.asarray(image.filter(ImageFilter.GaussianBlur(image.width / 30))).copy()
    for width, count in ((image.width // 36, 1500), (image.width // 72, 3500)):
        for _ in range(count):
            x, y = int(rng.integers(image.width)), int(rng.integers(image.height))
            angle = along[y, x] + rng.normal(0, 0.25)
            steps = np.arange(-width, width + 1)
            colour = np.clip(pixels[y, x] + rng.normal(0, 7), 0, 255).astype(np.uint8)
            half = max(1, width // 4)
            columns = np.clip(x + steps * np.cos(angle), half, image.width - half - 1).astype(int)
            rows = np.clip(y + steps * np.sin(angle), half, image.height - half - 1).astype(int)
            for one in range(-half, half + 1):
                canvas[rows + one, columns] = colour
                canvas[rows, columns + one] = colour
    return Image.fromarray(canvas)


def ink(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Contours and hatching on paper: a difference of Gaussians, and lines where it is dark."""
    level = image.convert("L")
    fine = level.filter(ImageFilter.GaussianBlur(1.0))
    coarse = level.filter(ImageFilter.GaussianBlur(2.6))
    lines = np.asarray(ImageChops.subtract(coarse, fine, 1, 0)).astype(np.float32) > 2.2
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    tone = np.asarray(ImageOps.autocontrast(level.filter(ImageFilter.GaussianBlur(2))))
    hatched = ((x + y) % 7 < 2) & (tone < 110) | ((x - y) % 7 < 2) & (tone < 60)
    paper = np.array([244, 238, 224]) + rng.normal(0, 3, (image.height, image.width, 1))
    drawn = np.where((lines | hatched)[..., None], np.array([38, 32, 40]), paper)
    return Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8))


def few_colours(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Eight of the picture's own colours, in flat fields, as a screen print has them."""
    flat = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(1.5, 3))))
    printed = flat.quantize(8, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return printed.convert("RGB")


def screen(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Photographed off a lit screen at an angle: red, green, blue stripes, glare, a dark room."""
    value = np.asarray(image).astype(np.float32)
    for one in range(3):
        value[:, one::3] *= np.where(np.arange(3) == one, 1.12, 0.9).astype(np.float32)
    glare = np.linspace(float(rng.uniform(0, 40)), 0, image.width)[None, :, None]
    lit = Image.fromarray(np.clip(value * 1.05 + glare, 0, 255).astype(np.uint8))
    width, height = image.size
    lean, inset = float(rng.uniform(0.04, 0.1)), 0.09
    # A perspective view onto the picture: its corners where a leaning screen's would be seen.
    corners = np.array(
        [
            [inset, inset + lean],
            [1 - inset, inset],
            [1 - inset, 1 - inset],
            [inset, 1 - inset - lean],
        ]
    )
    room = tuple(int(one) for one in rng.uniform(12, 48, 3))
    bezel = ImageOps.expand(lit, max(4, width // 32), (10, 10, 12)).resize(image.size)
    return bezel.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners * [width, height], width, height),
        Image.Resampling.BILINEAR,
        fillcolor=room,
    )


def _perspective(seen: np.ndarray, width: int, height: int) -> list[float]:
    """The eight numbers that lead from a seen point back to one of the flat picture."""
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    rows, right = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return [float(one) for one in np.linalg.solve(np.array(rows), np.array(right))]


DISTURBANCES: dict[str, Disturb] = {
    "far": far,
    "grey": grey,
    "cold": cold,
    "mosaic": mosaic,
    "strokes": strokes,
    "ink": ink,
    "few colours": few_colours,
    "screen": screen,
}
