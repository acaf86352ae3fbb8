"""What lies in the album after a run, and what a file there may say."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shuttergate.bench.scenario import album as albums


def jpeg(**more: Any) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0131] = more.pop("software", "shuttergate")
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif, **more)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (jpeg(), ""),
        (jpeg(software="shuttergate of kit-7"), "says it was made by 'shuttergate of kit-7'"),
        (jpeg(comment=b"by Jane Doe"), "says more: comment"),
        (jpeg() + jpeg(), "goes on after the picture"),
        (jpeg()[:-200], "is no whole JPEG"),
        (b"", "is no whole JPEG"),
    ],
)
def test_a_photo_says_nothing_but_the_picture(tmp_path: Path, content: bytes, trouble: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    (found,) = albums.empty(tmp_path, ["clear"], 0.0)
    assert str(found.trouble or "").startswith(trouble) and bool(found.trouble) == bool(trouble)
