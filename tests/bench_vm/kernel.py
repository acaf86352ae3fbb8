"""Find the bench's kernel, and boot it with a command inside."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import lzma
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKED = ROOT.parent / "shared" / "bench" / "uml-linux.xz"
LIBCAMERA = ROOT.parent / "shared" / "bench" / "libcamera-0.7.2-cp311.tar.xz"
APT = "apt install libyaml-0-2 libyuv0 libgnutls30 libevent-2.1-7 libevent-pthreads-2.1-7"
PREFIX = Path("/opt/shuttergate-bench/libcamera")  # compiled into it


class NoBench(Exception):
    """There is no bench on this machine: says why, and what would make one.

    ``means``: that, as support/needs.py names it. Nothing there is imported: vm.py runs without.
    """

    def __init__(self, says: str, *means: str) -> None:
        super().__init__(says)
        self.means = means

    @property
    def reason(self) -> str:
        """Why a test is skipped, with the means; as `Need.reason`."""
        return f"needs[{' '.join(self.means)}] {self}"


def kernel() -> Path:
    """Return the kernel to run; raise `NoBench` where there is none."""
    if named := os.environ.get("SHUTTERGATE_BENCH_KERNEL"):
        if not os.access(named, os.X_OK):
            raise NoBench(f"SHUTTERGATE_BENCH_KERNEL={named} cannot be run; correct it")
        return Path(named).absolute()
    if (built := _cache() / "uml-linux-built").is_file():  # make bench-kernel
        return built
    if not PACKED.is_file():
        named = f"shared:bench/{PACKED.name}"
        raise NoBench("no kernel is here; make bench-kernel builds one", named)

    def unpack(fresh: Path) -> None:
        fresh.write_bytes(lzma.decompress(PACKED.read_bytes()))
        fresh.chmod(0o755)

    return _kept(PACKED, unpack)


def lacks(kernel: Path, option: str) -> bool:
    """Whether the kernel carries its configuration with it and this option is not built in."""
    _, _, rest = kernel.read_bytes().partition(b"IKCFG_ST")  # CONFIG_IKCONFIG
    packed, _, _ = rest.partition(b"IKCFG_ED")
    return bool(packed) and f"\n{option}=y\n".encode() not in gzip.decompress(packed)


def libcamera() -> Path:
    """Return where libcamera with its virtual pipeline lies; raise `NoBench` where it does not."""
    if not LIBCAMERA.is_file():
        says = "no libcamera with the 'virtual' pipeline and Python 3.11 bindings is here"
        raise NoBench(says, f"shared:bench/{LIBCAMERA.name}")
    if sys.version_info[:2] != (3, 11):
        raise NoBench("libcamera's bindings are for Python 3.11")
    if find_spec("picamera2") is None:
        raise NoBench("picamera2 is not installed: extra dev in pyproject.toml", "pip:picamera2")

    def unpack(fresh: Path) -> None:
        fresh.mkdir()
        with tarfile.open(LIBCAMERA) as archive:
            archive.extractall(fresh, filter="data")

    found = _kept(LIBCAMERA, unpack) / PREFIX.relative_to("/")
    libraries = found / "lib" / "x86_64-linux-gnu"
    done = subprocess.run(
        ["ldd", libraries / "libcamera.so"],
        env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(libraries)},
        capture_output=True,
        text=True,
        check=False,
    )
    if lacking := re.findall(r"(\S+) => not found", done.stdout):
        means = (f"apt:{one}" for one in APT.split()[2:])
        raise NoBench(f"libcamera wants {', '.join(lacking)}; {APT}", *means)
    return found


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shuttergate"


_making = threading.RLock()  # two kernels are booted at once; some parts are made of others


def _kept(packed: Path, unpack: Callable[[Path], None]) -> Path:
    """Return what `unpack` makes of `packed`, which is kept in the cache."""
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()[:16]
    return kept(f"{packed.name.partition('.')[0]}-{digest}", unpack)


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the file or folder called `name` in the cache, which `make` makes where it is not."""
    found = _cache() / name
    with _making:
        if not found.exists():
            found.parent.mkdir(parents=True, exist_ok=True)
            fresh = found.with_name(f"{name}.{os.getpid()}")
            make(fresh)
            with contextlib.suppress(OSError):  # another process was quicker
                fresh.rename(found)
    return found


