"""Which way up: however the camera is mounted, models and people see one and the same picture."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from shuttergate import feed, viewfinder
from shuttergate.board import AcceleratorPart, CameraPart, read_board
from shuttergate.cameras import CameraOpener
from shuttergate.capture.encode import encode
from shuttergate.config import SceneSettings
from shuttergate.frame import Frame, Pixels
from shuttergate.frames import simulated
from shuttergate.frames.pictures import lores_of
from shuttergate.frames.upright import Turned, flipped
from shuttergate.gate import State
from shuttergate.stills import check
from shuttergate.verdict import Decision, Look, Reason, Verdict
from shuttergate.viewfinder import Viewfinder
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.secondlook import SecondLook
from support import needs
from support.films import film, yuv
from support.kept import kept

SIZE = (800, 600)
LORES = (224, 224, 3)

MOUNTS = [(rotation, mirror) for rotation in (0, 90, 180, 270) for mirror in (False, True)]
mounts = pytest.mark.parametrize(("rotation", "mirror"), MOUNTS)


def part(rotation: int, mirror: bool) -> CameraPart:
    usual = read_board("simulated").camera
    limit = (max(SIZE), max(SIZE))
    return msgspec.structs.replace(usual, main_size=limit, rotation=rotation, mirror=mirror)


def hill() -> Image.Image:
    """A smooth hill, lit from the upper left: which way up it is changes its score."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    page = np.zeros((SIZE[1], SIZE[0], 3)) + (140, 160, 190)
    for cx, cy, wide, high, colour in (
        (400, 450, 450, 250, (235, 190, 160)),
        (400, 500, 45, 60, (200, 150, 120)),
    ):
        u, v = (x - cx) / wide, (y - cy) / high
        inside = u * u + v * v
        light = 0.35 + 0.65 * (np.sqrt(np.clip(1 - inside, 0, 1)) * 0.8 - u * 0.35 - v * 0.45)
        shaded = np.multiply.outer(np.clip(light, 0.15, 1.1), colour)
        page[inside < 1] = shaded[inside < 1]
    blurred = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    return blurred.filter(ImageFilter.GaussianBlur(1))


def as_mounted(upright: Image.Image, rotation: int, mirror: bool) -> Image.Image:
    """What the sensor sees of a picture that comes out `upright`."""
    held = upright.rotate(rotation, expand=True)  # Pillow's way is counterclockwise
    return ImageOps.mirror(held) if mirror else held


def frame_of(camera: CameraPart, scene: Path) -> Frame:
    """The first frame of a simulated camera that looks at a file; its buffers are its own."""
    opener = CameraOpener(camera, SceneSettings(path=str(scene)), LORES, 1, pytest.fail)
    source = opener()
    try:
        return source.next(2.0)
    finally:
        source.close()


def off(lores: Pixels, upright: Image.Image) -> float:
    """How far, in steps of 255 and in the mean, the models' picture is from the upright one."""
    due = lores_of(upright, (224, 224))
    return float(np.abs(lores.astype(int) - due).mean())


@pytest.fixture(autouse=True)
def no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated sensor's noise alone moves a score by 0.03."""
    monkeypatch.setattr(simulated, "NOISY_BYTES", 0)


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    channels = read_board("simulated").channels
    return open_eyes(channels.live, channels.look, AcceleratorPart(driver="cpu"))


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upright") / "upright.png"
    hill().save(path)
    return path


def judged(path: Path, eyes: Eyes, live: bool) -> dict[str, float]:
    """What `shuttergate check` says of a file."""
    rule = eyes.rule(Look.LIVE if live else Look.SECOND, {})
    (found,) = check([path], eyes, rule, live)
    assert found.score is not None, found.reason
    return found.scores


SAME = 0.01
"""Between scores of one picture whose sides were reduced in another order."""

CODED = 0.08
"""And after H.264 or JPEG: networks of 8 bits step by as much for a noise that nobody sees."""


def test_the_hill_is_of_use(eyes: Eyes, upright: Path, tmp_path: Path) -> None:
    due = judged(upright, eyes, live=True)
    for rotation in (90, 180, 270):
        as_mounted(hill(), rotation, False).save(tmp_path / "sensor.png")
        wrong = judged(tmp_path / "sensor.png", eyes, live=True)
        assert max(abs(wrong[name] - due[name]) for name in due) > 4 * SAME, rotation
    assert off(lores_of(ImageOps.mirror(hill()), (224, 224)), hill()) > 5


@mounts
def test_live_the_models_see_it_upright(
    eyes: Eyes, upright: Path, tmp_path: Path, rotation: int, mirror: bool
) -> None:
    as_mounted(hill(), rotation, mirror).save(tmp_path / "sensor.png")
    frame = frame_of(part(rotation, mirror), tmp_path / "sensor.png")
    assert frame.lores.shape == LORES and frame.lores.flags.c_contiguous
    assert off(frame.lores, hill()) < 0.1
    assert scores(eyes.live, frame.lores) == pytest.approx(
        judged(upright, eyes, live=True), abs=SAME
    )


