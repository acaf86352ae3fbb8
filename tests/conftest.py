"""What many tests need: the shared pictures, kits run from outside, studios and darkrooms."""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support import lanes, needs
from support.kits import Kit
from support.places import EVAL
from support.studio import Look, Studio, clear

TESTS = Path(__file__).parent
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick`: what `make test-quick` has."""
    parser.addoption("--quick", action="store_true", help="no file that keeps time or takes long")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out whole files, so that a quick run does not even read them."""
    if not config.getoption("quick") or collection_path.suffix != ".py":
        return None
    return None if lanes.is_quick(collection_path.relative_to(TESTS).as_posix()) else True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """After everything that pytest says: what was skipped, and what would bring it back."""
    yield
    needs.tell(terminalreporter)


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).as_posix()


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker a lane (support/lanes.py), and then file after file."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lanes.lane(nodeid.partition("::")[0].removeprefix("tests/"))

    config.option.loadscopereorder = False  # they come in order
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests lane by lane."""
    if IS_WORKER:
        items.sort(key=lambda item: lanes.place(_file(item)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let those who keep time go before those who compute."""
    if IS_WORKER and not lanes.keeps_time(_file(item)):
        os.setpriority(os.PRIO_PROCESS, 0, max(lanes.PATIENT_NICE, os.nice(0)))


@pytest.fixture(scope="session", autouse=True)
def own_runtime_folder() -> Iterator[None]:
    """No kit of these tests meets one that its user runs elsewhere on this computer."""
    with tempfile.TemporaryDirectory(prefix="tests-") as folder, pytest.MonkeyPatch.context() as at:
        at.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture(scope="session")
def eval_rows() -> list[dict[str, str]]:
    """The rows of the shared evaluation manifest, with an absolute path each."""
    needs.shared("data/eval/manifest.csv").or_skip()
    with (EVAL / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["path"] = str(EVAL / row["path"])
    return rows


@pytest.fixture
def clear_scene(tmp_path: Path) -> Path:
    """A picture that every look finds clear: a plain blue."""
    path = tmp_path / "scene" / "blue.png"
    path.parent.mkdir()
    Image.new("RGB", (640, 480), (30, 60, 160)).save(path)
    return path


@pytest.fixture
def blocked_scene(tmp_path: Path) -> Path:
    """The self-test's known BLOCKED picture: the test card before a grey wall."""
    from shuttergate.vision.known import paint

    path = tmp_path / "scene" / "card.png"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(paint("test_card", (224, 224))).save(path)
    return path


@pytest.fixture
def kit() -> Iterator[Callable[..., Kit]]:
    """Start kits with the given command line; they are ended with the test."""
    kits: list[Kit] = []

    def start(*arguments: object, by_hand: bool = False) -> Kit:
        kits.append(Kit(*map(str, arguments), by_hand=by_hand))
        return kits[-1]

    yield start
    for one in kits:
        one.close()


@pytest.fixture
def darkroom(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Make darkrooms (darkroom.py) whose album is the test's folder."""
    from support.darkroom import Darkroom  # it needs PyAV, which not every test does

    made: list[Darkroom] = []

    def make(**how: Any) -> Darkroom:
        made.append(Darkroom(tmp_path, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Make studios (studio.py) whose album is the test's folder."""
    made: list[Studio] = []

    def make(look: Look = clear, album: Path = tmp_path, **how: Any) -> Studio:
        made.append(Studio(album, look, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this computer stand in Japan: what tells a zone tells it then."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
