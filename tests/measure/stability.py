"""How steady the verdicts are: the same pictures turned, dark, blurred, far away, on a screen.

`PYTHONPATH=tests python -m measure.stability MANIFEST.csv`, as for `shuttergate evaluate`.
Each disturbance is applied to every picture, and the kit's two looks judge again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shuttergate.bench.evaluate.manifest import Row, read_manifest
from shuttergate.bench.evaluate.rates import auc
from shuttergate.board import AcceleratorPart, read_board
from shuttergate.errors import PictureError, ShuttergateError
from shuttergate.frames.pictures import lores_of, main_of, read_picture
from shuttergate.stills import LOOK_LIMIT
from shuttergate.verdict import Look, Rule, joint_score
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes

Disturb = Callable[[Image.Image], Image.Image]
Found = dict[str, list[dict[Look, float] | None]]
"""By disturbance, each picture's joint scores; None where it cannot be read."""


def _cropped(image: Image.Image) -> Image.Image:
    """The middle 80 % of each side."""
    width, height = image.size
    return image.crop((width // 10, height // 10, width - width // 10, height - height // 10))


def _cast(red: float, green: float, blue: float) -> Disturb:
    """A coloured lamp: each channel times its factor."""
    factors = np.array([red, green, blue])

    def cast(image: Image.Image) -> Image.Image:
        return Image.fromarray(np.clip(np.asarray(image) * factors, 0, 255).astype(np.uint8))

    return cast


def _night(image: Image.Image) -> Image.Image:
    """A quarter of the light, and the noise that comes with it (sigma 6 of 255)."""
    dark = np.asarray(image) * 0.25
    dark = dark + np.random.default_rng(0).normal(0, 6, dark.shape)
    return Image.fromarray(np.clip(dark, 0, 255).astype(np.uint8))


def _blurred(image: Image.Image) -> Image.Image:
    """Out of focus: a Gaussian of 1 % of the shorter side."""
    return image.filter(ImageFilter.GaussianBlur(min(image.size) / 100))


def _mosaic(image: Image.Image) -> Image.Image:
    """Squares of a fortieth of the longer side."""
    width, height = image.size
    cell = max(image.size) / 40
    small = (max(1, round(width / cell)), max(1, round(height / cell)))
    return image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.NEAREST)


def _far(image: Image.Image) -> Image.Image:
    """The picture at half its size before a grey wall, below the middle."""
    width, height = image.size
    wall = Image.new("RGB", image.size, (150, 148, 145))
    wall.paste(image.resize((width // 2, height // 2)), (width // 4, height // 2))
    return wall


def _screen(image: Image.Image) -> Image.Image:
    """The picture on a screen with a dark bezel, lines of dimmer pixels, seen a little askew."""
    lines = np.array(image)
    lines[::3] = (lines[::3] * 0.85).astype(np.uint8)
    framed = ImageOps.expand(Image.fromarray(lines), min(image.size) // 20, (15, 15, 18))
    desk = Image.new("RGB", framed.size, (90, 80, 70))
    small = framed.resize((framed.width * 4 // 5, framed.height * 4 // 5)).convert("RGBA")
    askew = small.rotate(4, Image.Resampling.BILINEAR, expand=True)
    desk.paste(askew, (framed.width // 10, framed.height // 10), askew)
    return desk


DISTURBANCES: dict[str, Disturb] = {
    "as it is": lambda image: image,
    "turned 90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned 180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turned 270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "mirrored": ImageOps.mirror,
    "cropped to 80 %": _cropped,
    "a quarter of the light": _night,
    "warm light": _cast(1.15, 1.0, 0.7),
    "cold light": _cast(0.75, 0.95, 1.2),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "pale": lambda image: ImageEnhance.Contrast(image).enhance(0.5),
    "out of focus": _blurred,
    "mosaic": _mosaic,
    "half as large": _far,
    "on a screen": _screen,
}


def joint_scores(image: Image.Image, eyes: Eyes, rules: dict[Look, Rule]) -> dict[Look, float]:
    """Return the joint score of one picture in both looks; CLEAR is below 0.5."""
    height, width, _ = eyes.lores_shape
    return {
        Look.LIVE: joint_score(
            scores(eyes.live, lores_of(image, (width, height))), rules[Look.LIVE]
        ),
        Look.SECOND: joint_score(
            eyes.second_look(eyes.second_look.leaving(main_of(image, LOOK_LIMIT))),
            rules[Look.SECOND],
        ),
    }


def measure(rows: tuple[Row, ...], eyes: Eyes) -> Found:
    """Return each row's joint scores under each disturbance, None where it cannot be read."""
    rules = {look: eyes.rule(look, {}) for look in Look}
    found: Found = {name: [] for name in DISTURBANCES}
    for row in track(rows, "judging", console=Console(stderr=True)):
        try:
            image = read_picture(row.path, LOOK_LIMIT)
        except PictureError as error:
            print(error, file=sys.stderr)
            for answers in found.values():
                answers.append(None)
            continue
        for name, disturb in DISTURBANCES.items():
            found[name].append(joint_scores(disturb(image), eyes, rules))
    return found


def table(rows: tuple[Row, ...], found: Found) -> Table:
    """Return what stays blocked and clear, look by look."""
    shown = Table(title="blocked, and AUC, of each disturbance")
    shown.add_column("disturbance")
    for look in ("live", "second look"):
        shown.add_column(f"{look}: nude", justify="right")
        shown.add_column("safe", justify="right")
        shown.add_column("AUC", justify="right")
    for name, answers in found.items():
        cells = [name]
        for look in Look:
            by_label: dict[str, list[float]] = {"nude": [], "safe": []}
            for row, answer in zip(rows, answers, strict=True):
                if answer is not None:
                    by_label[row.label].append(answer[look])
            for values in by_label.values():
                cells.append(f"{sum(value >= 0.5 for value in values)}/{len(values)}")
            area = auc(by_label["nude"], by_label["safe"])
            cells.append("-" if area is None else f"{area:.3f}")
        shown.add_row(*cells)
    return shown


def main() -> int:
    """The command line; 0, or 2 for a bad manifest."""
    parser = argparse.ArgumentParser(description="How steady the verdicts are.")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--board", default="simulated")
    chosen = parser.parse_args()
    try:
        manifest = read_manifest(chosen.manifest)
        channels = read_board(chosen.board).channels
        eyes = open_eyes(channels.live, channels.look, AcceleratorPart(driver="cpu"))
    except ShuttergateError as error:
        print(f"stability: {error}", file=sys.stderr)
        return 2
    Console().print(table(manifest.rows, measure(manifest.rows, eyes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
