"""The older runtime, tflite-runtime with numpy 1: chosen, right, installable; and with numpy 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from support.places import ROOT

OLD = ("tflite-runtime==2.14.0", "numpy<2")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]

TRIES = """
import sys
sys.path[:0] = FOLDERS
if ALONE:
    sys.modules["ai_edge_litert"] = None  # as where only the older runtime is installed
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two folders: the older runtime, and the numpy that its wheels are built for."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tflite-runtime's last wheels are for Python 3.11")
    folders = [tmp_path_factory.mktemp("old") / one for one in ("tflite", "numpy")]
    for folder, package in zip(folders, OLD, strict=True):
        done = subprocess.run(
            [*PIP, "--no-deps", "--only-binary=:all:", "--target", folder, package],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"pip brings no {package} here: {done.stderr.strip().splitlines()[-1]}")
    return str(folders[0]), str(folders[1])


def tried(folders: Sequence[str], alone: bool, code: str) -> subprocess.CompletedProcess[str]:
    head = TRIES.replace("FOLDERS", repr(list(folders))).replace("ALONE", repr(alone))
    return subprocess.run(
        [sys.executable, "-c", head + code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside ai-edge-litert"])
def test_with_numpy_1_it_is_chosen_and_every_known_answer_is_right(
    old: tuple[str, str], alone: bool
) -> None:
    code = """
import numpy
from shuttergate.board import read_board
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.runtime import RUNTIME
from shuttergate.vision.selftest import SelfTest
board = read_board("simulated")
eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
test = SelfTest(eyes.look)
test.ask_all()
print(RUNTIME, numpy.__version__, len(eyes.look), test.passed)
"""
    done = tried(old, alone, code)
    assert done.returncode == 0, done.stderr
    runtime, numpy, channels, passed = done.stdout.split()
    assert (runtime, numpy.partition(".")[0], channels, passed) == (
        *("tflite-runtime", "1", "2", "True"),
    )


def test_with_numpy_2_one_line_says_what_to_install(old: tuple[str, str], tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), (90, 120, 160)).save(tmp_path / "a.png")
    code = f"""
sys.argv = ["shuttergate", "check", {str(tmp_path / "a.png")!r}]
from shuttergate.cli import start
start()
"""
    done = tried(old[:1], True, code)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert "tflite-runtime is built for numpy 1, and numpy 2." in line
    assert line.endswith("pip install ai-edge-litert, or on Python 3.11 shuttergate's extra tflite")


def test_with_both_and_numpy_2_the_newer_one_is_chosen(old: tuple[str, str]) -> None:
    done = tried(old[:1], False, "from shuttergate.vision.runtime import RUNTIME; print(RUNTIME)")
    assert done.stdout.strip() == "ai-edge-litert", done.stderr


@pytest.mark.usefixtures("old")
def test_the_extra_resolves(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PIP, "--dry-run", "--ignore-installed", "--no-build-isolation"]
        + ["--report", tmp_path / "report", f"{ROOT}[tflite]"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [one["metadata"] for one in json.loads((tmp_path / "report").read_text())["install"]]
    versions = {one["name"]: one["version"] for one in found}
    assert versions["tflite-runtime"] == "2.14.0"
    assert versions["numpy"].startswith("1.")
