"""What runs inside tells the bench, and waits until the bench has looked at the pins."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

SIGN = "26"
"""A pin that no board uses, which the bench turns over: QEMU's Pis hear nothing on their UARTs."""


def say(name: str, **facts: Any) -> None:
    """Tell, and go on."""
    print("BENCH " + json.dumps({"name": name, **facts}), flush=True)


def show(name: str, **facts: Any) -> None:
    """Tell, and wait until it has been looked at."""
    before = _sign()
    say(name, **facts)
    while _sign() == before:
        time.sleep(0.1)


def _sign() -> str:
    return subprocess.check_output(["gpioget", "gpiochip0", SIGN], text=True).strip()
