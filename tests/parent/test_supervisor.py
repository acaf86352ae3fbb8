"""The supervisor: what it hears; companions are started, started again, and ended with it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from shuttergate import feed
from shuttergate.companion import Companion
from shuttergate.config import Config
from shuttergate.parent import supervisor
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import spawn
from support.kits import alive, wait_until
from support.looking import standing

STANDS_STILL = """
import sys, time
print(MODULE, sys.stdin.read(), file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process of the kit say what it was given, and then do nothing."""

    def command(module: str) -> list[str]:
        return [sys.executable, "-c", STANDS_STILL.replace("MODULE", repr(module))]

    monkeypatch.setattr(spawn, "command", command)
    monkeypatch.setattr(supervisor, "STOP_LIMIT_S", 0.2)


def heard(kit: Supervisor, true: Callable[[feed.News], bool]) -> feed.News:
    """Poll until there is such news."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        for item in kit.poll(0.05):
            if true(item):
                return item
    pytest.fail("nobody said it")


def says(what: str) -> Callable[[feed.News], bool]:
    return lambda item: isinstance(item, feed.Stderr) and item.line.startswith(what)


def has_ended(name: str) -> Callable[[feed.News], bool]:
    return lambda item: isinstance(item, feed.ChildEnded) and item.process == name


def test_a_word_of_the_gate_that_a_newer_one_has_overtaken_is_not_heard(tmp_path: Path) -> None:
    """Two threads of the gate process speak: who asked first may come last."""
    is_open, closed = standing(True).status, standing(False).status
    assert is_open is not None and closed is not None
    older, newer = replace(closed, at_s=5.0), replace(is_open, at_s=5.001, opened_s=5.001)
    kit = Supervisor(Config(), tmp_path)
    kit._start_due = lambda: None  # type: ignore[method-assign]
    ours, theirs = feed.pair()
    with ours, theirs:
        kit._leash = feed.Leash(theirs)
        link = feed.Link(ours)
        for one in (newer, older):
            link.send(one)
        assert kit.poll(0.0) == [newer]
        assert kit.status == newer
        link.send(later := replace(closed, at_s=5.1))
        assert kit.poll(0.0) == [later]


@pytest.mark.usefixtures("still")
def test_companions_are_started_and_started_again_and_ended(tmp_path: Path) -> None:
    with socket.socket() as link:
        both = [
            Companion(name, f"module of {name}", link.fileno(), f"settings of {name}".encode())
            for name in ("page", "class link")
        ]
        with Supervisor(Config(), tmp_path / "album", both) as kit:
            heard(kit, says("module of page settings of page"))
            before = kit.pid("page")
            assert wait_until(lambda: (kit.poll(0.05), kit.pid("class link"))[1] is not None)
            kit.kill("page")
            ended = heard(kit, has_ended("page"))
            assert ended == feed.ChildEnded("page", "SIGKILL", 0.1)
            heard(kit, says("module of page settings of page"))
            pids = [kit.pid(name) for name in ("gate", "publisher", "page", "class link")]
            assert before not in pids
        assert not any(alive(pid) for pid in pids if pid is not None)
    assert None not in pids


@pytest.mark.usefixtures("still")
def test_what_dies_again_and_again_is_started_ever_more_slowly(tmp_path: Path) -> None:
    with socket.socket() as link:
        page = Companion("page", "module of page", link.fileno(), b"")
        with Supervisor(Config(), tmp_path / "album", [page]) as kit:
            waits = []
            for _ in range(3):
                assert wait_until(lambda: (kit.poll(0.05), kit.pid("page"))[1] is not None)
                kit.kill("page")
                ended = heard(kit, has_ended("page"))
                assert isinstance(ended, feed.ChildEnded)
                waits.append(ended.restart_s)
            began_s = time.monotonic()
            assert wait_until(lambda: (kit.poll(0.05), kit.pid("page"))[1] is not None)
            took_s = time.monotonic() - began_s
    assert waits == [0.1, 0.2, 0.4]
    assert took_s > 0.3
