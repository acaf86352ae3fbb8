"""Trees of Debian's packages, and whatever else is kept in the cache between two runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from bench_vm.kernel import NoBench, kept

_FOREIGN = r"""
set -eu
[ -e /proc/sys/fs/binfmt_misc/register ] \
  || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf %s "$1" >/proc/sys/fs/binfmt_misc/register
trap 'echo -1 >/proc/sys/fs/binfmt_misc/bench-pi' EXIT
shift
"$@"
"""
# An ELF of 64 bits, little-endian, for machine 183; F: the interpreter is opened here and now.
_AARCH64 = (
    r":bench-pi:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:{}:F"
)


def keep(what: str, digest: str, make: Callable[[Path], None]) -> Path:
    """Return bench-pi's `what` of this digest from the cache, newly made where it is not.

    What was made of older inputs goes; so does what was half made.
    """

    def anew(fresh: Path) -> None:
        print(f"  making {what}, which the cache keeps", flush=True)
        for old in fresh.parent.glob(f"bench-pi-{what}-*"):
            _remove(old)
        try:
            make(fresh)
        except BaseException:
            _remove(fresh)
            raise

    return kept(f"bench-pi-{what}-{digest}", anew)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def tree(what: str, suite: str, packages: Sequence[str], architecture: str = "") -> Path:
    """Return a folder with these packages and what they depend on, from the cache if it is there.

    ``architecture``: this machine's own where it is empty.
    """
    inputs = " ".join([suite, architecture, *packages])
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:16]
    return keep(what, digest, lambda fresh: bootstrap(fresh, suite, packages, architecture))


def bootstrap(to: Path, suite: str, packages: Sequence[str], architecture: str = "") -> None:
    """Unpack these packages and what they depend on; nothing of theirs runs."""
    _mmdebstrap(to, suite, packages, ["--variant=extract"], architecture)
    (to / "mnt").mkdir(exist_ok=True)


def install(to: Path, suite: str, packages: Sequence[str], emulator: Path) -> None:
    """Install these packages for arm64, their scripts run by an ``emulator`` (qemu-aarch64).

    The kernel is told of it, and that it is gone, at once afterwards.
    """
    options = ["--variant=minbase", "--skip=check/qemu"]
    foreign = ["unshare", "--mount", "sh", "-c", _FOREIGN, "sh", _AARCH64.format(emulator)]
    _mmdebstrap(to, suite, packages, options, "arm64", foreign)


def _mmdebstrap(
    to: Path,
    suite: str,
    packages: Sequence[str],
    options: Sequence[str],
    architecture: str,
    before: Sequence[str] = (),
) -> None:
    command = [*before, "mmdebstrap", "--quiet", "--mode=root", "--format=directory", *options]
    command += [f"--architectures={architecture}"] * bool(architecture)
    command += [f"--include={','.join(packages)}", suite, str(to)]
    if subprocess.run(command, check=False).returncode != 0:
        raise NoBench(f"mmdebstrap made no {suite}; what stands above says why")


def need(*tools: str) -> None:
    """Raise `NoBench` where this is not root, or one of these programs is not installed."""
    if os.geteuid() != 0:
        raise NoBench("it needs root: the files of a Debian have owners")
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    if lacking:
        raise NoBench(f"there is no {', '.join(lacking)}; apt install mmdebstrap")
