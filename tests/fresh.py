"""README's two commands on a fresh Debian 12 and 13, as whoever clones this meets them first.

`make test-fresh` (root, with mmdebstrap). A Debian with nothing but Python's venv, make, git and
certificates gets a clone of the committed HEAD, and an ordinary user runs `make demo` and
`make test` in it. It has process ids of its own and no init: what nobody waits for stays a zombie.
What is mounted is mounted in a namespace of its own, and is gone with it, however this ends.

pip finds packages there as it does here: its settings come along in the environment, and the files
and folders they name are mounted, read-only.

Exit status: 0 all held, 1 something did not, 77 this cannot run here.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.packages import ALL

ROOT = Path(__file__).parents[1]
SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
FEW = ("python3-venv", "make", "git", "ca-certificates")
NEEDED = ("mmdebstrap", "unshare", "setpriv", "chroot", "mount", "git", "tar")
DAYS = 7
"""So long a Debian in the cache counts as fresh."""

USER, HOME = 1000, "/home/kit"
DEMO = 'ARGS="--headless --seconds 22 --press 4,17,21.3"'
QUICK_DEMO = 'ARGS="--headless --seconds 5"'
CANNOT = 77

SPACE = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
INSIDE = r"""
set -eu
root=$1; user=$2; shift 2
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -sf pts/ptmx "$root/dev/ptmx"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root${1%/*}"; : >>"$root$1"; fi
  mount --bind "$1" "$root$1"
  mount -o remount,bind,ro "$root$1"
  shift
done
shift
exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
"""
"""Arguments: the root, the user's number, what to mount at the same place, --, the command."""


class NoDebian(Exception):
    """None can be made here: says why."""


def pip_settings() -> dict[str, str]:
    """Return what pip is told on this machine, as the environment that tells it the same."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    rows = [line.partition("=") for line in done.stdout.splitlines() if "=" in line]
    rows.sort(key=lambda row: row[0].startswith(":env:"))  # the environment has the last word
    names = [key.rpartition(".")[2].upper().replace("-", "_") for key, _, _ in rows]
    values = [str(ast.literal_eval(value)) for _, _, value in rows]
    return {f"PIP_{name}": value for name, value in zip(names, values, strict=True)}


def places(settings: dict[str, str]) -> list[str]:
    """Return the files and folders of this machine that pip's settings name."""
    words = [word.removeprefix("file://") for value in settings.values() for word in value.split()]
    found = {word for word in words if word.startswith("/") and Path(word).exists()}
    # An index beside its files: its pages point out of its folder.
    found |= {str(Path(word).parent) for word in found if Path(word).name == "simple"}
    return sorted(one for one in found if not found & set(map(str, Path(one).parents)))


def base(suite: str, packages: tuple[str, ...]) -> Path:
    """Return an archive of a fresh Debian with these packages, from the cache or newly made."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shuttergate"
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.date.today()
    for old in folder.glob("fresh-*.tar"):
        made = re.search(r"\d{4}-\d\d-\d\d", old.name)
        if made and (today - datetime.date.fromisoformat(made[0])).days >= DAYS:
            old.unlink()
    which = f"{suite}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    if found := sorted(folder.glob(f"fresh-{which}-*.tar")):
        return found[-1]
    made = folder / f"fresh-{which}-{today}.tar"
    growing = folder / f"growing-{os.getpid()}.tar"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
    try:
        if subprocess.run([*command, suite, growing], check=False).returncode != 0:
            raise NoDebian(f"mmdebstrap made no {suite}; it says above why")
        return growing.rename(made)
    finally:
        growing.unlink(missing_ok=True)


def furnish(root: Path, archive: Path) -> None:
    """Unpack a Debian, with an ordinary user, this machine's names of hosts and a clone of HEAD."""
    subprocess.run(["tar", "-xpf", archive, "-C", root, "--numeric-owner"], check=True)
    with (root / "etc" / "passwd").open("a") as file:
        file.write(f"kit:x:{USER}:{USER}::{HOME}:/bin/bash\n")
    with (root / "etc" / "group").open("a") as file:
        file.write(f"kit:x:{USER}:\n")
    for name in ("resolv.conf", "hosts"):
        (root / "etc" / name).unlink(missing_ok=True)
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    clone = root / HOME[1:] / "shuttergate"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", clone], check=True)
    subprocess.run(["chown", "-R", f"{USER}:{USER}", root / HOME[1:]], check=True)


def run(root: Path, user: int, command: str) -> bool:
    """Run a command of README's in the clone; return whether it ended well."""
    settings = pip_settings()
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": HOME if user else "/root",
        "LANG": "C.UTF-8",
        **settings,
    }
    inside = [str(root), str(user), *places(settings), "--"]
    inside += ["sh", "-c", f"cd {HOME}/shuttergate && exec {command}"]
    done = subprocess.run([*SPACE, "sh", "-c", INSIDE, "sh", *inside], env=environment, check=False)
    return done.returncode == 0


def visit(suite: str, options: argparse.Namespace) -> bool:
    """Try both commands on a Debian, and print how long each took and whether it held."""
    packages = (*FEW, *ALL) if options.with_packages else FEW
    demo, test = (QUICK_DEMO, "test-quick") if options.quick else (DEMO, "test")
    arguments = f"ARGS='{options.args}'" if options.args else ""
    told, held = [], True
    with tempfile.TemporaryDirectory(prefix=f"fresh-{suite}-") as folder:
        Path(folder).chmod(0o755)
        user = 0 if options.as_root else USER
        steps = {"make demo": f"make demo {demo}", "make test": f"make {test} {arguments}"}
        began_s = time.monotonic()
        furnish(Path(folder), base(suite, packages))
        told.append(f"made in {time.monotonic() - began_s:.0f} s")
        for name, command in steps.items():
            began_s = time.monotonic()
            ended_well = run(Path(folder), user, command)
            how = "held" if ended_well else "FAILED"
            told.append(f"{name} {how} in {time.monotonic() - began_s:.0f} s")
            held &= ended_well
    print(f"{SUITES[suite]}: {', '.join(told)}", flush=True)
    return held


def main() -> int:
    """Visit the Debians asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("suites", nargs="*", help=f"of {', '.join(SUITES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="only the quick part of the tests")
    parser.add_argument("--with-packages", action="store_true", help="with all that tests can use")
    parser.add_argument("--as-root", action="store_true", help="not as an ordinary user")
    parser.add_argument("--args", default="", help="for pytest: --args='-k word'")
    options = parser.parse_args()
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no suite of {', '.join(SUITES)}: {', '.join(sorted(unknown))}")
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    try:
        if os.geteuid() != 0:
            raise NoDebian("it needs root")
        if lacking:
            raise NoDebian(f"there is no {', '.join(lacking)}")
        if subprocess.run([*SPACE, "true"], check=False).returncode != 0:
            raise NoDebian("this machine gives no namespaces")
        held = [visit(suite, options) for suite in options.suites or SUITES]
    except NoDebian as reason:
        print(f"no fresh Debian was tried: {reason}")
        return CANNOT
    return 0 if all(held) else 1


if __name__ == "__main__":
    # As at Ctrl-C: what runs inside is ended, and the Debian removed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
