"""The simulated camera, its scenes and the inspection of what any camera gives."""

from __future__ import annotations

import os
import re
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frame import Frame, main_size
from shuttergate.frames.buffers import Pool, Slot
from shuttergate.frames.inspection import FROZEN_AFTER_FRAMES, Inspector
from shuttergate.frames.scene import Pictures, Room, open_scene
from shuttergate.frames.shot import Lens
from shuttergate.frames.simulated import SimulatedCamera
from shuttergate.frames.stage import Stagehand
from support import needs
from support.colours import as_rgb

LENS = Lens((640, 480), (224, 224))
LORES = (224, 224, 3)


def pool(slots: int = 3) -> Pool:
    return Pool(slots, 640 * 480 * 3 // 2, 224 * 224 * 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("a", "red"), ("b", "lime"), ("c", "blue")):
        Image.new("RGB", (64, 48), colour).save(tmp_path / f"{name}.png")
    return tmp_path


def colour(lores: np.ndarray) -> str:
    return ("red", "lime", "blue")[int(np.argmax(lores.mean((0, 1))))]


def wait_for(scene: Pictures | Room) -> None:
    while scene._ahead is not None and not scene._ahead.ready:
        time.sleep(0.001)


def test_pictures_come_in_order_each_for_its_time(folder: Path) -> None:
    scene = Pictures(folder, LENS, 1.0, pytest.fail)
    seen = []
    for step in range(8):
        wait_for(scene)
        seen.append(colour(scene.at(step * 0.5).lores))
    scene.close()
    assert seen == ["red", "red", "lime", "lime", "blue", "blue", "red", "red"]


@pytest.mark.parametrize(
    ("name", "said"), [(b"b.txt", "b.txt"), (b"b\xe9.txt", r"b\xe9.txt"), (b"b\n.txt", r"b\n.txt")]
)
def test_what_is_no_picture_is_skipped_and_told_once(folder: Path, name: bytes, said: str) -> None:
    (folder / os.fsdecode(name)).write_text("not a picture")
    told: list[str] = []
    scene = Pictures(folder, LENS, 1.0, lambda error: told.append(str(error)))
    for step in range(9):
        wait_for(scene)
        scene.at(float(step))
    scene.close()
    assert len(told) == 1
    assert f"/{said}: cannot be read as a picture" in told[0]


def test_pictures_of_a_folder_are_all_of_one_size_and_whole(tmp_path: Path) -> None:
    for name, size in {"a": (640, 480), "b": (480, 640), "c": (1920, 1080), "d": (64, 48)}.items():
        image = Image.new("RGB", size, "white")
        image.paste("red", (0, 0, size[0] // 4, size[1]))
        image.paste("blue", (size[0] - size[0] // 4, 0, *size))
        image.save(tmp_path / f"{name}.png")
    scene = Pictures(tmp_path, LENS, 1.0, pytest.fail)
    for step in range(8):
        wait_for(scene)
        shot = scene.at(float(step))
        assert main_size(shot.main) == (640, 480)
        row = as_rgb(shot.main)[240].astype(int)  # its left and its right edge are both in it
        assert (row[:, 0] - row[:, 2]).max() > 150 and (row[:, 2] - row[:, 0]).max() > 150
    scene.close()


@pytest.mark.parametrize("content", [None, "notes.txt"])
def test_a_folder_with_no_picture_is_a_clear_fault(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / content).write_text("x")
    why = "it is empty" if content is None else r".*notes.txt: cannot be read as a picture .*"
    said = rf"holds no readable picture \({why}\); put JPEG or PNG files there"
    with pytest.raises(CameraError, match=said):
        open_scene(tmp_path, LENS, 1.0, lambda cause: None)


def test_a_scene_that_is_too_large_is_no_video_either(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "vast.png")
    told: list[str] = []
    with pytest.raises(
        CameraError, match=r"vast.png: a picture in it is over 128 megapixels; reduce it$"
    ):
        open_scene(tmp_path / "vast.png", LENS, 1.0, lambda error: told.append(str(error)))
    assert told == [f"{tmp_path / 'vast.png'}: a picture in it is over 128 megapixels; reduce it"]


def test_a_scene_that_is_not_there_is_a_clear_fault(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="there is no such scene"):
        open_scene(tmp_path / "gone", LENS, 1.0, pytest.fail)


def test_the_built_in_room_plays_and_moves() -> None:
    room = Room(LENS, Stagehand())
    first = room.at(0.0)
    moved = False
    for step in range(1, 60):
        time.sleep(0.01)
        moved = moved or not np.array_equal(room.at(step / 30).lores, first.lores)
    room.close()
    assert moved


def test_the_card_comes_on_time_however_slow_the_computer() -> None:
    """One frame a second: the film lags far behind, the card must not."""
    room = Room(LENS, Stagehand())
    wall = room.at(0.0).lores.astype(int)

    def changed(time_s: float) -> float:
        for late_s in (0.0, 1 / 30, 2 / 30):  # a shot is made while the one before is shown
            wait_for(room)
            shot = room.at(time_s + late_s)
        return float(np.abs(shot.lores.astype(int) - wall).mean())

    seen = [changed(time_s) > 20 for time_s in (5.0, 17.0, 25.0, 37.0, 45.0)]
    room.close()
    assert seen == [False, True, False, True, False]


@pytest.fixture
def camera(folder: Path) -> Iterator[SimulatedCamera]:
    camera = SimulatedCamera(open_scene(folder / "a.png", LENS, 1.0, pytest.fail), 50, pool())
    yield camera
    camera.close()


def test_frames_come_at_the_frame_rate(camera: SimulatedCamera) -> None:
    began_s, numbers = since_boot_s(), []
    for _ in range(10):
        frame = camera.next(1.0)
        numbers.append(frame.number)
        # Never before its time, however late the one before was.
        assert since_boot_s() - camera._start_s >= frame.number / 50
        frame.release()
    assert numbers == sorted(set(numbers)) and numbers[-1] >= 9
    assert since_boot_s() - began_s < 1.0


def test_a_late_reader_gets_a_new_frame_and_not_an_old_one(camera: SimulatedCamera) -> None:
    camera.next(1.0).release()
    time.sleep(0.2)
    frame = camera.next(1.0)
    assert frame.number >= 10
    assert since_boot_s() - frame.exposed_s < 0.1
    frame.release()


def test_no_two_exposures_of_a_still_scene_are_the_same(camera: SimulatedCamera) -> None:
    inspector = Inspector(LORES, LENS.main_limit)
    for _ in range(3 * FROZEN_AFTER_FRAMES):
        frame = camera.next(1.0)
        inspector.inspect(frame)
        frame.release()


def test_a_released_frame_is_wiped(camera: SimulatedCamera) -> None:
    frame = camera.next(1.0)
    main, lores = frame.main, frame.lores
    assert main.any()
    assert lores.any()
    frame.release()
    assert not main.any()
    assert not lores.any()


def test_a_buffer_is_wiped_before_anybody_else_may_have_it(camera: SimulatedCamera) -> None:
    buffers = pool(1)
    slot = buffers.take()
    assert slot is not None
    slot.used = slot.main.size
    slot.main[:] = slot.lores[:] = 7
    clean: list[bool] = []
    free = buffers._free

    class Watched(list):  # type: ignore[type-arg]
        def append(self, given: Slot) -> None:
            clean.append(not given.main.any() and not given.lores.any())
            super().append(given)

    buffers._free = Watched(free)
    buffers.give_back(slot)()
    assert clean == [True]


def test_buffers_are_left_out_of_dumps_and_kept_out_of_swap() -> None:
    before = locked_kb()
    buffers = Pool(2, 640 * 480 * 3 // 2, 224 * 224 * 3)
    slot = buffers.take()
    assert slot is not None
    flags = memory_flags(slot.main.ctypes.data)
    assert "dd" in flags, "not left out of dumps"
    assert "dc" in flags, "a fork would have it too"
    needs.root(buffers.locked, "locking so much memory").or_skip()
    assert locked_kb() - before >= 2 * 640 * 480 * 3 // 2 // 1024


def memory_flags(address: int) -> list[str]:
    """Return the kernel's flags (VmFlags) of the mapping that holds `address`."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if bounds:
            inside = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise AssertionError("no such mapping")


def locked_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmLck:")[2].split()[0])


def test_release_acts_once(camera: SimulatedCamera) -> None:
    first = camera.next(1.0)
    first.release()
    second = camera.next(1.0)
    first.release()
    assert second.main.any()
    second.release()


def test_without_a_free_buffer_it_says_so(camera: SimulatedCamera) -> None:
    frames = [camera.next(1.0) for _ in range(3)]
    with pytest.raises(CameraError, match="no buffer is free"):
        camera.next(1.0)
    for frame in frames:
        frame.release()


def frame(exposed_s: float, level: int = 0, **wrong: object) -> Frame:
    main = np.full((48, 32), level, np.uint8)
    lores = np.full(LORES, level, np.uint8)
    made = Frame(0, exposed_s, main, lores, lambda: None)
    for name, value in wrong.items():
        setattr(made, name, value)
    return made


def inspector(now_s: float = 100.0) -> Inspector:
    return Inspector(LORES, (640, 480), lambda: now_s)


def test_good_frames_pass() -> None:
    judge = inspector()
    for number in range(10):
        judge.inspect(frame(number, level=number))


@pytest.mark.parametrize(
    "wrong",
    [
        {"lores": np.zeros((224, 224), np.uint8)},
        {"lores": np.zeros((223, 224, 3), np.uint8)},
        {"lores": np.zeros(LORES, np.float32)},
        {"main": np.zeros((48, 32, 3), np.uint8)},
        {"main": np.zeros((49, 32), np.uint8)},
        {"main": np.zeros((48, 31), np.uint8)},
        {"main": np.zeros((0, 32), np.uint8)},
        {"main": np.zeros((48, 642), np.uint8)},
        {"main": np.zeros((48, 32), np.uint16)},
    ],
)
def test_a_wrong_shape_is_refused_with_what_was_due(wrong: dict[str, object]) -> None:
    with pytest.raises(CameraError, match=r"is configured; check \[camera\] in board.toml"):
        inspector().inspect(frame(1.0, **wrong))


@pytest.mark.parametrize("exposed_s", [1.0, 0.5, 101.0, float("nan")])
def test_repeated_old_future_and_undated_frames_are_refused(exposed_s: float) -> None:
    judge = inspector()
    judge.inspect(frame(1.0, 1))
    with pytest.raises(CameraError, match="repeated or wrongly dated"):
        judge.inspect(frame(exposed_s, 2))


def test_a_ring_of_buffers_round_and_round_is_a_frozen_camera() -> None:
    judge = inspector()
    for number in range(8):
        judge.inspect(frame(number, level=number))
    with pytest.raises(CameraError, match="camera is frozen"):  # noqa: PT012
        for number in range(8, 16):
            judge.inspect(frame(number, level=number % 8))


def test_looking_at_a_frame_copies_nothing_of_it() -> None:
    judge, one = inspector(), frame(1.0, 7)
    judge.inspect(frame(0.5, 6))
    tracemalloc.start()
    try:
        judge.inspect(one)
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most_bytes < one.lores.size / 4


def test_the_same_pixels_for_ever_are_a_frozen_camera() -> None:
    judge = inspector()
    for number in range(FROZEN_AFTER_FRAMES):
        judge.inspect(frame(number, level=7))
    with pytest.raises(CameraError, match="camera is frozen"):
        judge.inspect(frame(FROZEN_AFTER_FRAMES, level=7))
