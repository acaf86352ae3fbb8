"""The gate process: camera, channels, gate, panel and capture put together.

This is the only module that knows all rooms. The main thread looks at frames, the warden keeps
time, the photographer works on a press. Whatever ends one of them unexpectedly ends the process,
and with it the permissive line: the kernel lets it go and the pull-down holds it low.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import msgspec

from shuttergate import confine, feed, verdict
from shuttergate.board import Board
from shuttergate.capture.photographer import Camera, Outcome, Photographer
from shuttergate.capture.shelf import Shelf
from shuttergate.config import Config, read_kit
from shuttergate.errors import CameraError, ConfigError, ScoreError, ShuttergateError
from shuttergate.frame import Frame, Pixels, Source
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.scene import Lens, open_scene
from shuttergate.frames.simulated import SimulatedCamera
from shuttergate.gate import Press
from shuttergate.interlock import Interlock
from shuttergate.panel.panel import Panel
from shuttergate.verdict import Decision, Reason, Verdict
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.selftest import SelfTest
from shuttergate.warden import Warden

SHELF_FRAMES = 2
POOL_FRAMES = SHELF_FRAMES + 2  # on the shelf, before the live channels, under the second look
STALL_S = 1.0
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
EXIT_REFUSED = 3
EXIT_DIED = 70


class Appliance:
    """One kit. ``open_camera`` is called again whenever the camera failed."""

    def __init__(
        self,
        config: Config,
        board: Board,
        eyes: Eyes,
        open_camera: Callable[[], Source],
        panel: Panel,
        link: feed.Link,
    ) -> None:
        self._eyes = eyes
        self._limits = eyes.limits("live", config.limits())
        self._look_limits = eyes.limits("look", config.limits())
        self._open_camera = open_camera
        self._panel = panel
        self._link = link
        self._stopping = threading.Event()
        self._counts: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._photos: list[str] = []
        self._scores: Mapping[str, float] = {}
        self._recent_s: list[float] = []
        self._oldest_s = 0.0
        self._turned_s = time.monotonic()
        self._shelf = Shelf(SHELF_FRAMES)
        self.interlock = Interlock(config.gate.rules(), panel.permissive, self._gate_changed)
        camera = board.camera
        self._inspector = Inspector(eyes.lores_shape, camera.main_size)
        self._selftest = SelfTest(eyes.live)
        self._selftest_every_s = config.vision.selftest_s / max(1, self._selftest.questions)
        self._selftest_due_s = 0.0
        self._look_test = SelfTest(eyes.look)
        self._look_test_every_s = config.vision.selftest_s / 2
        self._look_test_due_s = 0.0
        self._photographer = Photographer(
            self._shelf,
            Camera(
                1.0 / camera.fps,
                config.gate.max_age_ms / 1000,
                camera.rotation,
                config.album.jpeg_quality,
            ),
            self._second_look,
            self.interlock.lasts,
            self._press_done,
            self._test_look,
            self._look_test_every_s,
        )
        self._warden = Warden(
            self.interlock,
            panel,
            self._photographer,
            link,
            self._contact,
            self.status,
            self.stop,
            lambda: self._turned_s,
        )
        self._has_sense = board.pins.shutter_sense is not None
        panel.on_contact = self._contact
        panel.on_sense = self._sensed

    def run(self) -> None:
        """Look at frames until `stop`; the line is low when this returns, however it returns."""
        try:
            self.interlock.fault("publisher")
            self._warden.start()
            self._selftest.ask_all()
            self._look_test.ask_all()
            self._photographer.start()
            self.interlock.mended("starting")
            self._look_at_frames()
        finally:
            self.interlock.fault("stopping")
            self._photographer.stop()
            self._warden.end()
            self._link.send(self.status())
            self._shelf.clear()
            self._panel.close()

    def stop(self) -> None:
        """Have `run` come to its end."""
        self._stopping.set()

    def _look_at_frames(self) -> None:
        camera: Source | None = None
        failures = 0
        try:
            while not self._stopping.is_set():
                self._turned_s = time.monotonic()
                try:
                    camera = camera or self._open_camera()
                    frame = camera.next(STALL_S)
                    self.look(frame)
                except CameraError as error:
                    self.interlock.fault("camera")
                    self._link.log("camera fault", error=str(error))
                    if camera is not None:
                        camera.close()
                    camera = None
                    self._stopping.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                    failures += 1
                    continue
                if failures:
                    failures = 0
                    self._link.log("camera works again", camera=camera.name)
                if self._counts["frames"] == 1:
                    self._link.send(feed.Ready(camera.name))
                self._test_live()
        finally:
            if camera is not None:
                camera.close()

    def look(self, frame: Frame) -> None:
        """Judge one frame and let the gate know; raise `CameraError` where it is no frame."""
        kept = False
        try:
            self._inspector.inspect(frame)
            seen = self._judge(frame)
            self._scores = seen.scores  # in place before the gate tells of its change
            is_open = self.interlock.judged(seen)
            self._count(seen)
            kept = is_open and seen.decision is Decision.CLEAR
            if kept:
                self._shelf.put(frame)
                if not self.interlock.state.is_open:  # it closed between the two
                    self._shelf.clear()
        finally:
            if not kept:
                frame.release()

    def _judge(self, frame: Frame) -> Verdict:
        try:
            seen = verdict.verdict(
                scores(self._eyes.live, frame.lores), self._limits, frame.exposed_s
            )
        except ScoreError as error:
            self._fault("model", error)
            return Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s)
        self.interlock.mended("camera")
        self.interlock.mended("model")
        return seen

    def _count(self, seen: Verdict) -> None:
        self._oldest_s = max(self._oldest_s, time.monotonic() - seen.exposed_s)
        self._counts["frames"] += 1
        self._counts[seen.decision] += 1
        self._recent_s.append(seen.exposed_s)
        del self._recent_s[:-30]

    def _fault(self, name: str, error: Exception) -> None:
        if name not in self.interlock.state.faults:
            self._link.log(f"{name} fault", error=str(error))
        self.interlock.fault(name)

    def _test_live(self) -> None:
        now_s = time.monotonic()
        if now_s < self._selftest_due_s:
            return
        self._selftest_due_s = now_s + self._selftest_every_s
        try:
            self._selftest.ask()
        except ScoreError as error:
            self._fault("self-test", error)
        else:
            # One right answer proves little: a stuck model gives some of them by chance.
            if self._selftest.passed:
                self.interlock.mended("self-test")

    def _test_look(self) -> None:
        now_s = time.monotonic()
        if now_s < self._look_test_due_s:
            return
        self._look_test_due_s = now_s + self._look_test_every_s
        try:
            self._look_test.ask_all()
        except ScoreError as error:
            self._fault("second-look self-test", error)
        else:
            self.interlock.mended("second-look self-test")

    def _second_look(self, main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        found = self._eyes.second_look(main)
        return verdict.judge(found, self._look_limits), found

    def _contact(self) -> None:
        begun = self.interlock.contact(self._panel.contact_is_down)
        if begun is None:
            return
        press, opening = begun
        if not press.taken:
            self._refuse(press)
        elif not self._photographer.press(opening):
            self._refuse(Press(False, Reason.BUSY))

    def _sensed(self) -> None:
        # The second pole only tells of presses that the dead button could not signal.
        if not self.interlock.state.is_open:
            self._refuse(Press(False, self.interlock.reason))

    def _refuse(self, press: Press, detail: str = "") -> None:
        # A button held since before the gate opened was counted when its second pole was felt.
        if not (press.reason is Reason.HELD and self._has_sense):
            self._refusals[press.reason] += 1
        self._warden.refused()
        faults = sorted(self.interlock.state.faults)
        self._link.log(
            "press refused",
            reason=press.reason,
            **({"detail": detail} if detail else {}),
            **({"faults": faults} if faults else {}),
        )

    def _press_done(self, outcome: Outcome) -> None:
        if outcome.name:
            self._photos.append(outcome.name)
            self._link.log(
                "photo",
                name=outcome.name,
                frame=outcome.frame,
                scores=_rounded(outcome.scores),
                ms=round((time.monotonic() - outcome.pressed_s) * 1000, 1),
            )
            return
        if outcome.reason is Reason.SECOND_LOOK:
            found = outcome.scores or {}
            self.interlock.judged(
                Verdict(Decision.BLOCKED, Reason.SECOND_LOOK, outcome.pressed_s, found)
            )
        self._refuse(Press(False, outcome.reason), outcome.detail)

    def _gate_changed(self, is_open: bool, reason: Reason) -> None:
        if not is_open:
            self._shelf.clear()
        self._link.log(
            "gate",
            state="OPEN" if is_open else "CLOSED",
            reason=reason,
            faults=sorted(self.interlock.state.faults),
            scores=_rounded(self._scores),
        )

    def status(self) -> feed.Status:
        """Return the kit as it stands."""
        recent = self._recent_s
        span_s = recent[-1] - recent[0] if len(recent) > 1 else 0.0
        return feed.Status(
            open=self.interlock.state.is_open,
            reason=self.interlock.reason,
            faults=sorted(self.interlock.state.faults),
            scores=_rounded(self._scores),
            fps=round((len(recent) - 1) / span_s, 1) if span_s else 0.0,
            oldest_ms=round(self._oldest_s * 1000, 1),
            frames=self._counts["frames"],
            clear=self._counts[Decision.CLEAR],
            blocked=self._counts[Decision.BLOCKED],
            taken=len(self._photos),
            refused=dict(self._refusals),
            photos=self._photos[-20:],
        )


def _rounded(found: Mapping[str, float] | None) -> dict[str, float]:
    return {name: round(score, 4) for name, score in (found or {}).items()}


def camera_opener(
    config: Config, board: Board, eyes: Eyes, link: feed.Link
) -> Callable[[], Source]:
    """Return what opens the board's camera; its buffers are taken once and used for ever."""
    width, height = board.camera.main_size
    lores_bytes = eyes.lores_shape[0] * eyes.lores_shape[1] * 3
    pool = Pool(POOL_FRAMES, width * height * 3 // 2, lores_bytes)
    link.log("frame buffers", megabytes=round(pool.size_mb), locked=pool.locked)
    lens = Lens(board.camera.main_size, (eyes.lores_shape[1], eyes.lores_shape[0]))
    path = Path(config.scene.path).expanduser() if config.scene.path else None

    def skipped(cause: str) -> None:
        link.log("picture skipped", cause=cause)

    def opened() -> Source:
        scene = open_scene(path, lens, config.scene.picture_s, skipped)
        return SimulatedCamera(scene, board.camera.fps, pool)

    return opened


def main(argv: list[str] | None = None) -> None:
    """Run the gate process on an inherited link, the configuration as JSON on stdin."""
    parser = argparse.ArgumentParser(prog="shuttergate-gate")
    parser.add_argument("--link", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when the gate ends
    confine.die_with_parent(options.parent)
    confine.no_dumps()
    confine.no_files()
    confine.no_network()
    confine.keep_no_freed_memory()
    # Threads hand over to one another within a fraction of a frame, not Python's usual 5 ms.
    sys.setswitchinterval(0.0005)
    link = feed.Link(socket.socket(fileno=options.link))
    try:
        config = msgspec.json.decode(sys.stdin.buffer.read(), type=Config)
        board = read_kit(config, None)
        eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
        open_camera = camera_opener(config, board, eyes, link)
        first: Source | None = open_camera()
        panel = Panel(board.pins, simulated=board.gpio.driver == "mock")

        def camera() -> Source:
            nonlocal first
            source, first = first, None
            return source or open_camera()

        appliance = Appliance(config, board, eyes, camera, panel, link)
    except ShuttergateError as error:
        link.send(feed.Refused(str(error), 2 if isinstance(error, ConfigError) else 1))
        sys.exit(EXIT_REFUSED)
    _die_on_any_thread(panel, link)

    def stop(signum: int, frame: FrameType | None) -> None:
        appliance.stop()

    signal.signal(signal.SIGTERM, stop)
    try:
        appliance.run()
    except ScoreError as error:
        link.send(feed.Refused(str(error)))
        sys.exit(EXIT_REFUSED)
    except BaseException:
        # No tidying up: ending the process is what lets the line go, whatever else is broken.
        traceback.print_exc()
        os._exit(EXIT_DIED)


def _die_on_any_thread(panel: Panel, link: feed.Link) -> None:
    """A thread that ends by an error nobody foresaw takes the process, and so the line, with it."""

    def die(failure: threading.ExceptHookArgs) -> None:
        try:
            panel.permissive(False)
            name = failure.thread.name if failure.thread is not None else "a thread"
            link.log("thread died", thread=name, error=repr(failure.exc_value))
        finally:
            os._exit(EXIT_DIED)

    threading.excepthook = die


if __name__ == "__main__":
    main()
