"""The kit's panel on the Pi's own pins, by the real lgpio: opened, raised, pressed, ended.

At SIGTERM it closes, as in the gate process; at SIGKILL the kernel is left alone with the line.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

from said import say, show

from shuttergate.board import read_board
from shuttergate.panel.panel import Panel

PRESS_S = 10.0


def main() -> None:
    panel = Panel(read_board("pi-cpu").pins, simulated=False)

    def stop(signum: int, frame: FrameType | None) -> None:
        panel.close()
        sys.exit()

    signal.signal(signal.SIGTERM, stop)
    show("open")
    panel.permissive(True)
    show("high")
    latest_s = time.monotonic() + PRESS_S
    while not panel.contact_is_down() and time.monotonic() < latest_s:
        time.sleep(0.02)
    say("pressed", felt=[panel.contact_is_down(), panel.sense_is_down()])
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    time.sleep(PRESS_S)  # a signal is answered between two of Python's own instructions


main()
