"""What the kernel says of a process: memory, descriptors, threads, bytes written, sockets."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from shuttergate.parent.children import memory_bytes, memory_mb


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at one process."""

    memory_mb: float
    descriptors: int
    threads: int


def vitals(pid: int) -> Vitals:
    """Return a process's vitals; raises OSError where it ended or may not be looked at."""
    resident_mb = memory_mb(pid)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Vitals(resident_mb, descriptors, len(list(Path(f"/proc/{pid}/task").iterdir())))


def written_bytes(pid: int) -> int | None:
    """Return how many bytes a process wrote, sockets apart; None where one may not look.

    By the calls that write. What reaches disks the kernel counts too, but with a page for each
    time of access that it notes: a program's first start of a day would have written 139 kB. What
    is written through a mapping is not seen; tests/whole/test_strace.py shows that no
    file is opened so.
    """
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/io").read_text()
        return int(text.partition("wchar:")[2].split()[0])
    return None


KERNEL_EVENTS = "15"
"""The netlink family that tells what was plugged in; libcamera and libusb listen to it."""


def network_sockets(pid: int) -> list[str] | None:
    """Return a process's sockets that reach beyond this machine; None where one may not look.

    None, too, where it ended and nobody has waited for it: whatever it held, it holds none now.
    """
    held = set()
    try:
        memory_bytes(pid, "VmSize")
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                held.add(str(link.readlink()))
    except OSError:
        return None
    sockets = {name[8:-1] for name in held if name.startswith("socket:[")}
    local = {row[6] for row in _rows(pid, "unix")}
    local |= {row[-1] for row in _rows(pid, "netlink") if row[1] == KERNEL_EVENTS}
    return sorted(f"socket {inode}" for inode in sockets - local)


def _rows(pid: int, kind: str) -> list[list[str]]:
    """Return the kernel's table of sockets of a kind, in the process's own network, by words."""
    with contextlib.suppress(OSError):
        return [row.split() for row in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]]
    return []
