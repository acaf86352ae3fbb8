"""Which way up: the models see a picture as people will, however the camera is mounted.

A mirror and a turn by 180 degrees are flips: the camera makes them, or its driver while it copies,
so that whatever comes after is upright.
"""

from __future__ import annotations

from shuttergate.frame import Pixels


def flipped(pixels: Pixels, hflip: bool, vflip: bool) -> Pixels:
    """Return a picture, (rows, columns, …), left to right and upside down as told: a view."""
    return pixels[:: -1 if vflip else 1, :: -1 if hflip else 1]
