"""Small helpers of the tests inside."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bank import ENABLE, SENSE, SHUTTER, Bank
from PIL import Image

from support.kits import wait_until


def script(rest: str) -> str:
    """Return a program that makes a panel on real pins and goes on as told."""
    return (
        "import time\nfrom shuttergate.board import Pins\n"
        "from shuttergate.panel.panel import Panel\n"
        f"panel = Panel(Pins({ENABLE}, {SHUTTER}, {SENSE}), simulated=False)\n{rest}\n"
    )


@dataclass
class Holder:
    """A process that holds a line."""

    pid: int
    comm: str


_THIEF = """
import fcntl, os, struct, sys, time
chip = os.open("/dev/gpiochip0", os.O_RDWR)
# struct gpio_v2_line_request: offsets[64], consumer[32], config (272 bytes), num_lines, ..., fd
request = bytearray(struct.pack("=I252x32sQ264xIIQQHHi", 0, b"", 0, 0, 0, 0, 0, 0, 0, 0)[:592])
struct.pack_into("=I", request, 0, int(sys.argv[1]))
struct.pack_into("=32s", request, 256, b"bench-thief")
struct.pack_into("=Q", request, 288, 4)  # GPIO_V2_LINE_FLAG_INPUT
struct.pack_into("=I", request, 560, 1)
fcntl.ioctl(chip, 0xC250B407, request)
print("held", flush=True)
time.sleep(120)
"""


@contextlib.contextmanager
def hold(pin: int) -> Iterator[Holder]:
    """Have another process hold the line, under a label of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", _THIEF, str(pin)], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            comm = Path(f"/proc/{process.pid}/comm").read_text().strip()
            yield Holder(process.pid, comm)
        finally:
            process.kill()


def photos(album: Path) -> int:
    """Return how many photos there are; each is read whole, and nothing else may be there."""
    names = sorted(path.name for path in album.iterdir())
    assert all(name.endswith(".jpg") for name in names), names
    for name in names:
        with Image.open(album / name) as photo:
            photo.load()
    return len(names)


def wait_line(bank: Bank, high: bool, timeout_s: float = 5.0) -> bool:
    """Wait until the line is at this level; return whether it came to that."""
    return wait_until(lambda: bank.line() == high, timeout_s)


def note(name: str, seconds: Sequence[float]) -> None:
    """Add how long something took, each time, to the figures that come out: median, p99, most."""
    file = Path(os.environ["OUT"]) / "figures.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    ms = np.asarray(seconds) * 1000
    middle, high = (float(np.percentile(ms, percent)) for percent in (50, 99))
    found[name] = {
        "count": len(ms),
        "median_ms": round(middle, 1),
        "p99_ms": round(high, 1),
        "max_ms": round(float(ms.max()), 1),
    }
    file.write_text(json.dumps(found))
