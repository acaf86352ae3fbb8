"""What a camera makes of a picture: the random views that the head is trained and tested on.

A view is uint8 (224, 224, 3). It imitates how a phone is held (turned, mirrored, near, far), bad
light (dark, tinted, grey), bad optics (blur, noise, JPEG), a picture of a screen, and paint.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SIDE_PX = 224


def view(picture: Image.Image, grounds: list[Image.Image], rng: np.random.Generator) -> np.ndarray:
    """One random view of a photograph (RGB) or of a render with coverage (RGBA)."""
    if picture.mode == "RGBA":
        picture = _placed(picture, grounds, rng)
    picture = _framed(picture, rng)
    if rng.random() < 0.12:
        picture = _farther(picture, grounds, rng)
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    if rng.random() < 0.35:
        picture = picture.rotate(90 * int(rng.integers(1, 4)))
    if rng.random() < 0.06:
        picture = _on_screen(picture, grounds, rng)
    if rng.random() < 0.12:
        picture = _painted(picture, rng)
    return _exposed(picture, rng)


def _placed(
    picture: Image.Image, grounds: list[Image.Image], rng: np.random.Generator
) -> Image.Image:
    """Lay a cut-out on a ground; where it covers everything already, this changes nothing."""
    ground = _ground(grounds, rng, picture.size[0])
    if rng.random() < 0.5:
        ground = ground.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 4))))
    side = picture.size[0]
    box = picture.getchannel("A").getbbox()
    covers = picture.getchannel("A").getextrema()[0] > 0
    if not covers and box is not None and rng.random() < 0.35:
        scale = float(rng.uniform(0.35, 1.3))
        small = picture.resize((max(8, int(side * scale)),) * 2, Image.Resampling.LANCZOS)
        left, top, right, bottom = (int(edge * scale) for edge in box)
        # At least most of the figure stays in the frame.
        x = int(rng.uniform(min(-left, side - right), max(-left, side - right)))
        y = int(rng.uniform(min(-top, side - bottom), max(-top, side - bottom)))
        ground.paste(small, (x, y), small)
        return ground
    ground.paste(picture, (0, 0), picture)
    return ground


def _ground(grounds: list[Image.Image], rng: np.random.Generator, side: int) -> Image.Image:
    if grounds and rng.random() < 0.6:
        ground = grounds[int(rng.integers(len(grounds)))].convert("RGB")
        edge = max(8, int(min(ground.size) * rng.uniform(0.4, 1.0)))
        x = int(rng.integers(0, ground.size[0] - edge + 1))
        y = int(rng.integers(0, ground.size[1] - edge + 1))
        return ground.resize((side, side), Image.Resampling.BILINEAR, (x, y, x + edge, y + edge))
    one, two = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.6:
        grey = rng.uniform(20, 250, 2)
        one, two = grey[0] + rng.normal(0, 12, 3), grey[1] + rng.normal(0, 12, 3)
    ramp = np.linspace(0, 1, side)
    mix = ramp[:, None] * rng.uniform(0, 1) + ramp[None] * rng.uniform(0, 1)
    colour = one + (two - one) * (mix[..., None] if rng.random() < 0.7 else 0)
    colour = colour + rng.normal(0, rng.uniform(0, 6), (side, side, 3))
    return Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))


def _framed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Crop a little, turn a little, stretch a little: to the model's square."""
    width, height = picture.size
    share = rng.uniform(0.82, 1.0, 2)
    if width > 1.3 * height or height > 1.3 * width:
        share = (
            np.array([1.0, 1.0])
            if rng.random() < 0.5
            else np.array([min(1, height / width), min(1, width / height)])
        )
    x, y = rng.uniform(0, 1 - share + 1e-9)
    box = (x * width, y * height, (x + share[0]) * width, (y + share[1]) * height)
    picture = picture.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, box, 2.0)
    if rng.random() < 0.3:
        edge = tuple(int(c) for c in np.asarray(picture)[0].mean(0))
        picture = picture.rotate(
            float(rng.normal(0, 10)), Image.Resampling.BILINEAR, fillcolor=edge
        )
    return picture


