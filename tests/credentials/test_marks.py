"""The marks, read back by programs that are not ours, in what a publisher keeps."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shuttergate.credentials import marks
from shuttergate.errors import MisfitError
from support import needs
from support.signing import jpeg

DUE = {
    "DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING",
    "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
}


def by_exiftool(file: Path) -> dict[str, Any]:
    """Return what exiftool reads of XMP in a file, values as they stand."""
    done = subprocess.run(
        ["exiftool", "-j", "-n", "-XMP:all", str(file)], check=True, capture_output=True
    )
    (found,) = json.loads(done.stdout)
    return {name: value for name, value in found.items() if name != "SourceFile"}


@needs.program("exiftool").mark
def test_exiftool_reads_both_marks_in_a_photo_and_nothing_else_of_xmp(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(marks.marked(jpeg(), "real"))
    assert by_exiftool(tmp_path / "a.jpg") == DUE


@needs.program("exiftool").mark
def test_what_a_simulated_camera_shows_is_not_called_a_cameras(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(marks.marked(jpeg(), "simulated"))
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/virtualRecording"
    assert by_exiftool(tmp_path / "a.jpg") == {**DUE, "DigitalSourceType": source}


@needs.program("exiv2").mark
def test_exiv2_reads_both_marks_in_a_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(marks.marked(jpeg(), "real"))
    done = subprocess.run(
        ["exiv2", "-K", "Xmp.plus.DataMining", "-K", "Xmp.iptcExt.DigitalSourceType"]
        + ["-Pv", str(tmp_path / "a.jpg")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(done.stdout.split()) == sorted(DUE.values())


def test_the_pixels_stay_as_they_were() -> None:
    plain = jpeg()
    marked = marks.marked(plain, "real")
    at = marked.index(marks.segment("real"))
    assert marked[:at] + marked[at + len(marks.segment("real")) :] == plain
    assert len(marked) - len(plain) < 700


def test_they_stand_behind_the_block_that_says_which_way_up_it_is() -> None:
    exif = b"\xff\xe1\0\x10Exif\0\0" + bytes(8)
    plain = jpeg()
    photo = plain[:2] + exif + plain[2:]
    marked = marks.marked(photo, "real")
    assert marked.index(exif) < marked.index(marks.segment("real"))


@pytest.mark.parametrize("content", [b"", b"\xff", b"no photo", b"\x89PNG"])
def test_what_is_no_jpeg_is_not_marked(content: bytes) -> None:
    with pytest.raises(MisfitError, match="a photo to be marked is no JPEG"):
        marks.marked(content, "real")


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xe1\xff\xff\xff\xe0\0\0"])
def test_a_photo_that_was_cut_is_marked_where_it_ends(content: bytes) -> None:
    """It is no photo, and nobody can tell from its marks."""
    assert marks.segment("real") in marks.marked(content, "real")
