"""Every scenario of the library on real drivers: gpiozero and lgpio on the kernel's gpio-sim."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kit import board_file

ROOT = Path(os.environ["ROOT"])
LIBRARY = ROOT / "tests" / "scenarios"
SLOW = 2.5
"""A kernel inside a process is slow. More would not do: the kit's own limits, after which it ends a
publisher or tries a broken wire again, are not stretched."""


def test_every_scenario_that_can_be_played_holds_on_a_gpiochip(tmp_path: Path) -> None:
    board = board_file(tmp_path)
    out = Path(os.environ["OUT"])
    done = subprocess.run(
        [sys.executable, "-m", "shuttergate", "bench", LIBRARY, "--board", board]
        + ["--slow", str(SLOW), "--set-clock", "--junit", str(out / "scenarios.xml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0
