"""What finds a file again: its bytes, and the looks of a picture that somebody changed."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frames.test_pictures import told
from shuttergate.packs.looks import ALIKE_BITS, Fingerprint, distance, fingerprint
from shuttergate.vision.known import paint
from support.heic import heic

PICTURE = Image.fromarray(paint("violet_and_green", (224, 224)))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def printed(content: bytes, **options: Any) -> Fingerprint:
    return fingerprint(io.BytesIO(content), **options)


OWN = printed(encoded(PICTURE))
assert OWN.dhash is not None


def test_bytes_are_their_sha256_whatever_they_are() -> None:
    for content in (b"", b"no picture", encoded(PICTURE)):
        assert printed(content).sha256 == hashlib.sha256(content).hexdigest()
    assert printed(b"no picture").dhash is None


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_other_formats_look_alike(kind: str) -> None:
    found = printed(encoded(PICTURE.resize((500, 300)), kind))
    assert found.dhash is not None and distance(found.dhash, OWN.dhash or "") <= ALIKE_BITS


def test_a_phones_format_looks_alike() -> None:
    found = printed(heic(PICTURE.resize((256, 256))))
    assert found.dhash is not None and distance(found.dhash, OWN.dhash or "") <= ALIKE_BITS


def test_odd_metadata_does_not_hide_a_picture() -> None:
    """Pillow's `exif_transpose` fails at a resolution that is a text: then it was no picture."""
    exif = told(6, odd=True)
    found = printed(encoded(PICTURE.rotate(90, expand=True), "JPEG", exif=exif, quality=95))
    assert found.dhash is not None and distance(found.dhash, OWN.dhash or "") <= ALIKE_BITS


def test_a_file_that_was_cut_is_compared_by_its_bytes_alone() -> None:
    assert printed(encoded(PICTURE, "JPEG")[:-200]).dhash is None


def test_only_the_formats_that_are_named_are_opened() -> None:
    assert printed(encoded(PICTURE, "TIFF")).dhash is not None
    assert printed(encoded(PICTURE, "TIFF"), formats=("JPEG", "PNG", "HEIF")).dhash is None
    assert printed(encoded(PICTURE), formats=("JPEG", "PNG", "HEIF")) == OWN


def test_what_has_too_many_pixels_is_not_decoded() -> None:
    assert printed(encoded(PICTURE), max_pixels=224 * 224).dhash == OWN.dhash
    assert printed(encoded(PICTURE), max_pixels=224 * 224 - 1).dhash is None


def test_plain_pictures_are_called_so() -> None:
    assert printed(encoded(Image.new("RGB", (64, 64), (90, 90, 90)))).plain
    assert not OWN.plain


def test_noise_is_nobodys() -> None:
    dice = np.random.default_rng(2)
    looks = [
        printed(encoded(Image.fromarray(dice.integers(0, 255, (32, 32, 3), np.uint8)))).dhash or ""
        for _ in range(40)
    ]
    assert min(distance(one, OWN.dhash or "") for one in looks) > ALIKE_BITS
