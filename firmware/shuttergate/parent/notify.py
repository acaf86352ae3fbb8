"""What systemd is told of the kit: ready, alive, how it stands, stopping.

See sd_notify(3). Without NOTIFY_SOCKET, as in a terminal, nothing is told to anybody.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

ALIVE_EVERY_S = 1.0
SEND_TIMEOUT_S = 0.05

STEP_LIMIT_S = 45.0
"""So long after a step of a start the manager waits for the next: as the unit's WatchdogSec=."""


class Notifier:
    """Speaks to the service manager. It never fails and hardly waits: the kit comes first."""

    def __init__(self) -> None:
        # Taken out of the environment: the children are not to speak for the kit.
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # a name in the kernel, not a file
            self._address = "\0" + self._address[1:]
        self._ready = False
        self._status = ""
        self._steps = 0
        self._alive_due_s = float("-inf")

    def ready(self) -> None:
        """The gate process is alive, and says how it stands, closed or open; said once."""
        if not self._ready:
            self._ready = True
            self._tell("READY=1")

    def alive(self) -> None:
        """Put off the watchdog; only for whoever has just seen the gate process alive."""
        now_s = time.monotonic()
        if now_s >= self._alive_due_s:
            self._alive_due_s = now_s + ALIVE_EVERY_S
            self._tell("WATCHDOG=1")

    def progress(self, steps: int) -> None:
        """Put off watchdog and start limit where `steps` are more than ever; 0 begins anew.

        A start that comes no further than the one before it is none: whatever hangs is ended.
        """
        if steps > self._steps:
            self._tell(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={STEP_LIMIT_S * 1e6:.0f}")
        self._steps = steps

    def status(self, text: str) -> None:
        """Say in a line how the kit stands; the same line is not said twice."""
        if (line := " ".join(text.split())) != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def stopping(self) -> None:
        """The kit is on its way down."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.settimeout(SEND_TIMEOUT_S)
            sock.sendto(message.encode(), self._address)
