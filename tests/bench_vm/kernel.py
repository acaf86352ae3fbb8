"""Find the bench's kernel, and boot it with a command inside."""

from __future__ import annotations

import hashlib
import lzma
import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKED = ROOT.parent / "shared" / "bench" / "uml-linux.xz"


class NoBench(Exception):
    """There is no bench on this machine: says why, and what would make one."""


def kernel() -> Path:
    """Return the kernel to run; raise `NoBench` where there is none."""
    if named := os.environ.get("SHUTTERGATE_BENCH_KERNEL"):
        if not os.access(named, os.X_OK):
            raise NoBench(f"SHUTTERGATE_BENCH_KERNEL={named} cannot be run; correct it")
        return Path(named).absolute()
    if not PACKED.is_file():
        raise NoBench("no kernel is here; build one for ARCH=um with tests/bench_vm/uml.config")
    content = PACKED.read_bytes()
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = home / "shuttergate" / f"uml-linux-{hashlib.sha256(content).hexdigest()[:16]}"
    if not found.is_file():
        found.parent.mkdir(parents=True, exist_ok=True)
        fresh = found.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(lzma.decompress(content))
        fresh.chmod(0o755)
        fresh.rename(found)
    return found


def check() -> Path:
    """Return the kernel if the bench can run here; raise `NoBench` with the reason if not."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise NoBench(f"User-mode Linux runs on x86-64 Linux, not on {os.uname().machine}")
    for tool in ("timeout", "chroot", "mount"):
        if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            raise NoBench(f"{tool} is not installed")
    if find_spec("lgpio") is None and not extra_path():
        raise NoBench("lgpio is not installed; pip install 'lgpio>=0.2.2.0' into the environment")
    return kernel()


def extra_path() -> str:
    """Return folders that the Python inside shall look for modules in, too."""
    return os.environ.get("SHUTTERGATE_BENCH_PYTHONPATH", "")


def boot(kernel: Path, command: str, out: Path, timeout_s: int, memory: str = "1536M") -> str:
    """Boot, run the shell script `command` inside, and return the console's last words.

    `out` is the only folder of this machine that can be written from inside: ``log`` holds what was
    said there, ``status`` the command's exit status; it is missing where there came to be none.
    """
    out.mkdir(parents=True, exist_ok=True)
    folders = [path for path in extra_path().split(":") if path]
    site = f"{sys.prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    lines = [f"export PYTHONDONTWRITEBYTECODE=1 ROOT={shlex.quote(str(ROOT))}"]
    lines += [f"export PYTHON={shlex.quote(sys.executable)} OUT={shlex.quote(str(out))}"]
    # A .pth, and not PYTHONPATH: the kit's processes are started deaf to the environment.
    lines += [f"echo {shlex.quote(path)} >> {site}/bench.pth" for path in folders]
    (out / "command.sh").write_text("\n".join([*lines, command, ""]))
    words = [f"SG_INIT={HERE / 'init.sh'}", f"SG_OUT={out}", f"init={HERE / 'init.sh'}"]
    if any(" " in word for word in words):
        raise NoBench("a kernel's command line takes no path with a space in it; move the checkout")
    done = subprocess.run(
        ["timeout", "-k", "5", str(timeout_s), str(kernel), f"mem={memory}"]
        + ["rootfstype=hostfs", "root=/dev/root", "rootflags=/", "ro", "quiet"]
        + ["con=null", "con0=null,fd:1", "ssl=null", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode(errors="replace")[-4000:]
