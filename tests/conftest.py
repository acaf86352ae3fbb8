"""What many tests need: the shared pictures, where they are, and a kit run from outside."""

from __future__ import annotations

import csv
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
EVAL = ROOT.parent / "shared" / "data" / "eval"


@pytest.fixture(scope="session")
def eval_rows() -> list[dict[str, str]]:
    """The rows of the shared evaluation manifest, with an absolute path each."""
    if not (EVAL / "manifest.csv").is_file():
        pytest.skip("../shared/data/eval is not on this machine")
    with (EVAL / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["path"] = str(EVAL / row["path"])
    return rows


@pytest.fixture
def clear_scene(tmp_path: Path) -> Path:
    """A picture that every look finds clear: a plain blue."""
    path = tmp_path / "scene" / "blue.png"
    path.parent.mkdir()
    Image.new("RGB", (640, 480), (30, 60, 160)).save(path)
    return path


@pytest.fixture
def blocked_scene(tmp_path: Path) -> Path:
    """The self-test's known BLOCKED picture: the test card before a grey wall."""
    from shuttergate.vision.known import paint

    path = tmp_path / "scene" / "card.png"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(paint("test_card", (224, 224))).save(path)
    return path


class Kit:
    """A kit in processes of its own; its log lines are read as they come."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        self.events: list[dict[str, Any]] = []
        self._tail = b""

    def wait_for(self, event: str, timeout_s: float = 20.0, **fields: Any) -> dict[str, Any]:
        """Take out and return the first event of this name and these fields; others may wait."""
        until_s = time.monotonic() + timeout_s
        seen = 0
        while True:
            for position, found in enumerate(self.events[seen:], seen):
                if found["event"] == event and fields.items() <= found.items():
                    return self.events.pop(position)
            seen = len(self.events)
            assert self.process.stdout is not None
            left_s = until_s - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, left_s))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                heard = [entry["event"] for entry in self.events]
                assert self.process.stderr is not None
                os.set_blocking(self.process.stderr.fileno(), False)
                said = (self.process.stderr.read() or b"").decode(errors="replace")[-2000:]
                pytest.fail(
                    f"no event {event} {fields} within {timeout_s} s; heard {heard}; {said}"
                )
            *lines, self._tail = (self._tail + chunk).split(b"\n")
            self.events += [json.loads(line) for line in lines]

    def children(self) -> dict[str, int]:
        """Return the process ids of the gate and the publisher."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                words = path.with_name("cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if parent == self.process.pid:
                name = "gate" if b"shuttergate.gate_process" in words else "publisher"
                found[name] = int(path.parent.name)
        return found

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 10.0) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def close(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def kit() -> Iterator[Callable[..., Kit]]:
    """Start kits with the given command line; they are ended with the test."""
    kits: list[Kit] = []

    def start(*arguments: object) -> Kit:
        kits.append(Kit(*map(str, arguments)))
        return kits[-1]

    yield start
    for one in kits:
        one.close()


def alive(pid: int) -> bool:
    """Whether a process still runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_until(true: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Wait until `true()` is, and return whether it came to that."""
    until_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def darkroom(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Make darkrooms (darkroom.py) whose album is the test's folder."""
    from darkroom import Darkroom  # it needs PyAV, which not every test does

    made: list[Darkroom] = []

    def make(**how: Any) -> Darkroom:
        made.append(Darkroom(tmp_path, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()
