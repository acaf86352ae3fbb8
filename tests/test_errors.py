"""What is said of a name that somebody chose to move a cursor, end a line or pretend another."""

from __future__ import annotations

import os

import msgspec
import pytest

from shuttergate.errors import AlbumError, CameraError, PictureError, ShuttergateError, plain


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"b\xe9t\xe9.txt", r"b\xe9t\xe9.txt"),  # Latin-1
        (b"red\x1b[31m.png", r"red\x1b[31m.png"),
        (b"two\nlines\r.png", r"two\nlines\r.png"),
        ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
        ("a\u2028b\u2066c".encode(), r"a\u2028b\u2066c"),
        ("写真\u3000è 👩\u200d🎨.png".encode(), "写真\u3000è 👩\u200d🎨.png"),
        (b"as it is.png", "as it is.png"),
    ],
)
def test_a_file_may_be_called_anything(name: bytes, said: str) -> None:
    assert plain(os.fsdecode(name)) == said
    msgspec.json.encode(plain(os.fsdecode(name)))


@pytest.mark.parametrize("kind", [ShuttergateError, CameraError, AlbumError, PictureError])
def test_no_message_carries_it(kind: type[ShuttergateError]) -> None:
    assert (
        str(kind("\udce9\x1b: not a picture; remove it")) == r"\xe9\x1b: not a picture; remove it"
    )


def test_half_a_letter_that_stands_for_no_byte_is_said_too() -> None:
    assert plain("\ud800") == r"\ud800"
