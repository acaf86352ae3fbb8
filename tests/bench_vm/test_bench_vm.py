"""The real gpiozero and lgpio on a real kernel's gpiochip, each test inside one test here.

A kernel that runs as a process (User-mode Linux, with gpio-sim) boots this machine's own files
below a RAM overlay, runs bench_vm/inside/ and leaves its results in a folder. What is missing
there, for whatever reason, failed. Without a kernel these tests are skipped, with the reason.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench_vm.kernel import NoBench, _kept, boot, check, lacks

INSIDE = Path(__file__).parent / "inside"
LONG = "SHUTTERGATE_BENCH_LONG" in os.environ  # make bench-long
CHECKS = sorted(INSIDE.glob("long_*.py" if LONG else "check_*.py"))
NEED = {"check_webcam": "CONFIG_VIDEO_VIVID"}
"""What a kernel may lack; booted without it, all that these files have would be skipped."""

TOGETHER = {"check_camera", "check_kit", "check_line"}
"""They share a kernel: to boot one and to start pytest in it takes seconds each time."""

TIMEOUT_S = 1200 if LONG else 240

PYTEST = (
    'PYTHONPATH="$ROOT/tests/bench_vm/inside:$ROOT/tests" '
    f'"$PYTHON" -m pytest -p rigging {"-p stamps" if LONG else ""} -p no:cacheprovider '
    "-q -rA --tb=short --durations=0 "
    '-c "$ROOT/pyproject.toml" --rootdir "$ROOT" --basetemp /run/tests '
    '--junit-xml "$OUT/results.xml" '
)


def named(path: Path) -> list[str]:
    """Return the tests in a file, without running it."""
    return [
        one.name
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    ]


TESTS = [(path.stem, name) for path in CHECKS for name in named(path)]
KERNELS = 2
"""So many at once: each is one processor, and sleeps half the time."""

assert TESTS, f"{INSIDE}: no check_*.py is there; the bench would prove nothing"


@pytest.fixture(scope="session")
def kernel() -> Path:
    try:
        return check()
    except NoBench as reason:
        pytest.skip(f"no kernel bench: {reason.reason}")


Cases = dict[tuple[str, str], list[ElementTree.Element]]


@dataclass
class Results:
    """What came of each test by file and name; each file's log, and the times it measured."""

    cases: Cases
    logs: dict[str, str]
    figures: dict[str, str]


@pytest.fixture(scope="session")
def results(kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Boot the kernels, and collect what they leave."""
    folder = tmp_path_factory.mktemp("bench")
    files = [file for file in CHECKS if not unmet(kernel, file.stem)]
    alone = [[file] for file in files if file.stem not in TOGETHER]
    groups = [*alone, [file for file in files if file.stem in TOGETHER]]
    found = Results({}, {}, {})
    with ThreadPoolExecutor(KERNELS) as kernels:
        said = kernels.map(lambda group: run_inside(kernel, group, folder), filter(None, groups))
        for files_logs in said:
            found.logs.update(files_logs)
    for file in folder.glob("*/results.xml"):
        for case in ElementTree.parse(file).iter("testcase"):
            key = (case.attrib["classname"].split(".")[-1], case.attrib["name"].split("[")[0])
            found.cases.setdefault(key, []).append(case)
    for file in folder.glob("*/figures.json"):
        rows = json.loads(file.read_text()).items()
        found.figures[file.parent.name] = "\n".join(f"{name}: {times}" for name, times in rows)
    return found


def unmet(kernel: Path, stem: str) -> str:
    """Return what the kernel lacks of what this file needs; empty where it lacks nothing."""
    return NEED[stem] if stem in NEED and lacks(kernel, NEED[stem]) else ""


def run_inside(kernel: Path, files: list[Path], folder: Path) -> dict[str, str]:
    """Run files of tests inside a kernel of their own, and return what was said, for each."""
    out = folder / files[0].stem
    console = boot(kernel, PYTEST + shlex.join(map(str, files)), out, TIMEOUT_S)
    log = out / "log"
    said = console + (log.read_text(errors="replace")[-8000:] if log.exists() else "")
    return {file.stem: said for file in files}


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_inside(kernel: Path, results: Results, file: str, name: str) -> None:
    if missing := unmet(kernel, file):
        pytest.skip(f"the kernel was built without {missing}; make bench-kernel builds one with it")
    cases = results.cases.get((file, name), [])
    print(results.figures.pop(file, ""))
    if not cases:
        pytest.fail(f"the kernel left no result of {name}:\n{results.logs[file]}", pytrace=False)
    for case in cases:
        for kind in ("failure", "error"):
            if (bad := case.find(kind)) is not None:
                pytest.fail(f"{case.attrib['name']}: {kind}\n{bad.text}", pytrace=False)
    for case in cases:
        if (skipped := case.find("skipped")) is not None:
            pytest.skip(f"inside: {skipped.attrib.get('message')}")


def test_what_is_written_inside_does_not_reach_this_machine(kernel: Path, tmp_path: Path) -> None:
    mark = Path(__file__).with_name("written-inside")
    boot(kernel, f'echo x > "{mark}" && cat "{mark}"', tmp_path / "out", 60)
    assert (tmp_path / "out" / "log").read_text() == "x\n"
    assert not mark.exists()


def test_kernels_that_start_at_once_on_a_fresh_machine_share_what_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    packed = tmp_path / "libcamera.tar.xz"
    packed.write_bytes(b"packed")

    def unpack(fresh: Path) -> None:
        fresh.mkdir()
        time.sleep(0.2)
        (fresh / "whole").touch()

    with ThreadPoolExecutor(KERNELS) as kernels:
        found = list(kernels.map(lambda _: _kept(packed, unpack), range(KERNELS)))
    assert {folder / "whole" for folder in found} == {found[0] / "whole"}
    assert (found[0] / "whole").exists()


def test_a_command_that_fails_or_never_ends_leaves_no_success(kernel: Path, tmp_path: Path) -> None:
    boot(kernel, "false", tmp_path / "fails", 60)
    assert (tmp_path / "fails" / "status").read_text() == "1\n"
    boot(kernel, "sleep 60", tmp_path / "hangs", 4)
    assert not (tmp_path / "hangs" / "status").exists()


def test_a_watchdog_that_is_not_fed_resets_the_machine(kernel: Path, tmp_path: Path) -> None:
    # The kernel's software watchdog in place of the Pi's own.
    program = (
        "import fcntl, os, struct, time\n"
        "dog = os.open('/dev/watchdog0', os.O_WRONLY)\n"
        "fcntl.ioctl(dog, 0xC0045706, struct.pack('i', 4))\n"
        "for second in range(4):\n"
        "    time.sleep(1)\n"
        "    os.write(dog, b'x')\n"
        "    print('fed', flush=True)\n"
        "for second in range(12):\n"
        "    time.sleep(1)\n"
        "    print('hungry', flush=True)\n"
    )
    out = tmp_path / "out"
    boot(kernel, f'"$PYTHON" -c "{program}"', out, 60)
    said = (out / "log").read_text().split()
    assert said.count("fed") == 4
    assert said.count("hungry") <= 6
    assert not (out / "status").exists()
