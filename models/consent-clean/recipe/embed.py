"""The training data as the device will see them: `embed.py views RENDERS PICTURES OUT`, then
`embed.py embed OUT EMBEDDING.tflite OUT.npy`.

Each picture gets several random views (views.py). The head is fitted on the int8 model's own
embeddings of them, so that rounding is part of what it learns.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from plans import UNDRESSED
from render import SEED
from tqdm import tqdm
from views import SIDE_PX, view

LARGEST_PX = 512  # pictures are reduced to this before views are taken
GROUNDS = 400  # photographs that cut-outs are laid on
PERSONS = ("crowd", "face", "hand", "person", "doll")
MORE_OF_PERSONS = 3  # times as many views of them: they are few, and nearest to what is looked for


@dataclass(frozen=True)
class Task:
    """One view to take."""

    path: str
    number: int  # seeds the view, with `turn`
    turn: int
    group: str
    nude: bool
    scene: int  # -1 for a photograph


def tasks(renders: Path, pictures: Path, per_render: int, per_picture: int) -> list[Task]:
    """Every view of every picture, in a fixed order."""
    found = []
    for about in sorted(renders.glob("*.json")):
        scene = json.loads(about.read_text())
        for shot in scene["shots"]:
            path = about.with_name(f"{about.stem}-{shot}.png")
            nude = shot in UNDRESSED
            found += [
                Task(str(path), scene["scene"], turn, shot, nude, scene["scene"])
                for turn in range(per_render)
            ]
    for number, row in enumerate(rows(pictures)):
        path = pictures / row["file"]
        shows_one = row["what"].removeprefix("drawn ") in PERSONS
        turns = per_picture * (MORE_OF_PERSONS if shows_one else 1)
        found += [
            Task(str(path), 10**6 + number, turn, f"photo-{row['what']}", False, -1)
            for turn in range(turns)
        ]
    return found


def rows(pictures: Path) -> list[dict[str, str]]:
    """The ledger's pictures that were fetched, in order of their sha256."""
    with (pictures / "pictures.csv").open() as file:
        return sorted(csv.DictReader(file), key=lambda row: row["sha256"])


@lru_cache(maxsize=1)
def grounds(pictures: Path) -> list[Image.Image]:
    """Photographs to lay cut-outs on."""
    rng = np.random.default_rng([SEED, 3])
    chosen = rows(pictures)
    picked = [chosen[k] for k in rng.permutation(len(chosen))[:GROUNDS]]
    opened = [opened_picture(pictures / row["file"]) for row in picked]
    return [picture.convert("RGB") for picture in opened if min(picture.size) >= 64]


def opened_picture(path: Path) -> Image.Image:
    """RGB, or RGBA on a square where the picture is a cut-out."""
    picture = Image.open(path)
    cut_out = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if cut_out else "RGB")
    picture.thumbnail((LARGEST_PX, LARGEST_PX))
    if cut_out and picture.size[0] != picture.size[1]:
        side = max(picture.size)
        square = Image.new("RGBA", (side, side))
        square.paste(picture, tuple((side - edge) // 2 for edge in picture.size))
        return square
    return picture


class Embedder:
    """The int8 backbone on bytes."""

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(str(model), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """uint8 (224, 224, 3) RGB to float32 (1280,)."""
        self.interpreter.set_tensor(self.input, picture[None])
        self.interpreter.invoke()
        scale, zero = self.output["quantization"]
        raw = self.interpreter.get_tensor(self.output["index"]).reshape(-1)
        return ((raw.astype(np.float32) - zero) * scale).astype(np.float32)


_pictures: list[Path] = []


def _start(pictures: Path) -> None:
    _pictures[:] = [pictures]


def _work(task: Task) -> np.ndarray:
    rng = np.random.default_rng([SEED, 4, task.number, task.turn, len(task.group)])
    seen = view(opened_picture(Path(task.path)), grounds(_pictures[0]), rng)
    assert seen.shape == (SIDE_PX, SIDE_PX, 3)
    return seen


def take_views(wanted: list[Task], pictures: Path, out: Path, jobs: int) -> None:
    """Write OUT/views.npy, uint8 (n, 224, 224, 3), and OUT/about.npz, in the order of `wanted`."""
    out.mkdir(parents=True, exist_ok=True)
    kept = np.lib.format.open_memmap(
        out / "views.npy", "w+", np.uint8, (len(wanted), SIDE_PX, SIDE_PX, 3)
    )
    with multiprocessing.Pool(jobs, _start, (pictures,)) as pool:
        seen = pool.imap(_work, wanted, 32)
        for k, one in enumerate(tqdm(seen, total=len(wanted), unit="view", mininterval=10)):
            kept[k] = one
    kept.flush()
    np.savez(
        out / "about.npz",
        nude=np.array([task.nude for task in wanted]),
        group=np.array([task.group for task in wanted]),
        scene=np.array([task.scene for task in wanted]),
        number=np.array([task.number for task in wanted]),
    )


def embed(views: np.ndarray, model: Path) -> np.ndarray:
    """The int8 model's embeddings of the views, float32 (n, 1280)."""
    see = Embedder(model)
    return np.stack([see(view) for view in tqdm(views, unit="view", mininterval=10)])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    step = parser.add_subparsers(dest="step", required=True)
    taking = step.add_parser("views", help="take the views")
    for name in ("renders", "pictures", "out"):
        taking.add_argument(name, type=Path)
    taking.add_argument("--per-render", type=int, default=3)
    taking.add_argument("--per-picture", type=int, default=3)
    taking.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    seeing = step.add_parser("embed", help="let the int8 model see them")
    for name in ("views", "model", "out"):
        seeing.add_argument(name, type=Path)
    told = parser.parse_args()
    if told.step == "views":
        wanted = tasks(told.renders, told.pictures, told.per_render, told.per_picture)
        take_views(wanted, told.pictures, told.out, told.jobs)
    else:
        np.save(told.out, embed(np.load(told.views / "views.npy", mmap_mode="r"), told.model))


if __name__ == "__main__":
    main()
