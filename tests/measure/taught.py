"""`make bench-taught`: how well a rule from few examples knows an object, and what it costs.

Twice ten objects. With the first ten, six drawings of the package that `measure.evaldata` takes
them from and four pieces of the built-in room's furniture, the place of the line was chosen; the
other ten, all drawings, were asked when it stood. Drawings are held up before the room. Rules are
taught on views of the first third of its film; whether they know the object is asked of views of
the rest, other sides, places, sizes, turns and light. How often they refuse what is harmless is
asked of the room without the object and, where a manifest is given, of its safe pictures. With
``--nudity`` only the nudity rule is asked, of all its pictures, beside such rules: see `beside`.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter
from rich.console import Console
from rich.progress import track
from rich.table import Table

from measure import beside
from measure.beside import NUMBERS
from measure.evaldata.build import ROOT, recipe
from shuttergate import rulebook
from shuttergate.errors import PictureError, TeachError
from shuttergate.frame import Pixels
from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.frames.scene import room_film
from shuttergate.policy.bank import HarmlessBank, units
from shuttergate.policy.examples import Example
from shuttergate.policy.pairs import pairs
from shuttergate.policy.rule_file import TaughtRule
from shuttergate.policy.teaching import teach, withdraw
from shuttergate.vision.channel import Channel

Embeddings = NDArray[np.float64]
LEDGER = ROOT / "tests" / "measure" / "evaldata" / "ledger.csv"
PACKAGE = "@lobehub/fluent-emoji-3d"
DRAWN = {
    "mandarin": "1f34a",
    "pineapple": "1f34d",
    "doughnut": "1f369",
    "shoe": "1f45f",
    "teapot": "1fad6",
    "bell": "1f514",
}
OTHERS = {
    "cherries": "1f352",
    "swan": "1f9a2",
    "rabbit": "1f407",
    "saucer": "1f6f8",
    "coin": "1fa99",
    "bag": "1f4b0",
    "carrot": "1f955",
    "hat": "1f3a9",
    "cheese": "1f9c0",
    "lifebuoy": "1f6df",
}
FURNITURE = {
    "globe": ((-0.62, 0.95, 1.0), 0.20),
    "robot": ((0.32, 0.85, 1.02), 0.26),
    "cup on books": ((0.72, 0.63, 0.86), 0.17),
    "tower of blocks": ((-0.30, 0.62, 0.98), 0.26),
}
"""Where it stands in the room and how far it reaches, in metres."""

EXAMPLES = (1, 3, 5, 10)
DRAWS = 3
TAUGHT_ON, HELD_OUT = 20, 60  # views of an object
MOMENTS, FIRST_THIRD = 60, 20  # of the film
SIZE = (640, 360)


def moments() -> list[Image.Image]:
    """Moments of the built-in film, evenly over it."""
    with Image.open(room_film()) as film:
        step = film.n_frames // MOMENTS  # type: ignore[attr-defined]
        found = []
        for at in range(MOMENTS):
            film.seek(at * step)
            found.append(film.convert("RGB"))
        return found


def light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Other light, other focus, and a sensor's grain."""
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.7, 1.25))
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.8, 1.2))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    grain = rng.normal(0, 4, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def ground(moment: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A part of the room, mirrored or not."""
    share = rng.uniform(0.6, 1.0)
    width, height = round(moment.width * share), round(moment.height * share)
    left = int(rng.integers(0, moment.width - width + 1))
    top = int(rng.integers(0, moment.height - height + 1))
    box = (left, top, left + width, top + height)
    found = moment.resize(SIZE, Image.Resampling.BILINEAR, box=box)
    return found.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else found


def held_up(cut_out: Image.Image, moment: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A cut-out held before the room: anywhere, 0.4 to 0.85 of its height, turned by up to 25°."""
    view = ground(moment, rng)
    turned = cut_out.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC, expand=True)
    scale = rng.uniform(0.4, 0.85) * view.height / max(turned.size)
    size = (max(1, round(turned.width * scale)), max(1, round(turned.height * scale)))
    turned = turned.resize(size, Image.Resampling.LANCZOS)
    left = round(rng.uniform(-0.05, 1.05) * (view.width - turned.width))
    top = round(rng.uniform() * (view.height - turned.height))
    view.paste(turned, (left, top), turned)
    return light(view, rng)


def near(
    camera: Any, name: str, number: int, moment: Image.Image, rng: np.random.Generator
) -> Image.Image:
    """A piece of furniture as somebody who came nearer would see it; its side is the film's."""
    at, reach = FURNITURE[name]
    eye, axes = camera.camera(number / MOMENTS)
    right, up, ahead = axes.T @ (np.asarray(at) - eye)
    scale = camera.FOCAL * moment.width / ahead
    half = reach * scale * rng.uniform(1.2, 1.9)
    x = moment.width / 2 + right * scale + rng.uniform(-0.4, 0.4) * half
    y = moment.height / 2 - up * scale + rng.uniform(-0.15, 0.15) * half
    box = (x - half * 16 / 9, y - half, x + half * 16 / 9, y + half)
    if min(box) < 0 or box[2] > moment.width or box[3] > moment.height:
        shift_x = -min(0.0, box[0]) - max(0.0, box[2] - moment.width)
        shift_y = -min(0.0, box[1]) - max(0.0, box[3] - moment.height)
        box = (box[0] + shift_x, box[1] + shift_y, box[2] + shift_x, box[3] + shift_y)
    return light(moment.resize(SIZE, Image.Resampling.BICUBIC, box=box), rng)


@dataclass
class Seen:
    """Embeddings: of pictures to teach with, (n, views, width), and of others, (n, width)."""

    taught: Embeddings
    held: Embeddings


@dataclass
class Bench:
    """The model, and what it saw."""

    channel: Channel
    bank: HarmlessBank
    sha256: str
    objects: dict[str, Seen] = field(default_factory=dict)
    without: Seen = field(default_factory=lambda: Seen(np.empty(0), np.empty(0)))
    safe: Embeddings = field(default_factory=lambda: np.empty((0, 0)))

    def see(self, images: Iterator[Image.Image]) -> Embeddings:
        """The embeddings of pictures, as the live look sees them."""
        size = self.channel.lores_size
        return np.array([self.channel.embedder(lores_of(image, size)) for image in images])

    def seen(self, images: Iterator[Image.Image]) -> Seen:
        """The same, the first `TAUGHT_ON` of them as `teach` would see them."""
        size = self.channel.lores_size
        first = itertools.islice(images, TAUGHT_ON)
        taught = [rulebook.views_of(lores_of(image, size), self.channel) for image in first]
        return Seen(np.array(taught), self.see(images))


def fetched(out: Path) -> dict[str, Image.Image]:
    """The drawn objects, fetched by the ledger of `measure.evaldata`, cut out."""
    pictures = recipe("pictures")
    ledger = [one for one in pictures.read_ledger(LEDGER) if one.package == PACKAGE]
    wanted = {
        name: one
        for one in ledger
        for name, code in {**DRAWN, **OTHERS}.items()
        if Path(one.path).stem == code
    }
    done = pictures.fetch(wanted.values(), [], out, out / "packages")
    if done.missing:
        raise SystemExit("\n".join(done.missing))
    found = {}
    for name, source in wanted.items():
        with Image.open(out / source.file) as image:
            cut_out = image.convert("RGBA")
        found[name] = cut_out.crop(cut_out.getbbox())
    return found


def look(bench: Bench, drawn: dict[str, Image.Image], furniture: Sequence[str], seed: int) -> None:
    """Show the model every view of every object, and the room without one."""
    film = moments()
    sys.path.insert(0, str(ROOT / "device" / "simulated" / "room"))  # the recipe has a render, too
    camera = importlib.import_module("render")

    def views(name: str, rng: np.random.Generator) -> Iterator[Image.Image]:
        for turn in range(TAUGHT_ON + HELD_OUT):
            first = turn < TAUGHT_ON
            number = int(
                rng.integers(0, FIRST_THIRD) if first else rng.integers(FIRST_THIRD, MOMENTS)
            )
            if name in drawn:
                yield held_up(drawn[name], film[number], rng)
            else:
                yield near(camera, name, number, film[number], rng)

    for number, name in enumerate(track([*drawn, *furniture], "objects")):
        bench.objects[name] = bench.seen(views(name, np.random.default_rng([seed, number])))
    rng = np.random.default_rng(seed + 1)
    numbers = [*rng.integers(0, FIRST_THIRD, TAUGHT_ON), *rng.integers(FIRST_THIRD, MOMENTS, 200)]
    bench.without = bench.seen(light(ground(film[at], rng), rng) for at in numbers)


def _safe(manifest: Path) -> Iterator[Image.Image]:
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "safe"]
    for row in track(rows, "safe pictures"):
        try:
            yield read_picture(manifest.parent / row["path"], (1024, 1024))
        except PictureError as error:
            print(error, file=sys.stderr)


