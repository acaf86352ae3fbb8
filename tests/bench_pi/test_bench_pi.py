"""What the benches of emulated Pis are made of; that they hold, `make bench-pi` shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench_pi import pi
from bench_pi.pins import Pin, Pins
from bench_pi.wheels import entry
from support.places import ROOT

BASE = 0x3F200000
LEVEL = BASE + 0x34


class Registers:
    """QEMU's end of a qtest socket, and a GPIO block of which an input keeps its level."""

    def __init__(self, path: Path) -> None:
        self.kinds = [0] * 6
        self.levels = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as talk, talk.makefile("rw") as file:
            for line in file:
                words = line.split()
                offset, *value = (
                    int(word, 16) - BASE * (n == 0) for n, word in enumerate(words[1:])
                )
                file.write(f"IRQ raise 3\n{self._answer(words[0], offset, *value)}\n")
                file.flush()

    def _answer(self, verb: str, offset: int, value: int = 0) -> str:
        if verb == "readl":
            return f"OK {self.levels if offset == 0x34 else self.kinds[offset // 4]:#018x}"
        if offset == 0x1C:
            self.levels |= value
        elif offset == 0x28:
            self.levels &= ~value
        elif offset < 0x18:
            self.kinds[offset // 4] = value
        else:
            return "FAIL"
        return "OK"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[tuple[Registers, Pins]]:
    registers = Registers(tmp_path / "qtest")
    pins = Pins(tmp_path / "qtest", BASE)
    yield registers, pins
    pins.close()


def test_a_pin_is_an_input_an_output_or_something_else(board: tuple[Registers, Pins]) -> None:
    registers, pins = board
    registers.kinds[1] = 1 << 21 | 4 << 15  # BCM 17, BCM 15
    registers.levels = 1 << 17
    assert pins.look(17) == Pin("output", 1)
    assert pins.look(15) == Pin("other", 0)
    assert str(pins.look(27)) == "input at 0"


def test_a_wire_moves_one_pin_and_leaves_it_an_input(board: tuple[Registers, Pins]) -> None:
    registers, pins = board
    registers.kinds[2] = 1 << 6  # BCM 22 is an output
    pins.put(27, 1)
    assert (pins.look(27), registers.levels) == (Pin("input", 1), 1 << 27)
    assert pins.look(22) == Pin("output", 0)
    pins.put(27, 0)
    assert registers.levels == 0


def test_a_locked_package_is_found_for_a_machine_that_its_marker_leaves_out() -> None:
    lock = "one==1 \\\n    --hash=a\n"
    lock += "two==2.0 ; platform_machine == 'x86_64' \\\n    --hash=b \\\n    --hash=c\n"
    assert entry("two", lock) == "two==2.0 \\\n    --hash=b \\\n    --hash=c\n"


def _told(score: str, tolerance: float = 0.0) -> list[str]:
    row = {"pack": "a-pack", "picture": "a_slope", "tolerance": tolerance, "scores": [score]}
    return [json.dumps(row)]


@pytest.mark.parametrize(
    ("there", "tolerance", "held"),
    [
        (["0.100000"], 0.0, True),
        (["0.100001"], 0.0, False),
        (["0.100001"], 0.06, True),
        (["0.170000"], 0.06, False),
        ([], 0.0, False),
        ([], 0.06, False),
    ],
)
def test_an_answer_is_the_same_but_where_bytes_are_rounded(
    there: list[str], tolerance: float, held: bool
) -> None:
    told = [line for score in there for line in _told(score)]
    (row,) = pi.answers(_told("0.100000", tolerance), told)
    assert row.held == held


@pytest.mark.parametrize("bench", ["pi", "arm64"])
def test_where_it_cannot_run_it_says_why(bench: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"bench_pi.{bench}", "--out", tmp_path / "out"],
        env={**os.environ, "PATH": "/nowhere", "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 77
    assert done.stdout.startswith("the bench cannot run here: ")
