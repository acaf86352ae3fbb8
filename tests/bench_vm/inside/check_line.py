"""The permissive line on a real gpiochip, measured in the kernel's own files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bank import ENABLE, SENSE, SHUTTER, Bank, Copper
from inside_help import hold, photos, script, wait_line

from conftest import Kit, alive, wait_until
from shuttergate.panel.chip import line_consumer

CHIP = Path("/dev/gpiochip0")
Run = Callable[[Path], Kit]


def test_at_boot_the_line_is_low_and_nobody_holds_it(bank: Bank) -> None:
    assert not bank.line()
    assert line_consumer(CHIP, ENABLE) is None


@pytest.mark.parametrize("end", ["KILL", "TERM", "exception", "return"])
def test_a_program_that_ends_lets_the_line_fall(bank: Bank, copper: Copper, end: str) -> None:
    program = script("panel.permissive(True); print('high', flush=True); END")
    how = {"exception": "raise RuntimeError", "return": ""}.get(end, "time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-c", program.replace("END", how)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"high\n"
        if end in ("KILL", "TERM"):
            assert bank.line()
            process.send_signal(signal.Signals[f"SIG{end}"])
        process.wait(10)
    assert not bank.line()
    assert line_consumer(CHIP, ENABLE) is None


def test_claiming_the_line_gives_no_glitch(bank: Bank, copper: Copper) -> None:
    copper.finger = True
    script_out = subprocess.run(
        [sys.executable, "-c", script("panel.on_contact = lambda: print('edge'); time.sleep(0.5)")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert script_out.stdout == ""
    assert not bank.level(SHUTTER)


def test_a_line_that_another_program_holds_is_named(
    run: Run, clear_scene: Path, bank: Bank
) -> None:
    with hold(ENABLE) as holder:
        one = run(clear_scene)
        assert one.process.wait(30) == 1
        assert one.process.stderr is not None
        said = one.process.stderr.read().decode()
    assert said == (
        f"shuttergate: pins.enable: BCM {ENABLE} is held by {holder.comm} (process {holder.pid}), "
        "as 'bench-thief'; end that, or choose another pin\n"
    )


def test_the_doctor_reads_the_wires(tmp_path: Path, clear_scene: Path, copper: Copper) -> None:
    from kit import settings

    from shuttergate.board import read_board
    from shuttergate.doctor import Health

    settings(tmp_path, clear_scene, tmp_path)
    program = (
        "import sys; from shuttergate.board import read_board; from shuttergate import doctor\n"
        f"print(doctor._gpio(read_board({str(tmp_path / 'board.toml')!r})).health)"
    )
    assert read_board(str(tmp_path / "board.toml")).gpio.driver == "lgpio"
    for copper.supply, health in ((False, Health.OK), (True, Health.FAULT)):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.strip() == health, done.stderr


def test_the_release_program_lowers_a_line(tmp_path: Path, clear_scene: Path, bank: Bank) -> None:
    from kit import settings

    config = settings(tmp_path, clear_scene, tmp_path)
    release = [sys.executable, "-m", "shuttergate.release", "--config", str(config)]
    # That it lowers a line which a Pi's kernel kept high is not shown here: gpio-sim keeps none.
    assert subprocess.run(release, check=False).returncode == 0
    assert not bank.line()
    with hold(ENABLE):
        done = subprocess.run(release, capture_output=True, text=True, check=False)
    assert (done.returncode, "bench-thief" in done.stderr) == (1, True)


def test_a_press_gives_one_photo_and_so_does_a_burst_of_bounces(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    one = run(clear_scene)
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert bank.line()
    time.sleep(0.3)
    copper.press()
    one.wait_for("photo", timeout_s=20)
    time.sleep(0.3)
    for _ in range(8):  # chatter of 1 to 2 ms, going down and coming up
        copper.finger = True
        time.sleep(0.0015)
        copper.finger = False
        time.sleep(0.0015)
    copper.press(0.3)
    for _ in range(8):
        copper.finger = True
        time.sleep(0.0015)
        copper.finger = False
        time.sleep(0.0015)
    one.wait_for("photo", timeout_s=20)
    time.sleep(1.0)
    assert one.stop() == 0
    assert not bank.line()
    assert one.wait_for("stopped")["taken"] == photos(album) == 2


def test_a_button_held_while_the_gate_opens_does_not_fire(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    copper.finger = True
    one = run(clear_scene)
    one.wait_for("gate", state="OPEN", timeout_s=40)
    assert wait_until(lambda: bank.level(SHUTTER)), "the line gives the held button its current"
    time.sleep(1.5)
    assert photos(album) == 0
    copper.finger = False
    time.sleep(0.3)
    copper.press()
    one.wait_for("photo", timeout_s=20)
    assert one.stop() == 0
    assert one.wait_for("stopped")["taken"] == photos(album) == 1


def test_a_blocked_scene_keeps_the_line_low_and_a_press_does_nothing(
    run: Run, blocked_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    one = run(blocked_scene)
    one.wait_for("ready", timeout_s=40)
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
