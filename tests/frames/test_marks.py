"""The clock in a simulated camera's pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import PictureError
from shuttergate.frames import marks


def test_the_clock_in_a_picture_survives_jpeg_and_a_picture_without_one_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    for scene, time_ms in [(0, 0), (15, marks.WRAP_MS - 1), (3, 123_456_789)]:
        luma = noise.copy()
        marks.stamp(luma, scene, time_ms)
        file = io.BytesIO()
        Image.fromarray(luma).save(file, "JPEG", quality=60)
        with Image.open(file) as photo:
            assert marks.read(np.asarray(photo)) == (scene, time_ms)
    for plain in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        with pytest.raises(PictureError, match="damaged, or there are none"):
            marks.read(plain)
    with pytest.raises(PictureError, match="no room"):
        marks.read(noise[:20, :20])


@pytest.mark.parametrize("factor", range(1, marks.MOST_REDUCED + 1))
def test_the_clock_survives_being_made_smaller(factor: int) -> None:
    luma = np.random.default_rng(2).integers(0, 256, (960, 1280), np.uint8)
    marks.stamp(luma, 7, 123_456_789)
    small = np.asarray(Image.fromarray(luma).reduce(factor))
    assert marks.read(small, factor) == (7, 123_456_789)
    if factor > 1:
        with pytest.raises(PictureError):
            marks.read(small)
