"""Where a JPEG or an MP4 keeps its manifest, and how large it is: known before it is parsed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from shuttergate.credentials.signer import C2PA_UUID
from shuttergate.errors import CredentialError, MisfitError

MOST_BYTES = 1024 * 1024
"""Of a manifest. A kit's has 4,000; with thumbnails and a history other programs' have 300,000."""

MOST_PARTS = 100_000
"""Segments or boxes: an hour of a kit's video has 8,000."""

JPEG, MP4 = "image/jpeg", "video/mp4"
_HOLDS_MANIFEST, _SCAN, _END = 0xEB, 0xDA, 0xD9
_LARGE, _TO_THE_END = 1, 0  # sizes of boxes that are none


def kind_of(file: BinaryIO) -> str:
    """Return what a file is by its first bytes; raise `MisfitError`: neither of the two."""
    file.seek(0)
    head = file.read(8)
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[4:] == b"ftyp":
        return MP4
    raise MisfitError("is neither a JPEG nor an MP4")


def manifest_of(file: BinaryIO, kind: str) -> bytes:
    """Return the bytes that hold a file's manifest, framed as they are; b"" where there are none.

    Raises `CredentialError` where they are more than are read.
    """
    parts, size = [], 0
    for place, length in segments(file) if kind == JPEG else _manifests(file):
        size += length
        if size > MOST_BYTES:
            raise CredentialError(
                "what it says of itself is larger than {most} bytes, and is not read",
                most=MOST_BYTES,
            )
        file.seek(place)
        parts.append(file.read(length))
    return b"".join(parts)


def segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield place and length of each segment of a JPEG that may hold a part of a manifest."""
    place = 2
    for _ in range(MOST_PARTS):
        file.seek(place)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (_SCAN, _END):
            return
        length = int.from_bytes(head[2:])
        if head[1] == _HOLDS_MANIFEST:
            yield place, length + 2
        place += length + 2


def _manifests(file: BinaryIO) -> Iterator[tuple[int, int]]:
    for name, place, length in boxes(file):
        file.seek(place + 8)
        if name == b"uuid" and file.read(16) == C2PA_UUID:
            yield place, length


def boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and length of each box of an MP4; what follows the last is not told."""
    end, place = file.seek(0, os.SEEK_END), 0
    for _ in range(MOST_PARTS):
        if place + 8 > end:  # one may say that it goes on far beyond
            return
        file.seek(place)
        head = file.read(24)
        size, name = struct.unpack_from(">I4s", head)
        if size == _LARGE and len(head) >= 16:
            size = int.from_bytes(head[8:16])
        elif size == _TO_THE_END:
            size = end - place
        if size < 8:
            return
        yield name, place, size
        place += size
