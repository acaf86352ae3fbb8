"""`make bench-video`: what recording costs the gate, and whether the card gets into any video.

1. Latency of the live verdict at 1280 x 720, 30 frames a second: without video, with the ring of
   what was before a press, while recording; rounds of each take turns. CPU time, release to file.
2. A kit films a scene in which the test card comes and goes; presses come at random. Every picture
   of every published video is decoded: its number says whether the card was in it, and both
   channels judge it once more.
3. One long recording: memory of gate and publisher from its first minute to its last.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from measure.card_hunt import timings
from measure.speed import HD, Figure, room_picture
from shuttergate import feed
from shuttergate.appliance import Appliance
from shuttergate.board import read_board
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.clock import since_boot_s
from shuttergate.config import Config, SceneSettings, VideoSettings
from shuttergate.frames.buffers import Pool
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens
from shuttergate.frames.simulated import SimulatedCamera
from shuttergate.lane import POOL_FRAMES
from shuttergate.panel.panel import Panel
from shuttergate.parent.children import Child
from shuttergate.parent.supervisor import Supervisor
from shuttergate.tally import Tally
from shuttergate.verdict import Verdict
from shuttergate.vision.eyes import open_eyes

KINDS = ("no video", "ring", "recording")
SETTLE_S = 1.5


class _StampedTally(Tally):
    """Counts, and keeps how long after its exposure each frame was judged."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies_s: list[float] = []

    def judged(self, seen: Verdict) -> None:
        """A frame was judged just now."""
        super().judged(seen)
        self.latencies_s.append(since_boot_s() - seen.exposed_s)


@dataclass
class _Rounds:
    """What the rounds of one kind gave."""

    latencies_s: list[list[float]] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    def median_ms(self) -> float:
        """Return the median over all rounds' frames."""
        return float(np.median(np.concatenate(self.latencies_s))) * 1000

    def p99_ms(self) -> float:
        """Return the 99th percentile over all rounds' frames."""
        return float(np.quantile(np.concatenate(self.latencies_s), 0.99)) * 1000


