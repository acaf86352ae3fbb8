"""The kit on a real gpiochip: presses, bounces, broken buttons, kills."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path

import pytest
from bank import SENSE, SHUTTER, Bank, Copper
from inside_help import photos, wait_line
from kit import needs_libcamera
from rigging import Run

from shuttergate.config import GateSettings
from support.kits import alive, wait_until

SETTLE_S = GateSettings().settle_ms / 1000


def chatter(copper: Copper) -> float:
    """Bounce eight times, 1.5 ms a level; return how long the longest level really was."""
    moments_s = [time.monotonic()]
    for level in (True, False) * 8:
        copper.finger = level
        time.sleep(0.0015)
        moments_s.append(time.monotonic())
    return max(later - sooner for sooner, later in itertools.pairwise(moments_s))


def test_a_press_gives_one_photo_and_so_does_a_burst_of_bounces(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    one = run(clear_scene)
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert bank.line()
    time.sleep(0.3)
    copper.press()
    one.wait_for("photo", timeout_s=20)
    taken = 1
    for _ in range(5):
        time.sleep(0.3)
        down_s = chatter(copper)
        copper.press(0.3)
        longest_s = max(down_s, chatter(copper))
        one.wait_for("photo", timeout_s=20)
        time.sleep(1.0)
        before, taken = taken, photos(album)
        if longest_s < 0.02:  # a busy machine holds a level for so long that it is no bounce
            assert taken == before + 1
            break
    else:
        pytest.skip("this machine is too busy to bounce a button within 20 ms")
    assert one.stop() == 0
    assert not bank.line()
    assert one.wait_for("stopped")["taken"] == photos(album) == taken


def test_a_button_held_while_the_gate_opens_does_not_fire(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    copper.finger = True
    one = run(clear_scene)
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert wait_until(lambda: bank.level(SHUTTER)), "the line gives the held button its current"
    time.sleep(1.5)
    if copper.slowest_s > SETTLE_S:
        pytest.skip("this machine is too busy: the held button closed later than a real one can")
    assert photos(album) == 0
    copper.finger = False
    time.sleep(0.3)
    copper.press()
    one.wait_for("photo", timeout_s=20)
    assert one.stop() == 0
    assert one.wait_for("stopped")["taken"] == photos(album) == 1


@pytest.mark.parametrize("camera", ["simulated", pytest.param("picamera2", marks=needs_libcamera)])
def test_a_blocked_scene_keeps_the_line_low_and_a_press_does_nothing(
    run: Run, blocked_scene: Path, bank: Bank, copper: Copper, album: Path, camera: str
) -> None:
    one = run(blocked_scene, camera)
    one.wait_for("gate", state="CLOSED", reason="nudity", timeout_s=40)
    time.sleep(0.3)  # a button that is held when it is first read is no press
    until_s = time.monotonic() + 2.0
    copper.finger = True
    while time.monotonic() < until_s:
        assert not bank.line()
        assert not bank.level(SHUTTER)
    assert bank.level(SENSE)
    assert one.wait_for("press refused")["reason"] == "nudity"
    assert one.stop() == 0
    assert photos(album) == 0


@pytest.mark.parametrize(
    ("broken", "fault"), [("supply", "contact"), ("welded", "poles")], ids=["supply", "weld"]
)
def test_a_broken_button_is_a_fault_until_it_is_mended(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path, broken: str, fault: str
) -> None:
    setattr(copper, broken, True)
    one = run(clear_scene)
    if fault == "poles":  # seen only while the line is high
        one.wait_for("gate", state="OPEN", timeout_s=40)
    one.wait_for("gate", state="CLOSED", faults=[fault], timeout_s=40)
    assert not bank.line()
    assert one.wait_for(f"{fault} fault")["error"]
    setattr(copper, broken, False)
    one.wait_for("gate", state="OPEN", timeout_s=30)
    assert wait_line(bank, True)
    assert one.stop() == 0
    assert photos(album) == 0


@pytest.mark.parametrize("victim", ["gate", "parent"])
def test_after_sigkill_the_line_is_low(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, victim: str
) -> None:
    one = run(clear_scene)
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert bank.line()
    gate = one.children()["gate"]
    copper.finger = True
    os.kill(gate if victim == "gate" else one.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not alive(gate))
    # Its other threads may outlive the first by a moment, and the open chip with them.
    assert wait_until(lambda: not bank.line(), 0.5)
    assert wait_until(lambda: not bank.level(SHUTTER))
