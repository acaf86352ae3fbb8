"""Which way up: however the camera is mounted, models and people see one and the same picture."""

from __future__ import annotations

import numpy as np

from shuttergate.frames.upright import flipped


def test_a_flip_copies_nothing() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for hflip, vflip in ((False, False), (True, False), (False, True), (True, True)):
        found = flipped(pixels, hflip, vflip)
        assert np.shares_memory(found, pixels)
        due = np.flip(pixels, [axis for axis, on in ((1, hflip), (0, vflip)) if on])
        assert np.array_equal(found, due)
