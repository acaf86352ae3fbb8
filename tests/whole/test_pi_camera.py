"""Whole kits with a stand-in for the Raspberry Pi's camera: confined, wedged, and back again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shuttergate import feed
from shuttergate.config import Config
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import spawn
from shuttergate.verdict import Fault

TESTS = Path(__file__).parents[1]

CAMERA = """
import os, sys, time
sys.path.insert(0, {tests!r})
import numpy as np
from PIL import Image
from support import picam

NOISE = np.random.default_rng(1).integers(100, 130, (32, 48, 64, 3), np.uint8)
STUCK = []
FIRST = not os.path.exists({mark!r})

class Camera(picam.StandIn):
    pictures = tuple(Image.fromarray(one).resize(picam.MAIN) for one in NOISE)
    silent_s = 1 / 30

    def __init__(self):
        self.failure = RuntimeError("Device or resource busy") if STUCK else None
        super().__init__()

    def capture_request(self, wait):
        if {wedges} and FIRST and self.taken >= 30:
            STUCK.append(1)
            self.silent_s = 60.0
        return super().capture_request(wait)

    def close(self):
        if STUCK:
            raise RuntimeError("could not stop the camera")
        super().close()

for module in picam.modules(Camera):
    sys.modules[module.__name__] = module
from shuttergate import gate_process, lane
lane.GIVE_UP_S = 3.0
gate_process.main()
"""


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Supervisor]:
    """Make a kit with such a camera; ``wedges``: in its first process, after a second."""
    mark, board = tmp_path / "not the first", tmp_path / "board.toml"
    simulated = Path(__file__).parents[2] / "device" / "simulated" / "board.toml"
    text = simulated.read_text().replace('driver = "simulated"', 'driver = "picamera2"', 1)
    board.write_text(text)
    plain = spawn.command

    def make(wedges: bool = False) -> Supervisor:
        code = CAMERA.format(tests=str(TESTS), mark=str(mark), wedges=wedges)

        def command(module: str) -> list[str]:
            is_gate = module == "shuttergate.gate_process"
            return [sys.executable, "-B", "-c", code] if is_gate else plain(module)

        monkeypatch.setattr(spawn, "command", command)
        return Supervisor(Config(board=str(board)), tmp_path / "album")

    return make


def until(kit: Supervisor, true: Callable[[feed.News], bool], seen: list[feed.News]) -> feed.News:
    """Poll until there is such news; keep all of it in `seen`."""
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        news = kit.poll(0.05)
        seen += news
        for item in news:
            if true(item):
                return item
    pytest.fail(f"nobody said it: {[one for one in seen if not isinstance(one, feed.Status)]}")


def test_a_library_that_makes_shared_memory_finds_its_camera_in_the_confined_gate(
    kit: Callable[..., Supervisor],
) -> None:
    """The Pi 5's: its cameras were looked for after no file might grow, and there were none."""
    seen: list[feed.News] = []
    with kit() as one:
        ready = until(one, lambda item: isinstance(item, feed.Ready | feed.FaultBegan), seen)
        assert isinstance(ready, feed.Ready), ready
        limits = Path(f"/proc/{one.pid('gate')}/limits").read_text()
        assert "Max file size             0                    0" in limits


def test_a_wedged_camera_comes_back_with_a_fresh_process(
    kit: Callable[..., Supervisor], tmp_path: Path
) -> None:
    seen: list[feed.News] = []
    with kit(wedges=True) as one:
        until(one, lambda item: isinstance(item, feed.Ready), seen)
        (tmp_path / "not the first").touch()
        given_up = until(one, lambda item: isinstance(item, feed.CameraGivenUp), seen)
        assert isinstance(given_up, feed.CameraGivenUp) and "is busy" in given_up.error
        gate_ends = feed.ChildEnded("gate", "exit 75", 0.1)
        until(one, lambda item: item == gate_ends, seen)
        until(one, lambda item: isinstance(item, feed.Ready), seen)
        assert one.starts == 2
        faults = [item.fault for item in seen if isinstance(item, feed.FaultBegan)]
        assert set(faults) == {Fault.CAMERA}
