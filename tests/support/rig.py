"""An appliance in this process, with a camera and models that misbehave on command."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shuttergate import feed
from shuttergate.appliance import Appliance
from shuttergate.board import read_board
from shuttergate.capture.album import Album
from shuttergate.capture.publisher import serve
from shuttergate.clock import since_boot_s
from shuttergate.config import Config
from shuttergate.errors import CameraError, ScoreError
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.buffers import Pool
from shuttergate.panel.panel import Panel
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.known import paint
from shuttergate.vision.pack import Pack
from shuttergate.vision.runtime import Model
from shuttergate.vision.secondlook import SecondLook
from shuttergate.words import log_fields, log_name
from support.kits import wait_until

SIZE = (96, 64)
SHOWN = [paint(name, (224, 224)) for name in ("test_card", "blue_slope")]
CLEAR_LUMA, BLOCKED_LUMA = 200, 40
FPS = 60.0


class Camera:
    """Gives frames as `mode` says: clear, blocked, mixed, stall, hang, repeat, frozen or shape."""

    def __init__(self) -> None:
        self.name, self.fps = "camera on command", FPS
        self.mode = "clear"
        self.pool = Pool(4, SIZE[0] * SIZE[1] * 3 // 2, 224 * 224 * 3)
        self.number = 0
        self.exposed_s = 0.0
        self.opened = 0

    def open(self) -> Camera:
        self.opened += 1
        return self

    def next(self, timeout_s: float) -> Frame:
        time.sleep(1 / FPS)
        if self.mode == "stall":
            time.sleep(0.3)
            raise CameraError("camera on command: no frame within 0.3 s; look at the cable")
        if self.mode == "hang":
            wait_until(lambda: self.mode != "hang", 5)
        self.number += 1
        blocked = self.mode == "blocked" or (self.mode == "mixed" and self.number % 40 >= 28)
        slot = self.pool.take()
        assert slot is not None, "a frame was not given back"
        slot.used = slot.main.size
        slot.main[:] = BLOCKED_LUMA if blocked else CLEAR_LUMA
        # The number of the frame, in eight squares of its main picture.
        marks = slot.main[: SIZE[0] * SIZE[1]].reshape(SIZE[1], SIZE[0])
        for bit in range(8):
            if self.number >> bit & 1:
                marks[48:64, 12 * bit : 12 * bit + 8] -= 32
        slot.main[SIZE[0] * SIZE[1] :] = 128
        picture = paint("test_card" if blocked else "blue_slope", (224, 224))
        slot.lores[:] = picture.reshape(-1)
        if self.mode != "frozen":
            slot.lores[self.number % slot.lores.size] ^= 1
        if self.mode != "repeat":
            self.exposed_s = since_boot_s()
        main = slot.main.reshape(SIZE[1] * 3 // 2, SIZE[0])
        return Frame(
            self.number,
            self.exposed_s,
            main[:, :-1] if self.mode == "shape" else main,
            slot.lores.reshape(224, 224, 3),
            self.pool.give_back(slot),
        )

    def close(self) -> None:
        pass


class Remembered:
    """A model that has its answers to the known pictures ready, and computes all the others.

    At 60 frames a second the real one takes more than half of a core.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._answers = [(self._glance(one), model(one)) for one in SHOWN]

    @staticmethod
    def _glance(pixels: Pixels) -> Any:
        return pixels[::16, ::16].astype(np.int16)

    def __call__(self, pixels: Pixels) -> Any:
        seen = self._glance(pixels)
        for known, answer in self._answers:
            if known.shape == seen.shape and np.abs(known - seen).max() <= 1:
                return answer
        return self._model(pixels)


