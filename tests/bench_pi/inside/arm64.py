"""What happens on an emulated arm64 computer: installed, again, pressed, and taken off again."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from said import say

HERE = Path(__file__).parent
INSTALL = "/home/pi/shuttergate/systemd/install.sh"
BOARD = "/etc/shuttergate/board.toml"
CONFIG = Path("/etc/shuttergate/shuttergate.toml")
ALBUM = Path("/var/lib/shuttergate/album")
OURS = ("/boot", "/etc", "/opt", "/root", "/srv", "/usr", "/var/lib")
STAY = re.compile(
    r"/etc/(passwd|group|shadow|gshadow)-?$|/etc/\.pwd\.lock$"  # userdel keeps a copy of each
    r"|/var/lib/(systemd|private)|.*/__pycache__(/|$)"
)
PATIENT = {
    "clear_frames = 5": "clear_frames = 1",
    "max_age_ms = 250": "max_age_ms = 2000",
    "selftest_s = 10.0": "selftest_s = 3600.0",  # each question is a look that the camera waits for
}


def output(*command: str | Path) -> str:
    """Return what a command printed, whatever its status."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip()


def inventory() -> set[str]:
    """Return every path and account where an installer might leave something."""
    found = {
        f"{folder}/{name}"
        for ours in OURS
        for folder, folders, names in os.walk(ours)
        for name in (*folders, *names)
    }
    accounts = output("getent", "passwd").splitlines() + output("getent", "group").splitlines()
    # The pins' group, which Raspberry Pi OS has, stays: others may own something by now.
    names = {line.split(":")[0] for line in accounts} - {"gpio"}
    return {path for path in found if not STAY.match(path)} | {f"account {name}" for name in names}


def install(*options: str) -> tuple[int, str]:
    """Run the installer; return its status and what it said, which the console hears too."""
    done = subprocess.run(
        [INSTALL, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout, flush=True)
    return done.returncode, done.stdout


def left(before: set[str]) -> str:
    """Return what differs from before, but for the photos."""
    after = {path for path in inventory() if not Path(path).is_relative_to(ALBUM.parent)}
    return " ".join(sorted(after ^ before)) or "nothing"


def state() -> str:
    """Return what systemd says of the service."""
    return output("systemctl", "is-active", "shuttergate.service")


def main() -> None:
    python = ".".join(platform.python_version_tuple()[:2])
    systemd = output("systemctl", "--version").split()[1]
    say("up", systemd=systemd, machine=platform.machine(), python=python)

    before = inventory()  # with a board of its owner's own, which stays
    began_s = time.monotonic()
    status, _ = install("--board", BOARD)
    say("installed", status=status, service=state(), took_s=time.monotonic() - began_s)

    was, began_s = inventory(), time.monotonic()
    status, said = install("--board", BOARD)
    new = " ".join(sorted(inventory() ^ was)) or "nothing"
    new += " and packages" if "pip install" in said else ""
    say("again", status=status, new=new, service=state(), took_s=time.monotonic() - began_s)

    settings = CONFIG.read_text()
    for was, becomes in PATIENT.items():
        settings = settings.replace(was, becomes)
    CONFIG.write_text(settings)
    began_s = time.monotonic()
    subprocess.run(["systemctl", "restart", "shuttergate.service"], check=False)
    say("ready", service=state(), took_s=time.monotonic() - began_s)

    began_s = time.monotonic()
    found = output("/opt/shuttergate/venv/bin/python", HERE / "press.py")
    say("photo", found=found, took_s=time.monotonic() - began_s)

    photos, began_s = len(list(ALBUM.rglob("*.jpg"))), time.monotonic()
    status, _ = install("--uninstall")
    kept = len(list(ALBUM.rglob("*.jpg"))) == photos
    say("away", status=status, left=left(before), kept=kept, took_s=time.monotonic() - began_s)


try:
    main()
finally:
    print(
        output("journalctl", "-b", "-n", "200", "-o", "short-monotonic", "--no-pager"), flush=True
    )
    say("end")
