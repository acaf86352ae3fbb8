"""The lock as another Python's pip would read it: markers decided, hashes kept; on stdout.

`lock_for.py 3.13 < requirements/run.txt`. `pip download --python-version` chooses wheels for that
Python, but decides markers with the Python that it runs on: asked on 3.11 for trixie's wheels, it
fetched bookworm's numpy.
"""

from __future__ import annotations

import re
import sys

from packaging.requirements import Requirement


def environment(python: str) -> dict[str, str]:
    """Return what markers may ask, on a 64-bit Raspberry Pi OS with CPython `python`, as "3.13"."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def lock_for(python: str, lock: str) -> str:
    """Return the entries of a requirements file that `python` would install, without markers."""
    kept, asked = [], environment(python)
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        named, _, hashes = entry.partition(" \\\n")
        wanted = Requirement(named)
        if wanted.marker is None or wanted.marker.evaluate(asked):
            wanted.marker = None
            kept.append(f"{wanted} \\\n{hashes}\n")
    return "".join(kept)


if __name__ == "__main__":
    sys.stdout.write(lock_for(sys.argv[1], sys.stdin.read()))
