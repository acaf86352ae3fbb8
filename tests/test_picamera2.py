"""The Raspberry Pi's camera: what libcamera gives becomes a frame, or a fault with its mend.

The first part needs no libcamera: a small stand-in gives requests with padded buffers. The second
part opens libcamera's 'virtual' pipeline through the real picamera2 (tests/libcamera/). It needs

    PYTHONPATH       firmware, libcamera's Python bindings, tests/libcamera
    LD_LIBRARY_PATH  libcamera's libraries
    LD_PRELOAD       tests/libcamera/dmaheap_shim.c, built; only without /dev/dma_heap/linux,cma

and a libcamera whose pipeline's folder may be written to: its virtual.yaml is put there.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate.board import Camera, read_board
from shuttergate.check import check
from shuttergate.errors import CameraError
from shuttergate.frame import Frame, Pixels, planes
from shuttergate.frames import clock
from shuttergate.frames.buffers import Pool
from shuttergate.frames.clock import Clock
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.picamera2 import PiCamera, fitting, for_libcamera, holders
from shuttergate.frames.pictures import main_of
from shuttergate.frames.scene import Lens
from shuttergate.frames.yuv import Layout, ToRgb, choose, copy_i420, read_layout
from shuttergate.share import share

HERE = Path(__file__).parent
MAIN, LORES = (640, 480), (224, 224)
LORES_SHAPE = (224, 224, 3)
JUNK = 0xAA
QUADRANTS = {
    (0, 0): (220, 30, 20),
    (0, 1): (20, 180, 40),
    (1, 0): (30, 40, 210),
    (1, 1): (240,) * 3,
}
"""By (row, column): red, green, blue, white."""


def settings(**other: Any) -> Camera:
    return Camera(driver="picamera2", main_size=MAIN, fps=30, **other)


def make_pool(slots: int = 3) -> Pool:
    return Pool(slots, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)


def quadrants(size: tuple[int, int]) -> Image.Image:
    """Four areas of known colours, so that a swap, a flip or a slipped row shows."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for (row, column), colour in QUADRANTS.items():
        image.paste(colour, (column * half[0], row * half[1], *size))
    return image