def check() -> Path:
    """Return the kernel if the bench can run here; raise `NoBench` with the reason if not."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise NoBench(f"User-mode Linux runs on x86-64 Linux, not on {os.uname().machine}")
    for tool in ("timeout", "chroot", "mount"):
        if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            raise NoBench(f"{tool} is not installed")
    found = kernel()
    if find_spec("lgpio") is None:
        means = "pip:lgpio" if sys.version_info < (3, 13) else "python:3.12"
        raise NoBench("lgpio is not installed; it has wheels for Python 3.11 and 3.12", means)
    return found


def launch(kernel: Path, root: Path, memory: str, words: list[str], timeout_s: int) -> str:
    """Run the kernel on the folder `root`, with `words` to it; return the last that was said."""
    words = [f"rootflags={root}", *words]
    if any(" " in word for word in words):
        raise NoBench("a kernel's command line takes no path with a space in it; move the checkout")
    with _one_processor():
        done = subprocess.run(
            ["timeout", "-k", "5", str(timeout_s), str(kernel), f"mem={memory}"]
            + ["rootfstype=hostfs", "root=/dev/root", "ro", "quiet"]
            + ["con=null", "con0=null,fd:1", "ssl=null", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.stdout.decode(errors="replace")[-4000:]


_kernels_on: Counter[int] = Counter()
_choosing = threading.Lock()


@contextlib.contextmanager
def _one_processor() -> Iterator[None]:
    """Have what is started meanwhile, by this thread, run on the processor with fewest kernels.

    The kernel and the processes inside take turns and never run at once; to wake each other up on
    another processor, which sleeps, costs them more than half of their time.
    """
    allowed = os.sched_getaffinity(0)
    with _choosing:
        chosen = min(allowed, key=lambda one: (_kernels_on[one], one))
        _kernels_on[chosen] += 1
    os.sched_setaffinity(0, {chosen})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        with _choosing:
            _kernels_on[chosen] -= 1


def boot(kernel: Path, command: str, out: Path, timeout_s: int, memory: str = "1536M") -> str:
    """Boot, run the shell script `command` inside, and return the console's last words.

    `out` is the only folder of this machine that can be written from inside: ``log`` holds what was
    said there, ``status`` the command's exit status; it is missing where there came to be none.
    """
    out.mkdir(parents=True, exist_ok=True)
    site = f"{sys.prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    lines = [f"export PYTHONDONTWRITEBYTECODE=1 ROOT={shlex.quote(str(ROOT))}"]
    lines += [f"export PYTHON={shlex.quote(sys.executable)} OUT={shlex.quote(str(out))}"]
    try:
        there = libcamera()
        lines += [f"mkdir -p {PREFIX} && mount --bind {shlex.quote(str(there))} {PREFIX}"]
        lines += [f"export LD_LIBRARY_PATH={PREFIX}/lib/x86_64-linux-gnu"]
        # A .pth, and not PYTHONPATH: the kit's processes are started deaf to the environment.
        folders = (PREFIX / "lib/python3.11/site-packages", ROOT / "tests" / "libcamera")
        paths = "\n".join([*map(str, folders), "import virtualhook"])
        lines += [f"echo {shlex.quote(paths)} > {site}/bench.pth"]
    except NoBench as reason:
        lines += [f"export NO_LIBCAMERA={shlex.quote(reason.reason)}"]
    (out / "command.sh").write_text("\n".join([*lines, command, ""]))
    words = [f"SG_INIT={HERE / 'init.sh'}", f"SG_OUT={out}", f"init={HERE / 'init.sh'}"]
    return launch(kernel, Path("/"), memory, words, timeout_s)
