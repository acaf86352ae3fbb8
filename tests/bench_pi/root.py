"""What an emulated Pi's memory holds: Debian 12's Python, the locked wheels, this checkout."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench_pi.debian import bootstrap, keep
from bench_pi.machine import pack, tools
from bench_pi.wheels import wheels
from bench_vm.kernel import ROOT

INSIDE = Path(__file__).parent / "inside"

PACKAGES = ("base-files", "bash", "busybox-static", "coreutils", "gpiod", "libatomic1", "libgomp1")
PACKAGES += ("libstdc++6", "python3")

# A Pi 3 has one gigabyte for all of it. Without: what only the extras need, and texts for people.
LEFT_OUT = ("fonttools", "matplotlib", "noto_cjk_sans_jp_", "setuptools", "uharfbuzz")
EMPTIED = ("usr/share", "var/cache", "var/lib")


def python_root() -> Path:
    """Return an initramfs: Debian 12, whose Python PyPI's lgpio is built for, with the lock."""
    locked = wheels("3.11", "lgpio")
    inputs = [*PACKAGES, locked.name, Path(__file__).read_text()]

    def make(fresh: Path) -> None:
        with tempfile.TemporaryDirectory(dir=fresh.parent) as folder:
            root = Path(folder) / "root"
            bootstrap(root, "bookworm", PACKAGES, "arm64")
            for name in EMPTIED:
                shutil.rmtree(root / name)
            site = root / "opt" / "site"
            for wheel in locked.glob("*.whl"):
                if not wheel.name.startswith(LEFT_OUT):
                    zipfile.ZipFile(wheel).extractall(site)
            (site / "ai_edge_litert" / "libLiteRtWebGpuAccelerator.so").unlink()
            # Read by the same Python only; any other has them compiled as it meets them.
            subprocess.run(
                [sys.executable, "-m", "compileall", "-qq", site, root / "usr/lib/python3.11"],
                check=False,
            )
            pack(root, fresh, tools())

    return keep("root", hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16], make)


def checkout(to: Path) -> None:
    """Put into a folder what is this checkout's, and what the machine begins with."""
    skip = shutil.ignore_patterns("__pycache__", ".*_cache", "recipe", "room")
    for name in ("firmware", "models", "device"):
        shutil.copytree(ROOT / name, to / "opt" / "checkout" / name, ignore=skip)
    shutil.copytree(INSIDE, to / "opt" / "bench", ignore=skip)
    shutil.copy(INSIDE / "init.sh", to / "init")
    (to / "init").chmod(0o755)