class _Kit:
    """An appliance in this process, its publisher in another, a finger, and what it says."""

    def __init__(self, folder: Path) -> None:
        room_picture(HD).save(folder / "room.png")
        (folder / "album").mkdir()
        board = read_board("simulated")
        eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
        pool = Pool(POOL_FRAMES, HD[0] * HD[1] * 3 // 2, int(np.prod(eyes.lores_shape)))
        lens = Lens(HD, (eyes.lores_shape[1], eyes.lores_shape[0]))
        scene = open_scene(folder / "room.png", lens, 1.0, lambda cause: None)
        self.camera = SimulatedCamera(scene, board.camera.fps, pool)
        ours, theirs = feed.pair()
        self.leash = feed.Leash(theirs)
        self.ends = (ours, theirs)
        panel = Panel(board.pins, simulated=True)
        self.appliance = Appliance(
            Config(), board, eyes, lambda: self.camera, panel, feed.Link(ours)
        )
        self.tally = self.appliance.tally = _StampedTally()
        self.videos: list[feed.Video | feed.VideoLost] = []
        self.publisher = Child("publisher")
        gate_end, publisher_end = socket.socketpair()
        with gate_end, publisher_end:
            self.publisher.start(
                "shuttergate.publisher_process",
                publisher_end.fileno(),
                msgspec.json.encode(PublisherSettings(os.fsencode(folder / "album"))),
                time.monotonic(),
            )
            self.leash.send(feed.Hatch(), (gate_end.fileno(),))
        self.done = threading.Event()
        self.threads = [
            threading.Thread(target=work) for work in (self.appliance.run, self._listen)
        ]
        for thread in self.threads:
            thread.start()

    def _listen(self) -> None:
        while not self.done.wait(0.02):
            while (news := self.leash.receive()) is not None:
                if isinstance(news, feed.Video | feed.VideoLost):
                    self.videos.append(news)

    def measure(self, kind: str, rounds: _Rounds, seconds: float) -> None:
        """Measure one round."""
        recorder = self.appliance.presses.recorder
        recorder._is_on = kind != "no video"
        time.sleep(SETTLE_S)
        while not self.appliance.interlock.state.armed:
            time.sleep(0.02)
        if kind == "recording":
            self.leash.send(feed.Finger(True))
            while recorder.elapsed_s is None:
                time.sleep(0.02)
        self.tally.latencies_s.clear()
        began_s, cpu_s = time.monotonic(), time.process_time()
        time.sleep(seconds)
        rounds.latencies_s.append(list(self.tally.latencies_s))
        rounds.cores.append((time.process_time() - cpu_s) / (time.monotonic() - began_s))
        if kind == "recording":
            known = len(self.videos)
            self.leash.send(feed.Finger(False))
            while len(self.videos) == known:
                time.sleep(0.02)

    def close(self) -> None:
        """End it."""
        self.appliance.stop()
        self.threads[0].join()
        self.done.set()
        self.threads[1].join()
        self.publisher.kill()
        self.publisher.reap(time.monotonic())
        for end in self.ends:
            end.close()


def latency(rounds: int, seconds: float) -> list[Figure]:
    """The live verdict at 720p30 while it records, against the same kit when it does not."""
    found = {kind: _Rounds() for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as folder:
        kit = _Kit(Path(folder))
        try:
            turns = [kind for _ in range(rounds) for kind in KINDS]
            for kind in track(turns, "latency", console=Console(stderr=True)):
                kit.measure(kind, found[kind], seconds)
        finally:
            kit.close()
        waits_ms = [video.ms for video in kit.videos if isinstance(video, feed.Video)]
    lead_ms = Config().video.lead_s * 1000
    none, ring, recording = (found[kind] for kind in KINDS)
    added_ms = recording.median_ms() - none.median_ms()
    wait_ms = float(np.median(waits_ms))
    return [
        *(
            Figure(
                f"{kind}: exposure to verdict, median; 99th percentile; cores",
                f"{one.median_ms():.1f} ms; {one.p99_ms():.1f} ms; {np.median(one.cores):.2f}",
                "",
                True,
            )
            for kind, one in found.items()
        ),
        Figure(
            "added by recording, median; by the ring",
            f"{added_ms:.2f} ms; {ring.median_ms() - none.median_ms():.2f} ms",
            "<= 2 ms",
            added_ms <= 2,
        ),
        Figure(
            f"release to file, median of {len(waits_ms)}; without the lead of {lead_ms:.0f} ms",
            f"{wait_ms:.0f} ms; {wait_ms - lead_ms:.0f} ms",
            "",
            len(waits_ms) == rounds,
        ),
    ]


def long_recording(minutes: float) -> list[Figure]:
    """One recording on the built-in room's first picture, and the memory it takes."""
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        room_picture(HD).save(folder / "room.png")
        config = Config(
            scene=SceneSettings(path=str(folder / "room.png")),
            video=VideoSettings(max_s=minutes * 60),
        )
        memory: dict[str, list[float]] = {"gate": [], "publisher": []}
        said: list[feed.News] = []
        with Supervisor(config, folder / "album") as kit:
            while not (kit.status is not None and kit.status.open):
                kit.poll(0.1)
            time.sleep(2.0)
            kit.finger(True)
            for _ in track(range(round(minutes * 12)), "recording", console=Console(stderr=True)):
                until_s = time.monotonic() + 5
                while (left_s := until_s - time.monotonic()) > 0:
                    said += kit.poll(left_s)
                for process, values in memory.items():
                    values.append(kit.memory_mb(process))
            until_s = time.monotonic() + 20
            while not any(isinstance(item, feed.Video | feed.VideoLost) for item in said):
                said += kit.poll(0.5)
                if time.monotonic() > until_s:
                    break
        sizes = [path.stat().st_size / 1e6 for path in (folder / "album").glob("*.mp4")]
    ended = [item for item in said if isinstance(item, feed.Video | feed.VideoLost)]
    quarter = max(1, len(memory["gate"]) // 4)
    grown = {
        child: float(np.median(values[-quarter:]) - np.median(values[quarter : 2 * quarter]))
        for child, values in memory.items()
    }
    return [
        Figure(
            f"{minutes:g} minutes of recording: growth of gate; of publisher",
            f"{grown['gate']:.1f} MB; {grown['publisher']:.1f} MB",
            "<= 2 MB",
            max(grown.values()) <= 2,
        ),
        Figure(
            "its file; its end",
            f"{sum(sizes):.0f} MB; {ended}",
            "to the limit",
            [getattr(one, "ended", None) for one in ended] == ["limit"],
        ),
    ]


def main(argv: list[str] | None = None) -> None:
    """Measure and print the table; a part with 0 runs is left out."""
    parser = argparse.ArgumentParser(prog="make bench-video", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="of each kind, for the latency")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each round")
    parser.add_argument("--timings", type=int, default=200, help="random presses")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the long recording")
    options = parser.parse_args(argv)
    figures: list[Figure] = []
    if options.rounds:
        figures += latency(options.rounds, options.seconds)
    if options.timings:
        figures += timings(options.timings, options.seed)
    if options.minutes:
        figures += long_recording(options.minutes)
    table = Table("figure", "measured", "target", "", title=f"{os.cpu_count()} cores")
    for one in figures:
        table.add_row(one.what, one.measured, one.target, "held" if one.held else "MISSED")
    Console(width=120).print(table)
    raise SystemExit(not all(one.held for one in figures))


if __name__ == "__main__":
    main()
