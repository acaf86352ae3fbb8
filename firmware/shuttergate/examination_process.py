"""The process that looks at the hardware for the doctor; see `examination`."""

from __future__ import annotations

import functools
import math
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator

import msgspec

from shuttergate import gate_room
from shuttergate.board import Board
from shuttergate.cameras import CameraOpener, meet
from shuttergate.clock import since_boot_s
from shuttergate.config import Config
from shuttergate.errors import ShuttergateError, phrase
from shuttergate.examination import (
    CameraTimes,
    Examination,
    Examined,
    Finding,
    Health,
    examined,
    judged_camera,
    paces,
)
from shuttergate.frame import Frame, Source, main_size
from shuttergate.panel.panel import Panel
from shuttergate.panel.wires import LIMITS_S, WIRE_FAULTS, WireWatch
from shuttergate.system import spawn
from shuttergate.verdict import Fault
from shuttergate.vision import coral, libedgetpu
from shuttergate.vision.accelerator import STATES, AcceleratorState
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.runtime import RUNTIME
from shuttergate.vision.selftest import SelfTest
from shuttergate.words import camera_words

LORES_SHAPE = (224, 224, 3)
FRAME_S = 5.0
WARM_UP_FRAMES = 5
SAMPLE_FRAMES = 60
SAMPLE_S = 6.0
ACCELERATOR_S = 25.0
_MOCK = phrase("mock")  # the driver's name; in Japanese what it means
_PLUG = phrase("plug the Coral in again, in a blue USB 3 socket with enough current")
_ACCELERATOR_MENDS = {
    AcceleratorState.ABSENT: phrase(
        "plug the Coral in, install its library (docs/install.md), and stop what else uses it"
    ),
    AcceleratorState.UNFIT: libedgetpu.MEND,
}


def main(argv: list[str] | None = None) -> None:
    """Look at what was ordered on stdin, and tell of each part on an inherited socket."""
    sock = spawn.begin("shuttergate-examination", argv, gate_room.KEEPS)
    order = msgspec.json.decode(spawn.settings(), type=Examination)
    # Step by step as the gate process, which may make and open no more than this.
    gate_room.enter(order.config, order.board)
    panel = _opened(order.board) if "gpio" in order.parts else None
    meet(order.board.camera)
    gate_room.shut(order.config, order.board)
    looks: dict[str, Callable[[Config, Board], Iterator[Finding]]] = {
        "camera": _camera,
        "accelerator": _accelerator,
        "gpio": functools.partial(_gpio, panel),
    }
    for part in order.parts:
        for finding in _guarded(part, looks[part](order.config, order.board)):
            _tell(sock, finding)
    os._exit(0)  # a library that hangs at the end of the interpreter must not keep a finding back


def _opened(board: Board) -> Panel | ShuttergateError:
    try:
        return Panel(board.pins, simulated=board.gpio.is_simulated)
    except ShuttergateError as error:
        return error


def _tell(sock: socket.socket, finding: Finding) -> None:
    sock.sendall(msgspec.json.encode(finding))


def _guarded(part: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except ShuttergateError as error:
        yield Examined.failed(part, error.phrase)


def _camera(config: Config, board: Board) -> Iterator[Finding]:
    skipped: list[ShuttergateError] = []
    opener = CameraOpener(board.camera, config.scene, LORES_SHAPE, 1, skipped.append)
    camera = opener()
    try:
        size, times = _sampled(camera)
    finally:
        camera.close()
    yield times
    if board.camera.is_simulated:
        seen = phrase(
            "{name}, {width} x {height}, {fps:g} fps asked for",
            name=camera_words(camera.name),
            width=size[0],
            height=size[1],
            fps=board.camera.fps,
        )
        if skipped:
            seen = phrase("{seen}; {skipped}", seen=seen, skipped=skipped[0])
            yield examined("camera", Health.WARNING, seen, phrase("remove what is no picture"))
        else:
            yield examined("camera", Health.OK, seen)
    else:
        yield judged_camera(camera.name, size, times, board.camera.fps)


def _sampled(camera: Source) -> tuple[tuple[int, int], CameraTimes]:
    until_s = since_boot_s() + SAMPLE_S
    exposed, exposures, arrivals, copies = ([] for _ in range(4))
    taken = 0
    while taken < WARM_UP_FRAMES + 3 or (
        taken < WARM_UP_FRAMES + SAMPLE_FRAMES and since_boot_s() < until_s
    ):
        frame: Frame = camera.next(FRAME_S)
        now_s = since_boot_s()
        size = main_size(frame.main)
        frame.release()
        taken += 1
        if taken > WARM_UP_FRAMES:
            arrived_s = now_s if math.isnan(frame.arrived_s) else frame.arrived_s
            exposed.append(frame.exposed_s)
            exposures.append(frame.exposure_s)
            arrivals.append(arrived_s - frame.exposed_s)
            copies.append(now_s - arrived_s)
    interval_s, missing = paces(exposed)
    exposure_s, arrival_s, copy_s = (
        statistics.median(one) for one in (exposures, arrivals, copies)
    )
    return size, CameraTimes(
        len(exposed),
        missing,
        round(interval_s * 1000, 2),
        round(exposure_s * 1000, 2) or None,
        round(arrival_s * 1000, 2),
        round(copy_s * 1000, 2),
    )


def _accelerator(config: Config, board: Board) -> Iterator[Finding]:
    engine = board.accelerator
    if engine.driver == "cpu":
        seen = phrase("cpu ({n} cores), {runtime}", n=os.cpu_count(), runtime=RUNTIME)
        yield examined("accelerator", Health.OK, seen)
        return
    channels = board.channels
    eyes = open_eyes(channels.live, channels.look, engine, video=channels.for_video)
    assert eyes.accelerator is not None
    try:
        if eyes.accelerator.wait(ACCELERATOR_S):
            SelfTest(eyes.live).ask_all()
            seen = phrase("edgetpu by {library}; {bus}", library=engine.library, bus=coral.words())
            yield examined("accelerator", Health.OK, seen)
        else:
            state, cause = eyes.accelerator.state, eyes.accelerator.cause
            health = Health.WARNING if eyes.may_stand_in else Health.FAULT
            mend = _ACCELERATOR_MENDS.get(state, _PLUG)
            cause = libedgetpu.without_mend(cause)
            seen = phrase("edgetpu {state}: {cause}", state=STATES[state], cause=cause)
            yield examined("accelerator", health, seen, mend)
    finally:
        eyes.accelerator.close()


def _gpio(
    panel: Panel | ShuttergateError | None, config: Config, board: Board
) -> Iterator[Finding]:
    assert panel is not None
    if isinstance(panel, ShuttergateError):
        raise panel
    try:
        wires, standing = WireWatch(), frozenset[Fault]()
        until_s = time.monotonic() + 2 * LIMITS_S[Fault.CONTACT]
        while not standing and (now_s := time.monotonic()) < until_s:
            standing = wires.look(now_s, panel.read())
            time.sleep(0.01)
    finally:
        panel.close()
    if standing:
        yield Examined.failed("gpio", WIRE_FAULTS[min(standing)])
    else:
        seen = phrase(
            "{driver}; permissive BCM {enable} low, shutter BCM {shutter} released",
            driver=_MOCK if board.gpio.is_simulated else board.gpio.driver,
            enable=board.pins.enable,
            shutter=board.pins.shutter,
        )
        yield examined("gpio", Health.OK, seen)


if __name__ == "__main__":
    main()
