"""A photographer with a real hatch, publisher and album, and a clock and frames of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from shuttergate.capture.album import Album
from shuttergate.capture.client import PublisherClient
from shuttergate.capture.photographer import Outcome, Photographer, PhotoSettings
from shuttergate.capture.shelf import Shelf
from shuttergate.claims import Claims
from shuttergate.clock import Clock
from shuttergate.frame import Frame, Pixels
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason
from support.hatches import publish
from support.kits import wait_until

FRAME_S = 1 / 30

Look = Callable[[Pixels], tuple[Reason, Mapping[str, float]]]


def clear(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
    """A second look that finds everything clear."""
    return Reason.CLEAR, {"open-nsfw": 0.01}


class Tray:
    """Frames that remember whether they were released."""

    def __init__(self) -> None:
        self.released: list[float] = []

    def frame(self, exposed_s: float, level: int = 128) -> Frame:
        main = np.full((96, 64), level, np.uint8)

        def release() -> None:
            main[:] = 0
            self.released.append(exposed_s)

        return Frame(int(exposed_s * 1000), exposed_s, main, np.zeros((1, 1, 3), np.uint8), release)


class _SlowAlbum(Album):
    """Tells when a photo is whole on the disk, before the gate's last word on it is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.on_whole: Callable[[], None] = lambda: None

    def publish(self, taken_ms: int, content: bytes | bytearray, may: Callable[[], bool]) -> str:
        def asked() -> bool:
            self.on_whole()
            return may()

        return super().publish(taken_ms, content, asked)


class Studio:
    """A photographer and a publisher, with one hatch between them.

    ``client_clock``: what the client goes by when it waits for the publisher.
    """

    def __init__(self, album: Path, look: Look, client_clock: Clock = time.monotonic) -> None:
        self.tray, self.shelf, self.spared = Tray(), Shelf(2), Shelf(1)
        self.but_for = ""
        self.now_s = 1000.0
        self.open = True
        self.look = look
        self.idle: Callable[[], None] = lambda: None
        self.outcomes: list[Outcome] = []
        self.wants_look = False
        self.looks: list[tuple[int, Reason]] = []
        self.looks_begun = 0
        self.done = threading.Event()
        self.album = _SlowAlbum(album)
        self.album_states: list[str] = []
        self.client = PublisherClient(client_clock)
        self.photographer = Photographer(
            self.shelf,
            self.client,
            PhotoSettings(FRAME_S, 0.25, 0, 90),
            self,
            0.05,
            lambda: self.now_s,
            self.spared,
        )
        self.threads = publish(self.client, self.album, self.album_states)
        self.publisher = self.threads[0]
        self.photographer.start()

    def leaving(self, main: Pixels) -> Pixels:
        return main.copy()

    def second_look(self, leaving: Pixels, but_for: str = "") -> tuple[Reason, Mapping[str, float]]:
        self.but_for = but_for
        return self.look(leaving)

    def claims(self, *, but_for: str = "") -> Claims:
        return Claims()

    def look_begins(self) -> None:
        self.looks_begun += 1

    def looked(self, number: int, picture: Pixels | None, reason: Reason) -> None:
        self.looks.append((number, reason))

    def lasts(self, opening: Opening) -> bool:
        return self.open

    def press_done(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.done.set()

    def between_presses(self) -> None:
        self.idle()

    def press(self, level: int = 128) -> Outcome:
        """Press when a frame of this brightness was just exposed; return what became of it."""
        self.done.clear()
        self.now_s += 1.0
        pressed_s = self.now_s
        self.shelf.put(self.tray.frame(pressed_s, level))
        assert wait_until(lambda: self.photographer.press(Opening(pressed_s, pressed_s)))
        assert self.done.wait(10)
        return self.outcomes[-1]

    def close(self) -> None:
        self.photographer.stop()
        self.client.disconnect()
        for thread in self.threads:
            thread.join(5)
