"""Whether what this process holds in memory can reach a disk by itself."""

from __future__ import annotations

from pathlib import Path

from shuttergate.errors import phrase

MEND = phrase(
    "put systemd-run --user --scope -p MemorySwapMax=0 before the command, raise the limit of "
    "locked memory (ulimit -l), or run sudo swapoff -a"
)

_SWAPS = Path("/proc/swaps")
_OWN_GROUP = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_BLOCK = Path("/sys/block")


def disk() -> str | None:
    """Return the disk or file that unlocked memory of this process may be written to, or None.

    Compressed memory (zram) is none, unless it has a disk of its own behind it; nor is there one
    for a process whose control group may swap nothing (`MemorySwapMax=0` of systemd).
    """
    names = [line.split()[0] for line in _SWAPS.read_text().splitlines()[1:]]
    disks = [name for name in names if not _stays_in_memory(name)]
    return disks[0] if disks and not _group_swaps_nothing() else None


def _stays_in_memory(name: str) -> bool:
    device = Path(name).name
    if not device.startswith("zram"):
        return False
    try:
        return (_BLOCK / device / "backing_dev").read_text().strip() == "none"
    except OSError:  # a kernel that cannot write compressed memory back
        return True


def _group_swaps_nothing() -> bool:
    """By cgroup v2: the limit of any group that it is in counts."""
    for line in _OWN_GROUP.read_text().splitlines():
        number, _, path = line.split(":", 2)
        if number == "0":
            own = _GROUPS / path.lstrip("/")
            for group in (own, *own.parents):
                if not group.is_relative_to(_GROUPS):
                    break
                limit = group / "memory.swap.max"
                if limit.is_file() and limit.read_text().strip() == "0":
                    return True
    return False
