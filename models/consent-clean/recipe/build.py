"""Build consent-clean from its sources: `python build.py OUT_DIR [--work DIR] [--scenes N]`.

Standard library only. Makes its own environment (2.5 GB), fetches the ledger's pictures (1.3 GB),
renders, trains, converts, and writes OUT_DIR/embedding.tflite and both heads (.npz). Hours
on 2 cores; what is done is kept in the work folder, so a build that was stopped goes on. To spread
the rendering over machines, run recipe/render.py with --dask on a folder that all share, then this.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
sys.path.insert(0, str(RECIPE.parents[1]))

from workshop import BuildError, Workshop, deliver, sha256  # noqa: E402

WORK = Path.home() / ".cache" / "shuttergate" / "build-consent-clean"
SCENES = 4200
SHARE = "0.5"  # of the way to the tuned weights that the backbone goes: see DATASHEET.md
STEPS = 10
DRAWS = 3  # of views of parts; see close.py
LIST = "made-from.sha256"  # of pictures.csv: what everything else in the work folder was made from
OLDER = frozenset({"venv", "packages", "pictures", LIST})  # what does not hang on that list
AGAIN = "run the same command again; if it fails at once, delete that step's files and run again."


def build(out_dir: Path, work: Path, scenes: int, missing_ok: bool) -> list[Path]:
    """Run every step that is not done yet, and deliver the three files to `out_dir`."""
    shop = Workshop(work, STEPS)
    views = take_views(shop, scenes, missing_ok)
    card_views = take_card_views(shop)

    shop.say("training the last blocks")
    tuned = work / "tuned.pt"
    if not tuned.exists():
        script(shop, "train.py", views, tuned)

    shop.say("converting to int8")
    embedding = _converted(shop, tuned, views, work / "converted")

    shop.say("letting the int8 model see every view")
    seen, card_seen = work / "embeddings.npy", work / "card-embeddings.npy"
    script(shop, "embed.py", "embed", views, embedding, seen)
    script(shop, "embed.py", "embed", card_views, embedding, card_seen)

    shop.say("fitting the head")
    head = work / "nudity-head.npz"
    script(shop, "head.py", head, views, seen, card_views, card_seen)

    shop.say("fitting the head for parts of a picture")
    close = _close_head(shop, head, embedding)

    shop.say("delivering")
    made = [out_dir / name for name in ("embedding.tflite", "nudity-head.npz", "close-head.npz")]
    for source, target in zip((embedding, head, close), made, strict=True):
        deliver(source, target)
    return made


def take_views(shop: Workshop, scenes: int, missing_ok: bool) -> Path:
    """The first four steps: environment, pictures, renders, views; return the views' folder."""
    work = shop.folder
    pictures, renders, views = work / "pictures", work / "renders", work / "views"

    shop.say("making an environment (2.5 GB the first time)")
    if not shop.python.exists():
        shop.make_environment()
        shop.install("-r", RECIPE / "requirements-torch.txt")
        shop.install("--require-hashes", "-r", RECIPE / "requirements.txt")

    shop.say("fetching the ledger's pictures, less the opt-outs (1.3 GB the first time)")
    allow = ["--allow-missing"] if missing_ok else []
    before = _listed(pictures)
    script(shop, "pictures.py", pictures, "--cache", work / "packages", *allow, online=True)
    forget_what_is_gone(work, before, _listed(pictures))

    shop.say(f"rendering {scenes} scenes (40 a minute on 2 cores)")
    script(shop, "render.py", renders, "--scenes", str(scenes), "--papers", pictures)

    shop.say("taking views of every picture")
    if not (views / "about.npz").exists():
        script(shop, "embed.py", "views", renders, pictures, views)
    return views


