"""Make the bank that rules are taught against: `python bank.py PICTURES [PACK]`, after pictures.py.

Run with the kit's own environment (`.venv/bin/python`): the model of the pack (this one, if none is
named) looks on the CPU at one view of each picture, whole, as a camera would give it. PICTURES is a
folder that pictures.py filled from this pack's ledger.csv; pictures that are not there, or opted
out, are left out. Added are views of the built-in room and single colours, which are our own.
Writes bank.npy (int8; a row's length is of no account) and bank.csv, a row an embedding, into the
named pack, and says what to write into its model.toml. What that pack's head does not clear is left
out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from pictures import PACK, Source, dhash, read_ledger, read_opt_outs
from PIL import Image

from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.frames.scene import room_film
from shuttergate.vision.channel import Channel
from shuttergate.vision.pack import read_pack

SOURCES = (
    *("gcompris-qt-data", "scratch", "pysiogame", "extremetuxracer-data", "tuxpaint-data"),
    *("gnome-control-center-data", "sweethome3d", "lomiri-wallpapers-16.04", "kphotoalbum"),
    *("fingerpose", "lxqt-themes", "qtdeclarative5-examples", "palapeli-data"),
)
"""Packages of ledger.csv: few to download, and none that benchmarks of this project draw from."""

MOST = 60  # of one kind, by the order of their sha256
ROOM = 24  # moments of the built-in scene at least, evenly over it
COLOURS = (
    *((230, 30, 30), (120, 20, 25), (240, 130, 20), (240, 220, 30), (120, 170, 30), (30, 140, 50)),
    *((20, 110, 110), (60, 170, 220), (30, 60, 190), (20, 25, 80), (110, 60, 170), (230, 120, 180)),
    *((250, 250, 250), (190, 190, 190), (128, 128, 128), (60, 60, 60), (8, 8, 8), (110, 80, 50)),
    *((200, 160, 130), (240, 215, 190), (90, 60, 45)),
)
SIDE = 224


def ours(what: str, path: str, image: Image.Image) -> Source:
    """The row of a picture that is our own."""
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    about = ("shuttergate", "", path, "Apache-2.0", "this project", "no person shown", "safe")
    return Source(digest, dhash(image), "render", what, "shuttergate", *about)


def of_packages(folder: Path) -> Iterator[tuple[Source, Image.Image]]:
    """The pictures that are there, no kind more than `MOST` times."""
    opted = read_opt_outs(PACK / "opt-out.csv")
    count: Counter[str] = Counter()
    for one in sorted(read_ledger(PACK / "ledger.csv"), key=lambda one: (one.sha256, one.path)):
        path = folder / one.file
        if one.package not in SOURCES or count[one.what] >= MOST or not path.is_file():
            continue
        if any(asked.names(one) for asked in opted):
            continue
        count[one.what] += 1
        yield one, read_picture(path)


def of_ours() -> Iterator[tuple[Source, Image.Image]]:
    """Moments of the built-in room, and single colours with a camera's grain."""
    with Image.open(room_film()) as film:
        length = film.n_frames
        for number in range(0, length, length // ROOM):
            film.seek(number)
            image = film.convert("RGB")
            yield ours("room", f"device/simulated/room.avif#{number}", image), image
    grain = np.random.default_rng(0)
    for colour in COLOURS:
        level = np.array(colour) + grain.normal(0, 3, (SIDE, SIDE, 3))
        image = Image.fromarray(np.clip(level, 0, 255).astype(np.uint8))
        yield ours("plain colour", "#{:02x}{:02x}{:02x}".format(*colour), image), image


def main() -> int:
    """Write both files beside the model."""
    folder, into = Path(sys.argv[1]), PACK
    if len(sys.argv) > 2:
        into = PACK.parent / sys.argv[2]
    pack = read_pack(into)
    channel = Channel(pack, pack.model(pack.content()))
    rows, kept = [], []
    for source, image in (*of_packages(folder), *of_ours()):
        embedding = channel.embedder(lores_of(image, pack.lores_size))
        if channel.heads[0](embedding) >= pack.limits.clear_below:
            continue
        rows.append(astuple(source))
        kept.append(np.rint(embedding * (127 / np.abs(embedding).max())))
    written = io.BytesIO()
    np.save(written, np.array(kept, np.int8))
    (into / "bank.npy").write_bytes(written.getvalue())
    ledger = io.StringIO()
    table = csv.writer(ledger, lineterminator="\n")
    table.writerow([one.name for one in fields(Source)])
    table.writerows(rows)
    (into / "bank.csv").write_text(ledger.getvalue(), encoding="utf-8")
    for key, name in (("sha256", "bank.npy"), ("ledger_sha256", "bank.csv")):
        print(f'{key} = "{hashlib.sha256((into / name).read_bytes()).hexdigest()}"')
    print(f"{len(rows)} embeddings: {dict(Counter(row[3] for row in rows).most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
