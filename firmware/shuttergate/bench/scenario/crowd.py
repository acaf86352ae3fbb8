"""A crowd before the page, in a process of its own: viewers, or a flood.

`gather` starts it. It takes hardly anything to start, since whoever has a script to play waits for
it; from then on it has the lowest priority.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LOWEST = 19


@contextlib.contextmanager
def gather(url: str, kind: str, count: int) -> Iterator[None]:
    """Have a crowd of this kind ("viewers", "flood") before the page while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shuttergate.bench.scenario.crowd", url, kind, str(count)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def look(url: str, count: int) -> list[ClientConnection]:
    """Watch as so many pages do."""
    from websockets.sync.client import connect
    from websockets.typing import Origin

    os.nice(LOWEST)  # this thread's, and what it hands down
    pages = []
    for _ in range(count):
        page = connect(url.replace("http", "ws") + "live", origin=Origin(url.rstrip("/")))
        threading.Thread(target=list, args=(page,), daemon=True).start()
        pages.append(page)
    return pages


def flood(url: str, count: int) -> list[socket.socket]:
    """So many viewers that read nothing, as many half requests, and requests without end."""
    host, port = url.split("/")[2].split(":")
    upgrade = (
        f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
    held = []
    for text in [upgrade, b"GET / HTTP/1.1\r\nHost: "] * count:
        with contextlib.suppress(OSError):
            sock = socket.create_connection((host, int(port)))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(text)
            held.append(sock)

    def hammer() -> None:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}js/words.js", timeout=5).read()

    os.nice(LOWEST)
    for _ in range(4):
        threading.Thread(target=hammer, daemon=True).start()
    return held


def main() -> None:
    """Be the crowd: its address, kind and number are the arguments."""
    url, kind, count = sys.argv[1:]
    crowd = look(url, int(count)) if kind == "viewers" else flood(url, int(count))
    print(len(crowd), flush=True)
    while crowd:  # a connection that nobody holds is closed
        signal.pause()


if __name__ == "__main__":
    main()
