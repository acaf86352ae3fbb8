"""Whoever has one signed photo, and no key, makes nothing of it that counts as signed.

What is tried here was found by an attacker; all but one of each kind C2PA's own reader calls valid.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from shuttergate.credentials import marks, shape, store
from shuttergate.credentials.signer import ROOM_BYTES
from shuttergate.credentials.verify import CredentialState, KnownClass, verify
from support import signing
from support.signing import box, class_file, known, skip_without_extra

__all__ = ["class_file"]

skip_without_extra()

PAD = b"\xa1cpad\x59\x03\xe8" + bytes(1000)
BARE = b"\xa1cpad\x40"
ROOM = len(PAD) - len(BARE)


@pytest.fixture(scope="module")
def photo(class_file: Path) -> bytes:
    """A signed photo with many tones, large enough to hide something before its tables' end."""
    pixels = np.indices((480, 640)).sum(0).astype(np.uint8)[..., None].repeat(3, 2)
    plain = simplejpeg.encode_jpeg(pixels, quality=90)
    return signing.kit(class_file).photo(marks.marked(plain, "real"), signing.CLAIMS)


@pytest.fixture(scope="module")
def video(class_file: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return signing.video(signing.kit(class_file), tmp_path_factory.mktemp("video"))


@pytest.fixture
def ours(class_file: Path) -> list[KnownClass]:
    return [known(class_file)]


def sizes(manifest: bytes, place: int, at: int = 0, end: int | None = None) -> Iterator[int]:
    """Yield where the lengths of the boxes stand that hold a place in a store."""
    while at + 8 <= (len(manifest) if end is None else end):
        size, kind = struct.unpack_from(">I4s", manifest, at)
        if at <= place < at + size:
            yield at
            if kind == b"jumb":
                yield from sizes(manifest, place, at + 8, at + size)
            return
        at += size


def grown(manifest: bytes, place: int, content: bytes, instead_of: int = 0) -> bytes:
    """Return a store with `content` put in at a place, and all lengths right."""
    changed = bytearray(manifest)
    for at in sizes(manifest, place - 1):
        size = int.from_bytes(changed[at : at + 4]) + len(content) - instead_of
        changed[at : at + 4] = size.to_bytes(4)
    changed[place : place + instead_of] = content
    return bytes(changed)


@dataclass
class Loosened:
    """A signed photo in parts: what the manifest's padding took is free."""

    before: bytes
    head: bytes
    store: bytes
    after: bytes

    @classmethod
    def of(cls, photo: bytes) -> Loosened:
        ((place, length),) = store.segments(io.BytesIO(photo))
        manifest = photo[place + 12 : place + length]
        at = manifest.index(PAD)
        less = grown(manifest, at, BARE, instead_of=len(PAD))
        return cls(photo[:place], photo[place : place + 12], less, photo[place + length :])

    def filled(self, manifest: bytes) -> bytes:
        """The photo with another store of the length that the signed one had."""
        assert len(manifest) == len(self.store) + ROOM
        return self.before + self.head + manifest + self.after

    def parted(self, between: bytes) -> bytes:
        """The photo with segments of one's own, of which a further one swallows as much again."""
        length = 2 + 2 + 8 + len(self.store)
        head = b"\xff\xeb" + (length - 2).to_bytes(2) + self.head[4:]
        further = b"\xff\xeb" + (ROOM - 2).to_bytes(2) + self.head[4:] + bytes(8)
        rest = bytes(ROOM - len(between) - len(further))
        return self.before + head + self.store + between + further + rest + self.after


def parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the segments of a JPEG, or of what follows one, up to its scan, each with its kind."""
    at = 0
    while content[at] == 0xFF and content[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
        yield content[at + 1], content[at:end]
        at = end


def comment(size: int) -> bytes:
    return b"\xff\xfe" + (size - 2).to_bytes(2) + bytes(size - 4)


def stretch(after: bytes, through: int) -> int:
    """How many signed bytes there are up to the end of the last segment of that kind."""
    found = [*parts(after)]
    last = max(number for number, (kind, _content) in enumerate(found) if kind == through)
    return sum(len(content) for _kind, content in found[: last + 1])


def another_picture(one: Loosened) -> bytes:
    """A whole picture, in what C2PA takes for a segment and decoders do not."""
    white = np.full((16, 16, 1), 255, np.uint8)
    inner = simplejpeg.encode_jpeg(white, quality=30, colorspace="GRAY")[20:]
    size = next(
        total
        for kind in (0xDB, 0xC0, 0xC4)
        if (total := stretch(one.after, kind)) >= len(inner) + 4
    )
    return b"\xff\xd0" + (size - 2).to_bytes(2) + inner + bytes(size - 4 - len(inner))


def half_of_it(one: Loosened) -> bytes:
    """The photo's own tables and frame, but for its height."""
    size = stretch(one.after, 0xC0)
    own = b"".join(content for kind, content in parts(one.after) if kind in (0xDB, 0xC0))
    at = own.index(b"\xff\xc0") + 5
    own = own[:at] + (240).to_bytes(2) + own[at + 2 :]
    return comment(size - len(own)) + own


def a_comment(one: Loosened) -> bytes:
    return comment(len(marks.segment("real")))


@pytest.mark.parametrize("between", [another_picture, half_of_it, a_comment])
def test_no_picture_is_put_where_the_signature_was_padded(
    photo: bytes, ours: list[KnownClass], between: Callable[[Loosened], bytes]
) -> None:
    one = Loosened.of(photo)
    forged = one.parted(between(one))
    assert len(forged) == len(photo) and forged != photo
    assert signing.read(forged, ours)["validation_state"] == "Trusted", "C2PA does not mind"
    found = verify(forged, ours)
    assert found.state is CredentialState.CHANGED and found.claims is None
    assert str(found.cause) == "bytes that nobody signed stand in its credential"


def behind_the_store(one: Loosened) -> bytes:
    return one.store + b"H" * ROOM


def as_a_salt(one: Loosened) -> bytes:
    end = 8 + int.from_bytes(one.store[8:12])
    salted = grown(one.store, end, box(b"c2sh", b"H" * (ROOM - 8)))
    return salted[:32] + bytes([salted[32] | 0x10]) + salted[33:]


def behind_the_signature(one: Loosened) -> bytes:
    return grown(one.store, len(one.store), b"H" * ROOM)


def as_another_box(one: Loosened) -> bytes:
    return one.store + box(b"free", b"H" * (ROOM - 8))


@pytest.mark.parametrize(
    "hidden", [behind_the_store, as_a_salt, behind_the_signature, as_another_box]
)
def test_no_word_is_hidden_where_the_signature_was_padded(
    photo: bytes, ours: list[KnownClass], hidden: Callable[[Loosened], bytes]
) -> None:
    one = Loosened.of(photo)
    assert verify(one.filled(hidden(one)), ours).state is CredentialState.CHANGED


def test_padding_that_says_nothing_is_signed_by_its_length(
    photo: bytes, ours: list[KnownClass]
) -> None:
    """Taken out and the file shorter, it is another file."""
    one = Loosened.of(photo)
    head = one.head[:2] + (2 + 8 + len(one.store)).to_bytes(2) + one.head[4:]
    assert verify(one.before + head + one.store + one.after, ours).state is CredentialState.CHANGED
    assert verify(photo, ours).state is CredentialState.VALID


@pytest.mark.parametrize("name", [b"free", b"skip", b"ftyp", b"wide", b"uuid", b"mfra"])
def test_no_box_is_put_beside_a_film(video: bytes, ours: list[KnownClass], name: bytes) -> None:
    added = box(name, b"HIDDEN" * 1000)
    first = int.from_bytes(video[:4])
    room = video[first : first + ROOM_BYTES]
    end = len(room.rstrip(b"\0"))
    small = end.to_bytes(4) + room[4:end] + box(name, b"H" * (ROOM_BYTES - end - 8))
    for changed in (
        video + added,
        video + bytes(4) + name + b"HIDDEN",
        video[:first] + added + video[first:],
        video[:first] + small + video[first + ROOM_BYTES :],
        added + video,
    ):
        assert verify(changed, ours).state is not CredentialState.VALID


def test_the_first_box_of_a_film_holds_no_more_than_its_kind(
    video: bytes, ours: list[KnownClass]
) -> None:
    first = int.from_bytes(video[:4])
    long = box(b"ftyp", video[8:first] + b"H" * 60) + video[first:]
    assert verify(long, ours).state is CredentialState.CHANGED


def test_no_more_is_left_out_of_a_photo_than_its_manifest(photo: bytes) -> None:
    """C2PA sums what it takes for segments of a manifest, wherever it finds them."""
    file = io.BytesIO(photo)
    ((place, length),) = store.segments(file)
    assert shape.is_as_written(file, store.JPEG, [(place, length)])
    for left_out in (
        [],
        [(place, length + 10)],
        [(place - 4, length)],
        [(place, length), (len(photo) - 9, 9)],
    ):
        assert not shape.is_as_written(file, store.JPEG, left_out)


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff\xd8\xff", b"\0\0\0\x08jumb", bytes(40)])
def test_what_is_no_store_is_not_sealed(content: bytes) -> None:
    assert not shape.is_as_written(io.BytesIO(content), store.JPEG, [(0, 1)])
    assert not shape.is_as_written(io.BytesIO(content), store.MP4, ())
    assert not shape._is_sealed(content)
