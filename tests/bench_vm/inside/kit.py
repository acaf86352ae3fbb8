"""A board of the bench's own: simulated camera, real pins."""

from __future__ import annotations

from pathlib import Path

from bank import ENABLE, SENSE, SHUTTER

BOARD = f"""
name = "bench"
[title]
en = "A kernel's simulated pins"
ja = "カーネルの擬似ピン"
[camera]
driver = "simulated"
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


def settings(folder: Path, scene: Path, album: Path) -> Path:
    """Write board and configuration into `folder` and return the configuration's path."""
    board, config = folder / "board.toml", folder / "kit.toml"
    board.write_text(BOARD)
    # A kernel inside a process is slow, and its processor is shared: frames may be a second old.
    config.write_text(
        f'board = "{board}"\n'
        "[gate]\nmax_age_ms = 1500\nclear_frames = 2\n"
        f'[scene]\npath = "{scene}"\n[album]\nfolder = "{album}"\n'
    )
    return config
