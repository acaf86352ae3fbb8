"""The locked packages as wheels for an arm64 Debian, chosen for its Python and not for this one."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from bench_pi.debian import keep
from bench_vm.kernel import ROOT, NoBench
from bench_vm.lock_for import lock_for

GLIBC = {"3.11": 36, "3.13": 41}
"""The Pythons of Debian 12 and 13, and the minor version of the C library beside each."""


def wheels(python: str, besides: str = "") -> Path:
    """Return a folder with what requirements/run.txt asks for, and with one package of dev.txt."""
    text = lock_for(python, (ROOT / "requirements" / "run.txt").read_text())
    if besides:
        text += entry(besides, (ROOT / "requirements" / "dev.txt").read_text())

    def download(fresh: Path) -> None:
        fresh.mkdir()
        wanted = fresh / "wanted.txt"
        wanted.write_text(text)
        version = python.replace(".", "")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
        command += ["--python-version", version, "--implementation", "cp"]
        for abi in (f"cp{version}", "abi3", "none"):
            command += ["--abi", abi]
        for minor in range(GLIBC[python], 16, -1):
            command += ["--platform", f"manylinux_2_{minor}_aarch64"]
        command += ["--platform", "manylinux2014_aarch64", "-r", str(wanted), "-d", str(fresh)]
        if subprocess.run(command, check=False).returncode != 0:
            raise NoBench("pip has not all wheels for arm64; what stands above says which")

    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return keep(f"{besides}wheels-{python}", digest, download)


def entry(name: str, lock: str) -> str:
    """Return one package of a lock with its hashes, whatever machine its marker says it is for."""
    found = re.search(rf"^({re.escape(name)}==\S+)[^\\]*(\\\n(?:\s.*\n)+)", lock, re.MULTILINE)
    if found is None:
        raise NoBench(f"requirements/dev.txt has no {name}")
    return f"{found[1]} {found[2]}"
