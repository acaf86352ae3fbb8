"""What happens on an emulated arm64 computer: the installer, the service, and a press."""

from __future__ import annotations

import platform
import subprocess
import time
from pathlib import Path

from said import say

HERE = Path(__file__).parent
INSTALL = "/home/pi/shuttergate/systemd/install.sh"
BOARD = "/etc/shuttergate/board.toml"
CONFIG = Path("/etc/shuttergate/shuttergate.toml")
PATIENT = {
    "clear_frames = 5": "clear_frames = 1",
    "max_age_ms = 250": "max_age_ms = 2000",
    "selftest_s = 10.0": "selftest_s = 3600.0",  # each question is a look that the camera waits for
}


def output(*command: str | Path) -> str:
    """Return what a command printed, whatever its status."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip()


def state() -> str:
    """Return what systemd says of the service."""
    return output("systemctl", "is-active", "shuttergate.service")


def main() -> None:
    python = ".".join(platform.python_version_tuple()[:2])
    systemd = output("systemctl", "--version").split()[1]
    say("up", systemd=systemd, machine=platform.machine(), python=python)

    began_s = time.monotonic()
    done = subprocess.run([INSTALL, "--board", BOARD], check=False)
    say("installed", status=done.returncode, service=state(), took_s=time.monotonic() - began_s)

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


try:
    main()
finally:
    print(
        output("journalctl", "-b", "-n", "200", "-o", "short-monotonic", "--no-pager"), flush=True
    )
    say("end")
