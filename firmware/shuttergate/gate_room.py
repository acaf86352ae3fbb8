"""The gate process's room: what its board needs written, and not a file more.

Before its first thread the process enters the room, in which the kernel lets it change nothing but
what is named here. When its libraries have made what they make once (lgpio its FIFO), it shuts it:
from then on no file is made at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from shuttergate.board import Board, CameraPart
from shuttergate.config import Config
from shuttergate.errors import ShuttergateError
from shuttergate.frame import Source
from shuttergate.panel.chip import fifo_folder, leave_folder
from shuttergate.system import confine, landlock, spawn
from shuttergate.system.landlock import Right

KEEPS = spawn.Liberties(files=True, news=True, programs=True)
"""What `spawn.begin` leaves to it; `enter` and `shut` take files, and programs where they can."""

_CAMERA = ("/dev/video*", "/dev/media*", "/dev/v4l-subdev*", "/dev/dma_heap", "/dev/udmabuf")
_LGPIO = Right.MAKE_FIFO | Right.WRITE | Right.REMOVE


class PluggedInAnew(ShuttergateError):
    """What was plugged in after the room was entered is another file than it knows."""


def devices(config: Config, board: Board) -> tuple[str, ...]:
    """Return what the board needs written, as patterns of paths; () on a simulated one."""
    found: tuple[str, ...] = ()
    if board.camera.driver == "picamera2" or config.video.codec == "h264_v4l2m2m":
        found += _CAMERA
    if board.camera.driver == "webcam":
        found += (board.camera.device,)
    if not board.gpio.is_simulated:
        found += ("/dev/gpiochip*",)
    if board.accelerator.driver == "edgetpu":
        found += (*spawn.ACCELERATORS, os.devnull)  # its process is started from here
    return found


def enter(config: Config, board: Board) -> None:
    """Change nothing but these devices and, for lgpio, one folder of FIFOs."""
    places = spawn.writable(*devices(config, board))
    if not board.gpio.is_simulated:
        folder = fifo_folder()  # made now: of the folder around it only an empty one may go
        places |= {folder.parent: Right.REMOVE_FOLDER, folder: _LGPIO}
    confine.enter_room(places)


def shut(config: Config, board: Board) -> None:
    """Make no file from here on; where the board has no devices, open none and start no program."""
    leave_folder()  # of a doctor that does not look at the pins
    needed = bool(devices(config, board))
    confine.no_files(devices=needed)
    if not needed:
        confine.no_programs()


def watched(part: CameraPart, open_camera: Callable[[], Source]) -> Callable[[], Source]:
    """Return what opens the camera, and raises `PluggedInAnew` for a webcam that the room bars.

    Another process, whose room has it, is soon started for this one.
    """
    if part.driver != "webcam" or not landlock.version():
        return open_camera
    known = spawn.identity(Path(part.device))

    def opened() -> Source:
        if spawn.identity(Path(part.device)) not in (None, known):
            raise PluggedInAnew(
                "{device} was plugged in anew; the gate process starts again", device=part.device
            )
        return open_camera()

    return opened
