"""Stands in for what picamera2 imports at once and needs for nothing that we use.

``kms``: windows on a bare screen; ``pidng``: raw files; ``prctl``: video by another program.
"""

from __future__ import annotations

import sys
from types import ModuleType


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        return name


class Nothing(metaclass=_Names):
    """Has whatever is asked for, by its name."""


def install() -> None:
    """Put them where an import finds them."""
    for name in ("kms", "pidng", "pidng.camdefs", "pidng.core", "prctl"):
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(PixelFormats=Nothing, Picamera2Camera=Nothing, PICAM2DNG=Nothing)
