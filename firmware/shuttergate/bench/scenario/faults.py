"""What the bench breaks from outside: processes, the disk, memory, the clock, the page.

What breaks inside the gate process is `injection.py`'s.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from shuttergate import injection
from shuttergate.bench.scenario.crowd import gather
from shuttergate.bench.scenario.names import BREAKS, named
from shuttergate.board import Board
from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.injection import FaultSwitch
from shuttergate.parent.children import memory_bytes
from shuttergate.parent.supervisor import Supervisor

CLOCK_STEP_S = 3600.0
FLOOD_CONNECTIONS = 100

LINE_HELD = "line held"
INJECTED = (*injection.CAMERA, *injection.MODELS, *injection.WIRES)
KINDS = (
    *INJECTED,
    LINE_HELD,
    *("gate killed", "publisher killed", "console killed", "gate paused", "publisher paused"),
    *(FaultSwitch.DISK_FULL, "disk removed", "disk read-only", "memory exhausted"),
    *("clock set forward", "clock set back", "page flooded"),
)


class Faults:
    """The faults of one run: `set` breaks or mends one, `close` mends what is still broken.

    ``wires``: what can be broken in the bench's wires. ``may_set_clock``: whether this machine's
    own clock may be set, which every program notices.
    """

    def __init__(
        self,
        kit: Supervisor,
        board: Board,
        wires: Mapping[str, Callable[[bool], None]],
        album: Path,
        page: Callable[[], str],
        may_set_clock: bool,
    ) -> None:
        self._kit = kit
        self._board = board
        self._wires = wires
        self._album = album
        self._page = page
        self._on: dict[str, contextlib.ExitStack] = {}
        self._may_set_clock = may_set_clock

    def why_not(self, what: str) -> Phrase | None:
        """Return why this cannot be broken here, or nothing."""
        if what in INJECTED and what not in (*injection.possible(self._board), *self._wires):
            return phrase(
                "{what}: this board's part is real, and no switch breaks it",
                what=named(BREAKS, what),
            )
        if what == LINE_HELD and self._board.gpio.is_simulated:
            return phrase("{what}: simulated pins are nobody else's", what=named(BREAKS, what))
        if what.startswith("clock") and not self._may_set_clock:
            return phrase("setting this machine's clock needs --set-clock")
        if what == "disk read-only" and os.geteuid() == 0 and not _may_mount():
            return phrase("root writes where nobody may: a read-only disk needs CAP_SYS_ADMIN")
        return None

    def set(self, what: str, on: bool) -> None:
        """Break it, or make it whole."""
        if what in self._wires:
            self._wires[what](on)
        elif what in (*INJECTED, FaultSwitch.DISK_FULL):
            self._kit.inject(what, on)
        elif what == LINE_HELD:
            pass  # since before the kit was started
        elif what.endswith(" killed"):
            if on:
                self._kit.kill(what.partition(" ")[0])
        elif on and what not in self._on:
            with contextlib.ExitStack() as stack:
                stack.enter_context(self._broken(what))
                self._on[what] = stack.pop_all()
        elif not on and what in self._on:
            self._on.pop(what).close()

    def _pid(self, process: str) -> int:
        pid = self._kit.pid(process)
        if pid is None:
            raise ShuttergateError(
                "the {process} process does not run; nothing was done to it", process=process
            )
        return pid

    def close(self) -> None:
        """Mend what is still broken, so that the kit can be ended."""
        for what in (*self._on, *self._kit.injected, *self._wires):
            self.set(what, False)

    def _broken(self, what: str) -> contextlib.AbstractContextManager[object]:
        match what:
            case "gate paused" | "publisher paused":
                return _stopped(self._pid(what.partition(" ")[0]))
            case "memory exhausted":
                return _no_more_memory(self._pid("gate"))
            case "disk removed":
                return _renamed(self._album)
            case "disk read-only":
                return _read_only(self._album)
            case "clock set forward":
                return _clock_moved(CLOCK_STEP_S)
            case "clock set back":
                return _clock_moved(-CLOCK_STEP_S)
            case "page flooded":
                return gather(self._page(), "flood", FLOOD_CONNECTIONS)
        raise ShuttergateError("there is no fault {what!r}", what=what)


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """As a machine that swaps, or a disk that hangs: the process stands still and time goes on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def _no_more_memory(pid: int) -> Iterator[None]:
    """The kernel gives the process no page more than it has."""
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    size = memory_bytes(pid, "VmSize")
    resource.prlimit(pid, resource.RLIMIT_AS, (size, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, before)


@contextlib.contextmanager
def _renamed(album: Path) -> Iterator[None]:
    """As a disk that was pulled out: the folder is not there."""
    away = album.with_name(f"{album.name}.away")
    album.rename(away)
    try:
        yield
    finally:
        away.rename(album)


@contextlib.contextmanager
def _read_only(album: Path) -> Iterator[None]:
    """A disk that is mounted read-only; for who is not root, a folder that may not be written."""
    if os.geteuid() != 0:
        album.chmod(0o500)
        try:
            yield
        finally:
            album.chmod(0o700)
        return
    _run("mount", "--bind", str(album), str(album))
    try:
        _run("mount", "-o", "remount,ro,bind", str(album))
        yield
    finally:
        _run("umount", "--lazy", str(album))


def _may_mount() -> bool:
    text = Path("/proc/self/status").read_text()
    return bool(int(text.partition("CapEff:")[2].split()[0], 16) >> 21 & 1)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ShuttergateError(
            "{command}: {cause}", command=" ".join(command), cause=done.stderr.strip()
        )


@contextlib.contextmanager
def _clock_moved(step_s: float) -> Iterator[None]:
    """The wall clock steps, as when a clock is set; the monotonic one goes on."""
    _set_clock(time.time() + step_s)
    try:
        yield
    finally:
        _set_clock(time.time() - step_s)


def _set_clock(to_s: float) -> None:
    try:
        time.clock_settime(time.CLOCK_REALTIME, to_s)
    except PermissionError as error:
        raise ShuttergateError("the clock cannot be set: it needs root (CAP_SYS_TIME)") from error
