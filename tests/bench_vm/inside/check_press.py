"""The kit on a real gpiochip: presses, bounces, broken buttons, kills.

A kit takes ten seconds to start in such a kernel. Tests that do each other no harm share one, in
the order in which they stand here.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bank import SENSE, SHUTTER, Bank, Copper
from inside_help import photos, wait_line
from kit import WHY_NO_LIBCAMERA, settings
from PIL import Image
from rigging import Run

from shuttergate.clock import since_boot_s
from shuttergate.config import GateSettings
from support.kits import Kit, alive, wait_until

SETTLE_S = GateSettings().settle_ms / 1000


def chatter(copper: Copper) -> float:
    """Bounce eight times, 1.5 ms a level; return how long the longest level really was."""
    moments_s = [since_boot_s()]
    for level in (True, False) * 8:
        copper.finger = level
        time.sleep(0.0015)
        moments_s.append(since_boot_s())
    return max(later - sooner for sooner, later in itertools.pairwise(moments_s))


class Shared:
    """A kit that outlasts a test, before a clear scene, with a button and an album of its own."""

    def __init__(self, bank: Bank, folder: Path) -> None:
        self.album = folder / "album"
        self.album.mkdir()
        scene = folder / "blue.png"
        Image.new("RGB", (640, 480), (30, 60, 160)).save(scene)
        self._config = settings(folder, scene, self.album)
        self._bank = bank
        self._kit: Kit | None = None
        self.copper: Copper

    def started(self, with_button: str) -> Kit:
        """Return the running kit, or a new one whose button is `with_button` from the start."""
        if self._kit is None:
            self.copper = Copper(self._bank)
            setattr(self.copper, with_button, True)
            self._kit = Kit("run", "--config", str(self._config))
        return self._kit

    def close(self) -> None:
        """End it, whatever became of it; the next one starts anew."""
        if self._kit is not None:
            self._kit.close()
            let_go(self.copper)
            self._kit = None


def pressed(one: Kit, press: Callable[[], None]) -> None:
    """Press until a photo comes: beside other tests a gate on a shared processor may close."""
    for _ in range(20):
        time.sleep(0.3)
        one.forget()  # what was refused before is no answer to this one
        press()
        heard = one.wait_for(("photo", "press refused"), timeout_s=20)
        if heard["event"] == "photo":
            return
        time.sleep(1.0)
    pytest.fail(f"the last press was refused: {heard['reason']}")


def let_go(copper: Copper) -> None:
    copper.finger = copper.welded = copper.supply = False
    copper.settle()
    copper.close()


@pytest.fixture(scope="module")
def shared(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    one = Shared(bank, tmp_path_factory.mktemp("shared"))
    yield one
    one.close()


def test_a_button_held_while_the_gate_opens_does_not_fire(shared: Shared, bank: Bank) -> None:
    one = shared.started("finger")
    copper = shared.copper
    one.wait_for("ready", timeout_s=40)
    copper.slowest_s = 0.0  # how late it was while the kit started is nobody's matter
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert wait_until(lambda: bank.level(SHUTTER)), "the line gives the held button its current"
    time.sleep(1.5)
    is_late = copper.slowest_s > SETTLE_S
    before = photos(shared.album)
    copper.finger = False
    if is_late:
        pytest.skip("this machine is too busy: the held button closed later than a real one can")
    assert before == 0
    pressed(one, copper.press)
    assert photos(shared.album) == 1


def test_a_press_gives_one_photo_and_so_does_a_burst_of_bounces(shared: Shared, bank: Bank) -> None:
    one = shared.started("finger")
    copper = shared.copper
    copper.finger = False
    assert wait_line(bank, True, 40)
    taken = photos(shared.album)
    pressed(one, copper.press)
    taken += 1
    for _ in range(5):
        longest_s = 0.0

        def bounce() -> None:
            nonlocal longest_s
            down_s = chatter(copper)
            copper.press(0.3)
            longest_s = max(longest_s, down_s, chatter(copper))

        pressed(one, bounce)
        time.sleep(1.0)
        before, taken = taken, photos(shared.album)
        if longest_s < 0.02:  # a busy machine holds a level for so long that it is no bounce
            assert taken == before + 1
            break
    else:
        shared.close()
        pytest.skip("this machine is too busy to bounce a button within 20 ms")
    assert one.stop() == 0
    assert not bank.line()
    assert one.wait_for("stopped")["taken"] == photos(shared.album) == taken
    shared.close()


@pytest.mark.parametrize(
    ("broken", "fault"), [("supply", "contact"), ("welded", "poles")], ids=["supply", "weld"]
)
def test_a_broken_button_is_a_fault_until_it_is_mended(
    shared: Shared, bank: Bank, broken: str, fault: str
) -> None:
    one = shared.started(broken)
    before = photos(shared.album)
    if not getattr(shared.copper, broken):  # it runs already: its gate starts anew with it
        os.kill(one.children()["gate"], signal.SIGKILL)
        assert wait_line(bank, False)
        setattr(shared.copper, broken, True)
        one.wait_for("gate ended")
        one.events.clear()
    if fault == "poles":  # seen only while the line is high
        one.wait_for("gate", state="OPEN", timeout_s=40)
    one.wait_for("gate", state="CLOSED", faults=[fault], timeout_s=40)
    assert not bank.line()
    assert one.wait_for(f"{fault} fault")["error"]
    setattr(shared.copper, broken, False)
    one.wait_for("gate", state="OPEN", timeout_s=30)
    assert wait_line(bank, True, 30)
    assert photos(shared.album) == before


@pytest.mark.parametrize("victim", ["gate", "parent"])
def test_after_sigkill_the_line_is_low(shared: Shared, bank: Bank, victim: str) -> None:
    one = shared.started("supply")
    copper = shared.copper
    copper.supply = copper.finger = False
    assert wait_line(bank, True, 60)
    gate = one.children()["gate"]
    copper.finger = True
    os.kill(gate if victim == "gate" else one.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not alive(gate))
    # Its other threads may outlive the first by a moment, and the open chip with them.
    assert wait_until(lambda: not bank.line(), 0.5)
    assert wait_until(lambda: not bank.level(SHUTTER))


@pytest.fixture
def alone(shared: Shared) -> None:
    """There is one set of pins."""
    shared.close()


@pytest.mark.usefixtures("alone")
def test_a_blocked_scene_keeps_the_line_low_and_a_press_does_nothing(
    run: Run, blocked_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    one = run(blocked_scene, "simulated" if WHY_NO_LIBCAMERA else "picamera2")
    one.wait_for("gate", state="CLOSED", reason="nudity", timeout_s=40)
    time.sleep(0.3)  # a button that is held when it is first read is no press
    until_s = since_boot_s() + 2.0
    copper.finger = True
    while since_boot_s() < until_s:
        assert not bank.line()
        assert not bank.level(SHUTTER)
    assert bank.level(SENSE)
    assert one.wait_for("press refused")["reason"] == "nudity"
    assert one.stop() == 0
    assert photos(album) == 0
