"""The console as the demo's child: it ends with its parent."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from shuttergate.companion import Companion
from shuttergate.config import Config
from shuttergate.console import server
from shuttergate.console.access import Codes, LanMay
from shuttergate.system import spawn

NICENESS = 10
"""Whoever looks on takes no time from the gate."""


class ConsoleSettings(msgspec.Struct, frozen=True):
    """What comes on stdin; ``kit``: where the kit's socket is. ``codes``: for other devices, or
    None: there are to be none."""

    config: Config
    kit: str
    codes: Codes | None = None
    lan_may: LanMay = LanMay.LOOK


def beside(
    listener: int,
    config: Config,
    kit: Path,
    codes: Codes | None = None,
    lan_may: LanMay = LanMay.LOOK,
) -> Companion:
    """Return how a supervisor starts this process, to serve on a listening socket's descriptor."""
    settings = msgspec.json.encode(ConsoleSettings(config, str(kit), codes, lan_may))
    return Companion("console", "shuttergate.console.process", listener, settings)


def main(argv: list[str] | None = None) -> None:
    """Serve the page on an inherited listening socket, `ConsoleSettings` as JSON on stdin."""
    # What it does not need goes when it serves, as in the service.
    keeps = spawn.Liberties(dumps=True, files=True, network=True, programs=True, freed_memory=True)
    sock = spawn.begin("shuttergate-console", argv, keeps)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    settings = msgspec.json.decode(spawn.settings(), type=ConsoleSettings)
    kit, codes = Path(settings.kit), settings.codes
    out = os.open(os.devnull, os.O_WRONLY)  # its parent shows the code
    server.serve(settings.config, kit, sock, codes is not None, out, settings.lan_may, codes)


if __name__ == "__main__":
    main()
