"""What is not part of every kit: how a missing package is had, by how this program came here."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from shuttergate.errors import Phrase, phrase
from shuttergate.system.paths import tilde

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = Path("/opt/shuttergate")

CHOSEN = ("video", "heif", "credentials")
"""Extras that Makefile and installer offer by their names, with the versions that were tested."""


def mend(extra: str, *packages: str) -> Phrase:
    """Return the command that brings an extra, or at least its ``packages``, as pip has them."""
    if extra in CHOSEN and _PACKAGE.is_relative_to(_INSTALLED):
        return phrase("run the checkout's systemd/install.sh again, with --{extra}", extra=extra)
    if extra in CHOSEN and (_PACKAGE.parents[1] / "Makefile").is_file():
        place = tilde(_PACKAGE.parents[1])
        if place == ".":
            return phrase("run make {extra}", extra=extra)
        return phrase("run make {extra} in {folder}", extra=extra, folder=place)
    python, home = tilde(Path(sys.executable)), "~/"
    quoted = home * python.startswith(home) + shlex.quote(python.removeprefix(home))
    return phrase(
        "run {python} -m pip install {packages}", python=quoted, packages=shlex.join(packages)
    )
