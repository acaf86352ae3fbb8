"""The real picamera2 on libcamera's 'virtual' pipeline: what it gives is a frame, or a fault."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import needs_libcamera
from PIL import Image, ImageOps

from shuttergate.board import AcceleratorPart, CameraPart, read_board
from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.stills import check
from shuttergate.system.paths import share
from support.colours import as_rgb, centres, near, quadrants

MAIN, LORES = (640, 480), (224, 224)

pytestmark = [needs_libcamera, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def settings(**other: Any) -> CameraPart:
    return CameraPart(driver="picamera2", main_size=MAIN, fps=30, **other)


def make_pool(slots: int = 3) -> Pool:
    return Pool(slots, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)


@pytest.fixture
def virtual_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., PiCamera]]:
    """Open the virtual camera on given pictures, which it scales to main and lores."""
    import virtualcam

    cameras: list[PiCamera] = []
    folder = tmp_path / "scene"  # of its own: libcamera hangs on what is no JPEG
    folder.mkdir()
    virtualcam.install()
    monkeypatch.setattr(virtualcam.VirtualPicamera2, "stalled", False)

    def opened(
        *pictures: Image.Image, main: tuple[int, int] = MAIN, slots: int = 3, **other: Any
    ) -> PiCamera:
        for number, picture in enumerate(pictures):
            picture.save(folder / f"{number}.jpg", quality=100, subsampling=0)
        virtualcam.write_yaml(folder, [main, LORES])
        cameras.append(PiCamera(settings(**other), LORES, make_pool(slots)))
        return cameras[-1]

    yield opened
    for camera in cameras:
        camera.close()
    gc.collect()


def test_the_virtual_camera_gives_good_frames(virtual_camera: Callable[..., PiCamera]) -> None:
    camera = virtual_camera(quadrants(MAIN))
    inspector = Inspector((224, 224, 3), MAIN)
    opened_s = since_boot_s()
    frame = camera.next(2.0)
    inspector.inspect(frame)
    assert opened_s - 1 < frame.exposed_s <= since_boot_s()
    assert frame.main.flags.c_contiguous
    assert near(centres(frame.lores), 4)
    assert near(centres(as_rgb(frame.main)), 4)
    frame.release()
    assert not frame.main.any()
    last_s = frame.exposed_s
    for number in range(1, 20):
        frame = camera.next(2.0)
        assert frame.number == number and frame.exposed_s > last_s
        last_s = frame.exposed_s
        frame.release()


@pytest.mark.parametrize(("rotation", "mirror"), [(0, True), (180, False), (180, True)])
def test_a_flip_that_libcamera_may_not_know_is_made_all_the_same(
    virtual_camera: Callable[..., PiCamera], rotation: int, mirror: bool
) -> None:
    held = quadrants(MAIN).rotate(rotation)
    camera = virtual_camera(
        ImageOps.mirror(held) if mirror else held, rotation=rotation, mirror=mirror
    )
    frame = camera.next(2.0)
    assert near(centres(frame.lores), 4)
    assert near(centres(as_rgb(frame.main)), 4)
    frame.release()


def test_main_and_lores_are_always_of_one_exposure(
    virtual_camera: Callable[..., PiCamera],
) -> None:
    greys = [Image.new("RGB", MAIN, (20 + 25 * step,) * 3) for step in range(9)]
    camera = virtual_camera(*greys)
    seen = set()
    for _ in range(60):
        frame = camera.next(2.0)
        luma, lores = int(frame.main[0, 0]), int(frame.lores[0, 0, 0])
        assert abs(luma - lores) <= 2, "main and lores are of different pictures"
        seen.add(luma)
        frame.release()
    assert len(seen) > 5


TOLERANCE = 0.03
"""Between a score through the camera and by `check --live`: JPEG, 4:2:0 and libyuv's scaling."""


@pytest.mark.parametrize("name", ["card", "blue"])
def test_a_known_picture_gets_the_same_verdict_through_the_camera(
    virtual_camera: Callable[..., PiCamera], tmp_path: Path, name: str
) -> None:
    from shuttergate.verdict import Look, judge
    from shuttergate.vision.channel import scores
    from shuttergate.vision.eyes import open_eyes

    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, (), AcceleratorPart(driver="cpu"))
    rule = eyes.rule(Look.LIVE, {})
    path = share("models") / "testcard" / "known.png"
    if name == "blue":
        path = tmp_path / "blue.png"
        Image.new("RGB", (448, 448), (0, 90, 160)).save(path)
    (due,) = check([path], eyes, rule, live=True)
    picture = Image.open(path).convert("RGB").resize((448, 448), Image.Resampling.NEAREST)
    camera = virtual_camera(picture, main=(448, 448))
    frame = camera.next(2.0)
    found = scores(eyes.live, frame.lores)
    frame.release()
    verdict = "CLEAR" if judge(found, rule) == "clear" else "BLOCKED"
    print(f"{name}: by check {due.scores}, through the camera {found}")
    assert (judge(found, rule), verdict) == (due.reason, due.verdict)
    assert due.verdict == ("CLEAR" if name == "blue" else "BLOCKED")
    for channel, score in found.items():
        assert score == pytest.approx(due.scores[channel], abs=TOLERANCE)


def test_a_second_opening_is_told_that_the_camera_is_busy(
    virtual_camera: Callable[..., PiCamera],
) -> None:
    camera = virtual_camera(quadrants(MAIN))
    with pytest.raises(CameraError, match=r"is busy: .* has it; end that program"):
        PiCamera(settings(), LORES, make_pool())
    camera.next(2.0).release()


def test_a_stalled_camera_is_told_closed_and_opened_anew(
    virtual_camera: Callable[..., PiCamera],
) -> None:
    import virtualcam

    camera = virtual_camera(quadrants(MAIN))
    camera.next(2.0).release()
    virtualcam.VirtualPicamera2.stalled = True
    with pytest.raises(CameraError, match="gave no frame within"):
        camera.next(0.3)
    camera.close()
    virtualcam.VirtualPicamera2.stalled = False
    again = virtual_camera(quadrants(MAIN))
    again.next(2.0).release()


def test_opening_and_closing_leaves_no_thread_and_no_descriptor(
    virtual_camera: Callable[..., PiCamera],
) -> None:
    counts = []
    for turn in range(6):
        camera = virtual_camera(quadrants(MAIN))
        frame = camera.next(2.0)
        if turn % 2:
            frame.release()
        camera.close()
        camera.close()
        counts.append((threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))))
    assert counts[1] == counts[-1], counts


def test_a_failed_opening_leaves_the_camera_free(virtual_camera: Callable[..., PiCamera]) -> None:
    for _ in range(3):
        with pytest.raises(CameraError, match=r"Brightness: unknown here; use one of .*FrameDur"):
            virtual_camera(quadrants(MAIN), controls={"Brightness": 0.5})
    pace = {"FrameDurationLimits": [50000.0, 50000.0]}
    virtual_camera(quadrants(MAIN), controls=pace).next(2.0).release()
