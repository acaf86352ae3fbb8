"""A kernel's webcam ('vivid') through PyAV: real modes, colours, stamps, a queue, and faults."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate.board import CameraPart
from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.v4l2 import Colours
from shuttergate.frames.webcam import WebCam
from support import needs
from support.colours import as_rgb
from support.kits import Kit
from support.places import ROOT

needs.module("av").or_skip()

MAIN = (640, 480)
PATTERN, TEXT, MOVEMENT, COLOUR_SPACE, RANGE, DROPPED, UNPLUG = (
    0x00F0F000 + number for number in (0, 1, 2, 25, 28, 64, 65)
)
BARS, BLUE = 0, 9
SOLID = {5: (0, 0, 0), 6: (255, 255, 255), 7: (255, 0, 0), 8: (0, 255, 0), BLUE: (0, 0, 255)}
ALL_TEXT, NO_TEXT = 0, 2
STILL, FAST = 3, 6
REC709, SRGB = 1, 2


def node() -> str:
    for name in Path("/sys/class/video4linux").glob("video*/name"):
        if name.read_text().strip().endswith("vid-cap"):
            return f"/dev/{name.parent.name}"
    return ""


NODE = node()
pytestmark = pytest.mark.skipif(
    not NODE, reason="the kernel has no webcam of its own: build it with CONFIG_VIDEO_VIVID=y"
)


def settings(**other: Any) -> CameraPart:
    return CameraPart(driver="webcam", main_size=MAIN, fps=30, device=NODE, **other)


def turn(control: int, value: int) -> None:
    descriptor = os.open(NODE, os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, 0xC008561C, struct.pack("=Ii", control, value))
    finally:
        os.close(descriptor)


@pytest.fixture
def webcam() -> Iterator[Callable[..., WebCam]]:
    """Open the kernel's webcam, which shows what it is told to show."""
    cameras: list[WebCam] = []

    def opened(pattern: int = BARS, text: int = ALL_TEXT, **controls: int) -> WebCam:
        asked = {"COLOUR_SPACE": SRGB, "RANGE": 0, "MOVEMENT": STILL, **controls}
        turn(PATTERN, pattern)
        turn(TEXT, text)
        for name, value in asked.items():
            turn(globals()[name], value)
        pool = Pool(3, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)
        cameras.append(WebCam(settings(), (224, 224), pool))
        return cameras[-1]

    yield opened
    turn(DROPPED, 0)
    for camera in cameras:
        camera.close()


def test_a_kernels_webcam_gives_good_frames(webcam: Callable[..., WebCam]) -> None:
    opened_s = since_boot_s()
    camera, inspector = webcam(), Inspector((224, 224, 3), MAIN)
    assert (camera.name, camera.fps) == ("webcam vivid", 30.0)
    for number in range(20):
        frame = camera.next(2.0)
        inspector.inspect(frame)
        assert frame.number == number
        assert opened_s - 1 / 30 <= frame.exposed_s <= since_boot_s()
        frame.release()
        assert not frame.main.any()


@pytest.mark.parametrize(("space", "full"), [(SRGB, 0), (REC709, 1)])
def test_its_colours_come_through(webcam: Callable[..., WebCam], space: int, full: int) -> None:
    camera = webcam(BARS, NO_TEXT, COLOUR_SPACE=space, RANGE=full)
    assert camera._colours == Colours("ITU709" if space == REC709 else "ITU601", not full)
    for pattern, colour in SOLID.items():
        turn(PATTERN, pattern)
        time.sleep(0.1)
        frame = camera.next(2.0)
        for pixels in (frame.lores, as_rgb(frame.main)):
            some = pixels[::16, ::16].astype(int)  # all of them take a slow kernel a second
            assert np.abs(some - colour).max() <= 4, (some[3, 3], colour)
        frame.release()


