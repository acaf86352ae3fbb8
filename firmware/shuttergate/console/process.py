"""The console as the demo's child: it ends with its parent."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec

from shuttergate.config import Config
from shuttergate.console import server
from shuttergate.parent import log
from shuttergate.system import confine

NICENESS = 10
"""Whoever looks on takes no time from the gate."""


class ConsoleSettings(msgspec.Struct, frozen=True):
    """What comes on stdin."""

    config: Config
    window: str
    lan: bool = False


def main(argv: list[str] | None = None) -> None:
    """Serve the page on an inherited listening socket, `ConsoleSettings` as JSON on stdin."""
    parser = argparse.ArgumentParser(prog="shuttergate-console")
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when the page ends
    confine.die_with_parent(options.parent)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=ConsoleSettings)
    sock = socket.socket(fileno=options.listener)
    out = log.Writer(os.open(os.devnull, os.O_WRONLY))
    server.serve(settings.config, Path(settings.window), sock, settings.lan, out)


if __name__ == "__main__":
    main()
