"""A kit run from outside, and waiting for what becomes true."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PATIENT = Path(__file__).with_name("patient.toml")
"""Settings for kits whose age limit is not what is tested: another program may hold them up."""


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
                state, parent, *_ = path.read_text().rpartition(")")[2].split()
                words = path.with_name("cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if int(parent) == self.process.pid and state not in "ZX":  # a zombie has no words
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


def alive(pid: int) -> bool:
    """Whether a process still runs.

    A zombie does not: in a container without an init nobody may ever wait for an orphan.
    """
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
