"""The crowd before the page: that it is there, and stays."""

from __future__ import annotations

import select
import socket
import time

from shuttergate.bench.scenario.crowd import gather
from support.kits import wait_until


def test_a_flood_holds_its_connections_and_asks_without_end() -> None:
    found: dict[socket.socket, bytes] = {}
    with socket.create_server(("127.0.0.1", 0)) as server:

        def attend() -> None:
            """Take in who comes and what they say; let go of who went."""
            ready, _, _ = select.select([server, *found], [], [], 0.05)
            for one in ready:
                if one is server:
                    found[server.accept()[0]] = b""
                elif said := one.recv(65536):
                    found[one] += said
                else:
                    one.close()
                    del found[one]

        def are_there(kind: bytes) -> int:
            attend()
            return sum(said.startswith(kind) for said in found.values())

        with gather(f"http://127.0.0.1:{server.getsockname()[1]}/", "flood", 3):
            until_s = time.monotonic() + 1.0
            while time.monotonic() < until_s:
                attend()
            assert are_there(b"GET /live ") == 3
            assert are_there(b"GET / ") == 3
            assert are_there(b"GET /js/words.js ") == 4
        assert wait_until(lambda: not are_there(b""))
