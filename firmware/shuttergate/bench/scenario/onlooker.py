"""A viewer of the kit's page, who keeps when a picture came and how tall it was: never the picture.

It asks for what a browser asks for, from the process that a visitor talks to.
"""

from __future__ import annotations

import contextlib
import io
import threading
from typing import Self

from PIL import Image

from shuttergate.clock import since_boot_s

AGAIN_S = 0.1

OPEN_S = 2.0
"""A page that ends leaves a caller without an answer; one that starts is called again."""


class Onlooker:
    """Watches a page from the beginning of the ``with`` to its end, and whenever it comes back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: list[tuple[float, int]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="onlooker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def seen(self, since_s: float) -> list[tuple[float, int]]:
        """Return each picture's time after ``since_s``, since boot, and height, px."""
        return [(at_s - since_s, height) for at_s, height in list(self._seen) if at_s >= since_s]

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError):
                self._watch()
            self._stopping.wait(AGAIN_S)

    def _watch(self) -> None:
        # The extra that brings a page brings this; other scripts need neither.
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
        from websockets.typing import Origin

        address, origin = self._url.replace("http", "ws") + "live", Origin(self._url.rstrip("/"))
        with (
            contextlib.suppress(WebSocketException),
            connect(address, origin=origin, open_timeout=OPEN_S, close_timeout=1) as page,
        ):
            while not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    told = page.recv(AGAIN_S)
                    if isinstance(told, bytes) and told[:1] == b"P":
                        with Image.open(io.BytesIO(told[1:])) as picture:
                            self._seen.append((since_boot_s(), picture.height))
