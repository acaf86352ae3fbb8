"""`make bench-memory`: where the gate process's memory goes, and the most it ever takes.

First what it imports and holds, put together part by part in a process under the gate's settings
for memory; then whole kits on a picture as large as the board's frames, without and with video.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# Nothing large, for what is here already can be no part's: all of it is in the first row.
from shuttergate.system import confine

Kinds = tuple[float, float, float, float]
"""Millions of bytes: resident, and of that anonymous, the frame buffers (shared), from files."""

KINDS = ("VmRSS", "RssAnon", "RssShmem", "RssFile")
PARTS = {
    "Python": (),
    "numpy": ("numpy",),
    "Pillow, simplejpeg": ("PIL.Image", "PIL.ImageOps", "PIL.ImageSequence", "simplejpeg"),
    "the TFLite runtime": ("shuttergate.vision.runtime",),
    "the gate's other modules": ("shuttergate.gate_process",),
}
MODELS = "the models: their files, and interpreters that have run"
BUFFERS = "the frame buffers"
PRESSES = 20
VIDEO_S = 8.0


def status_mb(pid: int | str, kinds: Sequence[str] = KINDS) -> Kinds:
    """Return a process's memory of these kinds; for any process, whoever asks."""
    found = dict(
        re.findall(r"^(\w+):\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    )
    first, second, third, fourth = (int(found[kind]) * 1024 / 1e6 for kind in kinds)
    return first, second, third, fourth


def parts() -> None:
    """Print each part's name and what it added, as JSON; for a process of its own."""
    confine.keep_no_freed_memory()
    confine.no_huge_pages()
    before: Kinds = (0.0, 0.0, 0.0, 0.0)

    def add(part: str) -> None:
        nonlocal before
        now = status_mb("self")
        more = [after - first for first, after in zip(before, now, strict=True)]
        print(json.dumps((part, more)))
        before = now

    for part, modules in PARTS.items():
        for module in modules:
            importlib.import_module(module)
        add(part)

    from shuttergate.board import read_board
    from shuttergate.frames.buffers import Pool
    from shuttergate.lane import POOL_FRAMES
    from shuttergate.vision.eyes import open_eyes
    from shuttergate.vision.known import paint

    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
    for channel in eyes.live:
        channel.score(paint("blue_slope", channel.lores_size))
    add(MODELS)
    (width, height), (rows, columns, colours) = board.camera.main_size, eyes.lores_shape
    pool = Pool(POOL_FRAMES, width * height * 3 // 2, rows * columns * colours)
    slots = [slot for slot in iter(pool.take, None) if slot is not None]
    for slot in slots:  # where they may not be locked, it takes a frame to fill them
        slot.main[:], slot.lores[:] = 0, 0
    add(BUFFERS)


def measured_parts() -> dict[str, Kinds]:
    """Return what each of the parts added, by its name."""
    ours = str(Path(__file__).parents[1])
    told = subprocess.run(
        [sys.executable, "-B", "-m", "measure.memory", "--parts"],
        # One thread for numpy, as `spawn.start` has it.
        env={**os.environ, "PYTHONPATH": ours, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return {part: (a, b, c, d) for part, (a, b, c, d) in map(json.loads, told.stdout.splitlines())}


def whole(codec: str) -> list[tuple[str, Kinds, float]]:
    """Return a kit's moments: what its gate process takes then, and the most it took so far."""
    from measure.speed import TWELVE_MP, _wait_until_open, room_picture
    from shuttergate.config import AlbumSettings, Config, SceneSettings, VideoSettings
    from shuttergate.parent.supervisor import Supervisor

    found = []
    video = VideoSettings(codec="off") if codec == "off" else VideoSettings()
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as folder:
        scene, album = Path(folder) / "room.jpg", Path(folder) / "album"
        album.mkdir()
        room_picture(TWELVE_MP).save(scene, quality=92)
        config = Config(
            scene=SceneSettings(path=str(scene)),
            album=AlbumSettings(folder=str(album)),
            video=video,
        )
        with Supervisor(config, album) as kit:

            def wait(seconds: float) -> None:
                until_s = time.monotonic() + seconds
                while time.monotonic() < until_s:
                    kit.poll(0.1)

            def note(moment: str) -> None:
                pid = kit.pid("gate")
                assert pid is not None
                most, *_ = status_mb(pid, ("VmHWM", *KINDS[:3]))
                found.append((f"video {codec}: {moment}", status_mb(pid), most))

            _wait_until_open(kit)
            wait(2.0)
            note("open, nothing pressed")
            for _ in range(PRESSES):
                kit.finger(True)
                wait(0.1)
                kit.finger(False)
                wait(0.6)
            note(f"after {PRESSES} presses")
            if codec != "off":
                kit.finger(True)
                wait(VIDEO_S)
                note(f"{VIDEO_S:.0f} s into a video")
                kit.finger(False)
                wait(2.0)
    return found


def main(argv: list[str] | None = None) -> None:
    """Measure, and print both tables."""
    parser = argparse.ArgumentParser(prog="make bench-memory", description=__doc__)
    parser.add_argument("--parts", action="store_true", help="the first table alone, as JSON")
    if parser.parse_args(argv).parts:
        parts()
        return
    print(f"{'MB (millions of bytes)':56} {'in all':>8} {'anon':>8} {'shared':>8} {'files':>8}")
    for part, kinds in measured_parts().items():
        print(f"{part:56}", *(f"{kind:8.1f}" for kind in kinds))
    for codec in ("off", "on"):
        for moment, kinds, most in whole(codec):
            print(f"{moment:56}", *(f"{kind:8.1f}" for kind in kinds), f"at most {most:.1f}")


if __name__ == "__main__":
    main()