def taught(bench: Bench, name: str, number: int, draw: int) -> TaughtRule | None:
    """A rule from so many examples and as many counter-examples; None where none comes of them.

    Half of these are the room without an object, half show another object.
    """
    rng = np.random.default_rng([draw, number])
    others = [one for one in bench.objects if one != name]
    yes = bench.objects[name].taught[rng.permutation(TAUGHT_ON)[:number]]
    no = [bench.without.taught[at] for at in rng.permutation(TAUGHT_ON)[: (number + 1) // 2]]
    for other in rng.permutation(len(others))[: number - len(no)]:
        no.append(bench.objects[others[other]].taught[rng.integers(0, TAUGHT_ON)])
    words = iter(pairs())
    examples = [Example(next(words), True, one) for one in yes]
    examples += [Example(next(words), False, one) for one in no]
    try:
        return teach(name, bench.sha256, examples, bench.bank, "2026-01-01", least=1)
    except TeachError as error:
        print(f"{name}, {number} examples: {error}", file=sys.stderr)
        return None


def blocked(rule: TaughtRule, seen: Embeddings) -> float:
    """The share of what was seen that the rule blocks; NaN where nothing was."""
    return float((rule.scores(units(seen)) >= rule.line).mean()) if len(seen) else float("nan")


def table(bench: Bench) -> Table:
    """Shares in per cent, by the number of examples: the mean over objects and draws, the worst."""
    made = Table("examples", "rules", "held-out views blocked", "worst object", "safe pictures")
    for heading in ("worst rule", "room without it", "other objects"):
        made.add_column(heading)
    for number in EXAMPLES:
        rules = {
            name: [taught(bench, name, number, draw) for draw in range(DRAWS)]
            for name in bench.objects
        }
        there = {name: [one for one in own if one is not None] for name, own in rules.items()}
        count = sum(map(len, there.values()))
        held = {
            name: sum(blocked(one, bench.objects[name].held) for one in own) / DRAWS
            for name, own in there.items()
        }
        every = [one for own in there.values() for one in own]
        safe = [blocked(one, bench.safe) for one in every]
        room = [blocked(one, bench.without.held) for one in every]
        other = [
            blocked(one, bench.objects[name].held)
            for one in every
            for name in bench.objects
            if name != one.name
        ]
        worst = min(held, key=lambda name: held[name])
        made.add_row(
            *(str(number), f"{count} of {len(rules) * DRAWS}"),
            _percent(float(np.mean(list(held.values())))),
            f"{worst} {_percent(held[worst])}",
            *(_percent(float(np.mean(safe))), _percent(max(safe, default=float("nan")))),
            *(_percent(float(np.mean(room))), _percent(float(np.mean(other)))),
        )
    return made


def _percent(share: float) -> str:
    """Return a share for people."""
    return "–" if np.isnan(share) else f"{100 * share:.1f} %"


def costs(bench: Bench, picture: Pixels) -> Table:
    """What rules add to a frame, beside the bare interpreter; teaching and withdrawing."""
    made = (taught(bench, name, 5, draw) for draw in range(DRAWS) for name in bench.objects)
    named = enumerate(one for one in made if one is not None)
    rules = [replace(one, name=f"{one.name} {number}") for number, one in named][: max(NUMBERS)]
    rule, first = rules[0], next(iter(bench.objects))
    embedding = bench.channel.embedder(picture)
    bare_s = beside.median_s(lambda: bench.channel.model(picture), 200)
    said_s = {number: beside.said_s(rules[:number], embedding) for number in NUMBERS}
    teach_s = beside.median_s(lambda: taught(bench, first, 5, 0), 20)
    less_s = beside.median_s(lambda: withdraw(rule, rule.words[0], bench.bank, "2026-01-01"), 20)
    shown = Table("what", "ms", "of a bare inference")
    for what, seconds in (
        ("a bare inference", bare_s),
        *((f"taught rules, {n}: score and verdict", said_s[n] - said_s[0]) for n in NUMBERS if n),
        ("teaching 5 examples and 5 counter-examples", teach_s),
        ("withdrawing one", less_s),
    ):
        shown.add_row(what, f"{1000 * seconds:.3f}", f"{seconds / bare_s:.4f}")
    return shown


def nudity(bench: Bench, drawn: dict[str, Image.Image], manifest: Path, console: Console) -> int:
    """Measure the nudity rule beside rules for the drawn objects; 0 where no digit differs."""
    look(bench, drawn, (), 7)
    rules = [one for name in bench.objects if (one := taught(bench, name, 5, 0)) is not None]
    rules = rules[: max(NUMBERS)]
    counts, wrong = beside.compared(beside.listed(manifest), rules)
    console.print(beside.table(counts))
    console.print("\n".join(wrong) or "the nudity rule: unchanged to the digit")
    return int(bool(wrong))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="measure taught rules")
    parser.add_argument("manifest", type=Path, nargs="?", help="its safe pictures are asked, too")
    parser.add_argument("--nudity", action="store_true", help="only its figures beside rules")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "taught-objects")
    chosen = parser.parse_args(arguments)
    if chosen.nudity and chosen.manifest is None:
        parser.error("--nudity needs a manifest")
    pack = rulebook.pack("consent-clean")
    channel = Channel(pack, pack.model(pack.content()))
    drawn = fetched(chosen.work)
    console = Console()
    if chosen.nudity:
        bench = Bench(channel, rulebook.bank_of(pack), pack.manifest.sha256)
        sys.exit(nudity(bench, drawn, chosen.manifest, console))
    safe = np.empty((0, 0))
    for seed, title, names, furniture in (
        (7, "the objects with which the line was chosen", DRAWN, tuple(FURNITURE)),
        (17, "the objects that were asked when it stood", OTHERS, ()),
    ):
        bench = Bench(channel, rulebook.bank_of(pack), pack.manifest.sha256)
        if chosen.manifest is not None and not len(safe):
            safe = bench.see(_safe(chosen.manifest))
        bench.safe = safe
        look(bench, {name: drawn[name] for name in names}, furniture, seed)
        console.print(f"{title}; safe pictures: {len(safe)}")
        console.print(table(bench))
    console.print(costs(bench, lores_of(moments()[0], channel.lores_size)))


if __name__ == "__main__":
    main()
