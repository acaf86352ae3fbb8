"""What happens on an emulated Pi: the panel ends twice, then come the doctor and the answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from said import say, show

HERE = Path(__file__).parent
CONFIG = Path("/tmp/kit.toml")
PERSIST = Path("/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs")
DOCTOR = ["-c", "from shuttergate.cli import start; start()", "doctor", "--json"]


def python(*arguments: str | Path) -> list[str]:
    """Run Python with these arguments; return the lines that it printed."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines()


def main() -> None:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    parts = [line.split()[-1] for line in lines if "CPU part" in line]
    show("boot", part=parts[0], persist=PERSIST.read_text().strip())
    for signal in ("SIGTERM", "SIGKILL"):
        subprocess.run([sys.executable, HERE / "panel.py", signal], check=False)
        show("gone")
    CONFIG.write_text('board = "pi-cpu"\n')
    python("-m", "shuttergate.release", "--config", CONFIG)
    show("released")
    say("doctor", found=python(*DOCTOR, "--config", CONFIG))
    if "answers" in Path("/proc/cmdline").read_text().split():
        say("answers", found=python(HERE / "answers.py"))


main()
