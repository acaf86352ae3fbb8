"""What brings a picture file upright, by what it says of itself; Pillow and nothing else."""

from __future__ import annotations

from PIL import ExifTags, Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the values of EXIF's tag Orientation (CIPA DC-008, 4.6.5.1)."""


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return what brings the picture upright, by its EXIF (or a TIFF's own tag); None: it is so.

    Of all that EXIF says this alone is read: Pillow's `exif_transpose` writes the rest anew, and
    fails where any of it is odd.
    """
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # no EXIF that anything could read: then it says nothing
        return None
