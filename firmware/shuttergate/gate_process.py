"""The gate process: confined first, then the appliance of its board, until it is told to stop.

Whatever ends one of its threads unexpectedly ends the process, and with it the permissive line: the
kernel lets it go and the pull-down holds it low.
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
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec

from shuttergate import feed, injection
from shuttergate.appliance import POOL_FRAMES, Appliance
from shuttergate.board import Board
from shuttergate.config import Config, read_kit
from shuttergate.errors import ConfigError, ScoreError, ShuttergateError
from shuttergate.frame import Source
from shuttergate.frames.buffers import Pool
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.frames.scene import Lens, Scene, open_scene
from shuttergate.frames.simulated import SimulatedCamera, Trouble
from shuttergate.frames.stage import STAGE, Stage, Stagehand
from shuttergate.frames.webcam import WebCam
from shuttergate.panel.panel import Panel
from shuttergate.panel.wiring import WirePart, Wiring
from shuttergate.system import confine
from shuttergate.system.toml import path_of
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.spoiler import Spoiler

EXIT_REFUSED = 3
EXIT_DIED = 70


def camera_opener(
    config: Config,
    board: Board,
    eyes: Eyes,
    link: feed.Link,
    trouble: Trouble | None = None,
    hand: Stagehand | None = None,
) -> Callable[[], Source]:
    """Return what opens the board's camera; its buffers are taken once and used for ever.

    ``trouble`` and ``hand``: what a simulated camera suffers from, and who changes its stage.
    """
    width, height = board.camera.main_size
    lores_bytes = eyes.lores_shape[0] * eyes.lores_shape[1] * 3
    pool = Pool(POOL_FRAMES, width * height * 3 // 2, lores_bytes)
    link.log("frame buffers", megabytes=round(pool.size_mb), locked=pool.locked)
    lores_size = (eyes.lores_shape[1], eyes.lores_shape[0])
    if board.camera.driver == "picamera2":
        return lambda: PiCamera(board.camera, lores_size, pool)
    if board.camera.driver == "webcam":
        return lambda: WebCam(board.camera, lores_size, pool)
    lens = Lens(board.camera.main_size, lores_size, board.camera.mirror)
    path = path_of(config.scene.path, "scene.path") if config.scene.path else None

    def skipped(cause: str) -> None:
        link.log("picture skipped", cause=cause)

    def opened() -> Source:
        def open_one(path: Path | None) -> Scene:
            return open_scene(path, lens, config.scene.picture_s, skipped)

        if path is not None and path.suffix == STAGE:
            scene: Scene = Stage(path, open_one, hand or Stagehand())
        else:
            scene = open_one(path)
        return SimulatedCamera(scene, board.camera.fps, pool, trouble)

    return opened


def fault_switches(
    board: Board, eyes: Eyes, trouble: Trouble, wiring: Wiring | None, max_age_s: float
) -> dict[str, Callable[[bool], None]]:
    """Return what each of the board's fault switches does in this process."""
    spoiler = Spoiler(eyes.live, board.accelerator.threads, slow_s=1.2 * max_age_s)  # too late

    def sets(thing: object, attribute: str) -> Callable[[bool], None]:
        return lambda on: setattr(thing, attribute, on)

    known: dict[str, Callable[[bool], None]] = {
        injection.CAMERA_STALLED: sets(trouble, "stalled"),
        injection.CAMERA_FROZEN: sets(trouble, "frozen"),
        injection.CAMERA_REPEATING: sets(trouble, "repeating"),
        injection.CAMERA_MISSHAPEN: sets(trouble, "misshapen"),
        **{fault: spoiler.switch(fault) for fault in injection.MODELS},
    }
    if wiring is not None:
        for fault, part in WIRE_PARTS.items():
            known[fault] = wiring.breaker(part)
    return {fault: known[fault] for fault in injection.possible(board)}


WIRE_PARTS: dict[str, WirePart] = {
    injection.LINE_SHORTED: "line_shorted",
    injection.CONTACT_SHORTED: "contact_shorted",
    injection.BUTTON_WELDED: "welded",
    injection.SENSE_CUT: "sense_cut",
}


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
        # Before all that takes time: a line that a killed process left driven is low from here on.
        panel = Panel(board.pins, simulated=board.gpio.driver == "mock")
        if panel.wiring is not None:
            panel.wiring.meter = lambda high: link.send(feed.Level(high, time.monotonic()))
        eyes = open_eyes(
            board.channels.live,
            board.channels.look,
            board.accelerator,
            config.gate.max_age_ms / 1000,
            lambda state, cause: link.log("accelerator", state=state, cause=cause),
            board.channels.video or board.channels.look,
        )
        trouble, hand = Trouble(), Stagehand()
        open_camera = camera_opener(config, board, eyes, link, trouble, hand)
        max_age_s = config.gate.max_age_ms / 1000
        switches = fault_switches(board, eyes, trouble, panel.wiring, max_age_s)
        show = hand.show if board.camera.driver == "simulated" else None
        faults = injection.Injection(switches, link.log, show)
        # A scene that is not there is a wrong setting; a camera that is not may come back, and the
        # lamp and the log say so meanwhile.
        simulated = board.camera.driver == "simulated"
        first: Source | None = open_camera() if simulated else None

        def camera() -> Source:
            nonlocal first
            source, first = first, None
            return source or open_camera()

        appliance = Appliance(config, board, eyes, camera, panel, link, faults)
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
