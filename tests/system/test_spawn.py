"""How the kit's processes begin: what each can no longer do, and what reaches it at all."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shuttergate.board import read_board
from shuttergate.config import Config, KitStart
from shuttergate.console.process import ConsoleSettings
from shuttergate.examination import Examination
from shuttergate.system import spawn

# Asked in the process itself, just when it would hear something from outside for the first time.
PROBE = """
import ctypes, json, os, resource, signal
def probe(*rest, **named):
    libc, dies = ctypes.CDLL(None), ctypes.c_int()
    libc.prctl(2, ctypes.byref(dies), 0, 0, 0)  # PR_GET_PDEATHSIG
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free(libc.malloc(1 << 20))  # by default glibc keeps blocks of that size from now on
    block = libc.malloc(1 << 20)
    is_mapped = ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value & 2
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
    cores, sizes = (resource.getrlimit(n) for n in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE))
    taken = {
        "dumps": libc.prctl(3, 0, 0, 0, 0) == 0 and cores == (0, 0),  # PR_GET_DUMPABLE
        "files": sizes == (0, 0),
        "network": (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"),
        "freed memory": bool(is_mapped),
    }
    huge = status.get("THP_enabled") == "1"  # no such line: the kernel has no huge pages
    deaf = signal.getsignal(signal.SIGINT) is not signal.default_int_handler  # to Ctrl-C
    ends = dies.value == signal.SIGKILL and deaf
    said = {"ends with its parent": ends, "taken": [one for one in taken if taken[one]]}
    print(json.dumps({**said, "huge pages": huge}))
    raise SystemExit
"""

HEARS = "own.spawn.settings = probe"
EVERYTHING = {"dumps", "files", "network", "freed memory"}

PROCESSES = {
    # Their files go when libraries have made what they make once, and before any picture.
    "shuttergate.gate_process": ("own.open_eyes = probe", EVERYTHING),
    "shuttergate.examination_process": ("own._guarded = probe", EVERYTHING),
    "shuttergate.publisher_process": (HEARS, {"dumps", "network"}),
    "shuttergate.console.process": (
        "import uvicorn; uvicorn.Server.run = probe",
        {"dumps", "files", "network"},
    ),
    "shuttergate.console.judge_process": (HEARS, EVERYTHING),
    "shuttergate.bench.evaluate.blind_process": (HEARS, EVERYTHING),
    "shuttergate.voice.process": (HEARS, EVERYTHING),
    "shuttergate.vision.accelerator_process": ("own.serve = probe", EVERYTHING),
}

CONSOLES = ConsoleSettings(Config(), "/nowhere")
SETTINGS = {
    "shuttergate.gate_process": msgspec.json.encode(KitStart(Config())),
    "shuttergate.examination_process": msgspec.json.encode(
        Examination(Config(), read_board("simulated"), ["gpio"])
    ),
}


def probed(module: str, moment: str, settings: bytes) -> dict[str, Any]:
    code = f"{PROBE}\nimport {module} as own\n{moment}\nown.main()"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Two of them where it is to be pipes.
        links = [str(listener.fileno())] * (2 if module.endswith("accelerator_process") else 1)
        link = ["--link", *links, "--parent", str(os.getpid())]
        done = subprocess.run(
            [sys.executable, "-B", "-c", code, *link],
            input=settings,
            pass_fds=[listener.fileno()],
            capture_output=True,
            check=False,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # as `spawn.start` has it
        )
    assert done.stdout, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("module", PROCESSES)
def test_each_process_has_given_up_what_it_must(module: str) -> None:
    moment, taken = PROCESSES[module]
    found = probed(module, moment, SETTINGS.get(module, msgspec.json.encode(CONSOLES)))
    assert found["ends with its parent"]
    assert set(found["taken"]) == taken
    assert not found["huge pages"]


def test_every_process_that_is_started_is_in_the_table() -> None:
    code = Path(spawn.__file__).parents[1].rglob("*.py")
    begun = {path for path in code if re.search(r"spawn\.begin\w*\(", path.read_text())}
    named = {"shuttergate." + ".".join(_parts(path)) for path in begun}
    assert named == set(PROCESSES)


def _parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(Path(spawn.__file__).parents[1]).with_suffix("").parts


TELLS = """
import json, os, signal, sys
import numpy
from shuttergate.system import spawn
link = spawn.begin("test", None)
names = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd") if int(one) > 2]
files = {os.readlink(name) for name in names if os.path.lexists(name)}
link.send(json.dumps({
    "settings": spawn.settings().decode(),
    "out": os.readlink("/proc/self/fd/1"),
    "sockets": sum(name.startswith("socket:") for name in files),
    "arguments": sys.argv,
    "leads": os.getsid(0) == os.getpid(),
    "threads": len(os.listdir("/proc/self/task")),
}).encode())
"""


def test_a_child_inherits_one_socket_and_is_told_the_rest_in_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spawn, "command", lambda module: [sys.executable, "-B", "-c", TELLS])
    ours, theirs = socket.socketpair()
    other = socket.socket()
    other.set_inheritable(True)  # not even what is careless
    with ours, theirs, other:
        process = spawn.start("any", theirs.fileno(), settings=b"a secret")
        theirs.close()
        ours.settimeout(20)
        told = json.loads(ours.recv(4096))
        process.wait()
    assert told["settings"] == "a secret"
    assert "secret" not in " ".join(told["arguments"])
    assert (told["out"], told["sockets"], told["leads"]) == ("/dev/null", 1, True)
    assert told["threads"] == 1, "numpy's own, of which each is one more to wait for"


HEARS_NOTHING = """
import os
from shuttergate.system import spawn
spawn.begin("test", None).send(os.readlink("/proc/self/fd/0").encode())
"""


def test_a_child_that_is_told_nothing_hears_not_what_its_parent_hears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = [sys.executable, "-B", "-c", HEARS_NOTHING]
    monkeypatch.setattr(spawn, "command", lambda module: code)
    ours, theirs = socket.socketpair()
    own, (read, write) = os.dup(0), os.pipe()
    with ours, theirs:
        os.dup2(read, 0)
        try:
            process = spawn.start("any", theirs.fileno())
        finally:
            os.dup2(own, 0)
            for one in (own, read, write):
                os.close(one)
        theirs.close()
        assert ours.recv(4096) == b"/dev/null"
        process.wait()


def test_a_child_that_has_ended_already_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "command", lambda module: ["true"])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert spawn.start("any", theirs.fileno(), settings=bytes(1 << 20)).wait() == 0


def test_ours_is_all_that_is_run() -> None:
    assert spawn.command("one")[1:] == ["-I", "-B", "-m", "one"]


def test_who_tries_again_and_again_waits_longer_up_to_a_cap() -> None:
    backoff = spawn.Backoff(0.5, 5.0, 10.0)
    assert [backoff.after(1.0) for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert [backoff.after(10.0), backoff.after(9.9)] == [0.5, 1.0]
    backoff.reset()
    assert backoff.after(0.0) == 0.5


def test_a_first_wait_above_the_cap_is_the_cap() -> None:
    assert spawn.Backoff(2.0, 1.0, 10.0).after(0.0) == 1.0