def _farther(
    picture: Image.Image, grounds: list[Image.Image], rng: np.random.Generator
) -> Image.Image:
    """The picture as a part of a larger one: whoever fills it is seen from farther away."""
    around = _ground(grounds, rng, SIDE_PX)
    side = int(SIDE_PX * rng.uniform(0.4, 0.8))
    x, y = rng.integers(0, SIDE_PX - side + 1, 2)
    around.paste(picture.resize((side, side), Image.Resampling.BOX), (int(x), int(y)))
    return around


def _on_screen(
    picture: Image.Image, grounds: list[Image.Image], rng: np.random.Generator
) -> Image.Image:
    """The picture on a lit screen with a bezel, seen a little askew."""
    around = _ground(grounds, rng, SIDE_PX)
    lines = np.asarray(picture).astype(np.float32)
    lines[:: int(rng.integers(2, 4))] *= rng.uniform(0.8, 0.95)
    shown = Image.fromarray(np.clip(lines * rng.uniform(0.9, 1.3), 0, 255).astype(np.uint8))
    side = int(SIDE_PX * rng.uniform(0.6, 0.95))
    framed = ImageOps.expand(shown.resize((side, side)), int(rng.integers(2, 10)), (15, 15, 18))
    framed = framed.convert("RGBA").rotate(
        float(rng.normal(0, 6)), Image.Resampling.BILINEAR, expand=True
    )
    at = tuple(int(v) for v in (SIDE_PX - np.array(framed.size)) * rng.uniform(0.2, 0.8, 2))
    around.paste(framed, at, framed)
    return around


def _painted(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Brush strokes, few colours, old varnish: style without anyone's painting."""
    size = int(rng.choice([3, 5, 7]))
    if rng.random() < 0.6:
        picture = picture.filter(ImageFilter.ModeFilter(size))
    else:
        picture = picture.filter(ImageFilter.MedianFilter(size))
    if rng.random() < 0.4:
        picture = ImageOps.posterize(picture, int(rng.integers(3, 6)))
    warm = np.array([1.0, rng.uniform(0.8, 0.97), rng.uniform(0.55, 0.85)])
    toned = np.asarray(picture).astype(np.float32) * warm * rng.uniform(0.6, 1.05)
    grain = rng.normal(0, rng.uniform(2, 10), (SIDE_PX, SIDE_PX, 1))
    return Image.fromarray(np.clip(toned + grain, 0, 255).astype(np.uint8))


def _exposed(picture: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """Light, colour, optics and compression."""
    if rng.random() < 0.35:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 2.2))))
    if rng.random() < 0.12:
        small = int(rng.uniform(28, 112))
        picture = picture.resize((small, small), Image.Resampling.BOX).resize(
            (SIDE_PX, SIDE_PX),
            Image.Resampling.NEAREST if rng.random() < 0.5 else Image.Resampling.BICUBIC,
        )
    x = np.asarray(picture).astype(np.float32) / 255
    if rng.random() < 0.7:
        x = x ** rng.uniform(0.7, 1.5) * rng.uniform(0.75, 1.25)
    if rng.random() < 0.5:
        x = x * np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.12:
        x = x * np.exp(rng.normal(0, 0.25, 3)).astype(np.float32)  # a coloured lamp
    if rng.random() < 0.15:
        warmth = rng.normal(0, 0.25)  # a candle, or a clouded noon
        x = x * np.exp([warmth, 0.0, -warmth]).astype(np.float32)
    if rng.random() < 0.12:
        x = x * rng.uniform(0.12, 0.45)  # night
    saturation = 0.0 if rng.random() < 0.14 else rng.uniform(0.6, 1.3)
    grey = x.mean(-1, keepdims=True)
    x = grey + (x - grey) * saturation
    x = x + rng.normal(0, rng.choice([0.0, 0.01, 0.03, 0.06]), x.shape)
    out = Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.5:
        buffer = io.BytesIO()
        out.save(buffer, "JPEG", quality=int(rng.integers(30, 95)))
        out = Image.open(buffer).convert("RGB")
    return np.asarray(out)
