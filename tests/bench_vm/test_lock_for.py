"""The ARM check resolves what each Raspberry Pi OS would: by its own Python, and by the lock."""

from __future__ import annotations

import re

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from bench_vm.lock_for import environment, lock_for
from support.places import ROOT

SUITES = {"bookworm": "3.11", "trixie": "3.13"}
LOCK = (ROOT / "requirements" / "run.txt").read_text()
SCRIPT = (ROOT / "tests" / "bench_vm" / "aarch64.sh").read_text()


def named(lock: str) -> list[str]:
    return re.findall(r"^[\w.-]+==[\w.]+", lock, re.MULTILINE)


@pytest.mark.parametrize("python", SUITES.values(), ids=SUITES)
def test_each_python_gets_the_versions_that_its_markers_name(python: str) -> None:
    mine = lock_for(python, LOCK)
    names = [one.partition("==")[0] for one in named(mine)]
    assert len(names) == len(set(names)) and "numpy" in names
    assert ";" not in mine
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        wanted = Requirement(entry.partition(" \\\n")[0])
        is_mine = wanted.marker is None or wanted.marker.evaluate(environment(python))
        assert (f"{wanted.name}{wanted.specifier} \\\n" in mine) is is_mine
        # Each with all of its hashes, and none of the other Python's.
        assert all((one in mine) is is_mine for one in re.findall(r"--hash=\S+", entry))


def test_the_two_differ_where_the_lock_says_so() -> None:
    """Else the test above shows nothing: today it is numpy that has a version for each."""
    bookworm, trixie = (set(named(lock_for(python, LOCK))) for python in SUITES.values())
    assert {one.partition("==")[0] for one in bookworm ^ trixie} >= {"numpy"}


def test_the_pi_is_described_as_pip_would_find_it() -> None:
    here, pi = default_environment(), environment("3.11")
    assert pi.keys() == here.keys()
    for name in ("implementation_name", "os_name", "platform_python_implementation"):
        assert pi[name] == here[name]
    assert (pi["sys_platform"], pi["platform_system"]) == ("linux", "Linux")


def test_the_check_asks_by_suite_and_runs_the_locks_own_packages() -> None:
    for suite, python in SUITES.items():
        assert re.search(rf'"{suite} {python} ', SCRIPT)
    assert re.findall(r".*requirements/run\.txt.*", SCRIPT) == [
        '  "$python" "$here/lock_for.py" "$version" <"$root/requirements/run.txt" >"$lock"'
    ]
    assert "==" not in SCRIPT  # no version of a package but the lock's
