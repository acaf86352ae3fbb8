"""The permissive line on a real gpiochip, measured in the kernel's own files."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bank import ENABLE, SHUTTER, Bank, Copper
from inside_help import hold, script
from rigging import Run

from shuttergate.panel.chip import line_consumer

CHIP = Path("/dev/gpiochip0")


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
    from shuttergate.examination import Health

    settings(tmp_path, clear_scene, tmp_path)
    program = (
        "from shuttergate.board import read_board; from shuttergate.config import Config\n"
        "from shuttergate.examination import hardware\n"
        f"board = read_board({str(tmp_path / 'board.toml')!r})\n"
        "print(next(hardware(Config(), board, ['gpio'])).health)"
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