def test_main_and_lores_are_always_of_one_exposure(webcam: Callable[..., WebCam]) -> None:
    camera = webcam(BARS, NO_TEXT, MOVEMENT=FAST)
    seen = set()
    for _ in range(12):
        frame = camera.next(2.0)
        main = Image.fromarray(as_rgb(frame.main)).resize((224, 224), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(main, int) - frame.lores).mean() < 1.5
        seen.add(frame.lores.tobytes())
        frame.release()
    assert len(seen) == 12


def test_what_waited_in_the_kernels_queue_is_left_out(webcam: Callable[..., WebCam]) -> None:
    camera = webcam()
    camera.next(2.0).release()
    time.sleep(0.7)
    frame = camera.next(2.0)
    assert since_boot_s() - frame.exposed_s < 0.15
    frame.release()


def test_a_silent_webcam_is_told_in_time_closed_and_opened_anew(
    webcam: Callable[..., WebCam],
) -> None:
    camera = webcam()
    camera.next(2.0).release()
    turn(DROPPED, 100)
    time.sleep(0.1)
    with pytest.raises(CameraError, match=r"vivid gave no frame within 0\.3 s"):  # noqa: PT012
        began_s = since_boot_s()
        for _ in range(3):  # the first ones may have been in the queue
            began_s = since_boot_s()
            camera.next(0.3).release()
    assert since_boot_s() - began_s < 0.8
    camera.close()
    turn(DROPPED, 0)
    webcam().next(2.0).release()


def test_a_busy_webcam_names_who_has_it() -> None:
    program = (
        "import av, sys; held = av.open(sys.argv[1], format='v4l2', options={'video_size':"
        "'640x480'}); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as thief:
        assert thief.stdout is not None
        assert thief.stdout.readline() == b"held\n"
        with pytest.raises(CameraError, match=rf"is busy: \S+ \(process {thief.pid}\) has it; end"):
            WebCam(settings(), (224, 224), Pool(1, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3))
        assert thief.stdin is not None
        thief.stdin.close()


def test_opening_and_closing_leaves_no_descriptor_and_no_memory_of_the_driver(
    webcam: Callable[..., WebCam],
) -> None:
    counts = []
    for turns in range(4):
        camera = webcam()
        frame = camera.next(2.0)
        if turns % 2:
            frame.release()
        assert NODE in Path("/proc/self/maps").read_text()
        camera.close()
        assert NODE not in Path("/proc/self/maps").read_text()
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    assert counts[0] == counts[-1], counts


def test_a_confined_kit_sees_through_it_and_says_when_it_is_unplugged(
    kit: Callable[..., Kit], tmp_path: Path
) -> None:
    text = (ROOT / "device" / "webcam" / "board.toml").read_text()
    board = tmp_path / "board.toml"
    board.write_text(text.replace("/dev/video0", NODE).replace("[1280, 720]", "[640, 480]"))
    config = tmp_path / "kit.toml"
    config.write_text(
        f'board = "{board}"\n[gate]\nmax_age_ms = 1500\n[album]\nfolder = "{tmp_path}"\n'
    )
    turn(PATTERN, BLUE)  # which no channel objects to
    turn(TEXT, ALL_TEXT)  # a counter in it, so that no two frames are the same
    one = kit("run", "--config", config)
    assert one.wait_for("ready", timeout_s=40)["camera"] == "webcam vivid"
    gate = Path(f"/proc/{one.children()['gate']}/status").read_text()
    assert "Seccomp:\t2" in gate
    one.wait_for("gate", state="OPEN", timeout_s=20)
    turn(UNPLUG, 1)
    told = one.wait_for("camera fault", timeout_s=10)["error"]
    assert told.startswith("webcam vivid: No such device; plug it in again")
    one.wait_for("gate", state="CLOSED", faults=["camera"], timeout_s=5)
    # The kernel plugs it in again when the last one has let go of it.
    one.wait_for("camera works again", timeout_s=20)
    assert one.stop(signal.SIGTERM) == 0
