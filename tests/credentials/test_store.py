"""Where a manifest lies in a file, and how much of it is looked at."""

from __future__ import annotations

import io

import pytest

from shuttergate.credentials import marks, store
from shuttergate.credentials.signer import C2PA_UUID
from shuttergate.errors import CredentialError, MisfitError
from support.signing import box, jpeg

MANIFEST = b"\xff\xeb\0\x0aJP\0\x01\0\0\0\x01"


def found(content: bytes) -> bytes:
    file = io.BytesIO(content)
    return store.manifest_of(file, store.kind_of(file))


def test_of_a_photo_it_is_in_its_segments() -> None:
    plain = marks.marked(jpeg(), "real")
    assert found(plain) == b""
    assert found(plain[:2] + MANIFEST + plain[2:]) == MANIFEST
    assert found(plain[:2] + MANIFEST + plain[2:20] + MANIFEST + plain[20:]) == MANIFEST * 2


def test_what_comes_after_the_pixels_begin_is_no_segment() -> None:
    assert found(jpeg() + MANIFEST) == b""


def test_of_a_video_it_is_in_its_boxes() -> None:
    own = box(b"uuid", C2PA_UUID + b"manifest")
    head, rest = box(b"ftyp", b"iso5"), box(b"mdat", b"film")
    assert found(head + marks.box("real") + rest) == b""
    assert found(head + marks.box("real") + own + rest) == own
    large = b"\0\0\0\x01uuid" + (16 + len(C2PA_UUID)).to_bytes(8) + C2PA_UUID
    assert found(head + large + own) == own, "one of a 64-bit size is passed by"
    beyond = b"\0\0\0\x01free" + b"\xff" * 8
    assert found(head + beyond + own) == b"", "one that says it is larger than any file"
    to_the_end = b"\0\0\0\0" + own[4:]
    assert found(head + to_the_end) == to_the_end


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xeb", b"\xff\xd8\xff\xeb\0\0", b"\xff\xd8\xffx"]
)
def test_a_photo_that_was_cut_has_what_is_left(content: bytes) -> None:
    assert len(found(content)) <= len(content) * 2


def test_more_than_is_read_is_refused() -> None:
    with pytest.raises(CredentialError, match="larger than 1048576 bytes"):
        found(box(b"ftyp", b"iso5") + box(b"uuid", C2PA_UUID + bytes(store.MOST_BYTES)))


@pytest.mark.parametrize("content", [b"", b"ftyp", b"\x89PNG\r\n\x1a\n"])
def test_other_files_are_not_looked_into(content: bytes) -> None:
    with pytest.raises(MisfitError, match="is neither a JPEG nor an MP4"):
        store.kind_of(io.BytesIO(content))
