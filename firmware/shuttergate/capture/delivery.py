"""A video on its way to the publisher: its pieces wait here while the disk takes its time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from shuttergate.capture import hatch
from shuttergate.capture.client import PublisherClient, gone
from shuttergate.claims import Claims
from shuttergate.errors import cause_of

MOST_WAITING_BYTES = 16 * 1024 * 1024
"""Some ten seconds of video. A disk that is further behind is too slow for it."""


class Delivery:
    """Sends one video, in a thread of its own.

    ``claims()``: what it may state now; it states what it might at its beginning and at its end.
    ``settled()`` may wait, and says whether the whole of it is to be kept; ``may()`` is asked once
    more when it is on the disk and has no name yet. ``done`` hears the end of it: a receipt, or
    None where one of the two said no. Nobody hears of one that was dropped.
    """

    def __init__(
        self,
        client: PublisherClient,
        taken_ms: int,
        claims: Callable[[], Claims],
        settled: Callable[[], bool],
        may: Callable[[], bool],
        done: Callable[[hatch.Receipt | None], None],
    ) -> None:
        self._client = client
        self._taken_ms = taken_ms
        self._claims, self._begun = claims, claims()
        self._settled = settled
        self._may = may
        self._done = done
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0  # bytes
        self._head = b""
        self._is_dropped = False
        # Whoever ends without waiting for it leaves nothing of the video.
        self._thread = threading.Thread(target=self._run, name="video delivery", daemon=True)
        self._thread.start()

    def put(self, content: bytes) -> bool:
        """Take on the next bytes; False where too many wait already."""
        with self._lock:
            if self._waiting + len(content) > MOST_WAITING_BYTES:
                return False
            self._waiting += len(content)
        if content:
            self._pieces.put(content)
        return True

    def seal(self, head: bytes) -> None:
        """It is whole, with these first bytes."""
        self._head = head
        self._pieces.put(None)

    def drop(self) -> None:
        """Have nothing kept of it."""
        self._is_dropped = True
        self._pieces.put(None)

    def wait(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            receipt = self._send()
        except OSError as error:
            receipt = hatch.kept_out(0, gone(cause_of(error)))
        if not self._is_dropped:
            self._done(receipt)

    def _send(self) -> hatch.Receipt | None:
        serial = self._client.video(self._taken_ms, self._begun)
        while (piece := self._pieces.get()) is not None and not self._is_dropped:
            self._client.piece(serial, piece)
            with self._lock:
                self._waiting -= len(piece)
        if self._is_dropped or not self._settled():
            self._client.drop(serial)
            return None
        claims = self._begun.also(self._claims())
        return self._client.seal(serial, self._head, self._may, claims)