def forget_what_is_gone(work: Path, before: str, now: str) -> None:
    """Clear away what an earlier build made from other pictures: they may have been opted out.

    ``before``, ``now``: what `_listed` said before and after they were fetched.
    """
    stamp = work / LIST
    made_from = stamp.read_text() if stamp.exists() else before
    if made_from not in ("", now):
        old = sorted(path for path in work.iterdir() if path.name not in OLDER)
        print(f"other pictures than before: {len(old)} files and folders are made anew", flush=True)
        for path in old:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    stamp.write_text(now)


def _listed(pictures: Path) -> str:
    """The sha256 of the list of pictures that are there; "" where none were fetched yet."""
    path = pictures / "pictures.csv"
    return sha256(path) if path.exists() else ""


def take_card_views(shop: Workshop) -> Path:
    """Views of the test card before the ledger's pictures, for every head of ours to learn."""
    card, views = RECIPE.parents[1] / "testcard", shop.folder / "card-views"
    if not (views / "about.npz").exists():
        grounds, held = shop.folder / "grounds.npy", shop.folder / "grounds-held.npy"
        script(shop, str(card / "recipe" / "grounds.py"), shop.folder / "pictures", grounds, held)
        script(shop, str(card / "recipe" / "taught.py"), card / "card.png", grounds, views)
    return views


def script(shop: Workshop, name: str, *arguments: str | Path, online: bool = False) -> None:
    """Run one of this folder's programs in the workshop's environment."""
    shop.run(name, AGAIN, RECIPE / name, *arguments, offline=not online, shown=True)


def _converted(shop: Workshop, tuned: Path, views: Path, folder: Path) -> Path:
    """The int8 model of the backbone, moved a share of the way."""
    script(shop, "convert.py", tuned, SHARE, views, folder)
    shop.run(
        "onnx2tf",
        AGAIN,
        *("-m", "onnx2tf", "-i", folder / "embedding.onnx", "-o", folder / "tflite", "-oiqt"),
        *("-cind", "picture", folder / "calibration.npy", "[0,0,0]", "[1,1,1]"),
        *("-iqd", "uint8", "-oqd", "uint8"),
        # It writes the int8 model, then stumbles over a 16-bit one that nobody asked for.
        status_ok=(0, 1),
    )
    model = folder / "tflite" / "embedding_full_integer_quant.tflite"
    if not model.exists():
        raise BuildError(f"onnx2tf wrote no {model.name}\n  Mend: {AGAIN}")
    mapped = folder / "embedding.tflite"
    script(shop, "with_map.py", model, mapped)
    return mapped


def _close_head(shop: Workshop, head: Path, embedding: Path) -> Path:
    """The head that reads parts of a view: on three draws of views, and on the card from afar."""
    work = shop.folder
    folders = [work / f"close-views-{draw}" for draw in range(DRAWS)]
    for draw, folder in enumerate(folders):
        if not (folder / "about.npz").exists():
            sources = (work / "renders", work / "pictures", embedding, folder)
            script(shop, "close.py", "views", *sources, "--draw", str(draw))
    card, close = work / "close-card.npz", work / "close-head.npz"
    if not card.exists():
        picture = RECIPE.parents[1] / "testcard" / "card.png"
        script(shop, "close.py", "card", picture, work / "grounds.npy", embedding, card)
    script(shop, "close.py", "fit", head, card, close, *folders)
    return close


def main() -> int:
    """The command line; 0 built, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(description="Build consent-clean from its sources.")
    parser.add_argument("out_dir", type=Path, help="folder for the two files")
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        help="keep the environment and every step's files here",
    )
    parser.add_argument("--scenes", type=int, default=SCENES)
    parser.add_argument(
        "--allow-missing", action="store_true", help="go on where a package is no longer served"
    )
    chosen = parser.parse_args()
    try:
        chosen.work.mkdir(parents=True, exist_ok=True)
        work = chosen.work.resolve()
        made = build(chosen.out_dir, work, chosen.scenes, chosen.allow_missing)
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"consent-clean: {error}", file=sys.stderr)
        return 1
    for target in made:
        print(f"{target}  {target.stat().st_size} bytes\nsha256 {sha256(target)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
