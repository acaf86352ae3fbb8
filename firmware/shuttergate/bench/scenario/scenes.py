"""The pictures of a stage: those that need no file are painted here."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageSequence

from shuttergate.bench.scenario.script import Scenario
from shuttergate.frames.scene import room_film
from shuttergate.vision.known import paint

SIZE = (1280, 960)
BLUE = (30, 60, 160)


def write_stage(scenario: Scenario, base: Path, folder: Path) -> Path:
    """Write the stage of `scenario` into `folder` and return its file.

    Paths in the scenario are relative to `base`.
    """
    folder.mkdir()
    lines = ["[scenes]"]
    for number, name in enumerate(scenario.shown()):
        if name in scenario.scenes:
            path = (base / scenario.scenes[name]).absolute()
        else:
            path = folder / f"{number}.png"
            built_in(name).save(path, compress_level=1)
        lines.append(f'"{name}" = "{path}"')
    file = folder / "stage.toml"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file


def built_in(name: str) -> Image.Image:
    """Return one of `script.BUILT_IN`."""
    match name:
        case "card":
            return _enlarged("test_card")
        case "far card":  # 12 % of the height: only the second look's finest parts tell it
            wall = Image.new("RGB", SIZE, BLUE)
            card = Image.fromarray(paint("test_card", (224, 224))).resize((115, 115))
            wall.paste(card, (SIZE[0] * 3 // 5, SIZE[1] * 3 // 10))
            return wall
        case "violet":  # soft ellipses: open-nsfw is sure, consent-clean has no doubt at all
            return _enlarged("violet_and_green")
        case "violet, camera upside down":
            return _enlarged("violet_and_green").transpose(Image.Transpose.ROTATE_180)
        case "violet, camera on its side":  # a quarter of a turn, counterclockwise
            return _enlarged("violet_and_green").transpose(Image.Transpose.ROTATE_90)
        case "room":
            with Image.open(room_film()) as film:
                room = next(iter(ImageSequence.Iterator(film))).convert("RGB")
            return room.resize(SIZE, Image.Resampling.BICUBIC)
        case "dark":
            return Image.new("RGB", SIZE)
    return Image.new("RGB", SIZE, BLUE)


def _enlarged(known: str) -> Image.Image:
    picture = Image.fromarray(paint(known, (224, 224)))
    return picture.resize(SIZE, Image.Resampling.NEAREST)
