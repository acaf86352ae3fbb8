"""The gate process: confined first, then the appliance of its board, until it is told to stop.

Whatever ends one of its threads unexpectedly ends the process, and with it the permissive line: the
kernel lets it go and the pull-down holds it low.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import traceback
from types import FrameType

import msgspec

from shuttergate import feed, gate_room
from shuttergate.appliance import Appliance
from shuttergate.board import Board
from shuttergate.cameras import CameraOpener, meet
from shuttergate.clock import since_boot_s
from shuttergate.config import Config, KitStart, read_kit
from shuttergate.errors import (
    CameraError,
    CameraLost,
    ConfigError,
    Phrase,
    RuleError,
    ScoreError,
    ShuttergateError,
)
from shuttergate.injection import Injection
from shuttergate.lane import POOL_FRAMES
from shuttergate.panel.panel import Panel
from shuttergate.rulebook import heads, settings_rules
from shuttergate.switches import fault_switches
from shuttergate.system import spawn, swap
from shuttergate.vision.accelerator import AcceleratorState
from shuttergate.vision.eyes import Eyes, open_eyes

EXIT_REFUSED = 3
EXIT_DIED = 70
EXIT_GAVE_UP = 75
"""As EX_TEMPFAIL of sysexits.h: another process is to try the camera."""


def assemble(config: Config, board: Board, eyes: Eyes, panel: Panel, link: feed.Link) -> Appliance:
    """Return the appliance of a board, its camera's buffers taken; raises `ShuttergateError`."""
    camera = CameraOpener(
        board.camera, config.scene, eyes.lores_shape, POOL_FRAMES, functools.partial(_skip, link)
    )
    pool = camera.pool
    link.send(feed.FrameBuffers(round(pool.size_mb), pool.locked))
    # What a simulated camera shows lies on a disk already.
    if not pool.locked and not board.camera.is_simulated and (disk := swap.disk()):
        raise CameraError(
            "frames of {size_mb:.0f} MB cannot be locked in memory, and could be written to the "
            "swap disk {disk}, unjudged; {mend}",
            size_mb=pool.size_mb,
            disk=disk,
            mend=swap.MEND,
        )
    max_age_s = config.gate.max_age_ms / 1000
    switches = fault_switches(board, eyes, camera.trouble, panel.wiring, max_age_s)
    show = camera.hand.show if board.camera.is_simulated else None
    camera.try_scene()
    injection = Injection(switches, link.send, show)
    open_camera = gate_room.watched(board.camera, camera)
    return Appliance(config, board, eyes, open_camera, panel, link, injection)


def _skip(link: feed.Link, error: ShuttergateError) -> None:
    link.send(feed.PictureSkipped(str(error), said=error.phrase))


def _tell_level(link: feed.Link, high: bool) -> None:
    link.send(feed.Level(high, since_boot_s()))


def _tell_step(link: feed.Link, doing: str) -> None:
    link.send(feed.StartStep(doing))


def _tell_accelerator(link: feed.Link, state: AcceleratorState, cause: Phrase | str) -> None:
    link.send(feed.AcceleratorChanged(state, str(cause), feed.said(cause)))


def main(argv: list[str] | None = None) -> None:
    """Run the gate process on an inherited link, the configuration as JSON on stdin."""
    sock = spawn.begin("shuttergate-gate", argv, gate_room.KEEPS)
    # Threads hand over to one another within a fraction of a frame, not Python's usual 5 ms.
    sys.setswitchinterval(0.0005)
    link = feed.Link(sock)
    _tell_step(link, "settings and pins")  # till now the program itself was read from the card
    try:
        begun = msgspec.json.decode(spawn.settings(), type=KitStart)
        config = begun.config
        board = read_kit(config, None)
        gate_room.enter(config, board)  # while there is one thread: the kernel binds no other
        # Before all that takes time: a line that a killed process left driven is low from here on.
        panel = Panel(board.pins, simulated=board.gpio.is_simulated)
        if panel.wiring is not None:
            panel.wiring.meter = functools.partial(_tell_level, link)
        # Libraries make now what they may not make later: no picture is here yet.
        meet(board.camera)
        gate_room.shut(config, board)
        eyes = open_eyes(
            board.channels.live,
            board.channels.look,
            board.accelerator,
            config.gate.max_age_ms / 1000,
            functools.partial(_tell_accelerator, link),
            board.channels.for_video,
            board.views,
            board.camera.turn,
            functools.partial(_tell_step, link),
            heads(settings_rules(config.policy.rules)),
        )
        _tell_step(link, "camera")
        appliance = assemble(config, board, eyes, panel, link)
        for rule in begun.taught:  # before the first frame: it closes for them, too
            appliance.learn(feed.Enforce(rule))
    except ShuttergateError as error:
        status = 2 if isinstance(error, ConfigError | RuleError) else 1
        link.send(feed.Refused(str(error), status, error.phrase))
        sys.exit(EXIT_REFUSED)
    _die_on_any_thread(panel, link)

    def stop(signum: int, frame: FrameType | None) -> None:
        appliance.stop()

    signal.signal(signal.SIGTERM, stop)
    try:
        appliance.run()
    except ScoreError as error:
        link.send(feed.Refused(str(error), said=error.phrase))
        sys.exit(EXIT_REFUSED)
    except CameraLost:
        os._exit(EXIT_GAVE_UP)  # a library that is wedged may hang at the end of the interpreter
    except gate_room.PluggedInAnew as error:
        print(error, file=sys.stderr)
        os._exit(EXIT_DIED)
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
            link.send(feed.ThreadDied(name, repr(failure.exc_value)))
        finally:
            os._exit(EXIT_DIED)

    threading.excepthook = die


if __name__ == "__main__":
    main()
