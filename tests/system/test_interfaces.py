"""Which of this computer's addresses are for a room's devices, by a tree as the kernel has it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shuttergate.system.interfaces import plausible, reachable

UP = 0x1043  # up, running, broadcast
DOWN, IDLE = 0x1002, 0x1003  # of a cable that leads nowhere: up, and not running
LOOPBACK, TUNNEL = 0x49, 0x10D1


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """A laptop with everything that people have on it."""
    for folder in (
        *("lo", "eth0/device", "wlan0/device", "wlan0/wireless", "ap0/phy80211", "tun0"),
        *("docker0/bridge", "docker0/brif/veth1", "br0/bridge", "br0/brif/eth1", "virbr0/bridge"),
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "br0/brif/eth1/device").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("interfaces", "found"),
    [
        ([("lo", "127.0.0.1", LOOPBACK), ("eth0", "192.168.1.2", UP)], ["192.168.1.2"]),
        ([("eth0", "192.168.1.2", UP), ("wlan0", "10.0.0.7", UP)], ["10.0.0.7", "192.168.1.2"]),
        ([("eth0", "192.168.1.2", UP), ("ap0", "10.42.0.1", UP)], ["10.42.0.1", "192.168.1.2"]),
        ([("tun0", "10.8.0.2", TUNNEL), ("eth0", "192.168.1.2", UP)], ["192.168.1.2"]),
        ([("docker0", "172.17.0.1", UP), ("virbr0", "192.168.122.1", UP)], []),
        ([("docker0", "172.17.0.1", UP), ("br0", "192.168.1.9", UP)], ["192.168.1.9"]),
        ([("eth0", "192.168.1.2", IDLE), ("wlan0", "10.0.0.7", DOWN)], []),
        ([("eth0", "169.254.7.7", UP), ("eth0:1", "192.168.1.3", UP)], ["192.168.1.3"]),
        # In a container there is no hardware: what is there is the only way.
        ([("eth9", "172.18.0.5", UP)], ["172.18.0.5"]),
    ],
)
def test_phones_reach_wifi_first_and_no_tunnels_or_bridges_to_nowhere(
    networks: Path, interfaces: list[tuple[str, str, int]], found: list[str]
) -> None:
    assert plausible(interfaces, networks) == found


def test_any_internet_socket_will_do_and_no_other() -> None:
    with socket.socket() as one:
        found = reachable(one)
    assert not any(address.startswith(("127.", "169.254.")) for address in found)
    with socket.socket(socket.AF_UNIX) as one:
        assert reachable(one) in ([], found)


def test_a_process_that_can_make_no_socket_still_learns_it() -> None:
    asked = (
        "import socket; from shuttergate.system import confine, interfaces\n"
        "own = socket.socket(); before = interfaces.reachable(own)\n"
        "confine.no_peeking(); confine.no_files(devices=True); confine.only_local()\n"
        "assert interfaces.reachable(own) == before; print(before)"
    )
    with socket.socket() as one:
        found = reachable(one)
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(found)
