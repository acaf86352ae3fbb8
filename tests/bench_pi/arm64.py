"""The installer and the service on an emulated arm64 computer, and what held: `make bench-arm64`.

Debian with its own systemd, on QEMU's generic machine with a Pi 4's processor, without a network.
The installer of this checkout runs as on a kit, from packages and wheels that lie there, and once
more; the service comes to READY, and the page's button is pressed before the simulated camera's
scene; then all is taken off again.

A nanosecond passes inside for each instruction (QEMU's icount), whatever this computer does
meanwhile: emulated in its own time a look would take a second, and the gate would close before a
second look is done. So the times inside are those of a processor of a thousand million instructions
a second, all cores together, and no estimate for a Pi.

Exit status: 0 all held, 1 something did not, 77 the bench cannot run here.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench_pi.debian import bootstrap, install, keep, need
from bench_pi.machine import Machine, Silent, image, kernel, pack, seen, tools
from bench_pi.rows import NO_BENCH, Row, sum_up, tell
from bench_pi.wheels import wheels
from bench_vm.kernel import ROOT, NoBench

INSIDE = Path(__file__).parent / "inside"
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}

PACKAGES = ("dbus", "libatomic1", "libbpf1", "libgomp1", "python3", "python3-venv", "systemd")
PACKAGES += ("systemd-sysv", "udev")
PIP = "[global]\nno-index = true\nfind-links = /opt/bench/wheels\n"

SHIPPED = ("firmware", "device", "models", "docs", "requirements", "systemd")
EXAMPLES = ("shuttergate.example.toml", "shuttergate.example.ja.toml")
SHIPPED_FILES = ("README.md", "LICENSE", "NOTICE", *EXAMPLES)

SLOW_BOARD = {  # for such a processor: one model live, and few looks
    "main_size = [1408, 1056]": "main_size = [640, 480]",
    "fps = 30": "fps = 8",
    'live = ["consent-clean", "open-nsfw"]': 'live = ["consent-clean"]',
}

BOOT_S, INSTALL_S, READY_S, PHOTO_S = 1200.0, 4800.0, 1200.0, 1800.0


def system(suite: str) -> Path:
    """Return an initramfs: this Debian for arm64, set up, with the wheels for its Python."""
    locked = wheels(PYTHONS[suite])
    inputs = [suite, *PACKAGES, PIP, locked.name]

    def make(fresh: Path) -> None:
        with tempfile.TemporaryDirectory(dir=fresh.parent) as folder:
            root, emulator = Path(folder) / "root", Path(folder) / "emulator"
            bootstrap(emulator, "trixie", ["base-files", "qemu-user"])
            install(root, suite, PACKAGES, emulator / "usr/bin/qemu-aarch64")
            shutil.rmtree(root / "var/cache/apt")
            shutil.copytree(locked, root / "opt/bench/wheels")
            (root / "etc/pip.conf").write_text(PIP)
            (root / "etc/hostname").write_text("bench\n")
            pack(root, fresh, tools())

    return keep(
        f"system-{suite}", hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16], make
    )


def checkout(to: Path) -> None:
    """Put into a folder this checkout, as its owner would have it, and what looks at it."""
    skip = shutil.ignore_patterns("__pycache__", ".*_cache")
    there = to / "home" / "pi" / "shuttergate"
    for name in SHIPPED:
        shutil.copytree(ROOT / name, there / name, ignore=skip)
    for name in SHIPPED_FILES:
        shutil.copy(ROOT / name, there)
    board = (ROOT / "device" / "simulated" / "board.toml").read_text()
    for was, becomes in SLOW_BOARD.items():
        board = board.replace(was, becomes)
    (to / "etc" / "shuttergate").mkdir(parents=True)
    (to / "etc" / "shuttergate" / "board.toml").write_text(board + "\n[views]\nphoto = []\n")
    shutil.copytree(INSIDE, to / "opt" / "bench" / "inside", ignore=skip)
    units = to / "etc" / "systemd" / "system"
    (units / "multi-user.target.wants").mkdir(parents=True)
    shutil.copy(INSIDE / "bench.service", units)
    (units / "multi-user.target.wants" / "bench.service").symlink_to("../bench.service")
    # Nobody logs in at the console, which a login would take away from what is said here.
    for unit in ("getty.target", "serial-getty@.service", "proc-sys-fs-binfmt_misc.automount"):
        (units / unit).symlink_to("/dev/null")


def watch(machine: Machine, suite: str) -> Iterator[Row]:
    """Yield what was seen of the machine, from its start to the photo."""
    up = machine.hear("up", BOOT_S)
    due = f"aarch64, Python {PYTHONS[suite]}"
    yield Row(f"systemd {up['systemd']} is up", due, f"{up['machine']}, Python {up['python']}")
    done = machine.hear("installed", INSTALL_S)
    status = f"status {done['status']}, {done['service']}"
    yield Row("the installer, offline", "status 0, active", status, took_s=done["took_s"])
    again = machine.hear("again", INSTALL_S)
    status = f"status {again['status']}, {again['service']}, new: {again['new']}"
    due = "status 0, active, new: nothing"
    yield Row("the installer again", due, status, took_s=again["took_s"])
    ready = machine.hear("ready", READY_S)
    yield Row("the service anew", "active", ready["service"], took_s=ready["took_s"])
    photo = machine.hear("photo", PHOTO_S)
    yield Row("a press on the page", "photo", photo["found"], took_s=photo["took_s"])
    away = machine.hear("away", INSTALL_S)
    status = f"status {away['status']}, photos {'kept' if away['kept'] else 'gone'}"
    status += f", left: {away['left']}"
    due = "status 0, photos kept, left: nothing"
    yield Row("the installer's way out", due, status, took_s=away["took_s"])
    machine.hear("end", READY_S)  # after its journal


def visit(suite: str, out: Path) -> list[Row]:
    """Start a Debian, and print and return what was seen of it."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    checkout(out / "checkout")
    shutil.copy(system(suite), out / "initrd")
    pack(out / "checkout", out / "initrd", tools())
    arguments = ["-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "4G"]
    arguments += ["-icount", "shift=0,sleep=on", "-kernel", seen(image(kernel()))]
    arguments += ["-initrd", seen(out / "initrd")]
    words = "console=ttyAMA0 quiet rdinit=/lib/systemd/systemd panic=1"
    arguments += ["-append", f"{words} systemd.show_status=0"]
    rows: list[Row] = []
    with Machine(tools(), out, arguments, with_pins=False) as running:
        try:
            rows += watch(running, suite)
        except (Silent, OSError) as error:
            rows.append(Row("the bench", "heard to its end", str(error)))
        tell(f"{suite}, Cortex-A72", running.age_s, rows)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("suites", nargs="*", help=f"of {', '.join(PYTHONS)} (default: trixie)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-arm64")
    options = parser.parse_args()
    if unknown := set(options.suites) - set(PYTHONS):
        parser.error(f"no suite of {', '.join(PYTHONS)}: {', '.join(sorted(unknown))}")
    suites, rows = options.suites or ["trixie"], []
    try:
        need("mmdebstrap", "unshare", "chroot")
        for suite, python in PYTHONS.items():
            names = [path.name for path in wheels(python).glob("*.whl")]
            numpy = next(name.split("-")[1] for name in names if name.startswith("numpy-"))
            print(
                f"{suite}, Python {python}: {len(names)} locked wheels, numpy {numpy}", flush=True
            )
        tools(), kernel(), [system(suite) for suite in suites]  # from Debian, once
        began_s = time.monotonic()
        for suite in suites:
            rows += visit(suite, options.out / suite)
    except NoBench as reason:
        print(f"the bench cannot run here: {reason}")
        return NO_BENCH
    return sum_up(rows, time.monotonic() - began_s)


if __name__ == "__main__":
    sys.exit(main())
