"""Both ends of a hatch at work: a publisher, and somebody who hears it as the warden does."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from shuttergate.capture import hatch
from shuttergate.capture.album import Album
from shuttergate.capture.client import Heard, PublisherClient
from shuttergate.capture.publisher import serve

PROBE_S = 0.02


def hear(client: PublisherClient, states: list[str]) -> None:
    """Hear until the publisher is gone or let go; `states` gets what is said of the album."""
    while True:
        try:
            ready, _, _ = select.select([client], [], [], 0.02)
        except (OSError, ValueError):  # let go
            return
        match client.hear() if ready else Heard.NOTHING:
            case Heard.GONE:
                return
            case hatch.AlbumState(error):
                states.append(error)


def publish(
    client: PublisherClient, album: Album, states: list[str] | None = None
) -> list[threading.Thread]:
    """Connect a publisher; return its thread and the one that hears it."""
    gate_end, publisher_end = socket.socketpair()
    client.connect(gate_end.detach())

    def work() -> None:
        with publisher_end, contextlib.suppress(ConnectionError):
            serve(publisher_end, album, PROBE_S)

    said = [] if states is None else states
    threads = [
        threading.Thread(target=work, daemon=True),
        threading.Thread(target=hear, args=(client, said), daemon=True),
    ]
    for thread in threads:
        thread.start()
    return threads
