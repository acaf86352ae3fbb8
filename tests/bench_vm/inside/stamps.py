"""An appliance on a real kernel's pins and libcamera's frames that says when what happened.

The kernel is a process here and shares two processors: the figures say what the software adds, and
not what a Raspberry Pi takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bank import ENABLE, SENSE, SHUTTER, Bank
from kit import LORES, MAIN
from PIL import Image

from shuttergate.board import AcceleratorPart, Pins
from shuttergate.board import CameraPart as CameraSettings
from shuttergate.clock import since_boot_s
from shuttergate.config import Config, GateSettings
from shuttergate.frame import Frame
from shuttergate.frames.buffers import Pool
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.panel.panel import Panel
from shuttergate.system.paths import share
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.pack import read_pack
from support.rig import Camera, Rig

FPS = 10  # what is asked for; a kernel inside a process often judges no more
PLAIN = np.full((224, 224, 3), (30, 60, 160), np.uint8)
CHANNELS = ["consent-clean", "open-nsfw"]


class Watched(Camera):
    """The virtual camera; says when a frame of the card came after one without."""

    def __init__(self) -> None:
        super().__init__()
        self.fps = FPS
        self.turned: list[tuple[float, float]] = []
        self._was_card = False
        self._device: PiCamera | None = None

    def open(self) -> Watched:
        pool = Pool(4, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)
        asked = CameraSettings(driver="picamera2", main_size=MAIN, fps=FPS)
        self._device = PiCamera(asked, LORES, pool)
        return self

    def next(self, timeout_s: float) -> Frame:
        assert self._device is not None
        frame = self._device.next(timeout_s)
        card = bool(frame.lores[..., 0].std() > 20)  # the other picture is plain
        if card and not self._was_card:
            self.turned.append((frame.exposed_s, since_boot_s()))
        self._was_card = card
        return frame

    def close(self) -> None:
        if self._device is not None:
            self._device.close()


class Stamped(Panel):
    """Real pins; says when the line went low, as the kernel has it."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(Pins(ENABLE, SHUTTER, SENSE), simulated=False)
        self._bank = bank
        self._was_high = False
        self.lowered_s: list[float] = []

    def permissive(self, high: bool) -> None:
        super().permissive(high)
        is_high = self._bank.line()
        if self._was_high and not is_high:
            self.lowered_s.append(since_boot_s())
        self._was_high = is_high


def counts(rig: Rig) -> tuple[int, int]:
    """How many photos were taken, and how many presses refused."""
    return len(rig.events("photo")), len(rig.events("press refused"))


def told(rig: Rig) -> str:
    """The last that the gate said, for a test that waited in vain."""
    return "\n".join(repr(log) for log in rig.logs[-8:])


@pytest.fixture
def start(tmp_path: Path, bank: Bank) -> Iterator[Callable[[list[Any]], Rig]]:
    """Start an appliance on real pins that sees the given pictures in turn, four frames each."""
    from virtualcam import install, write_yaml

    install()
    rigs: list[Rig] = []

    def started(pictures: list[Any]) -> Rig:
        folder = tmp_path / "seen"
        folder.mkdir()
        for number, picture in enumerate(pictures):
            image = Image.fromarray(picture).resize(MAIN, Image.Resampling.NEAREST)
            image.save(folder / f"{number}.jpg", quality=100, subsampling=0)
        write_yaml(folder, [MAIN, LORES])
        (tmp_path / "album").mkdir()
        config = Config(gate=GateSettings(clear_frames=1, hold_off_s=0.0, max_age_ms=2000))
        eyes = open_eyes(CHANNELS, CHANNELS, AcceleratorPart(driver="cpu"))
        pack = read_pack(share("models") / CHANNELS[0])
        panel = Stamped(bank)
        rigs.append(Rig(tmp_path / "album", pack, config, eyes=eyes, camera=Watched(), panel=panel))
        return rigs[-1]

    yield started
    for rig in rigs:
        rig.close()
