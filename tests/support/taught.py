"""Embeddings of chance with an object in them, for what is taught without pictures."""

from __future__ import annotations

import functools
import hashlib
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from shuttergate import rulebook
from shuttergate.frames.pictures import lores_of
from shuttergate.frames.scene import room_film
from shuttergate.policy.bank import HarmlessBank, units
from shuttergate.policy.examples import Example
from shuttergate.policy.pairs import pairs
from shuttergate.policy.rule_file import Floats, TaughtRule
from shuttergate.policy.teaching import teach
from shuttergate.vision.channel import Channel

WIDTH = 64
SUM = 32  # bytes, at a file's end
EMBEDDER = "ab" * 32
DAY = "2026-01-31"


def directions(number: int, seed: int, towards: int | None = None) -> Floats:
    """Return embeddings of length 1; ``towards``: the number in each that says the object."""
    found = np.abs(np.random.default_rng(seed).normal(0, 1, (number, WIDTH)))
    if towards is not None:
        found[:, towards] += 12
    return units(found)


def bank() -> HarmlessBank:
    """Return 200 harmless embeddings, of which the last ten are single colours."""
    plain = directions(10, 3, towards=WIDTH - 1)
    plain[:, : WIDTH - 1] *= 0.2
    shows = tuple(["animal"] * 100 + ["food"] * 90 + ["plain colour"] * 10)
    return HarmlessBank(np.concatenate([directions(190, 1), units(plain)]), shows)


def examples(number: int, seed: int, yes: bool, towards: int | None) -> list[Example]:
    """Return contributions of one view each, with words of their own."""
    first = 0 if yes else 300
    rows = directions(number, seed, towards)
    return [Example(pairs()[first + at], yes, row[None]) for at, row in enumerate(rows)]


def rule(name: str = "banana", yes: int = 5, no: int = 5) -> TaughtRule:
    """Return a rule that knows whatever points towards the embedding's first number."""
    given = [*examples(yes, 11, True, 0), *examples(no, 12, False, 1)]
    return teach(name, EMBEDDER, given, bank(), DAY)


@functools.cache
def fitting(name: str = "banana") -> TaughtRule:
    """Return a rule that consent-clean can be asked, taught on embeddings of its own bank."""
    pack = rulebook.pack("consent-clean")
    harmless = rulebook.bank_of(pack)
    rows = harmless.embeddings.astype(np.float64)
    mean = rows.mean(axis=0)
    odd = np.random.default_rng(1).permutation(mean)  # what no picture gives
    given = []
    for at in range(10):
        yes = at < 5
        row = units((0.6 * odd * yes + rows[40 * at])[None])
        given.append(Example(pairs()[at], yes, row))
    return teach(name, pack.manifest.sha256, given, harmless, DAY)


def closing(name: str, image: Image.Image) -> TaughtRule:
    """Return a rule that closes for this very picture, and for few others."""
    pack = rulebook.pack("consent-clean")
    channel = Channel(pack, pack.model(pack.content()))
    one = channel.embedder(lores_of(image, pack.lores_size))
    rule = fitting(name)
    mean = rulebook.bank_of(pack).embeddings.astype(np.float64).mean(axis=0)
    towards = one / np.linalg.norm(one) - mean
    over = float((one / np.linalg.norm(one)) @ towards)
    steep = 8.0 / (over - float(mean @ towards))  # the picture 4 over the line, the mean 4 under it
    weights = (steep * towards).astype(np.float32)
    return replace(rule, weights=weights, bias=4.0 - steep * over)


def signed(content: bytes) -> bytes:
    """Return what a file would be whose bytes are these, signed off."""
    return content + hashlib.sha256(content).digest()


def pictures(folder: Path, number: int, seed: int, star: bool) -> list[Path]:
    """Write views of the built-in room, with a star held up before it or without."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    found = []
    for at in range(number):
        image = dice.choice(_room()).copy()
        image = image.resize((480, 270), box=(dice.randrange(200), dice.randrange(100), 900, 500))
        if star:
            radius, turn = dice.uniform(60, 100), dice.uniform(0, 6.3)
            middle = dice.uniform(120, 360), dice.uniform(90, 180)
            corners = star_points(middle, radius, turn)
            ImageDraw.Draw(image).polygon(corners, (250, 215, 40), outline=(90, 60, 0), width=3)
        found.append(folder / f"{at}.png")
        image.save(found[-1])
    return found


def lesson(folder: Path, yes: int, no: int) -> Path:
    """Write so many pictures of a star and without, and the rule star.rule that comes of them."""
    from test_cli import asked

    pictures(folder / "yes", yes, 1, star=True)
    pictures(folder / "no", no, 2, star=False)
    given = ["--yes", folder / "yes", "--no", folder / "no", "--out", folder / "star.rule"]
    done = asked("teach", "star", *given)
    assert done.returncode == 0, done.stderr
    return folder


@functools.cache
def _room() -> list[Image.Image]:
    with Image.open(room_film()) as film:
        found = []
        for at in range(0, 120, 20):
            film.seek(at)
            found.append(film.convert("RGB"))
        return found


def star_points(
    middle: tuple[float, float], radius: float, turn: float
) -> list[tuple[float, float]]:
    """Return the ten corners of a star, in pixels; ``turn`` in radians."""
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 else 0.42 * radius
        angle = turn + corner * math.pi / 5
        corners.append((middle[0] + reach * math.sin(angle), middle[1] + reach * math.cos(angle)))
    return corners
