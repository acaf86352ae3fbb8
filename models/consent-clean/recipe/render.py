"""Render the training scenes: `python render.py OUT --scenes 4000 [--shard 0/2] [--dask ADDRESS]`.

Every scene is a function of its number and the seed, so a run can stop and go on, and be spread
over shards or a dask cluster (with OUT on a disk that all share); finished scenes are skipped.
OUT gets NNNNNN-<shot>.png (RGBA: sRGB and coverage) and NNNNNN.json. Keep it in a scratch folder:
renders are never committed or shown.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

SEED = 20261121
PAPER_PX = 512  # wall papers are reduced to this


def scene(number: int, out: Path, papers: Path | None) -> int:
    """Render one scene unless it is there already; return the number of pictures."""
    done = out / f"{number:06d}.json"
    if done.exists():
        return 0
    import mitsuba

    mitsuba.set_variant("scalar_rgb")
    import scenes
    from bodies import mannequin
    from plans import plan

    drawn = plan(number, SEED)
    taken = scenes.render(mannequin(), drawn, SEED, _papers(papers, number))
    for name, picture in taken.items():
        _write(out / f"{number:06d}-{name}.png", _png(picture))
    about = {
        "scene": number,
        "tone": drawn.tone,
        "sex": "female" if drawn.figure.shape["gender"] > 0.5 else "male",
        "age": round(drawn.figure.shape["age"], 3),
        "frame": drawn.frame,
        "lying": drawn.figure.lying,
        "room": drawn.room,
        "hair": drawn.hair,
        "companions": len(drawn.companions),
        "before": drawn.before,
        "shots": sorted(taken),
    }
    _write(done, json.dumps(about).encode())
    return len(taken)


def _papers(folder: Path | None, number: int) -> list[np.ndarray]:
    """Three pictures to paper this scene's walls with, picked by its number."""
    files = _paper_files(folder) if folder else []
    rng = np.random.default_rng([SEED, number, 2])
    chosen = [files[int(k)] for k in rng.integers(len(files), size=3)] if files else []
    papers = [Image.open(file).convert("RGB") for file in chosen]
    for paper in papers:
        paper.thumbnail((PAPER_PX, PAPER_PX))
    return [np.array(paper) for paper in papers]


@lru_cache(maxsize=1)
def _paper_files(folder: Path) -> list[Path]:
    with (folder / "pictures.csv").open() as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["sha256"])
    return [folder / row["file"] for row in rows if row["use"] == "safe+paper"]


def _png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture, "RGBA").save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, so that a run cut off leaves no half picture."""
    part = path.with_suffix(f".part{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def _on_cluster(address: str, numbers: range, out: Path, papers: Path | None) -> None:
    """Let a dask cluster's workers render, which have this environment and see the same folders."""
    import render  # by its name, which workers know: in this program it is called __main__
    from distributed import Client, as_completed

    papers = papers and papers.resolve()
    with Client(address) as client:
        for room in ("bodies", "garments", "plans", "studio", "things", "scenes", "render"):
            client.upload_file(str(Path(__file__).with_name(f"{room}.py")))
        # A scene that was cut short with its worker is begun again by another: it may be killed.
        jobs = client.map(
            render.scene,
            numbers,
            out=out,
            papers=papers,
            retries=2,
            pure=False,
        )
        for job in tqdm(as_completed(jobs), total=len(numbers), unit="scene"):
            job.result()
            job.release()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--shard", default="0/1", help="this part of so many, as 0/2")
    parser.add_argument("--papers", type=Path, help="pictures.py's folder, for walls and floors")
    parser.add_argument("--dask", metavar="ADDRESS", help="spread over this dask scheduler")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    part, parts = map(int, wanted.shard.split("/"))
    numbers = range(part, wanted.scenes, parts)
    if wanted.dask:
        _on_cluster(wanted.dask, numbers, wanted.out.resolve(), wanted.papers)
        return
    for number in tqdm(numbers, unit="scene"):
        scene(number, wanted.out, wanted.papers)


if __name__ == "__main__":
    main()
