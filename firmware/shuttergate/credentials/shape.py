"""How a kit writes a file that it signed, and whether one is written so.

C2PA leaves room that nobody signs, and a verifier of it need not mind what stands there: what pads
a signature, salts of boxes, boxes of a video beside its film. Room shrunk in one place and used in
another has made a foreign picture of a signed one, "valid" to C2PA's own reader. So a file counts
as signed only where each of its bytes is signed, or says nothing.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from shuttergate.credentials.signer import C2PA_UUID, ROOM_BYTES
from shuttergate.credentials.store import JPEG, boxes, segments

LeftOut = Sequence[tuple[int, int]]
"""Place and length of each range of a photo that is signed to be left out of its digest."""

_SEGMENT_HEAD = b"JP\x02\x11" + (1).to_bytes(4)
_UNSIGNED = re.compile(
    rb".{16}\x03(?:c2pa(?:\.assertions|\.claim\.v2|\.signature)?|urn:[!-~]*)\0", re.DOTALL
)
_SIGNATURE_END = re.compile(rb"\xa1cpad(?:[\x40-\x57]|X.|Y..)\0*\xf6X\x40.{64}", re.DOTALL)
"""The end of a COSE signature: nothing but zeros beside it, no payload, and 64 bytes."""

_VIDEO_HEAD = C2PA_UUID + bytes(4) + b"manifest\0" + bytes(8)
_MOST_KIND_BYTES = 64
"""What kind of file a video is takes 28."""


def is_as_written(file: BinaryIO, kind: str, left_out: LeftOut) -> bool:
    """Whether a photo or video has what C2PA leaves out of its digest where a kit has it, alone."""
    return _is_photo(file, left_out) if kind == JPEG else _is_video(file)


def _is_photo(file: BinaryIO, left_out: LeftOut) -> bool:
    """Whether one segment, which says itself how long it is, is all that is left out."""
    places = [*segments(file)]
    if len(places) != 1 or [*left_out] != places:
        return False
    ((place, length),) = places
    segment = _read(file, place, length)
    head, manifest = segment[4:12], segment[12:]
    return head == _SEGMENT_HEAD and _length(manifest) == len(manifest) and _is_sealed(manifest)


def _is_video(file: BinaryIO) -> bool:
    """Whether beside the film and the marks there is the kind, the manifest and an index alone."""
    found = [*boxes(file)]
    if not found or sum(length for _name, _place, length in found) != file.seek(0, os.SEEK_END):
        return False
    names = [name for name, _place, _length in found]
    if names[:2] != [b"ftyp", b"uuid"] or {b"ftyp", b"free", b"skip"} & {*names[1:]}:
        return False
    if b"mfra" in names[:-1] or found[0][2] > _MOST_KIND_BYTES:
        return False
    _name, place, length = found[1]
    content = _read(file, place + 8, length - 8)
    manifest = content[len(_VIDEO_HEAD) :]
    end = _length(manifest)
    is_whole = length == ROOM_BYTES and content.startswith(_VIDEO_HEAD) and end <= len(manifest)
    return is_whole and not any(manifest[end:]) and _is_sealed(manifest[:end])


def _is_sealed(store: bytes) -> bool:
    """Whether in a store of one manifest only boxes' names and lengths are not signed."""
    try:
        manifest = _inner(store, 1)[0]
        assertions, claim, signature = _inner(manifest, 3)
        _described(assertions)
        ((claim_kind, _claim),) = _contents(claim)
        ((kind, signed),) = _contents(signature)
    except (ValueError, struct.error, StopIteration):
        return False
    is_all = (claim_kind, kind) == (b"cbor", b"cbor")
    pads = [*_SIGNATURE_END.finditer(signed)]
    return is_all and len(pads) == 1 and pads[0].end() == len(signed)


def _inner(box: bytes, count: int) -> list[bytes]:
    """Return the boxes in a box of boxes, if they are so many; else raise ValueError."""
    found = _contents(box)
    if len(found) != count or any(kind != b"jumb" for kind, _content in found):
        raise ValueError("other boxes than a kit writes")
    return [struct.pack(">I4s", 8 + len(content), kind) + content for kind, content in found]


def _contents(box: bytes) -> list[tuple[bytes, bytes]]:
    """Return what is in a box behind its description, which must be bare; else raise ValueError."""
    return [*_children(_described(box))]


def _described(box: bytes) -> bytes:
    kind, content = next(_children(box))
    if kind != b"jumb" or _length(box) != len(box):
        raise ValueError("no box of boxes")
    first, described = next(_children(content))
    if first != b"jumd" or not _UNSIGNED.fullmatch(described):
        raise ValueError("more than a name")
    return content[8 + len(described) :]


def _children(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        if not 8 <= size <= len(content) - place:
            raise ValueError("no box")
        yield kind, content[place + 8 : place + size]
        place += size


def _length(box: bytes) -> int:
    return int.from_bytes(box[:4])


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    return file.read(length)
