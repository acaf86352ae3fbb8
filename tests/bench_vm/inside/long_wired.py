"""A bench with lines of its own: a second chip, wired to the kit's by imitated copper."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank import Bank, Copper
from kit import board_file

from shuttergate.bench.scenario import gpiosim

CONFIG = Path("/sys/kernel/config/gpio-sim/wires")
PRESS, PERMISSIVE = 0, 1
SLOW = 2.5
CARD = Path(os.environ["ROOT"]) / "tests" / "scenarios" / "1-fail-closed" / "card.toml"


@pytest.fixture
def wires(bank: Bank, copper: Copper, tmp_path: Path) -> Iterator[Path]:
    """A second chip: its output closes the button's contacts, its input is on the line."""
    (CONFIG / "bank0").mkdir(parents=True)
    (CONFIG / "bank0" / "num_lines").write_text("8")
    (CONFIG / "live").write_text("1")
    chip = (CONFIG / "bank0" / "chip_name").read_text().strip()
    (first,) = gpiosim.PLATFORM.glob(f"gpio-sim.*/{chip}/sim_gpio0")
    ours, ended = gpiosim.Bank(first, 8), threading.Event()

    def flow() -> None:
        while not ended.wait(0.001):
            copper.finger = ours.level(PRESS)
            if ours.level(PERMISSIVE) != bank.line():
                ours.pull(PERMISSIVE, bank.line())

    thread = threading.Thread(target=flow)
    thread.start()
    file = tmp_path / "wires.toml"
    number = chip.removeprefix("gpiochip")
    file.write_text(f"chip = {number}\npress = {PRESS}\npermissive = {PERMISSIVE}\n")
    yield file
    ended.set()
    thread.join()
    (CONFIG / "live").write_text("0")
    (CONFIG / "bank0").rmdir()
    CONFIG.rmdir()


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shuttergate", "bench", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_scenario_is_played_through_wires(wires: Path, tmp_path: Path) -> None:
    done = bench(CARD, "--board", board_file(tmp_path), "--wires", wires, "--slow", SLOW)
    assert done.returncode == 0, done.stdout


def test_latencies_are_measured_through_wires(wires: Path, tmp_path: Path) -> None:
    board = board_file(tmp_path)
    done = bench("latency", "--repeat", 3, "--board", board, "--wires", wires, "--slow", SLOW)
    assert done.returncode == 0, done.stdout
    print(done.stdout)
    assert "light to line low" in done.stdout and "press to durable file" in done.stdout
