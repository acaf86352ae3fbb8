"""`make bench-page`: what looking on costs the gate: nobody, viewers, a flood, a dead console.

Rounds of each kind take turns, so that whatever else the machine does falls on all of them. The
attackers run on this machine too, at the lowest priority; the console at its own (nice 10).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from measure.speed import room_picture
from shuttergate import companion, feed
from shuttergate.bench.scenario.crowd import gather
from shuttergate.console.process import NICENESS
from shuttergate.parent.children import memory_mb
from shuttergate.verdict import Reason

SETTLE_S = 1.0
LATE_MS = 50.0
"""An edge of the kit's own classes; a frame judged later than this is late."""


class Watcher:
    """Is told how a kit stands, without asking for pictures."""

    def __init__(self, path: Path) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        while True:
            try:
                self._sock.connect(str(path))
                break
            except OSError:
                time.sleep(0.1)
        self.stale = 0
        self.standing: companion.Standing | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            packet, descriptors, _, _ = socket.recv_fds(self._sock, companion.MAX_PACKET_BYTES, 1)
            for descriptor in descriptors:
                os.close(descriptor)
            if not packet:
                return
            match companion.sights.decode(packet):
                case companion.Standing() as standing:
                    self.standing = standing
                case companion.Happened(event=feed.GateChanged(reason=Reason.STALE)):
                    self.stale += 1
                case _:
                    pass

    def wait_open(self) -> None:
        """Wait until the gate is OPEN."""
        while not (self.standing and self.standing.status and self.standing.status.open):
            time.sleep(0.05)


@dataclass(slots=True)
class Rounds:
    """What rounds of one kind gave: each list has one entry a round."""

    fps: list[float] = field(default_factory=list)
    verdict_ms: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    stale: int = 0

    def measure(self, watcher: Watcher, seconds: float) -> None:
        """Look on for so long."""
        watcher.wait_open()
        time.sleep(SETTLE_S)
        stale = watcher.stale
        first, began_s = watcher.standing, time.monotonic()
        time.sleep(seconds)
        last, took_s = watcher.standing, time.monotonic() - began_s
        assert first and last and first.status and last.status
        before, after = first.status.timings["verdict"], last.status.timings["verdict"]
        counts = np.subtract(after.counts, before.counts)
        frames = int(counts.sum())
        above = [edge_ms >= LATE_MS for edge_ms in (0.0, *after.edges_ms)]
        self.fps.append(frames / took_s)
        self.verdict_ms.append((after.sum_ms - before.sum_ms) / max(1, frames))
        self.late.append(float(counts[above].sum()) / max(1, frames))
        self.stale += watcher.stale - stale


class Page:
    """A console process beside the kit."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "shuttergate", "console", "--port", "0"]
        self.process = subprocess.Popen(
            ["nice", "-n", str(NICENESS), *command, "--window", str(path)],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["addresses"][0]
        while not json.load(urllib.request.urlopen(f"{self.url}health"))["kit"]:
            time.sleep(0.05)

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def nobody(path: Path) -> Iterator[None]:
    """No console at all."""
    yield


@contextlib.contextmanager
def viewers(path: Path, count: int, kind: str = "viewers") -> Iterator[Page]:
    """A console with so many viewers, or attackers."""
    page = Page(path)
    try:
        with gather(page.url, kind, count):
            yield page
    finally:
        page.close()


@contextlib.contextmanager
def frozen(path: Path) -> Iterator[None]:
    """A console with a viewer, stopped."""
    with viewers(path, 1) as page:
        page.process.send_signal(signal.SIGSTOP)
        yield


@contextlib.contextmanager
def dying(path: Path) -> Iterator[None]:
    """A console that is killed, and another started, again and again."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            Page(path).close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    ended.set()
    thread.join()


KINDS: dict[str, Callable[[Path], contextlib.AbstractContextManager[object]]] = {
    "no console": nobody,
    "1 viewer": lambda path: viewers(path, 1),
    "20 viewers": lambda path: viewers(path, 20),
    "200 stalled, 200 half requests, hammering": lambda path: viewers(path, 200, "flood"),
    "console frozen": frozen,
    "console killed again and again": dying,
}


def measure(rounds: int, seconds: float) -> tuple[dict[str, Rounds], float]:
    """Return the rounds of each kind, and the most memory that a console held, in MB."""
    found = {kind: Rounds() for kind in KINDS}
    most_mb = 0.0
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        room_picture((1920, 1080)).save(folder / "room.png")
        (folder / "kit.toml").write_text(
            f'[scene]\npath = "{folder / "room.png"}"\n[album]\nfolder = "{folder / "album"}"\n'
        )
        kit = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "run", "--config", str(folder / "kit.toml")],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "RUNTIME_DIRECTORY": name},
        )
        try:
            path = folder / "console.sock"
            watcher = Watcher(path)
            turns = [kind for _ in range(rounds) for kind in KINDS]
            for kind in track(turns, "page", console=Console(stderr=True)):
                with KINDS[kind](path) as page:
                    found[kind].measure(watcher, seconds)
                    if isinstance(page, Page):
                        most_mb = max(most_mb, memory_mb(page.process.pid))
        finally:
            kit.terminate()
            kit.wait(10)
    return found, most_mb


def main(argv: list[str] | None = None) -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="make bench-page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args(argv)
    found, most_mb = measure(options.rounds, options.seconds)
    table = Table("beside the gate", "frames/s", "verdict ms", f"> {LATE_MS:.0f} ms", "stale")
    for kind, rounds in found.items():
        table.add_row(
            kind,
            f"{np.median(rounds.fps):.2f}",
            f"{np.median(rounds.verdict_ms):.1f}",
            f"{100 * float(np.median(rounds.late)):.2f} %",
            str(rounds.stale),
        )
    title = f"{os.cpu_count()} cores; medians of {options.rounds} rounds of {options.seconds:g} s; "
    table.title = f"{title}a console held {most_mb:.0f} MB at most"
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
