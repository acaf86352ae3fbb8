"""HEIC, what iPhones make: read upright as everything else, or one line with the mend."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import DecoderError, PictureError, TooLargeError
from shuttergate.frame import main_size
from shuttergate.frames import heif
from shuttergate.frames.pictures import pictures_in, read_picture, read_pictures
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens
from support.heic import heic

SIZE = (128, 64)


@pytest.fixture
def corners() -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", SIZE, "white")
    for colour, place in (("red", (0, 0)), ("lime", (64, 0)), ("blue", (0, 32))):
        image.paste(colour, (*place, place[0] + 64, place[1] + 32))
    return image


def stored(tmp_path: Path, content: bytes, name: str = "IMG_0001.HEIC") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
@pytest.mark.parametrize("quarters", range(4))
def test_a_phones_picture_comes_whole_and_upright(
    tmp_path: Path, corners: Image.Image, quarters: int, brand: bytes
) -> None:
    """EXIF tells the same turn again: who turned by both would turn twice."""
    exif = Image.Exif()
    exif[0x112] = (1, 8, 3, 6)[quarters]
    lying = corners.rotate(-90 * quarters, expand=True)
    # Sides of a grid are whole tiles either way: 128 x 64.
    path = stored(tmp_path, heic(lying, quarters, exif.tobytes(), brand))
    (found,) = read_pictures(path)
    assert found.size == corners.size and found.mode == "RGB"
    assert np.abs(np.asarray(found, int) - np.asarray(corners, int)).mean() < 4


def test_it_is_one_that_says_how_large_it_is_before_it_is_decoded(corners: Image.Image) -> None:
    vast = heic(corners).replace(
        b"ispe\0\0\0\0\0\0\0\x80\0\0\0\x40", b"ispe\0\0\0\0\0\0\x80\0\0\0\x80\0"
    )
    with pytest.raises((TooLargeError, PictureError)):
        list(pictures_in(io.BytesIO(vast), "a.heic"))


def test_what_is_broken_is_one_line(tmp_path: Path, corners: Image.Image) -> None:
    whole = heic(corners)
    for content in (whole[: len(whole) // 2], whole[:-40], whole[:12], whole[:12] + bytes(600)):
        with pytest.raises(PictureError, match=r"IMG_0001\.HEIC: cannot be read as a picture \("):
            read_picture(stored(tmp_path, content))


def test_an_avif_of_the_common_brand_stays_one(tmp_path: Path, corners: Image.Image) -> None:
    file = io.BytesIO()
    corners.save(file, "AVIF", quality=95)
    content = file.getvalue().replace(b"ftypavif", b"ftypmif1", 1)
    assert heif.may_be(content)
    assert read_picture(stored(tmp_path, content, "a.avif")).size == corners.size


def test_it_is_a_scene_alone_and_in_a_folder(tmp_path: Path, corners: Image.Image) -> None:
    path = stored(tmp_path, heic(corners, brand=b"mif1"))
    for scene in (path, tmp_path):
        opened = open_scene(scene, Lens((128, 64), (64, 64)), 1.0, pytest.fail)
        assert main_size(opened.at(0.0).main) == corners.size
        opened.close()


def test_a_fresh_process_knows_each_kind_by_itself(tmp_path: Path, corners: Image.Image) -> None:
    """Here others have had Pillow learn them already. A brand that both may have is AVIF first."""
    file = io.BytesIO()
    corners.save(file, "AVIF", quality=95)
    stored(tmp_path, file.getvalue().replace(b"ftypavif", b"ftypmif1", 1), "a.avif")
    stored(tmp_path, heic(corners))
    done = subprocess.run(
        [sys.executable, "-m", "shuttergate", "check", "a.avif", "IMG_0001.HEIC"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["CLEAR", "CLEAR"], done.stdout
    code = "from pathlib import Path; from shuttergate.frames.scene import _is_picture\n"
    code += "print(_is_picture(Path('IMG_0001.HEIC')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "True\n", done.stderr


WITHOUT = """
import sys
sys.modules["pi_heif"] = None
from shuttergate.cli import start
sys.exit(start())
"""


def test_without_the_extra_one_line_says_how_to_get_it(
    tmp_path: Path, corners: Image.Image
) -> None:
    stored(tmp_path, heic(corners))
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "a.avif")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "check", "IMG_0001.HEIC", "a.avif"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    refused, avif = done.stdout.splitlines()
    assert "IMG_0001.HEIC: a HEIC picture needs pi-heif; run make heif" in refused
    assert avif.startswith("CLEAR")


def test_only_heic_is_asked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("a HEIC picture needs pi-heif; run make heif")

    monkeypatch.setattr(heif, "load", missing)
    with pytest.raises(DecoderError, match=r"a\.heic: a HEIC picture needs pi-heif; run make heif"):
        read_picture(stored(tmp_path, b"\0\0\0\x18ftypheic" + bytes(100), "a.heic"))
    with pytest.raises(PictureError, match="no picture format known here"):
        read_picture(stored(tmp_path, b"\0\0\0\x18ftypisom" + bytes(100), "a.heic"))
