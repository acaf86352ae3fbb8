"""`make bench-peers`: the kit's live look beside public models, in one run on the same pictures.

Each subject is a process of its own, and all are bound to the same cores. They take turns on each
picture, and a ratio is the median of the rounds' ratios, so that whatever else the machine does
falls on all of them. Milliseconds are this machine's; ratios carry over. A public model that is not
installed is named and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image
from rich.console import Console

from measure.peers_table import (
    OURS,
    Report,
    Row,
    others_s,
    rows_of,
    show,
)
from measure.peers_worker import sizes_mb
from measure.speed import SIDE, TWELVE_MP, room_picture
from shuttergate import __version__
from shuttergate.bench.evaluate.rivals import BRIDGE, RIVALS, nsfwjs_facts
from shuttergate.errors import ShuttergateError
from shuttergate.frame import Pixels
from shuttergate.vision.known import paint

FULL_HD = (1920, 1080)
WARM_UP = 5
VERDICTS = 20
"""So many a fresh process gives before its peak memory is read."""

ROUNDS_S = 60.0
"""However slow a subject is: rounds on so many cores end after so many seconds."""

ANSWER_S = 120.0
_WASM = "@tensorflow/tfjs-backend-wasm"
MOST_CORES = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """``command`` starts its process for a number of threads; ``version`` is None if missing.

    ``single``: its runtime has one thread, whatever it is given.
    """

    name: str
    version: str | None
    command: Callable[[int], list[str]]
    sizes_mb: Callable[[], tuple[float, float]]
    install: str = ""
    single: bool = False


class Worker:
    """A subject's process, bound to `cores`; raises `ShuttergateError` where it fails."""

    def __init__(self, name: str, command: Sequence[str], cores: Sequence[int]) -> None:
        self._name = name
        with _bound_to(cores):  # what is started inherits it, before its runtimes count the cores
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # it stops where its input does
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def judge(self, picture: Pixels | None) -> float:
        """Return how many milliseconds the verdict on `picture`, or on the last one again, took.

        `picture`: uint8 (height, width, 3), RGB.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        patience = threading.Timer(ANSWER_S, self._process.kill)
        patience.start()
        try:
            with contextlib.suppress(OSError):  # it ended; its last line says why
                if picture is None:
                    self._process.stdin.write(bytes(8))
                else:
                    height, width, _ = picture.shape
                    self._process.stdin.write(struct.pack("<II", width, height))
                    self._process.stdin.write(picture.data)
                self._process.stdin.flush()
            answer = msgspec.json.decode(self._process.stdout.readline() or b"{}")
        except msgspec.DecodeError as error:
            raise ShuttergateError(f"{self._name}: no answer: {error}") from error
        finally:
            patience.cancel()
        if "ms" not in answer:
            raise ShuttergateError(f"{self._name}: {answer.get('error', 'its process ended')}")
        return float(answer["ms"])

    def peak_mb(self) -> float:
        """Return the most memory it has held so far, in millions of bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


@contextlib.contextmanager
def _bound_to(cores: Sequence[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def subjects() -> list[Subject]:
    """Return the kit's live look and then the public models, also those not installed."""
    found = [Subject(OURS, __version__, _python("live"), partial(sizes_mb, "live"))]
    for rival in RIVALS:
        name, version, install = rival.name, rival.find(), rival.install
        command, sizes, single = _python(name), partial(sizes_mb, name), False
        if name == "nsfwjs":
            facts = nsfwjs_facts() or {"root": "", "wasm": None}
            wasm = facts["wasm"]
            backend = (
                f"WebAssembly backend {wasm}" if wasm else f"plain JavaScript; {_WASM} is faster"
            )
            version = version and f"{version}, {backend}"
            install = f"{install} {_WASM}"
            command, sizes, single = _node, partial(sizes_mb, name, facts["root"]), True
        found.append(Subject(name, version, command, sizes, install, single))
    return found


def _python(name: str) -> Callable[[int], list[str]]:
    start = [sys.executable, str(Path(__file__).with_name("peers_worker.py")), name]
    return lambda threads: [*start, str(threads)]


def _node(threads: int) -> list[str]:
    return ["node", str(BRIDGE), "--bench"]


def pictures() -> list[Pixels]:
    """Return what is judged, uint8 (1080, 1920, 3): the built-in room, the test card, a slope."""
    painted = (Image.fromarray(paint(name, SIDE)) for name in ("test_card", "blue_slope"))
    images = [room_picture(FULL_HD), *(image.resize(FULL_HD) for image in painted)]
    return [np.ascontiguousarray(image, np.uint8) for image in images]


def take_turns(
    workers: Sequence[Worker], shown: Sequence[Pixels], rounds: int, limit_s: float = ROUNDS_S
) -> list[list[float]]:
    """Return each worker's milliseconds, one a round; the worker that begins changes each round.

    No further round begins after `limit_s` seconds.
    """
    times: list[list[float]] = [[] for _ in workers]
    for number in range(WARM_UP):
        for worker in workers:
            worker.judge(shown[number % len(shown)])
    until_s = time.monotonic() + limit_s
    for number in range(rounds):
        if number and time.monotonic() > until_s:
            break
        for place in range(len(workers)):
            place = (place + number) % len(workers)
            times[place].append(workers[place].judge(shown[number % len(shown)]))
    return times


def cost(
    here: Sequence[Subject],
    threads: int,
    cores: Sequence[int],
    shown: Sequence[Pixels],
    rounds: int,
) -> list[Row]:
    """Verdicts in turns with `threads` threads each, all on the first `threads` of `cores`."""
    names = [f"{one.name} (1 thread)" if one.single and threads > 1 else one.name for one in here]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(one.name, one.command(threads), cores[:threads]))
            for one in here
        ]
        times = take_turns(workers, shown, rounds)
    what = f"1080p verdict, {threads} thread{'s' * (threads > 1)}"
    return [
        *rows_of(f"{what}, median of {len(times[0])}", "ms", names, times),
        *rows_of(f"{what}, p99", "ms", names, times, 0.99),
    ]


