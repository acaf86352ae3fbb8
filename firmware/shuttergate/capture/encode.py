"""A cleared frame to JPEG, with what a viewer needs and nothing that tells who or where."""

from __future__ import annotations

from datetime import UTC, datetime

import simplejpeg
from PIL import Image

from shuttergate.frame import Pixels, planes

_ORIENTATIONS = {0: 1, 90: 6, 180: 3, 270: 8}
"""EXIF orientation for a picture that must be turned so many degrees clockwise to stand upright."""

_DATE, _ORIENTATION, _SOFTWARE = 0x0132, 0x0112, 0x0131
_EXIF_IFD, _DATE_ORIGINAL, _SUBSEC_ORIGINAL = 0x8769, 0x9003, 0x9291
_OFFSET, _OFFSET_ORIGINAL = 0x9010, 0x9011


def encode(main: Pixels, taken: datetime, rotation: int, quality: int) -> bytes:
    """Return the JPEG of an I420 picture with its EXIF block.

    ``taken``, of whatever zone, is told in UTC, as the photo's name is: a local time beside that
    would say in which part of the world it was taken. That it is UTC is said too, so that albums
    show their owner's own time (EXIF 2.31, OffsetTime). ``rotation`` is the degrees clockwise to
    upright (0, 90, 180 or 270), ``quality`` 1 to 100. The pixels are the judged ones: nothing is
    scaled or turned.
    """
    luma, blue, red = planes(main)
    jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, blue, red, quality)
    exif = _exif(taken, rotation)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    # Joined at once: each step of a sum would copy what may be 4 MB and more at 12 megapixels.
    return b"".join((jpeg[:2], segment, memoryview(jpeg)[2:]))


def _exif(taken: datetime, rotation: int) -> bytes:
    exif = Image.Exif()
    stamp = taken.astimezone(UTC).strftime("%Y:%m:%d %H:%M:%S")
    exif[_ORIENTATION] = _ORIENTATIONS[rotation]
    exif[_SOFTWARE] = "shuttergate"
    exif[_DATE] = stamp
    exif.get_ifd(_EXIF_IFD).update(
        {
            _DATE_ORIGINAL: stamp,
            _OFFSET: "+00:00",
            _OFFSET_ORIGINAL: "+00:00",
            _SUBSEC_ORIGINAL: f"{taken.microsecond // 1000:03d}",
        }
    )
    return exif.tobytes()
