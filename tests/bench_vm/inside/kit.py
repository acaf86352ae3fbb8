"""A board of the bench's own: real pins, and a simulated camera or libcamera's virtual one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bank import ENABLE, SENSE, SHUTTER
from PIL import Image

BOARD = f"""
name = "bench"
[title]
en = "A kernel's simulated pins"
ja = "カーネルの模擬ピン"
[camera]
driver = "CAMERA"
main_size = [640, 480]
fps = 10
[gpio]
driver = "lgpio"
[pins]
enable = {ENABLE}
shutter = {SHUTTER}
shutter_sense = {SENSE}
lamp_clear = 5
lamp_blocked = 6
lamp_wait = 13
buzzer = 19
[accelerator]
driver = "cpu"
[channels]
live = ["consent-clean", "open-nsfw"]
look = ["consent-clean", "open-nsfw"]
"""


MAIN, LORES = (640, 480), (224, 224)

MAX_AGE_MS = 1500
"""A kernel inside a process is slow, and its processor is shared: frames may be so old."""

WHY_NO_LIBCAMERA = os.environ.get("NO_LIBCAMERA", "")
needs_libcamera = pytest.mark.skipif(bool(WHY_NO_LIBCAMERA), reason=WHY_NO_LIBCAMERA)


def board_file(folder: Path, camera: str = "simulated") -> Path:
    """Write the board into `folder` and return its path; ``camera``: the driver."""
    board = folder / "board.toml"
    board.write_text(BOARD.replace("CAMERA", camera))
    return board


def settings(folder: Path, scene: Path, album: Path, camera: str = "simulated") -> Path:
    """Write board and configuration into `folder` and return the configuration's path.

    ``camera``: the driver. libcamera's virtual camera is given the picture `scene` to look at.
    """
    board, config = board_file(folder, camera), folder / "kit.toml"
    config.write_text(
        f'board = "{board}"\n'
        f"[gate]\nmax_age_ms = {MAX_AGE_MS}\nclear_frames = 2\n"
        f'[scene]\npath = "{scene}"\n[album]\nfolder = "{album}"\n'
        '[video]\ncodec = "off"\n'  # one slow processor for camera, models, button and copper
    )
    if camera == "picamera2":
        from virtualcam import write_yaml

        seen = folder / "seen"  # of its own: libcamera hangs on what is no JPEG
        seen.mkdir(exist_ok=True)
        with Image.open(scene) as picture:
            nearest = picture.convert("RGB").resize(MAIN, Image.Resampling.NEAREST)
        nearest.save(seen / "0.jpg", quality=100, subsampling=0)
        write_yaml(seen, [MAIN, LORES])
    return config