class Brain:
    """A model that can be told to answer nonsense or nudity, to fail, to hang, or to be stuck."""

    def __init__(self, model: Model | Remembered) -> None:
        self.model = model
        self.mode = "well"

    def __call__(self, pixels: Pixels) -> Any:
        if self.mode == "hang":
            wait_until(lambda: self.mode != "hang", 5)
        if self.mode == "fail":
            raise RuntimeError("delegate failed")
        answer = {
            "nan": np.array([0.0, np.nan]),
            "too high": np.array([0.0, 7.0]),
            "stuck": np.array([1.0, 0.0]),
            "nude": np.array([0.0, 1.0]),
        }.get(self.mode)
        return self.model(pixels) if answer is None else answer


class Rig:
    """An appliance in a thread, its publisher in another, and everything it says."""

    def __init__(
        self,
        album: Path,
        pack: Pack,
        config: Config,
        publisher: bool = True,
        brain: str = "well",
        eyes: Eyes | None = None,
        camera: Camera | None = None,
        panel: Panel | None = None,
        rotation: int = 0,
    ) -> None:
        board = read_board("simulated")
        mounted = msgspec.structs.replace(board.camera, rotation=rotation)
        board = msgspec.structs.replace(board, camera=mounted)
        if camera is not None:
            paced = msgspec.structs.replace(board.camera, fps=camera.fps)
            board = msgspec.structs.replace(board, camera=paced)
        content = pack.content()
        self.brain = Brain(Remembered(pack.model(content)))
        self.brain.mode = brain
        self.look_brain = Brain(Remembered(pack.model(content)))
        if eyes is None:
            live, look = (Channel(pack, self.brain),), (Channel(pack, self.look_brain),)
            eyes = Eyes(live, look, SecondLook(look, (224, 224)), (224, 224, 3))
        self.camera = camera or Camera()
        self.panel = panel or Panel(board.pins, simulated=True)
        ours, theirs = feed.pair()
        self.ends = [ours, theirs]
        self.leash = feed.Leash(theirs)
        self.album = album
        self.logs: list[feed.Event] = []
        self.status: feed.Status | None = None
        self.appliance = Appliance(
            config, board, eyes, self.camera.open, self.panel, feed.Link(ours)
        )
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self._listen)]
        self.failure: Exception | None = None
        self.runner = threading.Thread(target=self._run)
        self.runner.start()
        self.threads[0].start()
        if publisher:
            self.connect()

    def _run(self) -> None:
        try:
            self.appliance.run()
        except ScoreError as error:
            self.failure = error

    def connect(self) -> None:
        """Give the gate a publisher; the old one's end is shut."""
        gate_end, self.publisher_end = socket.socketpair()
        publisher_end = self.publisher_end

        def publish() -> None:
            with publisher_end, contextlib.suppress(ConnectionError):
                serve(publisher_end, Album(self.album), probe_s=0.05)

        self.threads.append(threading.Thread(target=publish))
        self.threads[-1].start()
        with gate_end:
            self.leash.send(feed.Hatch(), (gate_end.fileno(),))

    def _listen(self) -> None:
        while not self.done.wait(0.005):
            while (news := self.leash.receive()) is not None:
                if isinstance(news, feed.Event):
                    self.logs.append(news)
                elif isinstance(news, feed.Status):
                    self.status = news

    @property
    def line(self) -> bool:
        assert self.panel.wiring is not None
        return self.panel.wiring.line_is_high

    def finger(self, down: bool) -> None:
        self.leash.send(feed.Finger(down))

    def press(self, hold_s: float = 0.05) -> None:
        self.finger(True)
        time.sleep(hold_s)
        self.finger(False)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [log_fields(log) for log in self.logs if log_name(log) == name]

    def armed(self) -> bool:
        """Whether a press would be taken."""
        idle = self.appliance.presses.photographer.busy_s() == 0
        return idle and self.appliance.interlock.state.armed

    def close(self) -> None:
        self.camera.mode = self.brain.mode = self.look_brain.mode = "clear"
        self.appliance.stop()
        self.runner.join(10)
        self.done.set()
        for thread in self.threads:
            thread.join(10)
        for end in self.ends:
            end.close()
        assert self.panel.wiring is None or not self.line
