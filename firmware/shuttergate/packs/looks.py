"""How a picture looks, in 64 bits: what finds it again smaller, recompressed or in another format.

Light on purpose (msgspec and Pillow): whoever wonders whether their picture was used asks here.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from io import BufferedReader, BytesIO

import msgspec
from PIL import Image

from shuttergate.errors import MissingError
from shuttergate.frames import heif
from shuttergate.frames.turns import turn_of

ALIKE_BITS = 6
"""Two pictures whose dHash differs in no more of the 64 bits look alike."""

PLAIN_LEVELS = 8
"""A picture whose 9 x 8 reduction has no more contrast than this, of 255, is too plain: its dHash
is little but noise, and says "alike" of any other plain picture."""

MAX_PIXELS = 128_000_000

_Opened = BufferedReader | BytesIO


class Fingerprint(msgspec.Struct, frozen=True):
    """By what a file is found again. ``dhash``: of its first picture; None: it is none.

    ``plain``: its looks say little.
    """

    sha256: str
    dhash: str | None
    plain: bool


def fingerprint(
    file: BufferedReader | BytesIO,
    formats: tuple[str, ...] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Fingerprint:
    """Return what finds an open file again, whatever is in it; raise `OSError` where it cannot be
    read.

    Only ``formats`` (Pillow's names) are tried, where they are given. What has more than
    ``max_pixels`` is not decoded.
    """
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    grey = _read(file, formats, max_pixels)
    if grey is None:
        return Fingerprint(sha256, None, False)
    return Fingerprint(sha256, dhash(grey), contrast(grey) <= PLAIN_LEVELS)


def _read(
    file: BufferedReader | BytesIO, formats: tuple[str, ...] | None, max_pixels: int
) -> Image.Image | None:
    """Return the file's first picture, reduced, or None if it is no picture."""
    with contextlib.suppress(MissingError):
        if heif.may_be(file.read(heif.HEAD_BYTES)):
            heif.load()
    file.seek(0)
    if formats is not None and heif.FORMAT not in Image.OPEN:  # Pillow fails at a name it lacks
        formats = tuple(one for one in formats if one != heif.FORMAT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # broken metadata is no reason to refuse the pixels
            with Image.open(file, formats=formats) as image:
                if image.width * image.height > max_pixels:
                    return None
                return reduced(image)
    except Exception:  # decoders meet outside bytes: whatever they raise means no picture
        return None


def reduced(image: Image.Image) -> Image.Image:
    """Return the picture upright, over white, grey, 9 x 8."""
    image.load()  # before it is asked how it lies: a TIFF may be upright by then
    turn = turn_of(image)
    image = image if turn is None else image.transpose(turn)
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image.convert("RGBA"))
    return image.convert("RGB").convert("L").resize((9, 8), Image.Resampling.LANCZOS)


def dhash(grey: Image.Image) -> str:
    """64 bits of a `reduced` picture: is each of 8 x 8 spots brighter to the right?

    models/*/recipe/pictures.py has a twin of `reduced` and this, which must give the same.
    """
    grey_levels = grey.tobytes()
    spots = (9 * row + column for row in range(8) for column in range(8))
    bits = "".join("01"[grey_levels[spot + 1] > grey_levels[spot]] for spot in spots)
    return f"{int(bits, 2):016x}"


def contrast(grey: Image.Image) -> int:
    """Return how many levels, of 255, lie between the darkest and the brightest spot."""
    return max(grey.tobytes()) - min(grey.tobytes())


def distance(one: str, other: str) -> int:
    """Return how many of the 64 bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
