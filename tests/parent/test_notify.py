"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shuttergate.parent.notify import Notifier
from support.kits import Kit, wait_until
from support.places import ROOT


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end; NOTIFY_SOCKET names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def heard(manager: socket.socket) -> list[str]:
    words = []
    try:
        while True:
            words.append(manager.recv(4096).decode())
    except BlockingIOError:
        return words


def test_every_word_of_it(manager: socket.socket) -> None:
    notifier = Notifier()
    notifier.ready()
    notifier.ready()
    notifier.status("open")
    notifier.alive()
    notifier.stopping()
    assert heard(manager) == ["READY=1", "STATUS=open", "WATCHDOG=1", "STOPPING=1"]


def test_the_same_status_is_said_once(manager: socket.socket) -> None:
    notifier = Notifier()
    for text in ("closed: nudity", "closed: nudity", "open", "closed: nudity"):
        notifier.status(text)
    assert heard(manager) == ["STATUS=closed: nudity", "STATUS=open", "STATUS=closed: nudity"]


def test_a_status_cannot_smuggle_in_another_word(manager: socket.socket) -> None:
    Notifier().status("fault: camera\nWATCHDOG=1")
    assert heard(manager) == ["STATUS=fault: camera WATCHDOG=1"]


def test_children_cannot_speak_for_the_kit(manager: socket.socket) -> None:
    Notifier()
    assert "NOTIFY_SOCKET" not in os.environ


def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0shuttergate-test-{os.getpid()}")
        sock.settimeout(1.0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@shuttergate-test-{os.getpid()}")
        Notifier().ready()
        assert sock.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    def refuse(*arguments: object) -> None:
        pytest.fail("a socket was made though nobody listens")

    notifier = Notifier()
    monkeypatch.setattr(socket, "socket", refuse)
    notifier.ready()
    notifier.alive()


def test_alive_is_said_once_a_second(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    notifier = Notifier()
    for step_s in (0.0, 0.2, 0.7, 0.2, 0.1):
        now_s[0] += step_s
        notifier.alive()
    assert heard(manager) == ["WATCHDOG=1"] * 2


def test_only_a_step_further_is_progress(manager: socket.socket) -> None:
    notifier = Notifier()
    for steps in (0, 1, 1, 2, 0, 1, 3):
        notifier.progress(steps)
    assert heard(manager) == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=45000000"] * 4


def test_a_manager_that_stalls_or_is_gone_does_no_harm(
    manager: socket.socket, tmp_path: Path
) -> None:
    notifier = Notifier()
    began_s = time.monotonic()
    for turn in range(20):  # more than the queue of a socket that nobody reads holds
        notifier.status(str(turn))
    assert time.monotonic() - began_s < 5.0
    (tmp_path / "notify").unlink()
    notifier.stopping()


def test_a_kit_without_its_camera_is_ready_and_says_what_it_wants(
    manager: socket.socket, tmp_path: Path, kit: Callable[..., Kit]
) -> None:
    if any(Path("/dev").glob("media*")):
        pytest.skip("there might be a camera: /dev has media devices")
    # As a service that systemd need not restart: its lamp and its status say what is to be done.
    board = (ROOT / "device" / "simulated" / "board.toml").read_text()
    (tmp_path / "board.toml").write_text(
        board.replace('driver = "simulated"', 'driver = "picamera2"')
    )
    config = tmp_path / "kit.toml"
    config.write_text(f'board = "{tmp_path / "board.toml"}"\n[album]\nfolder = "{tmp_path}"\n')
    one = kit("run", "--config", config)
    one.wait_for("camera fault", timeout_s=30)
    words: list[str] = []

    def all_said() -> bool:
        words.extend(heard(manager))
        return {"READY=1", "STATUS=closed: fault: camera"} <= set(words)

    assert wait_until(all_said, 10), words
    assert one.stop() == 0
    assert heard(manager)[-1] == "STOPPING=1"
