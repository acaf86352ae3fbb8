"""Under which addresses other devices may reach this computer, as far as it can tell itself."""

from __future__ import annotations

import fcntl
import socket
import struct
from array import array
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

_ALL, _FLAGS = 0x8912, 0x8913  # SIOCGIFCONF, SIOCGIFFLAGS
_UP, _LOOPBACK, _POINT_TO_POINT, _RUNNING = 0x1, 0x8, 0x10, 0x40
_ENTRY_BYTES, _NAME_BYTES, _ADDRESS_AT = 40, 16, 20  # of struct ifreq, where a long has 64 bits
_MOST = 64

NETWORKS = Path("/sys/class/net")


def reachable(sock: socket.socket) -> list[str]:
    """Return this computer's IPv4 addresses in networks of others, the likeliest first.

    ``sock``: any internet socket. A confined process can make none, and may ask the one it has.
    """
    try:
        return plausible(list(_interfaces(sock)))
    except OSError:
        return []


def plausible(interfaces: list[tuple[str, str, int]], networks: Path = NETWORKS) -> list[str]:
    """Return the addresses of (name, address, flags) that a device of the room may reach.

    Wi-Fi comes first, which is where phones are. Left out: tunnels, bridges that lead to virtual
    machines and containers alone, and addresses that a computer gave itself.
    """
    found = []
    for name, address, flags in interfaces:
        is_up = flags & _UP and flags & _RUNNING
        if not is_up or flags & (_LOOPBACK | _POINT_TO_POINT) or IPv4Address(address).is_link_local:
            continue
        # A second address of an interface may be called eth0:1.
        rank = _rank(networks / name.partition(":")[0])
        if rank is not None:
            found.append((rank, address))
    return [address for _rank, address in sorted(found, key=lambda one: one[0])]


def _rank(interface: Path) -> int | None:
    if (interface / "wireless").exists() or (interface / "phy80211").exists():
        return 0
    if (interface / "device").exists():
        return 1
    if (interface / "bridge").exists():
        members = (interface / "brif").glob("*")
        return 1 if any((member / "device").exists() for member in members) else None
    return 2


def _interfaces(sock: socket.socket) -> Iterator[tuple[str, str, int]]:
    entries = array("B", bytes(_ENTRY_BYTES * _MOST))
    asked = struct.pack("iP", len(entries), entries.buffer_info()[0])
    length, _place = struct.unpack("iP", fcntl.ioctl(sock, _ALL, asked))
    for start in range(0, length, _ENTRY_BYTES):
        entry = entries[start : start + _ENTRY_BYTES].tobytes()
        name = entry[:_NAME_BYTES].partition(b"\0")[0]
        answer = fcntl.ioctl(sock, _FLAGS, name.ljust(_ENTRY_BYTES, b"\0"))
        (flags,) = struct.unpack_from("H", answer, _NAME_BYTES)
        yield name.decode(), socket.inet_ntoa(entry[_ADDRESS_AT : _ADDRESS_AT + 4]), flags