def centres(rgb: Pixels) -> dict[tuple[int, int], tuple[int, ...]]:
    height, width = rgb.shape[:2]
    return {
        (row, column): tuple(
            int(level) for level in rgb[height * (2 * row + 1) // 4, width * (2 * column + 1) // 4]
        )
        for row, column in QUADRANTS
    }


def near(found: dict[tuple[int, int], tuple[int, ...]], steps: int) -> bool:
    off = [np.abs(np.subtract(found[place], QUADRANTS[place])).max() for place in QUADRANTS]
    return bool(max(off) <= steps)


def as_rgb(main: Pixels) -> Pixels:
    """An I420 picture of full range as Pillow makes it RGB: what a JPEG viewer would show."""
    luma, blue, red = (Image.fromarray(np.ascontiguousarray(plane)) for plane in planes(main))
    chroma = [plane.resize(luma.size, Image.Resampling.NEAREST) for plane in (blue, red)]
    return np.asarray(Image.merge("YCbCr", (luma, *chroma)).convert("RGB"))


def laid_out(image: Image.Image, layout: Layout) -> Pixels:
    """The picture as libcamera lays it out, with junk where there are no pixels."""
    image = image.resize((layout.width, layout.height))
    buffer = np.full(layout.size_bytes + 4096, JUNK, np.uint8)
    height, width, stride = layout.height, layout.width, layout.stride
    if layout.format in ("RGB888", "BGR888"):
        rgb = np.asarray(image)
        rows = buffer[: stride * height].reshape(height, stride)
        order = rgb if layout.format == "BGR888" else rgb[..., ::-1]
        rows[:, : width * 3] = order.reshape(height, width * 3)
        return buffer
    y, u, v = (plane.astype(float) for plane in planes(main_of(image, image.size)))
    if layout.limited:
        y, u, v = y * 219 / 255 + 16, (u - 128) * 224 / 255 + 128, (v - 128) * 224 / 255 + 128
    luma = stride * height
    buffer[:luma].reshape(height, stride)[:, :width] = y.round()
    if layout.format == "NV12":
        both = buffer[luma : luma * 3 // 2].reshape(height // 2, stride)
        both[:, 0:width:2], both[:, 1:width:2] = u.round(), v.round()
    else:
        both = buffer[luma : luma * 3 // 2].reshape(height, stride // 2)
        both[: height // 2, : width // 2], both[height // 2 :, : width // 2] = u.round(), v.round()
    return buffer


@pytest.mark.parametrize("padding", [0, 64])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("name", ["YUV420", "NV12"])
def test_main_comes_without_its_padding_in_full_range(
    name: str, limited: bool, padding: int
) -> None:
    image = quadrants((96, 64))
    layout = Layout(name, 96, 64, 96 + padding, limited)
    out = np.full((96, 96), 7, np.uint8)
    copy_i420(laid_out(image, layout), layout, out)
    due = main_of(image, (96, 64)).astype(int)
    assert np.abs(out - due).max() <= (1 if limited else 0)
    assert near(centres(as_rgb(out)), 5 if limited else 3)


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize(
    ("name", "limited"),
    [
        ("YUV420", False),
        ("YUV420", True),
        ("NV12", False),
        ("NV12", True),
        ("RGB888", False),
        ("BGR888", False),
    ],
)
def test_lores_has_its_colours_in_their_order(name: str, limited: bool, padding: int) -> None:
    layout = Layout(name, 96, 64, 96 * (3 if "888" in name else 1) + padding, limited)
    out = np.zeros((64, 96, 3), np.uint8)
    ToRgb(layout).convert(laid_out(quadrants((96, 64)), layout), out)
    assert near(centres(out), 0 if "888" in name else 3)


def test_every_yuv_becomes_the_rgb_that_a_jpeg_viewer_shows() -> None:
    """Against Pillow's (libjpeg's) arithmetic, over all lumas and a grid of chromas."""
    y, u, v = np.meshgrid(np.arange(0, 256, 5), np.arange(0, 256, 5), np.arange(0, 256, 5))
    count = y.size
    layout = Layout("YUV420", 2 * count, 2, 2 * count)
    buffer = np.empty(layout.size_bytes, np.uint8)
    buffer[: 4 * count] = np.tile(np.repeat(y.reshape(-1), 2), 2)
    buffer[4 * count : 5 * count], buffer[5 * count :] = u.reshape(-1), v.reshape(-1)
    out = np.zeros((2, 2 * count, 3), np.uint8)
    ToRgb(layout).convert(buffer, out)
    due = as_rgb(buffer.reshape(3, 2 * count))
    assert np.abs(out.astype(int) - due).max() <= 1


def test_the_converter_keeps_nothing_of_the_picture() -> None:
    layout = Layout("YUV420", 32, 32, 32)
    convert = ToRgb(layout)
    convert.convert(laid_out(quadrants((32, 32)), layout), np.zeros((32, 32, 3), np.uint8))
    assert not any(part.any() for part in (convert._luma, convert._chroma, convert._sum))


COLOURS = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec601"), range=SimpleNamespace(name="Full")
)
REC709 = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec709"), range=SimpleNamespace(name="Limited")
)
LIMITED = SimpleNamespace(
    ycbcrEncoding=SimpleNamespace(name="Rec601"), range=SimpleNamespace(name="Limited")
)


def stream(**other: Any) -> dict[str, Any]:
    given = {"format": "YUV420", "size": (96, 64), "stride": 128, "framesize": 128 * 96}
    return given | other


def test_the_configured_range_is_believed() -> None:
    assert not read_layout("main", stream(), COLOURS).limited
    assert read_layout("main", stream(), LIMITED).limited
    rgb = stream(format="BGR888", stride=288, framesize=288 * 64)
    assert not read_layout("lores", rgb, None).limited


@pytest.mark.parametrize(
    ("given", "colours", "cause"),
    [
        (stream(), REC709, "which a JPEG cannot hold unchanged"),
        (stream(), None, "which a JPEG cannot hold unchanged"),
        (stream(format="MJPEG"), COLOURS, "gives main as MJPEG"),
        (stream(format="BGR888"), COLOURS, "gives main as BGR888"),
        (stream(stride=80), COLOURS, "in rows of 80 bytes"),
        (stream(stride=129), COLOURS, "in rows of 129 bytes"),
        (stream(size=(95, 64)), COLOURS, "of 95 x 64"),
        (stream(framesize=128 * 95), COLOURS, "12160 in all"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused(given: Any, colours: Any, cause: str) -> None:
    with pytest.raises(CameraError, match=cause):
        read_layout("main", given, colours)


def test_the_first_format_that_is_offered_is_taken() -> None:
    assert choose(["SRGGB10", "NV12", "YUV420"], ["YUV420", "NV12"]) == "YUV420"
    with pytest.raises(CameraError, match="camera offers MJPEG, none of YUV420, NV12; use one"):
        choose(["MJPEG"], ["YUV420", "NV12"])


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


SLEPT_NS = 3600 * 10**9


def test_both_clocks_come_to_the_monotonic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_asleep_ns", lambda: SLEPT_NS)
    exposed_ns = time.monotonic_ns()
    for ahead_ns in (0, SLEPT_NS):
        found = Clock(exposed_ns - 1000)
        for later_ns in (0, 10**9):
            due_s = (exposed_ns + later_ns) / 1e9
            assert found.monotonic_s(exposed_ns + later_ns + ahead_ns) == pytest.approx(due_s)


def test_the_offset_is_measured_anew_after_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = [SLEPT_NS]
    monkeypatch.setattr(clock, "_asleep_ns", lambda: asleep[0])
    exposed_ns = time.monotonic_ns()
    found = Clock(exposed_ns - 1000)
    found.monotonic_s(exposed_ns + SLEPT_NS)
    asleep[0] += SLEPT_NS
    # Exposed before the sleep, handed over after it: as old as that makes it, never new.
    assert found.monotonic_s(exposed_ns + SLEPT_NS) < exposed_ns / 1e9 - 3599


@pytest.mark.parametrize("off_ns", [-SLEPT_NS, -(10**9), 10 * 10**9])
def test_a_first_frame_from_before_the_start_or_from_the_future_is_refused(off_ns: int) -> None:
    now_ns = time.monotonic_ns()
    with pytest.raises(CameraError, match="on no clock after its start"):
        Clock(now_ns).monotonic_s(now_ns + off_ns)


def test_who_holds_the_camera_is_named(tmp_path: Path) -> None:
    for pid, name, target in ((71, "rpicam-vid", "/dev/video0"), (72, "cron", "/dev/null")):
        (tmp_path / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / str(pid) / "fd" / "5").symlink_to(target)
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n")
    assert holders(tmp_path) == ["rpicam-vid (process 71)"]


class StandIn:
    """As much of picamera2 as the driver uses; what it gives is set by a test beforehand."""

    offered = ("YUV420", "NV12", "BGR888", "RGB888")
    platform = "VC4"
    colours: Any = COLOURS
    padding = 32
    failure: Exception | None = None
    can_mirror = True
    metadata: dict[str, Any] = {}
    silent_s = 0.0
    given: list[StandIn] = []
    pictures = (quadrants(MAIN),)

    def __init__(self) -> None:
        read, self.notifyme_w = os.pipe()
        self.notifymeread = os.fdopen(read, "rb")
        if self.failure is not None:
            raise RuntimeError("Camera __init__ sequence did not complete.") from self.failure
        self.given.append(self)
        self.camera_properties = {"Model": "standin"}
        self.camera_controls = {"FrameDurationLimits": (1, 2, 3), "AeEnable": (0, 1, 1)}
        self.sensor_resolution = MAIN
        self.lores_index = 1
        formats = SimpleNamespace(formats=SimpleNamespace(pixel_formats=self.offered))
        one = SimpleNamespace(at=lambda index: formats)
        self.camera = SimpleNamespace(generate_configuration=lambda roles: one)
        self.out: list[Any] = []
        self.asked = 0
        self.taken = 0
        self.closed = 0

    @staticmethod
    def global_camera_info() -> list[str]:
        return ["standin"]

    def create_video_configuration(self, **config: Any) -> dict[str, Any]:
        return config

    def configure(self, config: dict[str, Any]) -> None:
        for name in ("main", "lores"):
            width, height = config[name]["size"]
            wide = "888" in config[name]["format"]
            stride = width * (3 if wide else 1) + self.padding
            size = stride * height * (2 if wide else 3) // 2
            config[name] |= {"stride": stride, "framesize": size}
        if not self.can_mirror:
            config["transform"] = SimpleNamespace(hflip=False)
        self.config = config
        colours = SimpleNamespace(color_space=self.colours)
        self.libcamera_config = SimpleNamespace(at=lambda index: colours)

    def camera_configuration(self) -> dict[str, Any]:
        return self.config

    def start(self, show_preview: bool) -> None:
        assert show_preview is False

    def capture_request(self, wait: bool) -> Any:
        assert wait is False
        self.asked += 1
        due_s = time.monotonic() + self.silent_s

        def get_result(timeout: float) -> Any:
            left_s = due_s - time.monotonic()
            time.sleep(max(0.0, min(left_s, timeout)))
            if left_s > timeout:
                raise TimeoutError
            return self._request()

        return SimpleNamespace(get_result=get_result)

    def _request(self) -> Any:
        image = self.pictures[self.taken % len(self.pictures)]
        buffers = {}
        for name in ("main", "lores"):
            stream = self.config[name]
            limited = self.colours.range.name == "Limited" and "888" not in stream["format"]
            layout = Layout(stream["format"], *stream["size"], stream["stride"], limited)
            buffers[name] = laid_out(image, layout)
        metadata = {"SensorTimestamp": time.monotonic_ns()} | self.metadata
        request = SimpleNamespace(
            buffers=buffers, get_metadata=lambda: metadata, release=lambda: self.out.remove(request)
        )
        self.out.append(request)
        self.taken += 1
        return request

    def cancel_all_and_flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1
        self.notifymeread.close()
        os.close(self.notifyme_w)


class Mapped:
    def __init__(self, request: Any, name: str, reshape: bool, write: bool) -> None:
        assert not reshape and not write
        self.array = request.buffers[name]

    def __enter__(self) -> Mapped:
        return self

    def __exit__(self, *error: object) -> None:
        del self.array


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    class Fresh(StandIn):
        given: list[StandIn] = []

    module, below = ModuleType("picamera2"), ModuleType("libcamera")
    vars(module).update(
        Picamera2=Fresh, MappedArray=Mapped, Platform=SimpleNamespace(VC4="VC4", PISP="PISP")
    )
    vars(below).update(
        StreamRole=SimpleNamespace(Viewfinder=0),
        ColorSpace=SimpleNamespace(Sycc=lambda: "sYCC"),
        Transform=lambda hflip: SimpleNamespace(hflip=hflip),
    )
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.setitem(sys.modules, "libcamera", below)
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
    assert config["transform"].hflip
    assert config["lores"]["preserve_ar"] is False
    assert config["controls"] == {"FrameDurationLimits": (33333, 33333), "AeEnable": True}


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
        ({"can_mirror": False}, "cannot mirror; set mirror = false"),
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
            PiCamera(settings(mirror=True), LORES, make_pool())
    assert [device.closed for device in standin.given] in ([], [1, 1, 1])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_picamera2_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match=r"cannot be loaded .* apt install python3-picamera2"):
        PiCamera(settings(), LORES, make_pool())


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


# From here on with the real picamera2 and libcamera's virtual pipeline.


def missing() -> str:
    """Say what the virtual camera needs and this machine has not, or nothing."""
    sys.path.append(str(HERE / "libcamera"))
    for module in ("picamera2", "libcamera._libcamera"):
        try:
            found = importlib.util.find_spec(module)
        except Exception as error:
            return f"{module} cannot be loaded: {error}"
        if found is None:
            return f"{module} is not installed here"
    try:
        import virtualcam
    except Exception as error:
        return f"the virtual camera cannot be loaded: {error}"
    if not os.access(virtualcam.YAML.parent, os.W_OK):
        return "libcamera was built without the virtual pipeline, or its folder is read-only"
    try:
        os.close(os.open("/dev/dma_heap/linux,cma", os.O_RDWR))
    except OSError:
        return "there is no /dev/dma_heap/linux,cma; preload tests/libcamera/dmaheap_shim.c"
    return ""


WHY_NOT = missing()
virtual = [
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "virtual camera"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # picamera2's own
]


def on_virtual(test: Callable[..., None]) -> Callable[..., None]:
    for mark in virtual:
        test = mark(test)
    return test


@pytest.fixture
def virtual_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., PiCamera]]:
    """Open the virtual camera on given pictures, which it scales to main and lores."""
    import picamera2
    import virtualcam

    cameras: list[PiCamera] = []
    folder = tmp_path / "scene"  # of its own: libcamera hangs on what is no JPEG
    folder.mkdir()
    before = virtualcam.YAML.read_text() if virtualcam.YAML.is_file() else None
    monkeypatch.setattr(picamera2, "Picamera2", virtualcam.VirtualPicamera2)
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
    virtualcam.YAML.unlink() if before is None else virtualcam.YAML.write_text(before)


@on_virtual
def test_the_virtual_camera_gives_good_frames(virtual_camera: Callable[..., PiCamera]) -> None:
    camera = virtual_camera(quadrants(MAIN))
    inspector = Inspector(LORES_SHAPE, MAIN)
    opened_s = time.monotonic()
    frame = camera.next(2.0)
    inspector.inspect(frame)
    assert opened_s - 1 < frame.exposed_s <= time.monotonic()
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


@on_virtual
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


@on_virtual
@pytest.mark.parametrize("name", ["card", "blue"])
def test_a_known_picture_gets_the_same_verdict_through_the_camera(
    virtual_camera: Callable[..., PiCamera], tmp_path: Path, name: str
) -> None:
    from shuttergate.verdict import Look, judge
    from shuttergate.vision.channel import scores
    from shuttergate.vision.eyes import open_eyes

    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, board.channels.look, board.accelerator)
    limits = eyes.limits(Look.LIVE, {})
    path = share("models") / "testcard" / "known.png"
    if name == "blue":
        path = tmp_path / "blue.png"
        Image.new("RGB", (448, 448), (30, 60, 160)).save(path)
    (due,) = check([path], eyes, limits, live=True)
    picture = Image.open(path).convert("RGB").resize((448, 448), Image.Resampling.NEAREST)
    camera = virtual_camera(picture, main=(448, 448))
    frame = camera.next(2.0)
    found = scores(eyes.live, frame.lores)
    frame.release()
    verdict = "CLEAR" if judge(found, limits) == "clear" else "BLOCKED"
    print(f"{name}: by check {due.scores}, through the camera {found}")
    assert (judge(found, limits), verdict) == (due.reason, due.verdict)
    assert due.verdict == ("CLEAR" if name == "blue" else "BLOCKED")
    for channel, score in found.items():
        assert score == pytest.approx(due.scores[channel], abs=TOLERANCE)


@on_virtual
def test_a_second_opening_is_told_that_the_camera_is_busy(
    virtual_camera: Callable[..., PiCamera],
) -> None:
    camera = virtual_camera(quadrants(MAIN))
    with pytest.raises(CameraError, match=r"is busy: .* has it; end that program"):
        PiCamera(settings(), LORES, make_pool())
    camera.next(2.0).release()


@on_virtual
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


@on_virtual
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


@on_virtual
def test_a_failed_opening_leaves_the_camera_free(virtual_camera: Callable[..., PiCamera]) -> None:
    for _ in range(3):
        with pytest.raises(CameraError, match=r"Brightness: unknown here; use one of .*FrameDur"):
            virtual_camera(quadrants(MAIN), controls={"Brightness": 0.5})
    pace = {"FrameDurationLimits": [50000.0, 50000.0]}
    virtual_camera(quadrants(MAIN), controls=pace).next(2.0).release()


@on_virtual
def test_it_works_where_no_file_can_be_written_and_no_network_be_reached(
    virtual_camera: Callable[..., PiCamera], tmp_path: Path
) -> None:
    virtual_camera(quadrants(MAIN)).close()  # leaves its pictures and virtual.yaml
    script = """
import os, sys
from shuttergate import confine
confine.no_dumps(); confine.no_files(); confine.no_network()
import virtualcam; virtualcam.install()
from test_picamera2 import LORES, make_pool, settings
from shuttergate.frames.picamera2 import PiCamera
camera = PiCamera(settings(), LORES, make_pool())
for _ in range(3):
    camera.next(2.0).release()
camera.close()
print("three frames")
"""
    folders = [HERE / "libcamera", HERE, *map(Path, filter(None, sys.path))]
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": ":".join(map(str, folders)), "DMA_HEAP_SPARE": "24"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "three frames\n", done.stderr
    assert done.stderr == "", "words of libcamera or picamera2 would stand in our log"


def test_frames_are_as_the_contract_says(standin: type[StandIn]) -> None:
    camera = PiCamera(settings(), LORES, make_pool())
    frame: Frame = camera.next(1.0)
    assert frame.main.shape == (720, 640) and frame.main.dtype == np.uint8
    assert frame.lores.shape == LORES_SHAPE and frame.lores.flags.c_contiguous
    assert camera.name == "picamera2 standin" and camera.fps == 30
    camera.close()
