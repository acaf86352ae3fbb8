"""Picture files of every kind: read upright and whole, or refused in one clear line."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import AnimationError, PictureError, TooLargeError
from shuttergate.frame import main_size, planes
from shuttergate.frames import pictures
from shuttergate.frames.pictures import lores_of, main_of, pictures_in, read_picture, read_pictures


def corners(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", size, "white")
    half = (size[0] // 2, size[1] // 2)
    image.paste("red", (0, 0, *half))
    image.paste("lime", (half[0], 0, size[0], half[1]))
    image.paste("blue", (0, half[1], half[0], size[1]))
    return image


def saved(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)  # type: ignore[arg-type]
    return path


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def told(orientation: int, odd: bool = False) -> bytes:
    """EXIF that says the orientation; ``odd``: and a resolution that is a text."""
    entries = [struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)]
    entries += [struct.pack("<HHI4s", 0x11A, 2, 3, b"72\0\0")] if odd else []
    return (
        b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "count", "odd"),
    [
        *[(name, 1, False) for name in ("a.jpg", "a.png", "a.webp", "a.tiff", "a.avif")],
        *[(name, 2, False) for name in ("a.png", "a.webp", "a.tiff")],
        *[(name, 1, True) for name in ("a.jpg", "a.png", "a.webp")],
    ],
)
def test_exif_rotated_pictures_are_judged_upright(
    tmp_path: Path, name: str, count: int, odd: bool, orientation: int
) -> None:
    upright = corners()
    stored = upright.transpose(TURNS[orientation]) if orientation in TURNS else upright
    other = stored.copy()
    other.putpixel((1, 1), (9, 9, 9))  # else the second would be left out
    more: dict[str, Any] = {"save_all": True, "append_images": [other]} if count > 1 else {}
    exif: Any = Image.Exif()
    exif[0x112] = orientation
    more["exif"] = told(orientation, True) if odd else exif
    if name != "a.tiff":
        more["quality"] = 95
    path = saved(tmp_path, stored, name, **more)
    found = list(read_pictures(path))
    assert len(found) == count
    for picture in found:
        assert picture.size == upright.size
        assert np.abs(np.asarray(picture, int) - np.asarray(upright, int)).mean() < 12


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_none(tmp_path: Path, orientation: int) -> None:
    path = saved(tmp_path, corners(), "a.jpg", exif=told(orientation))
    assert read_picture(path).size == corners().size


def test_arithmetic_coding_is_read_too() -> None:
    """Few programs write it; the decoder that Pillow brings knows it (libjpeg-turbo)."""
    content = io.BytesIO()
    corners().save(content, "JPEG")
    arithmetic = bytearray(content.getvalue())
    arithmetic[arithmetic.find(b"\xff\xc0") + 1] = 0xC9  # says that it is: what it shows is noise
    (picture,) = pictures_in(io.BytesIO(bytes(arithmetic)), "a.jpg")
    assert picture.size == corners().size


def test_cmyk_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, corners().convert("CMYK"), "cmyk.jpg", quality=95)
    red = np.asarray(read_picture(path))[4, 4]
    assert red[0] > 200
    assert red[1] < 60


def test_16_bit_grey_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    path = saved(tmp_path, Image.fromarray(ramp), "deep.png")
    grey = np.asarray(read_picture(path))[..., 0]
    assert abs(int(grey[8, 0]) - 128) <= 2


def test_alpha_is_laid_over_white(tmp_path: Path) -> None:
    glass = corners().convert("RGBA")
    glass.putalpha(0)
    assert np.asarray(read_picture(saved(tmp_path, glass, "glass.png"))).min() == 255


def test_a_palette_with_transparency_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, corners().convert("P"), "palette.png", transparency=0)
    assert read_picture(path).mode == "RGB"


def test_every_frame_of_an_animation_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    path = saved(tmp_path, frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert len(list(read_pictures(path))) == 3


def test_an_endless_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), level) for level in range(100)]
    path = saved(tmp_path, frames[0], "long.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(AnimationError, match=r"animation of 100 pictures, over 64; save a part"):
        read_picture(path)


def test_100_megapixels_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("L", (10_000, 10_000), 128), "huge.png")
    assert read_picture(path, (4056, 3040)).size == (10_000, 10_000)


def test_a_huge_jpeg_comes_reduced_but_not_below_the_limit(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (8000, 6000), "navy"), "huge.jpg")
    width, height = read_picture(path, (2000, 1500)).size
    assert 2000 <= width < 8000
    assert 1500 <= height < 6000


def test_no_picture_is_a_program_that_is_run(tmp_path: Path) -> None:
    """PostScript: Pillow would have Ghostscript run it, and a loop in it would never end."""
    ran = tmp_path / "ran"
    ghostscript = tmp_path / "bin" / "gs"
    ghostscript.parent.mkdir()
    ghostscript.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    ghostscript.chmod(0o755)
    picture = tmp_path / "loop.eps"
    picture.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n%%EndComments\n{ } loop\n")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from shuttergate.errors import PictureError\n"
        "from shuttergate.frames.pictures import read_picture\n"
        "try:\n    read_picture(Path(sys.argv[1]), None)\n"
        "except PictureError:\n    print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, picture],
        env={"PATH": f"{ghostscript.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.stdout == "refused\n", done.stderr
    assert not ran.exists()


def test_a_pixel_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("1", (20_000, 20_000)), "bomb.png")
    with pytest.raises(
        TooLargeError, match=r"bomb\.png: a picture in it is over 128 megapixels; reduce it"
    ):
        read_picture(path)


def test_an_animation_that_grows_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    frames = [Image.new("L", (16, 16), level) for level in (0, 255)]
    path = saved(tmp_path, frames[0], "growing.gif", save_all=True, append_images=frames[1:])
    frame = b"\x2c" + struct.pack("<4H", 0, 0, 16, 16)
    head, tail = path.read_bytes().rsplit(frame, 1)
    path.write_bytes(head + b"\x2c" + struct.pack("<4H", 0, 0, 12_000, 12_000) + tail)
    with pytest.raises(TooLargeError, match=r"a picture in it is over 128 megapixels; reduce it"):
        list(read_pictures(path))


def test_a_part_of_an_animation_is_refused_before_it_is_laid_over_the_last(tmp_path: Path) -> None:
    frames = [Image.new("L", (16, 16), level) for level in (0, 99, 255)]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:], disposal=2)
    parts = path.read_bytes().split(b"\x2c" + struct.pack("<4H", 0, 0, 16, 16))
    assert len(parts) == 4
    vast = b"\x2c" + struct.pack("<4H", 0, 0, 60_000, 60_000)
    content = parts[0] + b"\x2c" + struct.pack("<4H", 0, 0, 16, 16) + vast.join(parts[1:])
    program = (
        "import io, resource, sys\n"
        "from shuttergate.errors import TooLargeError\n"
        "from shuttergate.frames.pictures import pictures_in\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    list(pictures_in(io.BytesIO(sys.stdin.buffer.read()), 'it'))\n"
        "except TooLargeError:\n"
        "    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=content, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 600, "megabytes"


def test_bytes_in_memory_are_read_too_by_the_named_formats_alone(tmp_path: Path) -> None:
    content = saved(tmp_path, corners(), "a.png").read_bytes()
    (image,) = pictures_in(io.BytesIO(content), "the picture", formats=("PNG",))
    assert np.array_equal(np.asarray(image), np.asarray(corners()))
    with pytest.raises(PictureError, match="the picture: cannot be read as a picture"):
        list(pictures_in(io.BytesIO(content), "the picture", formats=("JPEG",)))
    with pytest.raises(TooLargeError, match="the picture: 64 x 32 is over"):
        list(pictures_in(io.BytesIO(content), "the picture", max_pixels=2000))


@pytest.mark.parametrize("keep", [0, 1, 10, 100, 500])
def test_a_truncated_picture_is_refused(tmp_path: Path, keep: int) -> None:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)).save(
        whole, "JPEG"
    )
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole.getvalue()[:keep])
    with pytest.raises(PictureError, match=r"cut\.jpg: cannot be read as a picture"):
        read_picture(path)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.jpg"
    path.write_text("Dear camera")
    with pytest.raises(PictureError, match=r"no picture format known here\); name a picture"):
        read_picture(path)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.write_bytes(b"")
    with pytest.raises(PictureError, match=r"\(it is empty\); name another file"):
        read_picture(path)
    with pytest.raises(PictureError, match="it is empty"):
        list(pictures_in(io.BytesIO(), "empty"))


def test_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(PictureError, match="no regular file; name a picture"):
            read_picture(path)
    with pytest.raises(PictureError, match="there is no such file"):
        read_picture(tmp_path / "nothing")
    with pytest.raises(PictureError, match="File name too long; name a picture that can be read"):
        read_picture(tmp_path / ("x" * 300))


def test_lores_shows_the_whole_picture_edges_included() -> None:
    lores = lores_of(corners((640, 160)), (224, 224))
    assert lores.shape == (224, 224, 3)
    assert lores[2, 2].tolist() == [255, 0, 0]
    assert lores[2, -3].tolist() == [0, 255, 0]
    assert lores[-3, 2].tolist() == [0, 0, 255]
    assert lores[-3, -3].tolist() == [255, 255, 255]


@pytest.mark.parametrize("size", [(64, 32), (65, 33), (3, 3), (1, 1)])
def test_main_has_even_sides_and_nothing_cut_off(size: tuple[int, int]) -> None:
    width, height = main_size(main_of(corners(size), (4056, 3040)))
    assert (width % 2, height % 2) == (0, 0)
    assert abs(width - size[0]) <= 1
    assert abs(height - size[1]) <= 1


def test_main_is_reduced_to_the_sensor() -> None:
    assert main_size(main_of(corners((800, 400)), (400, 400))) == (400, 200)


def test_main_is_full_range_yuv() -> None:
    luma, blue, red = planes(main_of(Image.new("RGB", (16, 16), "white"), (64, 64)))
    assert (luma.min(), blue.min(), red.min()) == (255, 128, 128)
    luma, blue, red = planes(main_of(Image.new("RGB", (16, 16), "red"), (64, 64)))
    assert (int(luma[0, 0]), int(blue[0, 0]), int(red[0, 0])) == (76, 84, 255)


def test_the_limits_are_as_documented() -> None:
    assert pictures.MAX_PIXELS >= 100_000_000
