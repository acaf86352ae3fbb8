"""Tries what kit, page or kiosk must be able to do, and what it must not; prints one JSON object.

Run as the unit's user twice: in the unit's sandbox, and without any, where all of it works.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PTRACE_TRACEME, ADDR_NO_RANDOMIZE = 0, 0x0040000
PORT = 8080
ELSEWHERE, NAME_SERVER = "192.0.2.1", "127.0.0.53"
"""Both are this machine, and the first is called by an address as another computer has it."""

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def call(name: str, *arguments: Any) -> int:
    """Call into libc; raise OSError where it returns -1."""
    given = getattr(LIBC, name)(*arguments)
    if given == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(given)


def device(name: str) -> Callable[[], None]:
    return lambda: os.close(os.open(f"/dev/{name}", os.O_RDWR))


def write(folder: str, content: str = "x") -> Callable[[], None]:
    def tried() -> None:
        path = Path(folder) / "probe"
        try:
            path.write_text(content)
        finally:
            path.unlink(missing_ok=True)

    return tried


def make(folder: str) -> Callable[[], None]:
    """An empty file: a limit on their size does not stand in the way."""
    return write(folder, "")


def make_suid() -> None:
    path = Path.cwd() / "suid"
    path.touch()
    try:
        path.chmod(0o4755)
    finally:
        path.unlink()


def open_socket(kind: int, *more: Any) -> Callable[[], None]:
    return lambda: socket.socket(kind, *more).close()


def reach(host: str) -> Callable[[], None]:
    return lambda: socket.create_connection((host, PORT), timeout=2).close()


def look_in() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as window:
        window.connect("/run/shuttergate/console.sock")


def build_a_browsers_sandbox() -> None:
    call("unshare", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
    call("chroot", b"/proc/self/fdinfo")


def in_child(act: Callable[[], object]) -> Callable[[], None]:
    """Try it in a child, which it would change for good."""

    def tried() -> None:
        read, written = os.pipe()
        if (pid := os.fork()) == 0:
            try:
                act()
            except (OSError, ValueError) as error:
                os.write(written, str(error).encode())
            os._exit(0)
        os.close(written)
        os.waitpid(pid, 0)
        said = os.read(read, 500)
        os.close(read)
        if said:
            raise OSError(said.decode())

    return tried


def see(path: str) -> Callable[[], None]:
    return lambda: Path(path).stat() and None


def set_filter() -> None:
    """A seccomp filter of one instruction: allow."""
    code = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
    program = struct.pack("@HP", 1, ctypes.addressof(code))
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(program), 0, 0)


Acts = dict[str, Callable[[], object]]

NOBODY: Acts = {
    "device: loop-control": device("loop-control"),
    "device: loop0": device("loop0"),
    "device: udmabuf": device("udmabuf"),
    "device: kmsg": device("kmsg"),
    "write: /srv": make("/srv/open"),
    "write: /opt": make("/opt/open"),
    "write: /var/lib": make("/var/lib/open"),
    "see: /home": see("/home/pi/shuttergate/README.md"),
    "see: another's file in /tmp": see("/tmp/of-the-bench"),
    "see: process 1": see("/proc/1/status"),
    "set-user-id file": make_suid,
    "ptrace": in_child(lambda: call("ptrace", PTRACE_TRACEME, 0, 0, 0)),
    "another personality": in_child(lambda: call("personality", ADDR_NO_RANDOMIZE)),
    "core dumps": in_child(lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1))),
}
CONFINED: Acts = {
    "write: /run": make("/run/open"),
    "write: /run/lock": make("/run/lock"),
    "write: /dev/shm": make("/dev/shm"),
    "memory writable and executable": lambda: mmap.mmap(-1, 4096, prot=7).close(),
    "a user namespace": in_child(lambda: call("unshare", CLONE_NEWUSER)),
}
NO_HARDWARE: Acts = {
    "device: gpiochip0": device("gpiochip0"),
    "device: dma_heap": device("dma_heap/system"),
    "see: the album": lambda: list(Path("/var/lib/shuttergate/album").iterdir()),
    "reach: another computer": reach(ELSEWHERE),
}
MUST_NOT: dict[str, Acts] = {
    "kit": {
        "internet socket": open_socket(socket.AF_INET),
        "internet socket, v6": open_socket(socket.AF_INET6),
        **NOBODY,
        **CONFINED,
    },
    "page": {
        **NOBODY,
        **CONFINED,
        **NO_HARDWARE,
        "write: its own /tmp": write("/tmp"),
        "write: its runtime folder": write("."),
    },
    "kiosk": {
        **NOBODY,
        **NO_HARDWARE,
        "internet socket, v6": open_socket(socket.AF_INET6),
        "reach: a name server": reach(NAME_SERVER),
        "look at the kit": look_in,
    },
}
CONFINES_ITSELF: Acts = {
    "promise to write no file": in_child(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))),
    "a seccomp filter": in_child(set_filter),
}
MUST: dict[str, Acts] = {
    "kit": {
        "device: gpiochip0": device("gpiochip0"),
        "device: dma_heap": device("dma_heap/system"),
        "device: null": device("null"),
        "write: album": write("/var/lib/shuttergate/album"),
        "write: its own /tmp": write("/tmp"),
        "write: its runtime folder": write("."),
        "local socket": open_socket(socket.AF_UNIX),
        "netlink socket": open_socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
        "lock memory": lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (2**20, 2**20)),
        **CONFINES_ITSELF,
    },
    "page": {
        "read: settings": lambda: Path("/etc/shuttergate/shuttergate.toml").read_text(),
        "read: processor": lambda: Path("/proc/cpuinfo").read_text(),
        "look at the kit": look_in,
        "reach: this computer": reach("127.0.0.1"),
        "be nicer": in_child(lambda: os.nice(1)),
        **CONFINES_ITSELF,
    },
    "kiosk": {
        "reach: the page": reach("127.0.0.1"),
        "write: its own /tmp": write("/tmp"),
        "write: its runtime folder": write("."),
        "memory writable and executable": lambda: mmap.mmap(-1, 4096, prot=7).close(),
        "a browser's sandbox": in_child(build_a_browsers_sandbox),
        "a seccomp filter": in_child(set_filter),
    },
}


def tried(act: Callable[[], object]) -> str:
    try:
        act()
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    whose = sys.argv[1]
    print(
        json.dumps(
            {
                "must_not": {name: tried(act) for name, act in MUST_NOT[whose].items()},
                "must": {name: tried(act) for name, act in MUST[whose].items()},
                "net": str(Path("/proc/self/ns/net").readlink()),
            }
        )
    )
