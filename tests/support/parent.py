"""The parent of a kit that a test holds by hand: `down` and `up` on stdin are a finger.

Its argument is a configuration; its log goes to stdout, as that of `shuttergate run` does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shuttergate.commands import run
from shuttergate.config import album_folder, read_config
from shuttergate.parent import log
from shuttergate.parent.supervisor import Supervisor


def main() -> None:
    """Go on until a signal comes."""
    config = read_config(Path(sys.argv[1]))
    signals, out, said = run.StopSignal(), log.Writer(1), b""
    stdin = sys.stdin.fileno()
    os.set_blocking(stdin, False)
    with Supervisor(config, album_folder(config)) as kit:
        while not signals.came and kit.refusal is None:
            run.write(out, kit.poll(0.1, stdin))
            try:
                said += os.read(stdin, 4096)
            except BlockingIOError:
                continue
            *words, said = said.split(b"\n")
            for word in words:
                kit.finger(word == b"down")
        run.write(out, kit.stop())
    out.close()


main()
