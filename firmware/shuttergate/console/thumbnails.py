"""Photos from the album, whole and small, by their open files alone."""

from __future__ import annotations

import io
import os

from PIL import Image

SMALL_SIDE = 480


def read(descriptor: int) -> bytes:
    """Return all of the file, which is closed then."""
    # By the open file alone, from its beginning, whoever else reads it at the same time.
    with open(descriptor, "rb", buffering=0) as file:
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def small(descriptor: int) -> bytes:
    """Return it as a JPEG of at most `SMALL_SIDE` pixels, the side that is up told as before."""
    with Image.open(io.BytesIO(read(descriptor)), formats=["JPEG"]) as photo:
        turned = photo.getexif().get(0x0112, 1)
        photo.draft("RGB", (SMALL_SIDE, SMALL_SIDE))
        photo.thumbnail((SMALL_SIDE, SMALL_SIDE))
        out = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = turned
        photo.save(out, "JPEG", quality=80, exif=exif)
        return out.getvalue()
