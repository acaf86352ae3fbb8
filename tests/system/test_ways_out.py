"""Every way out of a process that was taken over, tried in each of the kit's, and in none of them.

What a process could still do stands in `LEFT`, on kernels with and without Landlock: that and no
more. A way that this machine has not, tried in a process that nothing confines, shows nothing and
is left out.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from shuttergate import feed
from shuttergate.board import board_file
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.config import Config, KitStart
from shuttergate.console.process import ConsoleSettings
from shuttergate.system import landlock
from shuttergate.system.pipes import pipes
from support.places import ROOT
from support.ways_out import LEAK, SIZE, WAYS

OF_THIS_MACHINE = {
    *("an extended attribute", "a generation", "a generation by ext4's number"),
    *("a key of the kernel's", "a raw socket"),
    *(
        "a message queue",
        "io_uring",
        "userfaultfd",
        "type on a terminal",
        "take a process's open file",
    ),
    *("an internet 6 socket", "System V memory", "trace a process"),
    *("write into a process", "read out of a process", "news told by a process"),
    *("write a process's memory as a file", "read a process's memory as a file"),
}
"""Ways that a kernel, a container or a file system may not have."""

SERVICE = """
import uvicorn; uvicorn.Server.run = out
os.environ.pop("OPENBLAS_NUM_THREADS"); own.main = lambda: own.app(["console", "--port", "0"])
"""

NO_PINS = """
import types; own.Panel = lambda *pins, **more: types.SimpleNamespace(wiring=None)
own.open_eyes = out
"""

# Each process of the kit, and what stands there in place of its work.
PROCESSES = {
    "gate": ("shuttergate.gate_process", "own.open_eyes = out"),
    "gate with devices": ("shuttergate.gate_process", "own.open_eyes = out"),
    "gate with pins": ("shuttergate.gate_process", NO_PINS),
    "publisher": ("shuttergate.publisher_process", "own.serve = out"),
    "accelerator": ("shuttergate.vision.accelerator_process", "own.serve = out"),
    "console": ("shuttergate.console.process", "import uvicorn; uvicorn.Server.run = out"),
    "console as a service": ("shuttergate.cli", SERVICE),
    "judge": ("shuttergate.console.judge_process", "own.spawn.settings = out"),
    "blind": ("shuttergate.bench.evaluate.blind_process", "own.spawn.settings = out"),
    "voice": ("shuttergate.voice.process", "own.spawn.settings = out"),
}

NEWS = "news of what is plugged in"
CONSOLE = {"connect to a program here", "start a program"}

WHERE_LANDLOCK_IS = {  # of version 6 or later
    "gate": {NEWS},
    "gate with devices": {NEWS, "start a program"},
    "gate with pins": {NEWS, "start a program"},
    "publisher": set[str](),
    "accelerator": {NEWS, "start a program"},
    "console": CONSOLE,
    "console as a service": CONSOLE,
    "judge": set[str](),
    "blind": set[str](),
    "voice": set[str](),
}
SIGNALS = {"a signal"}
WHERE_IT_IS_OLD = {
    name: left | SIGNALS | ({"an abstract socket"} if left is CONSOLE else set())
    for name, left in WHERE_LANDLOCK_IS.items()
}
READ = {"read a process's memory as a file"}
"""Of a process of the same user that lets itself be read; none of the kit does."""

OPENED = {
    *("write a file through a shared mapping", "write a process's memory as a file"),
    *("write to a fifo that is there", "write on a terminal"),
}
OWN = {"write a file", "make an unnamed file and link it", "a link", "remove a file"}
WHERE_NONE_IS = {
    name: left | READ | (set() if name in ("gate", "judge", "blind") else OPENED)
    for name, left in WHERE_IT_IS_OLD.items()
}
WHERE_NONE_IS["publisher"] |= OWN
LEFT = {6: WHERE_LANDLOCK_IS, 2: WHERE_IT_IS_OLD, 0: WHERE_NONE_IS}
"""By the kernel's version of Landlock: that and no more is left to each process."""

PEER = """
import ctypes, sys, time
memory = ctypes.create_string_buffer(64)
print(ctypes.addressof(memory), flush=True)
time.sleep(600)
"""

CHILD = """
import functools, os, sys
from pathlib import Path
from support.ways_out import try_all
folder, listeners, peer, memory, report, knows, module, moment = sys.argv[1:9]
del sys.argv[1:9]
report = int(report)
def out(*rest, **named):
    try_all(Path(folder), Path(listeners), int(peer), int(memory), report)
    os._exit(0)
if int(knows) < 6:
    from shuttergate.system import landlock
    landlock.version = lambda: int(knows)
if not module:
    out()
import importlib
own = importlib.import_module(module)
exec(moment)
own.main()
"""


