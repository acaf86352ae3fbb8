"""Picture files to pixels: upright, whole, 8-bit RGB, whatever the file holds."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import EpsImagePlugin, Image, ImageSequence, UnidentifiedImageError

from shuttergate.errors import (
    AnimationError,
    DecoderError,
    Phrase,
    PictureError,
    TooLargeError,
    cause_of,
    phrase,
)
from shuttergate.frame import Pixels
from shuttergate.frames import heif
from shuttergate.frames.turns import turn_of
from shuttergate.system.library_words import librarys

MAX_PIXELS = 128_000_000
"""Larger pictures are refused before they are decoded: 384 MB of RGB is what a kit can bear."""

MAX_ANIMATION_FRAMES = 64

REDUCING_GAP = 1.5
"""Pillow first reduces by whole factors to this many times the wanted size: on 1080p that is 2.2
times as fast as a plain bilinear resize; on noise of every level a pixel came out up to 14 of 255
off, 2.3 in the mean. At 1.0 it is 1.4 times as fast again, and fine stripes come out up to 54 off.
"""

# Pillow refuses what has more than twice so many, wherever it is about to take memory for it: in a
# file's head, and where one picture of an animation is laid over the one before.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

# PostScript is a program: Pillow would have Ghostscript run it, for as long as it likes.
EpsImagePlugin.gs_binary = False


def read_pictures(path: Path, limit: tuple[int, int] | None = None) -> Iterator[Image.Image]:
    """Yield the file's pictures as people see them: RGB, EXIF-upright, alpha over white.

    A still gives one picture, an animation each of its frames. JPEGs larger than `limit` (width,
    height) may come reduced, but not below it. Raises `PictureError` naming the file and the mend.
    """
    try:
        is_there, is_file = path.exists(), path.is_file()
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise PictureError(
            "{path}: {cause}; name a picture that can be read", path=path, cause=cause_of(error)
        ) from error
    if not is_there:
        raise PictureError("{path}: there is no such file", path=path)
    if not is_file:
        raise PictureError("{path}: no regular file; name a picture", path=path)
    yield from pictures_in(path, str(path), limit)


def pictures_in(
    file: Path | BinaryIO,
    name: str,
    limit: tuple[int, int] | None = None,
    formats: tuple[str, ...] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[Image.Image]:
    """Yield the pictures in an open `file`, called `name` in messages; see `read_pictures`.

    Only ``formats`` (Pillow's names) are tried, where they are given; more than ``max_pixels`` are
    refused before they are decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # broken metadata is no reason to refuse the pixels
            with _opened(file, name, formats) as image:
                yield from _upright(name, image, limit, max_pixels)
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise TooLargeError(
            "{name}: a picture in it is over {most} megapixels; reduce it",
            name=name,
            most=max_pixels // 1_000_000,
        ) from error
    except MemoryError as error:
        raise TooLargeError(
            "{name}: does not fit into the memory here; reduce it", name=name
        ) from error
    except UnidentifiedImageError as error:
        if _is_empty(file):
            raise PictureError(
                "{name}: cannot be read as a picture (it is empty); name another file", name=name
            ) from error
        raise PictureError(
            "{name}: cannot be read as a picture ({cause}); name a picture, or save this one again "
            "as JPEG or PNG",
            name=name,
            cause=why_unreadable(error),
        ) from error
    except Exception as error:  # decoders meet outside bytes: whatever they raise means unreadable
        raise PictureError(
            "{name}: cannot be read as a picture ({cause}); save it again as JPEG or PNG",
            name=name,
            cause=why_unreadable(error),
        ) from error


def _opened(file: Path | BinaryIO, name: str, formats: tuple[str, ...] | None) -> Image.Image:
    """Open it; HEIC, too, where that is installed. Raises `DecoderError` where only that fails."""
    missing, known = None, False
    if heif.may_be(_head(file)):
        try:
            heif.load()
            known = True
        except ImportError as error:
            missing = error
    if formats and not known:  # Pillow fails at a name that it does not know
        formats = tuple(one for one in formats if one != heif.FORMAT)
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError:
        if missing is None:
            raise
        raise DecoderError("{name}: {cause}", name=name, cause=cause_of(missing)) from missing


def _is_empty(file: Path | BinaryIO) -> bool:
    if isinstance(file, Path):
        return not file.stat().st_size
    return not file.seek(0, os.SEEK_END)


def _head(file: Path | BinaryIO) -> bytes:
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return opened.read(heif.HEAD_BYTES)
    head = file.read(heif.HEAD_BYTES)
    file.seek(-len(head), os.SEEK_CUR)
    return head


def _upright(
    name: str, image: Image.Image, limit: tuple[int, int] | None, max_pixels: int
) -> Iterator[Image.Image]:
    _refuse_larger(name, image, max_pixels)
    frames = getattr(image, "n_frames", 1)
    if image.format == "MPO":
        frames = (
            1  # a phone's JPEG with a depth map or a thumbnail behind it: the first is the photo
        )
    if frames > MAX_ANIMATION_FRAMES:
        raise AnimationError(
            "{name}: an animation of {frames} pictures, over {most}; save a part",
            name=name,
            frames=frames,
            most=MAX_ANIMATION_FRAMES,
        )
    if frames > 1:
        for frame in ImageSequence.Iterator(image):
            _refuse_larger(name, frame, max_pixels)  # a GIF may grow from one to the next
            frame.load()  # here, where damage is caught and the file is open
            turn = turn_of(frame)
            yield _rgb(frame if turn is None else frame.transpose(turn))
        return
    if limit is not None:
        image.draft("RGB", limit)
    image.load()
    turn = turn_of(image)  # afterwards: a TIFF may be upright by now
    yield _rgb(image if turn is None else image.transpose(turn))


def _refuse_larger(name: str, image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise TooLargeError(
            "{name}: {width} x {height} is over {most} megapixels; reduce it",
            name=name,
            width=width,
            height=height,
            most=max_pixels // 1_000_000,
        )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(page, image).convert("RGB")
    # A copy of a picture that is RGB already would double the memory of a large one.
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit or float grey to 8 bits; Pillow would clip it."""
    values = np.nan_to_num(np.asarray(image, np.float32))
    top = 65535.0 if image.mode.startswith("I") and values.max(initial=0) > 255 else 255.0
    if image.mode == "F" and values.max(initial=0) <= 1.0:
        top = 1.0
    return Image.fromarray(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8))


def why_unreadable(error: Exception) -> Phrase:
    """Return what a decoder's error says, where it is one of the usual ones in words of ours."""
    if isinstance(error, OSError) and error.strerror:
        return cause_of(error)
    text = str(error)
    if "cannot identify" in text:
        return phrase("no picture format known here")
    if re.search("truncated|incomplete|not enough image data", text, re.IGNORECASE):
        return phrase("the file ends too soon")
    if re.search("broken|corrupt|checksum|decoder error", text, re.IGNORECASE):
        return phrase("its data is damaged")
    return librarys(text.splitlines()[0] if text else type(error).__name__)


def read_picture(path: Path, limit: tuple[int, int] | None = None) -> Image.Image:
    """Return the file's first picture; see `read_pictures`."""
    for image in read_pictures(path, limit):
        return image
    raise PictureError("{path}: holds no picture", path=path)


def lores_of(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return the whole picture stretched to `size` (width, height): uint8 (height, width, 3), RGB.

    A stretch and not a crop: what stands at the edge of the frame must be seen.
    """
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP)
    return np.asarray(small, np.uint8)


def main_of(image: Image.Image, limit: tuple[int, int]) -> Pixels:
    """Return the picture as I420, uint8 (height * 3 // 2, width), no larger than `limit`.

    Sides are made even by a resize of less than a pixel; nothing is cut off.
    """
    scale = min(1.0, limit[0] / image.width, limit[1] / image.height)
    size = (_even(image.width * scale), _even(image.height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP)
    luma, blue, red = image.convert("YCbCr").split()
    half = (size[0] // 2, size[1] // 2)
    chroma = [np.asarray(plane.reduce(2)).reshape(-1) for plane in (blue, red)]
    main = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
    main[: size[1]] = np.asarray(luma)
    main[size[1] :].reshape(-1)[:] = np.concatenate(chroma)
    assert chroma[0].size == half[0] * half[1]
    return main


def _even(length: float) -> int:
    return max(2, int(length) // 2 * 2)
