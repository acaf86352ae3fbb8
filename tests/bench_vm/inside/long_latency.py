"""How long it takes on a real kernel's pins, with libcamera's frames: written to figures.json.

The kernel is a process here and shares two processors: the figures say what the software adds, and
not what a Raspberry Pi takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bank import ENABLE, SENSE, SHUTTER, Bank, Copper
from inside_help import note
from kit import LORES, MAIN, needs_libcamera
from PIL import Image

from conftest import wait_until
from rig import Camera, Rig
from shuttergate.board import Accelerator, Pins
from shuttergate.board import Camera as CameraSettings
from shuttergate.config import Config, Gate
from shuttergate.frame import Frame
from shuttergate.frames.buffers import Pool
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.panel.panel import Panel
from shuttergate.share import share
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack

BLOCKS = PRESSES = 200
FPS = 10  # what is asked for; a kernel inside a process often judges no more
PLAIN = np.full((224, 224, 3), (30, 60, 160), np.uint8)
CHANNELS = ["consent-clean", "open-nsfw"]

pytestmark = [needs_libcamera, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


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
            self.turned.append((frame.exposed_s, time.monotonic()))
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
            self.lowered_s.append(time.monotonic())
        self._was_high = is_high


def counts(rig: Rig) -> tuple[int, int]:
    """How many photos were taken, and how many presses refused."""
    return len(rig.events("photo")), len(rig.events("press refused"))


def told(rig: Rig) -> str:
    """The last that the gate said, for a test that waited in vain."""
    return "\n".join(f"{log.event} {log.fields}" for log in rig.logs[-8:])


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
        config = Config(gate=Gate(clear_frames=1, hold_off_s=0.0, max_age_ms=2000))
        eyes = open_eyes(CHANNELS, CHANNELS, Accelerator(driver="cpu"))
        pack = read_pack(share("models") / CHANNELS[0])
        panel = Stamped(bank)
        rigs.append(Rig(tmp_path / "album", pack, config, eyes=eyes, camera=Watched(), panel=panel))
        return rigs[-1]

    yield started
    for rig in rigs:
        rig.close()


def test_from_a_blocked_frame_to_the_line_low(start: Callable[[list[Any]], Rig]) -> None:
    rig = start([PLAIN, paint("test_card", (224, 224))])
    camera, panel = rig.camera, rig.panel
    assert isinstance(camera, Watched) and isinstance(panel, Stamped)
    assert wait_until(lambda: len(panel.lowered_s) > BLOCKS, 120), rig.status
    rig.appliance.stop()
    exposed, handed = [], []
    for lowered_s in panel.lowered_s:
        last = max((turned for turned in camera.turned if turned[1] < lowered_s), default=None)
        assert last is not None, "it closed before it was shown the card"
        exposed.append(lowered_s - last[0])
        handed.append(lowered_s - last[1])
    note("blocked frame exposed to line low", exposed)
    note("blocked frame handed over to line low", handed)


def test_from_the_press_to_the_decision_and_to_the_photo(
    start: Callable[[list[Any]], Rig], copper: Copper, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = start([PLAIN])
    decided: list[float] = []
    contact = rig.appliance.interlock.contact

    def stamped(is_down: Callable[[], bool]) -> Any:
        begun = contact(is_down)
        if begun is not None:
            decided.append(time.monotonic())
        return begun

    monkeypatch.setattr(rig.appliance.interlock, "contact", stamped)
    decisions, photos = [], []
    dice = np.random.default_rng(1)
    while len(photos) < PRESSES:
        assert wait_until(rig.armed, 20), told(rig)
        time.sleep(float(dice.uniform(0.2, 0.4)))  # the last frame was used; a new one must come
        decided.clear()
        taken, refused = counts(rig)
        copper.finger = True
        pressed_s = time.monotonic()
        copper.settle()
        assert wait_until(lambda: bool(decided), 5), told(rig)
        decisions.append(decided[0] - pressed_s)
        time.sleep(0.1)  # as long as a finger stays
        copper.finger = False
        assert wait_until(lambda last=(taken, refused): counts(rig) != last, 20), told(rig)  # type: ignore[misc]
        if counts(rig)[0] > taken:
            photos.append(rig.events("photo")[-1]["ms"] / 1000)
    assert counts(rig)[1] <= PRESSES / 10, told(rig)
    note("press edge to capture decision", decisions)
    note("capture decision to photo in the album", photos)
