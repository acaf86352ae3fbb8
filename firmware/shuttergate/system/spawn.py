"""How a confined process of the kit is started, and how it begins; and how long to wait after one.

The parent calls `start`. The child's `main` calls `begin` before anything else, and `settings` when
it wants to hear what it is to do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shuttergate.system import confine
from shuttergate.system.landlock import Right
from shuttergate.system.pipes import Pipes


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next try: twice as long as the last time, up to ``cap_s``.

    A try that lasted ``stable_s`` was none that failed: after it the first wait comes again.
    """

    first_s: float
    cap_s: float
    stable_s: float
    _next_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.reset()

    def after(self, lasted_s: float) -> float:
        """Return how long to wait, in seconds, after a try that lasted so long."""
        if lasted_s >= self.stable_s:
            self.reset()
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self.cap_s)
        return wait_s

    def reset(self) -> None:
        """Begin again with the first wait."""
        self._next_s = min(self.first_s, self.cap_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liberties:
    """What a process keeps that `begin` else takes from it for good; see `confine`.

    ``dumps``: a core file, and that others of its user may read its memory. ``files``: to write,
    until it gives up itself what it does not need. ``network``: sockets, likewise. ``news``: of
    sockets, the kernel's word of what was plugged in. ``devices``: those it may write to, as
    patterns of paths. ``programs``: to start others. ``freed_memory``: to keep large blocks for
    later.
    """

    dumps: bool = False
    files: bool = False
    network: bool = False
    news: bool = False
    devices: tuple[str, ...] = ()
    programs: bool = False
    freed_memory: bool = False


NONE = Liberties()

ACCELERATORS = ("/dev/bus/usb", "/dev/apex_*")
"""Where an Edge TPU is, whenever it is plugged in; `Liberties.devices` of its process."""


def command(module: str) -> list[str]:
    """Return what runs a module of ours in a process of its own."""
    # -I: no module from the working folder or the environment; -B: writes no bytecode.
    return [sys.executable, "-I", "-B", "-m", module]


def start(
    module: str, *links: int, settings: bytes | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    """Start ``module``, which inherits the descriptors `links` and nothing else: one socket, for
    `begin`, or the two of `Pipes`, for `begin_on_pipes`.

    `settings` are given on its stdin. ``stderr``: as for Popen; by default it is this process's.
    The kernel ends the child together with the thread that calls this.
    """
    process = subprocess.Popen(
        [*command(module), "--link", *map(str, links), "--parent", str(os.getpid())],
        pass_fds=links,
        stdin=subprocess.DEVNULL if settings is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        # Else numpy keeps a thread for each processor; a head's products are too small to share.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        # Ctrl-C reaches the first parent alone, which ends the others in order; and they have no
        # terminal that they could open again.
        start_new_session=True,
    )
    if settings is not None:
        assert process.stdin is not None
        # Not as arguments: those are for every user of the machine to read.
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(settings)
    return process


def begin(name: str, argv: Sequence[str] | None, keeps: Liberties = NONE) -> socket.socket:
    """Confine this process, which `start` started, and return the socket that it inherited.

    It ends with its parent from here on. ``argv``: None for the command's own.
    """
    (link,) = _begin(name, argv, keeps)
    return socket.socket(fileno=link)


def begin_on_pipes(name: str, argv: Sequence[str] | None, keeps: Liberties = NONE) -> Pipes:
    """Do as `begin` in a process whose parent may make no sockets."""
    reads, writes = _begin(name, argv, keeps)
    return Pipes(reads, writes)


def _begin(name: str, argv: Sequence[str] | None, keeps: Liberties) -> list[int]:
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--link", type=int, nargs="+", required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent decides when it ends
    confine.die_with_parent(options.parent)
    if not keeps.dumps:
        confine.no_dumps()
    confine.no_peeking()
    if not keeps.files:
        confine.enter_room(writable(*keeps.devices))
        confine.no_files(bool(keeps.devices))
    if keeps.news:
        confine.only_news()
    elif not keeps.network:
        confine.no_network()
    if not keeps.programs:
        confine.no_programs()
    if not keeps.freed_memory:
        confine.keep_no_freed_memory()
    confine.no_huge_pages()
    links: list[int] = options.link
    return links


def writable(*patterns: str) -> dict[Path, Right]:
    """Return what `confine.enter_room` is told, so that these may be written: patterns of paths."""
    root = Path("/")
    found = (path for pattern in patterns for path in root.glob(pattern.removeprefix("/")))
    return dict.fromkeys(found, Right.WRITE)


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file or folder from another that stands there later; None: none does.

    The kernel binds the places of a room to the files themselves, not to their names.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def settings() -> bytes:
    """Return what `start` was given for this process."""
    return sys.stdin.buffer.read()
