"""HEIC, the pictures of iPhones, through pi-heif (extra `heif`): what else Pillow is to know."""

from __future__ import annotations

import functools
import importlib

from shuttergate.errors import MissingError
from shuttergate.system.extras import mend

FORMAT = "HEIF"
"""Pillow's name for it."""

HEAD_BYTES = 12

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
"""Of ISO/IEC 23008-12, Annex B, and for any coding; some pictures of AVIF have the last two."""


def may_be(head: bytes) -> bool:
    """Say whether a file that begins so may be HEIC."""
    return head[4:8] == b"ftyp" and head[8:HEAD_BYTES] in _BRANDS


@functools.cache
def load() -> None:
    """Have Pillow open what is HEIC; `MissingError` names the mend.

    Thumbnails, depth maps and the like stay shut; what a file says of turns is done by libheif
    (its `irot` and `imir`), and EXIF's orientation does not count then, as ISO/IEC 23008-12 has it.
    """
    importlib.import_module("PIL.AvifImagePlugin")  # of a brand that both take, it is sure
    try:
        plugin = importlib.import_module("pi_heif")
        plugin.register_heif_opener(
            thumbnails=False,
            depth_images=False,
            aux_images=False,
            decode_threads=1,  # each would have a heap of its own
        )
    except ImportError as error:
        how = mend("heif", "pi-heif>=1.4")
        raise MissingError("a HEIC picture needs pi-heif; {mend}", mend=how) from error
