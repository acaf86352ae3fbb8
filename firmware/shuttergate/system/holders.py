"""Which other programs hold a file, a line of a chip or a device, as far as this user may look."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def holders(holds: Callable[[Path], bool], proc: Path = Path("/proc")) -> list[str]:
    """Return "name (process id)" of each process with a descriptor for which ``holds(link)``.

    ``link`` is its /proc/PID/fd/N. This process is left out.
    """
    found = {}
    for process in proc.glob("[0-9]*"):
        pid = int(process.name)
        try:
            if pid != os.getpid() and any(
                _held(holds, link) for link in (process / "fd").iterdir()
            ):
                found[pid] = f"{_text(process / 'comm').strip()} (process {pid})"
        except OSError:
            continue  # another user's, or gone meanwhile
    return [found[pid] for pid in sorted(found)]


def held_here(holds: Callable[[Path], bool], proc: Path = Path("/proc")) -> int:
    """Return how many descriptors this process has for which ``holds(link)``."""
    return sum(_held(holds, link) for link in (proc / "self" / "fd").iterdir())


def _held(holds: Callable[[Path], bool], link: Path) -> bool:
    try:
        return holds(link)
    except OSError:
        return False  # closed meanwhile


def _text(path: Path) -> str:
    # A process's name is bytes, and cut short: it may end within a character.
    return path.read_text(errors="replace")
