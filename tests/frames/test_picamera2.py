"""The Raspberry Pi's camera: what libcamera gives becomes a frame, or a fault with its mend.

No libcamera is needed: a small stand-in gives requests with padded buffers. The real one, with its
'virtual' pipeline, is in bench_vm/inside/check_camera.py.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from shuttergate.board import CameraPart, SensorMode, read_board
from shuttergate.errors import CameraError
from shuttergate.frame import Frame
from shuttergate.frames import picamera2
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.picamera2 import PiCamera, _is_camera
from shuttergate.frames.sensor import fitting, for_libcamera
from shuttergate.frames.shot import Lens
from shuttergate.frames.yuv import ToRgb
from shuttergate.system.holders import holders
from support.colours import COLOURS, LIMITED, REC709, as_rgb, centres, near, quadrants
from support.picam import StandIn, modules

MAIN, LORES = (640, 480), (224, 224)
LORES_SHAPE = (224, 224, 3)


def settings(**other: Any) -> CameraPart:
    return CameraPart(driver="picamera2", main_size=MAIN, fps=30, **other)


def make_pool(slots: int = 3) -> Pool:
    return Pool(slots, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)


@pytest.mark.parametrize(
    ("sensor", "limit", "due"),
    [
        ((4056, 3040), (4056, 3040), (4056, 3040)),
        ((3280, 2464), (4056, 3040), (3280, 2464)),
        ((4608, 2592), (4056, 3040), (4056, 2280)),
        ((1280, 720), (640, 480), (640, 360)),
    ],
)
def test_main_is_all_of_the_sensor_within_the_limit(sensor: Any, limit: Any, due: Any) -> None:
    assert fitting(sensor, limit) == due


KNOWN: dict[str, tuple[Any, ...]] = {
    "ExposureTime": (1, 66666, None),
    "FrameDurationLimits": (33333, 66666, None),
    "ColourGains": (0.0, 32.0, None),
    "ScalerCrop": ((0, 0, 64, 64), (0, 0, 4056, 3040), None),
    "ScalerCrops": ((0, 0, 64, 64), (0, 0, 4056, 3040), None),
}


def test_unknown_controls_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(CameraError, match=r"Exposure: unknown here; use one of ColourGains, Exp"):
        for_libcamera({"Exposure": 100}, KNOWN)
    with pytest.raises(CameraError, match="models would look elsewhere; use ScalerCrop"):
        for_libcamera({"ScalerCrops": []}, KNOWN)


def test_lists_of_a_board_are_whole_numbers_where_libcamera_wants_them() -> None:
    given = {"FrameDurationLimits": [5e4, 5e4], "ColourGains": [1.5, 2.0], "ExposureTime": 9}
    found = for_libcamera(given | {"ScalerCrop": [0.0, 0.0, 640.0, 480.0]}, KNOWN)
    assert found == given | {"ScalerCrop": [0, 0, 640, 480]}
    for name in ("FrameDurationLimits", "ScalerCrop"):
        assert all(type(part) is int for part in found[name])
    assert type(found["ColourGains"][1]) is float


def test_who_holds_the_camera_is_named(tmp_path: Path) -> None:
    for pid, name, target in ((71, "rpicam-vid", "/dev/video0"), (72, "cron", "/dev/null")):
        (tmp_path / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / str(pid) / "fd" / "5").symlink_to(target)
        (tmp_path / str(pid) / "status").write_text("Name:\tx\nPPid:\t1\n")
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n")
    assert holders(_is_camera, tmp_path) == ["rpicam-vid (process 71)"]


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    class Fresh(StandIn):
        given: list[StandIn] = []

    for module in modules(Fresh):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(picamera2, "_met", [])
    return Fresh


@pytest.mark.parametrize(
    ("platform", "offered", "main", "lores"),
    [
        ("VC4", ("YUV420", "NV12", "BGR888"), "YUV420", "YUV420"),
        ("PISP", ("YUV420", "NV12", "RGB888", "BGR888"), "YUV420", "BGR888"),
        ("PISP", ("YUV420", "RGB888"), "YUV420", "RGB888"),
        ("VC4", ("NV12",), "NV12", "NV12"),
    ],
)
@pytest.mark.parametrize("colours", [COLOURS, LIMITED], ids=["full", "limited"])
def test_whatever_a_board_gives_the_frame_is_the_same(
    standin: type[StandIn],
    platform: str,
    offered: tuple[str, ...],
    main: str,
    lores: str,
    colours: Any,
) -> None:
    standin.platform, standin.offered, standin.colours = platform, offered, colours
    camera = PiCamera(settings(), LORES, make_pool())
    (device,) = standin.given
    assert (device.config["main"]["format"], device.config["lores"]["format"]) == (main, lores)
    frame = camera.next(1.0)
    Inspector(LORES_SHAPE, MAIN).inspect(frame)
    assert near(centres(frame.lores), 5)
    assert near(centres(as_rgb(frame.main)), 5)
    assert device.out == [], "the request was not given back"
    frame.release()
    assert not frame.main.any() and not frame.lores.any()
    camera.close()


def test_what_is_asked_of_libcamera(standin: type[StandIn]) -> None:
    PiCamera(settings(mirror=True, controls={"AeEnable": True}), LORES, make_pool()).close()
    config = standin.given[0].config
    assert config["colour_space"] == "sYCC" and config["raw"] is None
    assert config["transform"] == SimpleNamespace(hflip=False, vflip=False)
    assert config["lores"]["preserve_ar"] is False
    assert config["controls"] == {"FrameDurationLimits": (33333, 33333), "AeEnable": True}
    assert config["sensor"] is None


@pytest.mark.parametrize(
    ("model", "due", "fps"),
    [
        ("imx477", ((512, 384), 12), 20.0),
        ("imx708_wide_noir", ((320, 240), 10), 30.0),
        ("imx999", None, 30.0),
    ],
)
def test_the_mode_is_the_boards_for_what_the_camera_says_it_is(
    standin: type[StandIn], model: str, due: Any, fps: float
) -> None:
    standin.camera_properties = {"Model": model}
    sensors = {"imx477": SensorMode((512, 384), 12, 20), "imx708": SensorMode((320, 240), 10, 56)}
    camera = PiCamera(settings(sensors=sensors), LORES, make_pool())
    config = standin.given[0].config
    mode = due and {"output_size": due[0], "bit_depth": due[1]}
    assert config["sensor"] == mode
    assert config["main"]["size"] == (due[0] if due else MAIN)  # nothing is made larger
    assert config["controls"]["FrameDurationLimits"] == (round(1e6 / fps),) * 2
    assert camera.fps == fps
    camera.close()


def test_a_sensor_that_is_slower_than_was_asked_says_so(standin: type[StandIn]) -> None:
    standin.camera_controls = {"FrameDurationLimits": (100_000, 10**9, 100_000)}
    camera = PiCamera(settings(), LORES, make_pool())
    assert camera.fps == 10.0
    camera.close()


@pytest.mark.parametrize(
    ("own", "due"),
    [
        ({}, {"AfMode": 2}),
        ({"AfMode": 0}, {"AfMode": 0}),
        ({"LensPosition": 2.0}, {"LensPosition": 2.0}),
    ],
)
def test_a_lens_that_can_move_follows_unless_the_board_has_its_own_way(own: Any, due: Any) -> None:
    known = KNOWN | {"AfMode": (0, 2, 0), "LensPosition": (0.0, 32.0, 1.0)}
    assert for_libcamera(own, known) == due


@pytest.mark.parametrize("board", ["pi-cpu", "pi4-coral-usb", "pi5-coral-usb"])
def test_the_boards_modes_are_as_large_as_what_is_saved_and_as_fast_as_is_asked(board: str) -> None:
    camera = read_board(board).camera
    natives = {"imx477": (4056, 3040), "imx708": (4608, 2592), "imx219": (3280, 2464)}
    for model, mode in camera.sensors.items():
        native = natives.get(model, (2592, 1944))
        assert abs(native[0] / native[1] / (mode.size[0] / mode.size[1]) - 1) < 0.01
        assert mode.fps >= camera.fps
    sizes = [fitting(natives[model], camera.main_size) for model in ("imx477", "imx708")]
    assert sizes == [(1408, 1056), (1872, 1052)]


def test_cameras_are_found_once_and_kept(standin: type[StandIn]) -> None:
    """picamera2 lets go of its manager with the last camera: the next one is to find them again."""
    picamera2.meet()
    below: Any = sys.modules["libcamera"]
    for _ in range(2):
        PiCamera(settings(), LORES, make_pool()).close()
    assert below.CameraManager.made == 1


@pytest.mark.parametrize(
    ("held_since", "others", "says"),
    [
        (2, [], "this very process has not let it go; wait, another"),
        (0, [], "a program that cannot be seen from here has it; end that"),  # libcamera's own
        (2, ["rpicam-hello (process 7)"], r"rpicam-hello \(process 7\) has it; end that"),
    ],
)
def test_who_holds_a_busy_camera_is_said_and_what_libcamera_keeps_open_is_no_holder(
    standin: type[StandIn],
    monkeypatch: pytest.MonkeyPatch,
    held_since: int,
    others: list[str],
    says: str,
) -> None:
    monkeypatch.setattr(picamera2, "_met", [])
    monkeypatch.setattr(picamera2, "held_here", lambda holds: 3)
    picamera2.meet()
    monkeypatch.setattr(picamera2, "held_here", lambda holds: 3 + held_since)
    monkeypatch.setattr(picamera2, "holders", lambda holds: others)
    standin.failure = RuntimeError("Device or resource busy")
    with pytest.raises(CameraError, match=says):
        PiCamera(settings(), LORES, make_pool())


@pytest.mark.parametrize("format", ["YUV420", "NV12", "RGB888", "BGR888"])
@pytest.mark.parametrize("colours", [COLOURS, LIMITED], ids=["full", "limited"])
@pytest.mark.parametrize(("rotation", "mirror"), [(0, True), (180, False), (180, True)])
def test_a_mounted_cameras_pictures_are_flipped_in_copying(
    standin: type[StandIn],
    rotation: Any,
    mirror: bool,
    colours: Any,
    format: str,
) -> None:
    main = format if format in ("YUV420", "NV12") else "YUV420"
    standin.platform, standin.offered = ("PISP", (format, main))
    standin.colours = colours
    seen = quadrants(MAIN)
    if mirror:
        seen = ImageOps.mirror(seen)
    standin.pictures = (seen.rotate(rotation),)
    camera = PiCamera(settings(rotation=rotation, mirror=mirror), LORES, make_pool())
    frame = camera.next(1.0)
    Inspector(LORES_SHAPE, MAIN).inspect(frame)
    assert frame.main.flags.c_contiguous and frame.lores.flags.c_contiguous
    assert near(centres(frame.lores), 5) and near(centres(as_rgb(frame.main)), 5)
    frame.release()
    assert not frame.main.any() and not frame.lores.any()
    camera.close()


def test_main_and_lores_are_of_one_request(standin: type[StandIn]) -> None:
    standin.pictures = tuple(Image.new("RGB", MAIN, (9 * step,) * 3) for step in range(8))
    camera = PiCamera(settings(), LORES, make_pool())
    last_s = 0.0
    for step in range(24):
        frame = camera.next(1.0)
        assert frame.number == step and frame.exposed_s > last_s
        last_s = frame.exposed_s
        for level in (frame.main[0, 0], frame.lores[0, 0, 0]):
            assert abs(int(level) - 9 * (step % 8)) <= 1
        frame.release()
    camera.close()


def test_a_stall_is_told_in_time_and_costs_no_request(standin: type[StandIn]) -> None:
    camera = PiCamera(settings(), LORES, make_pool())
    standin.silent_s = 0.3
    for _ in range(2):
        began_s = time.monotonic()
        with pytest.raises(CameraError, match=r"gave no frame within 0\.1 s; look at the cable"):
            camera.next(0.1)
        assert time.monotonic() - began_s < 0.2
    camera.next(1.0).release()
    assert standin.given[0].asked == 1
    camera.close()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"metadata": {"SensorTimestamp": None}}, "does not date its frames"),
        ({"metadata": {"SensorTimestamp": 5}}, "on no clock after its start"),
        (
            {"metadata": {"ScalerCrops": [(0, 0, 4056, 3040), (0, 0, 2028, 1520)]}},
            "what the models see .* is not what is saved",
        ),
    ],
)
def test_a_frame_in_doubt_is_refused_and_its_request_given_back(
    standin: type[StandIn], change: dict[str, Any], cause: str
) -> None:
    buffers = make_pool(1)
    camera = PiCamera(settings(), LORES, buffers)
    standin.metadata = change["metadata"]
    with pytest.raises(CameraError, match=cause):
        camera.next(1.0)
    assert standin.given[0].out == []
    standin.metadata = {"ScalerCrops": [(0, 0, 4056, 3040), (0, 0, 4056, 3036)]}
    frame = camera.next(1.0)
    with pytest.raises(CameraError, match="no buffer is free"):
        camera.next(1.0)
    assert standin.given[0].out == []
    frame.release()
    camera.next(1.0).release()
    camera.close()


def test_a_copy_that_fails_gives_back_slot_and_request(
    standin: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = PiCamera(settings(), LORES, make_pool(1))
    with monkeypatch.context() as broken:
        broken.setattr(ToRgb, "convert", lambda *_: (_ for _ in ()).throw(ValueError("no plane")))
        with pytest.raises(CameraError, match="standin: no plane; look at the cable"):
            camera.next(1.0)
    assert standin.given[0].out == []
    camera.next(1.0).release()
    camera.close()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"offered": ("MJPEG",)}, "camera offers MJPEG"),
        ({"colours": REC709}, "in the colours"),
        ({"global_camera_info": staticmethod(list)}, "no camera was found; switch"),
        ({"failure": RuntimeError("Device or resource busy")}, "is busy: .* has it; end that"),
        ({"failure": RuntimeError("no tuning file")}, "picamera2: no tuning file; look at"),
    ],
)
def test_a_camera_that_cannot_serve_says_why_and_keeps_nothing(
    standin: type[StandIn], change: dict[str, Any], cause: str
) -> None:
    for name, value in change.items():
        setattr(standin, name, value)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(CameraError, match=cause):
            PiCamera(settings(), LORES, make_pool())
    assert [device.closed for device in standin.given] in ([], [1, 1, 1])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_picamera2_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError) as caught:
        PiCamera(settings(), LORES, make_pool())
    assert "picamera2 cannot be loaded (" in str(caught.value)
    mend = 'on a Raspberry Pi run sudo systemd/install.sh; elsewhere choose board = "simulated"'
    assert str(caught.value).endswith(mend)


def test_close_in_any_state(standin: type[StandIn]) -> None:
    camera = PiCamera(settings(), LORES, make_pool())
    standin.silent_s = 9.0
    with pytest.raises(CameraError, match="gave no frame"):
        camera.next(0.01)
    camera.close()
    camera.close()
    assert standin.given[0].closed == 1
    with pytest.raises(CameraError, match="is closed; open it anew"):
        camera.next(1.0)


def test_a_mirror_swaps_left_and_right_of_both_pictures() -> None:
    plain, mirrored = (Lens(MAIN, LORES, flip).shot(quadrants(MAIN)) for flip in (False, True))
    assert np.array_equal(as_rgb(mirrored.main), as_rgb(plain.main)[:, ::-1])
    assert np.array_equal(mirrored.lores, plain.lores[:, ::-1])


def test_frames_are_as_the_contract_says(standin: type[StandIn]) -> None:
    camera = PiCamera(settings(), LORES, make_pool())
    frame: Frame = camera.next(1.0)
    assert frame.main.shape == (720, 640) and frame.main.dtype == np.uint8
    assert frame.lores.shape == LORES_SHAPE and frame.lores.flags.c_contiguous
    assert camera.name == "picamera2 standin" and camera.fps == 30
    camera.close()
