"""Where device/ and models/ are: inside the installed package, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def share(room: str) -> Path:
    """Return the folder of `room` ("device" or "models")."""
    installed = _PACKAGE / room
    return installed if installed.is_dir() else _PACKAGE.parents[1] / room
