"""The supervisor: what it hears; companions are started, started again, and ended with it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from shuttergate import feed
from shuttergate.commands.run import standing, tell
from shuttergate.companion import Companion
from shuttergate.config import Config
from shuttergate.parent import supervisor
from shuttergate.parent.notify import Notifier
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import spawn
from support import looking
from support.kits import alive, wait_until

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


def test_what_a_process_said_before_its_end_tells_nobodys_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A traceback has paths, and the path of a home folder its owner's name."""
    monkeypatch.setenv("HOME", "/home/hanako")
    code = "import sys; sys.exit('File \"/home/hanako/kit/gate.py\", line 3')"
    monkeypatch.setattr(spawn, "command", lambda module: [sys.executable, "-c", code])
    with Supervisor(Config(), tmp_path) as kit:
        heard(kit, says('File "~/kit/gate.py", line 3'))


def has_ended(name: str) -> Callable[[feed.News], bool]:
    return lambda item: isinstance(item, feed.ChildEnded) and item.process == name


def test_a_word_of_the_gate_that_a_newer_one_has_overtaken_is_not_heard(tmp_path: Path) -> None:
    """Two threads of the gate process speak: who asked first may come last."""
    is_open, closed = looking.standing(True).status, looking.standing(False).status
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


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the supervisor's clock go on by so many seconds."""
    ahead_s = [0.0]

    def go_on(by_s: float) -> None:
        ahead_s[0] += by_s

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead_s[0])
    monkeypatch.setattr(supervisor, "time", clock)
    return go_on


class Manager(Notifier):
    """What systemd would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def _tell(self, message: str) -> None:
        self.heard.append(message)


@pytest.fixture
def as_the_gate() -> Iterator[Callable[[Supervisor], feed.Link]]:
    """Speak in place of the gate process that was just started."""
    mouths: list[socket.socket] = []

    def speak(kit: Supervisor) -> feed.Link:
        ours, theirs = feed.pair()
        mouths.append(ours)
        assert kit._leash is not None
        kit._leash.close()
        kit._leash = feed.Leash(theirs)
        return feed.Link(ours)

    yield speak
    for one in mouths:
        one.close()


@pytest.mark.usefixtures("still")
def test_a_slow_start_is_held_while_it_comes_further_and_one_that_hangs_is_ended(
    tmp_path: Path,
    later: Callable[[float], None],
    as_the_gate: Callable[[Supervisor], feed.Link],
) -> None:
    """Each step has the limit for itself; to systemd only a step that is new is a sign of life."""
    manager = Manager()
    a_while_s = supervisor.START_LIMIT_S / 2  # the other half is for a busy machine
    put_off = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=45000000"
    with Supervisor(Config(), tmp_path / "album") as kit:
        gate = as_the_gate(kit)
        for number in range(6):
            later(a_while_s)
            gate.send(feed.StartStep(f"step {number}"))
            news = kit.poll(0.0)
            assert not any(isinstance(item, feed.ChildFrozen) for item in news)
            tell(manager, kit)
        assert standing(kit) == "closed: the gate process is starting: step 5"
        assert manager.heard.count(put_off) == 6
        assert "READY=1" not in manager.heard

        later(supervisor.START_LIMIT_S + 1)
        gate.send(feed.FrameBuffers(8, True))  # words, but no step
        frozen = heard(kit, lambda item: isinstance(item, feed.ChildFrozen))
        assert frozen == feed.ChildFrozen("gate", supervisor.START_LIMIT_S, "step 5")
        heard(kit, has_ended("gate"))

        # The next one hangs at the same step: the supervisor ends it, and nothing is put off.
        later(10.0)
        assert wait_until(lambda: (kit.poll(0.05), kit.starts)[1] == 2)
        manager.heard.clear()
        gate = as_the_gate(kit)
        for number in range(6):
            gate.send(feed.StartStep(f"step {number}"))
            kit.poll(0.0)
            tell(manager, kit)
        assert put_off not in manager.heard
        later(supervisor.START_LIMIT_S + 1)
        heard(kit, lambda item: isinstance(item, feed.ChildFrozen))
        heard(kit, has_ended("gate"))

        # A third one comes further.
        later(10.0)
        assert wait_until(lambda: (kit.poll(0.05), kit.starts)[1] == 3)
        gate = as_the_gate(kit)
        for number in range(7):
            gate.send(feed.StartStep(f"step {number}"))
            kit.poll(0.0)
            tell(manager, kit)
        assert manager.heard.count(put_off) == 1


@pytest.mark.usefixtures("still")
def test_after_a_life_that_was_heard_a_slow_start_is_held_anew(
    tmp_path: Path, as_the_gate: Callable[[Supervisor], feed.Link]
) -> None:
    manager = Manager()
    status = looking.standing(False).status
    assert status is not None
    with Supervisor(Config(), tmp_path / "album") as kit:
        for _ in range(2):
            starts = kit.starts
            gate = as_the_gate(kit)
            gate.send(feed.StartStep("step 1"))
            kit.poll(0.0)
            tell(manager, kit)
            gate.send(status)
            kit.poll(0.0)
            tell(manager, kit)
            kit.kill("gate")
            assert wait_until(lambda starts=starts: (kit.poll(0.05), kit.starts)[1] > starts)
            tell(manager, kit)
    assert len([one for one in manager.heard if "EXTEND" in one]) == 2


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
