"""A photo: what it tells, and which way up it is shown."""

from __future__ import annotations

import io
import tracemalloc
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from PIL import Image, ImageOps

from shuttergate.capture.encode import encode
from shuttergate.frames.pictures import main_of

TAKEN = datetime(2026, 11, 21, 9, 30, 0, 123_000, timezone(timedelta(hours=9)))


@pytest.mark.usefixtures("tokyo")
def test_exif_says_time_and_orientation_and_nothing_else() -> None:
    main = main_of(Image.new("RGB", (64, 48), "teal"), (64, 48))
    image = Image.open(io.BytesIO(encode(main, TAKEN, 90, 90)))
    exif = image.getexif()
    assert dict(exif) == {
        0x0112: 6,
        0x0131: "shuttergate",
        0x0132: "2026:11:21 00:30:00",  # nine hours later where it was taken
        0x8769: exif[0x8769],
    }
    assert dict(exif.get_ifd(0x8769)) == {
        0x9003: "2026:11:21 00:30:00",
        0x9010: "+00:00",
        0x9011: "+00:00",
        0x9291: "123",
    }
    assert image.size == (64, 48)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_viewer_turns_the_photo_upright(rotation: int) -> None:
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste("navy", (0, 0, 64, 24))
    as_mounted = upright.rotate(rotation, expand=True)
    main = main_of(as_mounted, (64, 64))
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(encode(main, TAKEN, rotation, 95))))
    assert shown.size == (64, 48)
    difference = np.abs(np.asarray(shown, int) - np.asarray(upright, int))
    assert np.median(difference) <= 2


def test_a_press_holds_its_photo_twice_in_memory_and_no_more_often() -> None:
    rows, columns = 1520 * 3 // 2, 2028
    main = np.random.default_rng(1).integers(0, 256, (rows, columns), np.uint8)
    tracemalloc.start()
    try:
        photo = encode(main, TAKEN, 0, 90)
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Without the EXIF block, and with it; libjpeg's own copy is not Python's, and not counted here.
    assert len(photo) > 1_000_000
    assert most_bytes < 2.2 * len(photo)
