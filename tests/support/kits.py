"""A kit run from outside, and waiting for what becomes true."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shuttergate.board import board_file

PATIENT = Path(__file__).with_name("patient.toml")
"""Settings for kits whose age limit is not what is tested: another program may hold them up."""

PARENT = Path(__file__).with_name("parent.py")

SLOW_FPS = 10


def slow_board(folder: Path) -> Path:
    """Write the simulated board with a slower camera, and return its path.

    Real models look at every frame; where the pace is not what is tested, fewer will do.
    """
    text = board_file("simulated").read_text(encoding="utf-8")
    assert "fps = 30" in text
    own = folder / "slow-board.toml"
    own.write_text(text.replace("fps = 30", f"fps = {SLOW_FPS}"), encoding="utf-8")
    return own


def slow_kit(folder: Path, more: str = "") -> list[str]:
    """Return what makes a demo patient and its camera slow; files for it go into `folder`.

    Its gate opens as soon as that of a demo at full speed does. ``more``: other sections of its
    settings.
    """
    settings = folder / "slow-kit.toml"
    settings.write_text(f"{PATIENT.read_text()}clear_frames = 5\n{more}")
    return ["--board", str(slow_board(folder)), "--config", str(settings)]


def _told(entry: dict[str, Any]) -> Iterator[str]:
    """Yield what a failed test wants to know of an event."""
    for key in ("event", "state", "reason", "detail", "error"):
        if entry.get(key):
            yield str(entry[key])


class Kit:
    """A kit in processes of its own; its log lines are read as they come.

    ``by_hand``: its arguments are a configuration, and `finger` presses its button. Its page's
    socket is in a folder of its own, where no other kit runs.
    """

    def __init__(self, *arguments: str, by_hand: bool = False) -> None:
        program = [str(PARENT)] if by_hand else ["-m", "shuttergate"]
        self._folder = tempfile.TemporaryDirectory(prefix="kit-")
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE if by_hand else subprocess.DEVNULL,
            env={**os.environ, "XDG_RUNTIME_DIR": self._folder.name},
        )
        self.events: list[dict[str, Any]] = []
        self._tail = b""

    def wait_for(
        self, event: str | tuple[str, ...], timeout_s: float = 20.0, **fields: Any
    ) -> dict[str, Any]:
        """Take out and return the first event of this name and these fields; others may wait.

        ``event``: or one of several names.
        """
        names = (event,) if isinstance(event, str) else event
        until_s = time.monotonic() + timeout_s
        seen = 0
        while True:
            for position, found in enumerate(self.events[seen:], seen):
                if found["event"] in names and fields.items() <= found.items():
                    return self.events.pop(position)
            seen = len(self.events)
            assert self.process.stdout is not None
            left_s = until_s - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, left_s))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                heard = [" ".join(_told(entry)) for entry in self.events]
                assert self.process.stderr is not None
                os.set_blocking(self.process.stderr.fileno(), False)
                said = (self.process.stderr.read() or b"").decode(errors="replace")[-2000:]
                pytest.fail(
                    f"no event {event} {fields} within {timeout_s} s; heard {heard}; {said}"
                )
            *lines, self._tail = (self._tail + chunk).split(b"\n")
            self.events += [json.loads(line) for line in lines]

    def finger(self, down: bool) -> None:
        """Press or release the button of a kit held by hand."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"down\n" if down else b"up\n")
        self.process.stdin.flush()

    def recorded(self) -> float:
        """Press and hold until a recording runs; return when it was pressed (monotonic clock).

        A busy machine may close the gate for a moment: what is refused then is pressed again.
        """
        for _ in range(10):
            self.finger(True)
            pressed_s = time.monotonic()
            if self.wait_for(("photo", "press refused"))["event"] == "photo":
                return pressed_s
            self.finger(False)
            time.sleep(1.0)
        pytest.fail("every press was refused")

    def held_up_s(self) -> float:
        """Return for how long other programs have held up the gate's threads; see `held_up_s`."""
        return held_up_s(self.children()["gate"])

    def forget(self) -> None:
        """Drop what it has said until now."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], 0)[0]:
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                break
            self._tail = (self._tail + chunk).rpartition(b"\n")[2]
        self.events.clear()

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
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()


class Lent:
    """A kit that outlasts a test: whoever borrows it finds its gate open, and leaves it so."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = list(map(str, arguments))
        self._kit: Kit | None = None

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Kit]:
        """Give the kit, or a new one where the last borrower failed or ended it."""
        if self._kit is None:
            self._kit = Kit(*self._arguments)
            self._kit.wait_for("gate", state="OPEN")
        self._kit.forget()
        is_well = False
        try:
            yield self._kit
            is_well = self._kit.process.poll() is None
        finally:
            if not is_well:
                self.close()

    def close(self) -> None:
        """End it."""
        if self._kit is not None:
            self._kit.close()
        self._kit = None


def held_up_s(*pids: int) -> float:
    """Return for how long threads of these processes were ready to run while others ran.

    It is what a busy machine adds to a delay at most; its difference tells of the time between.
    """
    waited_ns = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # a thread that has just ended
                waited_ns += int(path.read_text().split()[1])
    return waited_ns / 1e9


HELD_UP_S = 1.0
"""A gate that other programs held up for so long, in some seconds, cannot judge every frame."""

HELD_UP_SHARE = 0.2
"""The same, of the time that a take lasts."""


def family() -> list[int]:
    """Return the process ids of this process and of all that it started."""
    import psutil

    own = psutil.Process()
    return [own.pid, *(one.pid for one in own.children(recursive=True))]


def _gates_held_up_s() -> float:
    gates = []
    for pid in family():
        with contextlib.suppress(OSError):  # it has just ended
            if b"shuttergate.gate_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                gates.append(pid)
    return held_up_s(*gates)


def takes(most: int) -> Iterator[int]:
    """Count takes of something that other programs may spoil, at most `most`.

    There is another only after one in which they held up a gate below this process, whose frames
    then come late: whoever was not disturbed is not excused. Leave the loop when it is well.
    """
    for number in range(most):
        began_s, before_s = time.monotonic(), _gates_held_up_s()
        yield number
        lasted_s = time.monotonic() - began_s
        if _gates_held_up_s() - before_s < HELD_UP_SHARE * lasted_s:
            return


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
