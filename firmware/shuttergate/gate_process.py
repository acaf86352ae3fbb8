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
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec

from shuttergate import confine, feed, injection
from shuttergate.appliance import POOL_FRAMES, Appliance
from shuttergate.board import Board
from shuttergate.config import Config, read_kit
from shuttergate.errors import ConfigError, ScoreError, ShuttergateError
from shuttergate.frame import Source
from shuttergate.frames.buffers import Pool
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.frames.scene import Lens, open_scene
from shuttergate.frames.simulated import SimulatedCamera
from shuttergate.frames.webcam import WebCam
from shuttergate.panel.panel import Panel
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.spoiler import Spoiler

EXIT_REFUSED = 3
EXIT_DIED = 70


def camera_opener(
    config: Config,
    board: Board,
    eyes: Eyes,
    link: feed.Link,
    stalled: Callable[[], bool] = lambda: False,
) -> Callable[[], Source]:
    """Return what opens the board's camera; its buffers are taken once and used for ever.

    ``stalled()``: whether a simulated camera gives no frames, however often it is opened.
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
    path = Path(config.scene.path).expanduser() if config.scene.path else None

    def skipped(cause: str) -> None:
        link.log("picture skipped", cause=cause)

    def opened() -> Source:
        scene = open_scene(path, lens, config.scene.picture_s, skipped)
        return SimulatedCamera(scene, board.camera.fps, pool, stalled)

    return opened


def fault_switches(
    board: Board, eyes: Eyes, stalled: threading.Event
) -> dict[str, Callable[[bool], None]]:
    """Return what each of the board's fault switches does in this process."""
    spoiler = Spoiler(eyes.live, board.accelerator.threads)

    def stall(on: bool) -> None:
        if on:
            stalled.set()
        else:
            stalled.clear()

    known: dict[str, Callable[[bool], None]] = {
        injection.CAMERA_STALLED: stall,
        injection.ACCELERATOR_UNPLUGGED: spoiler.unplug,
        injection.MODEL_CORRUPTED: spoiler.corrupt,
    }
    return {fault: known[fault] for fault in injection.offered(board) if fault in known}


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
        eyes = open_eyes(
            board.channels.live,
            board.channels.look,
            board.accelerator,
            config.gate.max_age_ms / 1000,
            lambda state, cause: link.log("accelerator", state=state, cause=cause),
            board.channels.video or board.channels.look,
        )
        stalled = threading.Event()
        open_camera = camera_opener(config, board, eyes, link, stalled.is_set)
        faults = injection.Injection(fault_switches(board, eyes, stalled), link.log)
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
