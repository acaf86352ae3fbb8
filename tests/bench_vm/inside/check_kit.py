"""The kit with all its real parts: press on a gpiochip, libcamera's picture, whole photo."""

from __future__ import annotations

import time
from pathlib import Path

from bank import Bank, Copper
from inside_help import photos
from kit import MAIN, needs_libcamera
from PIL import Image
from rigging import Run

pytestmark = needs_libcamera

PATIENCE_S = 90.0
"""Beside four other tests a gate on a shared processor closes again and again: a press waits."""


def test_a_press_gives_a_photo_of_what_the_camera_sees(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    one = run(clear_scene, "picamera2")
    assert "picamera2" in one.wait_for("ready", timeout_s=40)["camera"]
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert bank.line()
    refused: list[str] = []
    until_s = time.monotonic() + PATIENCE_S
    while True:
        time.sleep(0.3)
        copper.press()
        heard = one.wait_for(("photo", "press refused"), timeout_s=20)
        if heard["event"] == "photo":
            break
        refused.append(heard["reason"])
        assert refused[-1] in ("waiting", "stale", "no frame", "closed", "busy"), refused
        assert time.monotonic() < until_s, refused
        time.sleep(1.0)
    assert one.stop() == 0
    assert not bank.line()
    assert one.process.stderr is not None
    assert one.process.stderr.read() == b"", "words of libcamera or picamera2 would stand there"
    assert photos(album) == 1
    with Image.open(next(album.iterdir())) as photo, Image.open(clear_scene) as scene:
        assert photo.size == MAIN
        seen, due = (picture.convert("RGB").resize((1, 1)) for picture in (photo, scene))
    for level, wanted in zip(seen.tobytes(), due.tobytes(), strict=True):
        assert abs(level - wanted) <= 4
