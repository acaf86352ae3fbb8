"""A recorder with a real gate, hatch, publisher and album, and a clock and camera of its own.

Frames carry their number in squares that survive encoding, and whether the card is in them; a test
reads both back from what was published.
"""

from __future__ import annotations

import contextlib
import io
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from shuttergate.capture.album import Album
from shuttergate.capture.client import PublisherClient
from shuttergate.capture.recorder import Recorder
from shuttergate.capture.video import Recorded
from shuttergate.claims import Claims
from shuttergate.config import VideoSettings
from shuttergate.frame import Frame, Pixels
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock, Moment
from shuttergate.verdict import Decision, Fault, Reason, Verdict
from support.hatches import publish
from support.kits import wait_until

SIZE = (320, 180)
LEAD_S, PREROLL_S, HOLD_S, GOP_S = 0.5, 1.0, 0.8, 0.25
FPS = 30.0
BITS, SQUARE = 16, 20
CARD_LUMA, ROOM_LUMA = 30, 180
RULES = Rules()


def numbered(number: int, card: bool, size: tuple[int, int] = SIZE) -> Pixels:
    """Return an I420 picture that says its number, and whether the card is in it."""
    width, height = size
    main = np.full((height * 3 // 2, width), 128, np.uint8)
    main[:height] = CARD_LUMA if card else ROOM_LUMA
    for bit in range(BITS):
        left = bit * SQUARE
        main[:SQUARE, left : left + SQUARE] = 230 if number >> bit & 1 else 20
    return main


def read_back(luma: Pixels) -> tuple[int, bool]:
    """Return number and card of a decoded picture's luma, uint8 (height, width)."""
    middle = slice(SQUARE // 4, 3 * SQUARE // 4)
    number = 0
    for bit in range(BITS):
        left = bit * SQUARE
        square = luma[middle, left + SQUARE // 4 : left + 3 * SQUARE // 4]
        number |= int(square.mean() > 125) << bit
    return number, bool(luma[SQUARE * 2 :].mean() < (CARD_LUMA + ROOM_LUMA) / 2)


def decoded(video: bytes | Path) -> list[tuple[int, bool, float]]:
    """Return number, card and time in seconds of each picture of a published video."""
    source = io.BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(source) as container:
        found = []
        for picture in container.decode(video=0):
            luma = picture.to_ndarray()[: picture.height, : picture.width]
            assert picture.time is not None
            found.append((*read_back(luma), float(picture.time)))
        return found


@dataclass
class Darkroom:
    """Frames go in one by one, at the speed of the encoder; the clock is the frames'."""

    album: Path
    settings: VideoSettings = field(default_factory=VideoSettings)
    judge: Callable[[Pixels, float], bool] | None = None
    fps: float = FPS
    rotation: int = 0
    publishing: bool = True
    noise: bool = False

    def __post_init__(self) -> None:
        self.now_s = 1000.0
        self.number = 0
        self.numbers_s: dict[int, float] = {}  # exposure by number
        self.down = False
        self.outcomes: list[Recorded] = []
        self.offs: list[str] = []
        self.client = PublisherClient()
        self.interlock = Interlock(RULES, lambda high: None, self._changed, lambda: self.now_s)
        self.recorder: Recorder | None = None
        self.recorder = Recorder(
            self.settings,
            self.fps,
            self.rotation,
            self.client,
            self.interlock,
            self,
            self.outcomes.append,
            lambda error: self.offs.append(str(error)),
            lambda: self.now_s,
        )
        self.recorder._begin_work()
        self.threads: list[threading.Thread] = []
        if self.publishing:
            self.connect()
        self.interlock.mended(Fault.STARTING)

    @property
    def looks_at_films(self) -> bool:
        return self.judge is not None

    def claims(self, *, of_film: bool = False) -> Claims:
        return Claims()

    def film_reduction(self, size: tuple[int, int], longest_side: int) -> int:
        return -(-max(size) // longest_side)

    def film(self, picture: Pixels, exposed_s: float) -> bool:
        assert self.judge is not None
        return self.judge(picture, exposed_s)

    def connect(self) -> None:
        """Give it a publisher."""
        self.threads = publish(self.client, Album(self.album))

    def _changed(self, now: Moment) -> None:
        if not now.state.is_open and self.recorder is not None:
            self.recorder.closed(now.reason, now.state.faults)

    def finger(self, down: bool, photo: bool | None = True) -> None:
        """Press or let go; the press's photo is kept, or not, or (None) still in work."""
        self.down = down
        state = self.interlock.state
        begun = self.interlock.contact(lambda: self.down and state.is_open)
        if begun is not None and begun[0].taken and photo is not None:
            assert self.recorder is not None
            self.recorder.photo_done(begun[1].pressed_s, photo)

    def frame(self, card: bool = False, is_clear: bool | None = None) -> None:
        """Let time pass to the next exposure, judge it, and have the recorder do all its work."""
        self.now_s += 1 / self.fps
        self.number += 1
        self.numbers_s[self.number] = self.now_s
        is_clear = (not card) if is_clear is None else is_clear
        seen = Verdict(
            Decision.CLEAR if is_clear else Decision.BLOCKED,
            Reason.CLEAR if is_clear else Reason.NUDITY,
            self.now_s,
        )
        main = numbered(self.number, card)
        if self.noise:
            dice = np.random.default_rng(self.number)
            main[SQUARE:] = dice.integers(0, 255, main[SQUARE:].shape, np.uint8)
        frame = Frame(
            self.number,
            self.now_s,
            main,
            np.full((4, 4, 3), int(card), np.uint8),
            lambda: None,
        )
        is_open = self.interlock.judged(seen)
        self.interlock.contact(lambda: self.down and self.interlock.state.is_open)
        assert self.recorder is not None
        if is_open and is_clear:
            self.recorder.take(frame)
        self.work()

    def frames(self, seconds: float, card: bool = False) -> None:
        """Let so many seconds of frames pass."""
        for _ in range(round(seconds * self.fps)):
            self.frame(card)

    def work(self) -> None:
        """Do what waits for the recorder."""
        assert self.recorder is not None
        with contextlib.suppress(queue.Empty):
            while True:
                event = self.recorder._events.get_nowait()
                assert event is not None
                self.recorder._handle(event)

    def settle(self) -> None:
        """Wait until what was recorded is in the album, or lost."""
        assert self.recorder is not None

        def settled() -> bool:
            self.work()
            return self.recorder is not None and self.recorder._delivered is None

        assert wait_until(settled, 20)

    def videos(self) -> list[list[tuple[int, bool, float]]]:
        """Return what each video in the album shows, oldest first."""
        return [decoded(path) for path in sorted(self.album.glob("*.mp4"))]

    def close(self) -> None:
        """Let everything go."""
        assert self.recorder is not None
        self.recorder._drop(Reason.FAULT, "")
        self.client.disconnect()
        for thread in self.threads:
            thread.join(5)


def begin(room: Darkroom, seconds: float) -> None:
    """Press, and hold on for so long."""
    room.frames(3.0)
    room.finger(True)
    room.frames(seconds)


def end(room: Darkroom) -> None:
    """Let go, let the lead pass, and wait for what becomes of it."""
    room.finger(False)
    room.frames(LEAD_S + 0.2)
    room.settle()


def record(room: Darkroom, seconds: float, before_s: float = 3.0) -> None:
    """Press, hold for so long, let go, and let the lead pass."""
    room.frames(before_s)
    room.finger(True)
    room.frames(seconds)
    end(room)
