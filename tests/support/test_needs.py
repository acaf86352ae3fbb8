"""What a skipped test needs reaches the last line, from wherever the test ran."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support import needs
from support.needs import Need
from support.packages import ALL, OF
from support.places import ROOT


def test_a_reason_carries_its_means() -> None:
    need = Need(False, ("apt:gcc", "shared:data/coral"), "cc is not here")
    assert need.reason == "needs[apt:gcc shared:data/coral] cc is not here"
    assert needs.means_in(f"inside: {need.reason}") == {"apt:gcc", "shared:data/coral"}
    assert needs.means_in("there might be a camera") == set()
    with pytest.raises(pytest.skip.Exception, match="cc is not here"):
        need.or_skip()


def test_two_needs_name_what_lacks_alone() -> None:
    met, lacks = Need(True, ("apt:gcc",), "no cc"), Need(False, ("shared:x",), "no x")
    assert needs.both(met, lacks).reason == "needs[shared:x] no x"
    assert needs.both(met, met).is_met
    needs.both(met, met).or_skip()


def test_each_need_knows_what_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert needs.module("numpy").is_met
    assert (
        needs.module("gone.inner", "gone").reason == "needs[pip:gone] gone.inner is not installed"
    )
    assert needs.installed("npm install a @b/c", False).reason == "needs[npm:a npm:@b/c] no a here"
    assert not needs.shared("there/is/none").is_met
    monkeypatch.setenv("PATH", "/nowhere")
    for name, packages in OF.items():
        if name != "libcamera":
            need = needs.program(name)
            assert (need.is_met, need.means) == (False, tuple(f"apt:{one}" for one in packages))
    assert needs.program("chromium", sys.executable).is_met


def test_the_line_tells_what_brings_back_how_many() -> None:
    strace, cc = "needs[apt:strace] no strace", "needs[apt:gcc shared:data/coral] no cc; no coral"
    mount, pip = "needs[root] mounting needs root", "needs[pip:av] av is not installed"
    assert needs.summary([strace, strace]) == "2 skipped: `apt install strace` brings back 2"
    assert needs.summary([strace, cc, mount, pip, "this machine has a gpiochip"]) == (
        "5 skipped: `apt install strace` and `pip install av` bring back 2, "
        "../shared 1, root 1, this machine as it is 1"
    )
    assert needs.summary([mount]) == "1 skipped: root 1"
    older = "needs[python:3.12] lgpio is not installed"
    assert needs.summary([older, cc]) == "2 skipped: ../shared 1, Python 3.12 1"


def test_the_line_stands_at_the_end_of_a_run() -> None:
    """A whole file is skipped where its program is not in the path; the last line is pytest's."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/whole/test_strace.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, line, last = done.stdout.splitlines()
    count = int(line.split()[0])
    assert line == f"{count} skipped: `apt install strace` brings back {count}"
    assert f"{count} skipped in" in last


def test_the_packages_can_be_handed_to_apt() -> None:
    said = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "packages.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == list(ALL)
    assert {"chromium", "gcc", "strace"} < set(ALL)
