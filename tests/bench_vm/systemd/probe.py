"""Tries what the kit must be able to do, and what it must not; prints one JSON object.

Run as the kit's user twice: in the kit's sandbox, and without any, where all of it works.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, PTRACE_TRACEME, ADDR_NO_RANDOMIZE = 0x10000000, 0, 0x0040000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def call(name: str, *arguments: Any) -> int:
    """Call into libc; raise OSError where it returns -1."""
    given = getattr(LIBC, name)(*arguments)
    if given == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(given)


def device(name: str) -> Callable[[], None]:
    return lambda: os.close(os.open(f"/dev/{name}", os.O_RDWR))


def write(folder: str) -> Callable[[], None]:
    def tried() -> None:
        path = Path(folder) / "probe"
        path.write_text("x")
        path.unlink()

    return tried


def make_suid() -> None:
    path = Path.cwd() / "suid"
    path.write_text("x")
    path.chmod(0o4755)
    path.unlink()


def open_socket(kind: int, *more: Any) -> Callable[[], None]:
    return lambda: socket.socket(kind, *more).close()


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


MUST_NOT: dict[str, Callable[[], object]] = {
    "internet socket": open_socket(socket.AF_INET),
    "internet socket, v6": open_socket(socket.AF_INET6),
    "device: loop-control": device("loop-control"),
    "device: loop0": device("loop0"),
    "device: udmabuf": device("udmabuf"),
    "device: kmsg": device("kmsg"),
    "write: /srv": write("/srv/open"),
    "write: /opt": write("/opt/open"),
    "write: /var/lib": write("/var/lib/open"),
    "write: /run": write("/run/open"),
    "write: /run/lock": write("/run/lock"),
    "write: /dev/shm": write("/dev/shm"),
    "see: /home": see("/home/pi/shuttergate/README.md"),
    "see: another's file in /tmp": see("/tmp/of-the-bench"),
    "see: process 1": see("/proc/1/status"),
    "memory writable and executable": lambda: mmap.mmap(-1, 4096, prot=7).close(),
    "set-user-id file": make_suid,
    "ptrace": in_child(lambda: call("ptrace", PTRACE_TRACEME, 0, 0, 0)),
    "a user namespace": in_child(lambda: call("unshare", CLONE_NEWUSER)),
    "another personality": in_child(lambda: call("personality", ADDR_NO_RANDOMIZE)),
    "core dumps": in_child(lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1))),
}
MUST: dict[str, Callable[[], object]] = {
    "device: gpiochip0": device("gpiochip0"),
    "device: dma_heap": device("dma_heap/system"),
    "device: null": device("null"),
    "write: album": write("/var/lib/shuttergate/album"),
    "write: its own /tmp": write("/tmp"),
    "write: its runtime folder": write("."),
    "local socket": open_socket(socket.AF_UNIX),
    "netlink socket": open_socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    "lock memory": lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (2**20, 2**20)),
    "promise to write no file": in_child(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))),
    "a seccomp filter": in_child(set_filter),
}


def tried(act: Callable[[], object]) -> str:
    try:
        act()
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "must_not": {name: tried(act) for name, act in MUST_NOT.items()},
                "must": {name: tried(act) for name, act in MUST.items()},
                "net": str(Path("/proc/self/ns/net").readlink()),
            }
        )
    )
