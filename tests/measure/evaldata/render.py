"""Render every scene: `python render.py OUT [--grounds FILE] [--scenes N]`.

Runs in the environment that build.py makes. A picture that is there already is not rendered again.
The pictures of bare bodies stay in OUT, a scratch folder: never committed, never shown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

TESTS = Path(__file__).resolve().parents[2]
RECIPE = TESTS.parent / "models" / "consent-clean" / "recipe"
sys.path[:0] = [str(TESTS), str(RECIPE)]

from measure.evaldata import cast  # noqa: E402
from measure.evaldata.disturb import plain  # noqa: E402
from measure.evaldata.rows import file_of  # noqa: E402

QUALITY = 93
"""Of the JPEG files, in which cameras give their pictures too."""


def ground(scene: cast.Scene, grounds: list[Path], side_px: int) -> Image.Image:
    """What a scene's shots stand before: one of the safe pictures, or a plain wall."""
    rng = scene.rng(7)
    if not scene.pictured or not grounds:
        return plain((side_px, side_px), rng)
    with Image.open(grounds[int(rng.integers(len(grounds)))]) as picture:
        return ImageOps.fit(picture.convert("RGB"), (side_px, side_px))


def save(image: Image.Image, path: Path) -> None:
    """Write a JPEG file whole or not at all."""
    part = path.with_suffix(".part")
    image.save(part, "JPEG", quality=QUALITY)
    part.replace(path)


def render(count: int, grounds: list[Path], out: Path) -> int:
    """Render the first `count` scenes; return how many pictures were made."""
    todo = [
        scene
        for scene in cast.scenes(count)
        if not all((out / file_of(scene, one)).exists() for one in range(len(scene.shots)))
    ]
    if not todo:
        return 0
    from bodies import mannequin

    from measure.evaldata import figures, stage

    body, window, made = mannequin(), stage.Stage(), 0
    for scene in todo:
        stance, sits = figures.posed(body, scene)
        aim = stance.vertices[figures.seen(body, scene)]
        behind = ground(scene, grounds, stage.SIDE_PX)
        for index, shot in enumerate(scene.shots):
            pieces = figures.pieces(body, stance, sits, scene, shot)
            taken = Image.fromarray(np.ascontiguousarray(window.shoot(pieces, aim, scene)))
            picture = behind.copy()
            picture.paste(taken, (0, 0), taken)
            save(picture, out / file_of(scene, index))
            made += 1
        print(f"\rscene {scene.number - cast.FIRST + 1} of {count}", end="", flush=True)
    print()
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scenes", type=int, default=cast.SCENES)
    parser.add_argument("--grounds", type=Path, help="a list of pictures to stand before")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    grounds: list[Path] = []
    if chosen.grounds is not None:
        grounds = [Path(line) for line in chosen.grounds.read_text().splitlines()]
    made = render(chosen.scenes, grounds, chosen.out)
    print(f"{made} pictures rendered")


if __name__ == "__main__":
    main()