def fresh(here: Sequence[Subject], cores: Sequence[int], picture: Pixels, runs: int) -> list[Row]:
    """Start of a new process, one thread, to its first verdict; peak memory after `VERDICTS`."""
    starts: list[list[float]] = [[] for _ in here]
    peaks: list[list[float]] = [[] for _ in here]
    for _ in range(runs):
        for place, one in enumerate(here):
            began_s = time.perf_counter()
            with Worker(one.name, one.command(1), cores) as worker:
                worker.judge(picture)
                starts[place].append(time.perf_counter() - began_s)
                for _again in range(VERDICTS - 1):
                    worker.judge(None)
                peaks[place].append(worker.peak_mb())
    names = [one.name for one in here]
    return [
        *rows_of(f"new process to first verdict, median of {runs}", "s", names, starts),
        *rows_of(f"its peak memory after {VERDICTS} verdicts", "MB", names, peaks),
    ]


def second_look(cores: Sequence[int], runs: int) -> str:
    """What a press costs, for which the others have nothing: the second look at 12 megapixels."""
    picture = np.ascontiguousarray(room_picture(TWELVE_MP), np.uint8)
    with Worker("second look", _python("second")(1), cores[:1]) as worker:
        times = [worker.judge(None if run else picture) for run in range(runs + 1)][1:]
    return (
        f"For information, {OURS}'s second look at 12 megapixels, 1 thread: median "
        f"{np.median(times):.1f} ms of {runs}."
    )


def compare(
    found: Sequence[Subject], rounds: int, starts: int, say: Callable[[str], None]
) -> Report:
    """Measure all of `found` that is installed and works; the first of them is ours."""
    cores = sorted(os.sched_getaffinity(0))[:MOST_CORES]
    report = Report(cores)
    began_s, before_s = time.monotonic(), others_s()
    shown = pictures()
    here: list[Subject] = []
    for one in found:
        say(f"{one.name}: is it here?")
        if one.version is None:
            report.skipped[one.name] = f"not installed: {one.install}"
            continue
        try:  # what is loaded for the first time, or fetched, is so before the clock runs
            with Worker(one.name, one.command(1), cores) as worker:
                worker.judge(shown[0])
        except ShuttergateError as error:
            if one.name == OURS:
                raise
            report.skipped[one.name] = f"does not run ({error}): {one.install}"
            continue
        here.append(one)
        report.versions[one.name] = one.version
    for threads in range(1, len(cores) + 1):
        say(f"verdicts, {threads} of {len(cores)} cores")
        report.rows += cost(here, threads, cores, shown, rounds)
    say("starts and memory")
    report.rows += fresh(here, cores, shown[0], starts)
    names = [one.name for one in here]
    sizes = [one.sizes_mb() for one in here]
    for place, figure in enumerate(("model files", "installed (ours: the whole kit)")):
        report.rows += rows_of(figure, "MB", names, [[size[place]] for size in sizes])
    say("second look")
    report.notes.append(second_look(cores, max(5, rounds // 10)))
    report.others = max(0.0, (others_s() - before_s) / (time.monotonic() - began_s))
    return report


def main(argv: list[str] | None = None) -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    rounds, starts = (20, 2) if options.quick else (200, 5)
    with Console(stderr=True).status("") as status:
        report = compare(subjects(), rounds, starts, status.update)
    show(report, Console(width=110, highlight=False))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode(report))


if __name__ == "__main__":
    main()
