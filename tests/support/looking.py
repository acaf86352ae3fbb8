"""A kit that is none: shows a console what a test wants, and hears its wishes."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from shuttergate import companion, feed, viewfinder
from shuttergate.feed import Total
from shuttergate.verdict import Fault, Reason, Rule, Thresholds

KIT = companion.Kit(
    version="0",
    board="simulated",
    title={"en": "A kit", "ja": "キット"},
    simulated=True,
    rules={"clear_frames": 5},
    camera="a camera",
    live=Rule({"consent-clean": Thresholds(0.5, 0.85), "open-nsfw": Thresholds(0.92, 0.95)}),
    faults=["disk full"],
)
TIMING = feed.Timing([10.0, 20.0], [3, 4, 1], 100.0)


def standing(
    is_open: bool, reason: str = "nudity", recording_s: float | None = None, **changes: Any
) -> companion.Standing:
    status = feed.Status(
        open=is_open,
        reason=Reason.CLEAR if is_open else Reason(reason),
        faults=[Fault.CAMERA] if reason == "fault" else [],
        scores={"consent-clean": 0.1, "open-nsfw": 0.2},
        fps=30.0,
        oldest_ms=20.0,
        totals={Total.TESTS: {feed.RIGHT: 4, feed.WRONG: 0}},
        recording_s=recording_s,
        runs_on="cpu",
        photos=[],
        timings=dict.fromkeys(("verdict", "models", "second look", "photo"), TIMING),
    )
    totals = {
        Total.FRAMES: {"CLEAR": 90, "BLOCKED": 10},
        Total.PHOTOS: {feed.PUBLISHED: 1},
        Total.VIDEOS: {feed.PUBLISHED: 3},
        Total.REFUSED: {"nudity": 2},
        Total.LOST: {"no frame": 4},
        Total.ASKED: {feed.PUT: 3, feed.YES: 1},
    }
    whole = companion.Standing(status, totals, 1)
    return msgspec.structs.replace(whole, **changes)


class Looking:
    """One console's seat at a server that listens at `path`."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._listener.settimeout(20)
        self._seat: socket.socket | None = None
        self._view: socket.socket | None = None

    def welcome(self, kit: companion.Kit = KIT) -> None:
        """Wait for the console; tell it of the kit, open, and give it a way for pictures."""
        self._seat, _ = self._listener.accept()
        self._seat.settimeout(5)
        self.show(kit)
        self.show(standing(True))
        ours, theirs = feed.pair()
        self._view = ours
        with theirs:
            self.show(companion.ViewSocket(), theirs.fileno())

    def show(self, sight: companion.Sight, *descriptors: int) -> None:
        assert self._seat is not None
        socket.send_fds(self._seat, [msgspec.json.encode(sight)], descriptors)

    def photo(self, folder: Path, name: str) -> bytes:
        """Publish a photo; return its bytes."""
        file = folder / name
        Image.radial_gradient("L").resize((1600, 1200)).convert("RGB").save(file, "JPEG")
        self.hand(file)
        return file.read_bytes()

    def hand(self, file: Path) -> None:
        """Publish a file that is there."""
        descriptor = os.open(file, os.O_RDONLY)
        self.show(companion.AlbumFile(file.name), descriptor)
        os.close(descriptor)

    def picture(self, shown: viewfinder.Shown) -> None:
        assert self._view is not None
        self._view.send(msgspec.msgpack.encode(shown))

    def wish(self) -> companion.Wish:
        """Wait for the console's next wish."""
        assert self._seat is not None
        packet = self._seat.recv(companion.MAX_PACKET_BYTES)
        return msgspec.json.decode(packet, type=companion.Wish)

    def nothing_wished(self, seconds: float = 0.3) -> bool:
        assert self._seat is not None
        self._seat.settimeout(seconds)
        try:
            return not self._seat.recv(companion.MAX_PACKET_BYTES)
        except TimeoutError:
            return True
        finally:
            self._seat.settimeout(5)

    def leave(self) -> None:
        """The kit ends."""
        for sock in (self._seat, self._view):
            if sock is not None:
                sock.close()
        self._seat = self._view = None

    def close(self) -> None:
        self.leave()
        self._listener.close()