@needs.module("av").mark
@mounts
def test_so_they_do_in_a_video(
    eyes: Eyes, upright: Path, tmp_path: Path, rotation: int, mirror: bool
) -> None:
    sensor = as_mounted(hill(), rotation, mirror)
    path = film(tmp_path / "sensor.mp4", [yuv(np.asarray(sensor))])
    frame = frame_of(part(rotation, mirror), path)
    assert off(frame.lores, hill()) < 2
    assert scores(eyes.live, frame.lores) == pytest.approx(
        judged(upright, eyes, live=True), abs=CODED
    )


@mounts
def test_check_of_the_saved_photo_agrees_with_the_kits_own_look(
    eyes: Eyes, tmp_path: Path, rotation: int, mirror: bool
) -> None:
    as_mounted(hill(), rotation, mirror).save(tmp_path / "sensor.png")
    camera = part(rotation, mirror)
    frame = frame_of(camera, tmp_path / "sensor.png")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encode(frame.main, datetime.now(UTC), camera.turn, 95))
    assert judged(photo, eyes, live=True) == pytest.approx(
        scores(eyes.live, frame.lores), abs=CODED
    )
    with Image.open(photo) as image:
        shown = ImageOps.exif_transpose(image)
        assert image.getexif()[0x0112] == {0: 1, 90: 6, 270: 8}[camera.turn]
        assert shown.size == SIZE
        assert np.abs(np.asarray(shown, int) - np.asarray(hill(), int)).mean() < 2
    look = SecondLook(eyes.look, (224, 224), rotation=camera.turn)
    assert judged(photo, eyes, live=False) == pytest.approx(
        look(look.leaving(frame.main)), abs=CODED
    )


OPEN: Any = SimpleNamespace(state=State(opened_s=0.0))


@mounts
def test_mosaic_and_picture_stand_as_people_see_them(
    tmp_path: Path, rotation: int, mirror: bool
) -> None:
    scene = Image.new("RGB", (640, 480))
    scene.paste((255, 0, 0), (0, 0, 320, 240))  # upper left, as it should be seen
    as_mounted(scene, rotation, mirror).save(tmp_path / "sensor.png")
    camera = part(rotation, mirror)
    frame = frame_of(camera, tmp_path / "sensor.png")
    ours, theirs = feed.pair()
    one = Viewfinder(camera.turn, OPEN)
    one.start()
    one.connect(ours)
    theirs.settimeout(5)
    with theirs:
        one.show(frame, Verdict(Decision.BLOCKED, Reason.NUDITY, 0.0, {}), False)
        one.show(frame, Verdict(Decision.CLEAR, Reason.CLEAR, 0.0, {}), True)
        kinds = {type(shown): shown for shown in packets(theirs, 4)}
    one.stop()
    cells, picture = kinds[viewfinder.Mosaic], kinds[viewfinder.Picture]
    assert isinstance(cells, viewfinder.Mosaic) and isinstance(picture, viewfinder.Picture)
    assert (cells.columns, cells.rows) == (12, 9)
    colours = np.frombuffer(cells.cells, np.uint8).reshape(9, 12, 3)
    assert colours[1, 1, 0] > 200 and max(*colours[1, -2], *colours[-2, 1], *colours[-2, -2]) < 40
    (tmp_path / "seen.jpg").write_bytes(picture.jpeg)
    seen = np.asarray(Image.open(tmp_path / "seen.jpg").convert("RGB"))
    assert seen.shape == (60, 80, 3)
    assert seen[8, 8, 0] > 200 and seen[8, -8, 0] < 40 and seen[-8, 8, 0] < 40


def packets(sock: socket.socket, count: int) -> Iterator[viewfinder.Shown]:
    for _ in range(count):
        yield viewfinder.decode(sock.recv(viewfinder.MAX_PACKET_BYTES))


def test_a_flip_copies_nothing() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for hflip, vflip in ((False, False), (True, False), (False, True), (True, True)):
        found = flipped(pixels, hflip, vflip)
        assert np.shares_memory(found, pixels)
        due = np.flip(pixels, [axis for axis, on in ((1, hflip), (0, vflip)) if on])
        assert np.array_equal(found, due)


class Film:
    """A source of one frame, upright as its sensor is."""

    name, fps = "a film", 25.0

    def __init__(self, lores: Pixels) -> None:
        self.lores = lores
        self.is_closed = False

    def next(self, timeout_s: float) -> Frame:
        return Frame(0, timeout_s, np.zeros((3, 2), np.uint8), self.lores, self.wipe)

    def wipe(self) -> None:
        self.lores[:] = 0

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("degrees", [90, 270])
@pytest.mark.parametrize("size", [(4, 4), (6, 4)])
def test_a_turn_stays_in_the_frames_own_buffer(
    degrees: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    upright = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(size[1], size[0], 3)
    film = Film(np.ascontiguousarray(np.rot90(upright, degrees // 90)))
    scratches = kept(monkeypatch, np, "ascontiguousarray")
    camera = Turned(film, degrees)
    assert (camera.name, camera.fps) == ("a film", 25.0)
    frame = camera.next(0.5)
    assert np.array_equal(frame.lores, upright) and frame.lores.flags.c_contiguous
    assert np.shares_memory(frame.lores, film.lores)
    assert [scratch.any() for scratch in scratches] == [False], "what it was turned in is wiped"
    frame.release()
    assert not frame.lores.any()
    camera.close()
    assert film.is_closed
