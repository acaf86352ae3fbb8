"""What stands in the head of our own MP4 files and can be known only later: ISO/IEC 14496-12.

A fragmented file begins with a head (``ftyp``, ``moov``) that is written before the first picture.
Which way up it is has to be added, and at the end how long it became: without that, what reads
heads alone says "0:00", and some players cannot seek.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from shuttergate.errors import MisfitError

_HEADER = struct.Struct(">I4s")
_LENGTH_BOX = struct.Struct(">I4sII")  # mehd, version 0: size, name, flags, duration
ADDED_BYTES = _LENGTH_BOX.size
"""So much longer `begun` makes a head; what counts from the file's beginning moves by that."""

_MATRIX_AT = 48  # of a version 0 track header box: 8.3.2
_TIMESCALE_AT = 20  # of version 0 movie and media header boxes: 8.2.2, 8.4.2
_DURATION_AT = {b"mvhd": 24, b"mdhd": 24, b"tkhd": 28, b"mehd": 12}
_INDEX_AT = 24  # of a track fragment random access box, where its entries begin: 8.8.10
_INDEX_END = b"mfro" + bytes(4)  # and how long the index is that it ends: 8.8.11
INDEX_END_BYTES = len(_INDEX_END) + 4
_HOLDERS = (b"moov", b"trak", b"mdia", b"mvex", b"mfra")


def begun(piece: bytes, size: tuple[int, int], rotation: int) -> bytes:
    """Return the head of a file's first bytes, with room for its length, and which way up it is.

    ``size``: (width, height) of the pictures; ``rotation``: degrees clockwise to upright. Raises
    ValueError where it is no head as FFmpeg writes it.
    """
    head = bytearray(piece)
    at = _places(head, b"moov", b"tkhd", b"mvex")
    _turn(head, at[b"tkhd"], size, rotation)
    room = at[b"mvex"] + _HEADER.size
    head[room:room] = _LENGTH_BOX.pack(ADDED_BYTES, b"mehd", 0, 0)
    for holder in (at[b"moov"], at[b"mvex"]):
        struct.pack_into(">I", head, holder, _number(head, holder) + ADDED_BYTES)
    return bytes(head[: at[b"moov"] + _number(head, at[b"moov"])])


def ended(head: bytes, seconds: float) -> bytes:
    """Return such a head, which says how long the file became."""
    whole = bytearray(head)
    at = _places(whole, *_DURATION_AT)
    for name, place in _DURATION_AT.items():
        clock = b"mdhd" if name == b"mdhd" else b"mvhd"
        scale = _number(whole, at[clock] + _TIMESCALE_AT)
        struct.pack_into(">I", whole, at[name] + place, round(seconds * scale))
    return bytes(whole)


def first_box(piece: bytes | bytearray) -> int:
    """Return how long a file's first box is; raises `MisfitError` where it names no kind of file.

    What comes before all else but this box stands behind it.
    """
    if len(piece) >= _HEADER.size:
        size, name = _HEADER.unpack_from(piece)
        if name == b"ftyp" and _HEADER.size <= size <= len(piece):
            return int(size)
    raise MisfitError("its first box names no kind of file")


def index_size(last: bytes) -> int:
    """Return how long the index is that ends a file with these bytes; 0 where there is none."""
    is_index = len(last) == INDEX_END_BYTES and last[:8] == _INDEX_END
    return int.from_bytes(last[8:]) if is_index else 0


def moved(last: bytes, by: int = ADDED_BYTES) -> bytes:
    """Return a file's last bytes, whose index knows that the head became longer by so much."""
    if last[-12:-8] != b"mfro":  # which says how long the index before it is: 8.8.11
        return last
    whole = bytearray(last)
    for name, place in _boxes(whole, len(whole) - _number(whole, len(whole) - 4)):
        if name == b"tfra":
            for entry in range(_number(whole, place + _INDEX_AT - 4)):
                # Of version 1: a time and an offset of 8 bytes each, three numbers of 1.
                offset = place + _INDEX_AT + entry * 19 + 8
                (was,) = struct.unpack_from(">Q", whole, offset)
                struct.pack_into(">Q", whole, offset, was + by)
    return bytes(whole)


def _places(head: bytearray, *names: bytes) -> dict[bytes, int]:
    at = dict(_boxes(head))
    for name in names:
        if name not in at or (name in _DURATION_AT and head[at[name] + _HEADER.size] != 0):
            raise MisfitError("its head has no box {name} of version 0", name=name.decode())
    return at


def _number(content: bytearray, place: int) -> int:
    number: int = struct.unpack_from(">I", content, place)[0]
    return number


def _boxes(
    content: bytearray, place: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int]]:
    """Yield each box's name and place, those in boxes included."""
    end = len(content) if end is None else end
    while place + _HEADER.size <= end:
        size, name = _HEADER.unpack_from(content, place)
        yield name, place
        if name in _HOLDERS:
            yield from _boxes(content, place + _HEADER.size, place + size)
        place += max(size, _HEADER.size)


def _turn(head: bytearray, track: int, size: tuple[int, int], rotation: int) -> None:
    width, height = size
    a, b, c, d, right, down = {
        0: (1, 0, 0, 1, 0, 0),
        90: (0, 1, -1, 0, height, 0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0, width),
    }[rotation]
    fixed = [part << 16 for part in (a, b, 0, c, d, 0, right, down)]
    struct.pack_into(">9i", head, track + _MATRIX_AT, *fixed, 1 << 30)
