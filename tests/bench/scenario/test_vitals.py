"""What the kernel tells of a process: its sockets, and what it wrote."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from shuttergate.bench.scenario.vitals import network_sockets, vitals, written_bytes
from support.kits import Kit, alive


@pytest.mark.parametrize(
    ("family", "protocol", "reaches_out"),
    [
        (socket.AF_INET, 0, True),
        (socket.AF_INET6, 0, True),
        (socket.AF_NETLINK, 0, True),  # routes
        (socket.AF_NETLINK, 15, False),  # what was plugged in
        (socket.AF_UNIX, 0, False),
    ],
)
def test_only_sockets_that_reach_out_are_held_against_a_process(
    family: int, protocol: int, reaches_out: bool
) -> None:
    before = set(network_sockets(os.getpid()) or ())
    try:
        one = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError as error:
        pytest.skip(f"this machine makes no such socket: {error}")
    with one:
        if family == socket.AF_NETLINK:
            one.bind((0, 0))  # the kernel lists no other
        inode = os.fstat(one.fileno()).st_ino
        found = set(network_sockets(os.getpid()) or ()) - before
    assert found == ({f"socket {inode}"} if reaches_out else set())


def test_what_a_process_writes_is_counted_and_what_it_sends_is_not(tmp_path: Path) -> None:
    if (before := written_bytes(os.getpid())) is None:
        pytest.skip("this kernel does not count what a process writes")
    near, far = socket.socketpair()
    with near, far, (tmp_path / "file").open("wb", buffering=0) as file:
        near.send(bytes(50_000))
        file.write(bytes(20_000))
    wrote = (written_bytes(os.getpid()) or 0) - before
    assert 20_000 <= wrote < 30_000


def test_a_process_that_nobody_waited_for_has_ended() -> None:
    """In a container without an init an orphan stays such a zombie for ever."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert Path(f"/proc/{process.pid}/status").exists()
        assert not alive(process.pid)
        with pytest.raises(ProcessLookupError, match="has ended"):
            vitals(process.pid)
        assert network_sockets(process.pid) is None
        kit = Kit.__new__(Kit)
        kit.process = cast("subprocess.Popen[bytes]", SimpleNamespace(pid=os.getpid()))
        assert process.pid not in kit.children().values()
    finally:
        process.wait()