@pytest.fixture(scope="module")
def peer() -> Iterator[tuple[int, int]]:
    """Another process of the same user, that anybody of that user may read: pid, address."""
    with subprocess.Popen([sys.executable, "-c", PEER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


@pytest.fixture(scope="module")
def listeners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with what listens on a computer: sockets, a fifo and a terminal."""
    folder = tmp_path_factory.mktemp("run")
    with ExitStack() as stack:
        for kind, name in (
            (socket.SOCK_STREAM, str(folder / "stream")),
            (socket.SOCK_DGRAM, str(folder / "datagram")),
            (socket.SOCK_STREAM, b"\0" + os.fsencode(folder)),
        ):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX, kind))
            listener.bind(name)
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
        os.mkfifo(folder / "fifo")
        read = os.open(folder / "fifo", os.O_RDWR)
        master, slave = os.openpty()
        (folder / "terminal").symlink_to(os.ttyname(slave))
        yield folder
        for one in (read, master, slave):
            os.close(one)


class Tried:
    """What each way came to in one process, and where it was tried."""

    def __init__(
        self, name: str, version: int, folder: Path, listeners: Path, peer: tuple[int, int]
    ) -> None:
        self.folder = folder / "tried"
        for position, _ in enumerate(WAYS):
            (self.folder / str(position)).mkdir(parents=True)
            (self.folder / str(position) / "there").write_bytes(bytes(SIZE))
        module, moment = PROCESSES.get(name, ("", ""))
        read, write = os.pipe()
        os.set_inheritable(write, True)
        where = [str(self.folder), str(listeners), *map(str, peer), str(write), str(version)]
        with ExitStack() as stack:
            links = inherited(name, stack)
            link = ["--link", *map(str, links), "--parent", str(os.getpid())]
            done = subprocess.run(
                [sys.executable, "-B", "-c", CHILD, *where, module, moment, *link],
                input=settings(name, folder),
                pass_fds=[*links, write],
                capture_output=True,
                check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "OPENBLAS_NUM_THREADS": "1"},
            )
        os.close(write)
        with os.fdopen(read, "rb") as report:
            told = report.read()
        assert told, done.stderr.decode()
        self.came: dict[str, str] = json.loads(told)

    def could(self) -> set[str]:
        return {way for way in WAYS if self.came[way] == "could"}

    def holds_a_leak(self, way: str) -> bool:
        """Whether anything of what was tried is to be seen afterwards."""
        own = self.folder / str([*WAYS].index(way))
        found = sorted(path.name for path in own.iterdir())
        there = own / "there"
        facts = there.stat() if there.exists() else None
        return (
            found != ["there"]
            or facts is None
            or there.read_bytes() != bytes(SIZE)
            or facts.st_mtime == 1
            or facts.st_mode & 0o777 == 0o711
        )


def inherited(name: str, stack: ExitStack) -> list[int]:
    """Return what such a process inherits, open until the stack is left."""
    if name.startswith("console"):
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).fileno()]
    if name == "accelerator":
        ours, theirs = pipes()
        stack.enter_context(ours)
        return list(stack.enter_context(theirs).descriptors)
    # A process that nothing confines has a socket without a name, for `WAYS` to show something.
    ends = feed.pair() if name else socket.socketpair()
    return [stack.enter_context(end).fileno() for end in ends][:1]


def settings(name: str, folder: Path) -> bytes:
    """Return what such a process is told when it starts."""
    if name == "publisher":
        (folder / "album").mkdir()
        return msgspec.json.encode(PublisherSettings(os.fsencode(folder / "album")))
    if name == "console":
        return msgspec.json.encode(ConsoleSettings(Config(), "/nowhere"))
    changes = {
        "gate with devices": ('driver = "cpu"', 'driver = "edgetpu"'),
        "gate with pins": ('driver = "mock"', 'driver = "lgpio"'),
    }
    if name not in changes:
        return msgspec.json.encode(KitStart(Config()))
    text = board_file("simulated").read_text(encoding="utf-8")
    board = folder / "board.toml"
    board.write_text(text.replace(*changes[name]), encoding="utf-8")
    return msgspec.json.encode(KitStart(Config(board=str(board))))


@pytest.fixture(scope="module")
def free(
    tmp_path_factory: pytest.TempPathFactory, listeners: Path, peer: tuple[int, int]
) -> set[str]:
    """What a process can do that nothing confines."""
    return Tried("", 6, tmp_path_factory.mktemp("free"), listeners, peer).could()


def test_a_process_that_nothing_confines_has_all_ways(free: set[str]) -> None:
    missing = set(WAYS) - free
    print("not on this machine:", ", ".join(sorted(missing)) or "none")
    assert missing <= OF_THIS_MACHINE


@pytest.mark.parametrize("version", LEFT, ids=["Landlock", "an old one", "none"])
@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_was_taken_over_has_these_ways_out_and_no_other(
    name: str,
    version: int,
    free: set[str],
    listeners: Path,
    peer: tuple[int, int],
    tmp_path: Path,
) -> None:
    if version > landlock.version():
        pytest.skip(f"this kernel has no Landlock of version {version}")
    tried = Tried(name, version, tmp_path, listeners, peer)
    assert tried.could() == LEFT[version][name] & free
    leaks = {way for way in WAYS if tried.holds_a_leak(way)}
    assert leaks <= LEFT[version][name]


def test_of_the_names_of_files_above_a_leak_would_be_seen(
    listeners: Path, peer: tuple[int, int], tmp_path: Path, free: set[str]
) -> None:
    if not free >= (kept := {"make a file", "a new name", "a mode", "a time", "cut a file"}):
        pytest.fail("a process that nothing confines could not even do that")
    tried = Tried("", 6, tmp_path, listeners, peer)
    seen = {way for way in WAYS if tried.holds_a_leak(way)}
    assert kept <= seen
    assert (tried.folder / "1" / "there").read_bytes() == LEAK
