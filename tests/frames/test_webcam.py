"""The webcam: what PyAV decodes becomes a frame, or a fault with its mend, and never an old one.

A stand-in gives packets as FFmpeg's v4l2 demuxer does, without blocking; their bytes are made here
without FFmpeg, which decodes and converts them as in a kit. A real kernel's webcam is in
bench_vm/inside/check_webcam.py.
"""

from __future__ import annotations

import errno
import importlib
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from shuttergate.board import CameraPart, read_board
from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frame import Pixels
from shuttergate.frames import v4l2, webcam
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.v4l2 import Colours, Mode
from shuttergate.frames.webcam import WebCam
from shuttergate.system import pyav
from support import needs
from support.colours import as_rgb, centres, near, quadrants

try:
    av: Any = importlib.import_module("av")
except ImportError:
    av = None

NEEDS_AV = needs.module("av")

MAIN, LORES, FPS = (640, 480), (224, 224), 30
MICROSECOND = Fraction(1, 1_000_000)
LIMITED_601 = Colours("ITU601", True)
SHARES = {"ITU601": (0.299, 0.114), "ITU709": (0.2126, 0.0722)}
"""Of red and blue in luma."""


def settings(main_size: tuple[int, int] = MAIN, **other: Any) -> CameraPart:
    return CameraPart(driver="webcam", main_size=main_size, fps=FPS, **other)


def make_pool(slots: int = 3) -> Pool:
    return Pool(slots, MAIN[0] * MAIN[1] * 3 // 2, 224 * 224 * 3)


def raw(image: Image.Image, name: str, colours: Colours = LIMITED_601) -> bytes:
    """The picture as a webcam lays it out, by the standards' own formulas."""
    red, green, blue = np.moveaxis(np.asarray(image, float) / 255, 2, 0)
    of_red, of_blue = SHARES[colours.matrix]
    y = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    u, v = (blue - y) / (2 - 2 * of_blue), (red - y) / (2 - 2 * of_red)
    if colours.limited:
        y, u, v = 16 + 219 * y, 128 + 224 * u, 128 + 224 * v
    else:
        y, u, v = 255 * y, 128 + 255 * u, 128 + 255 * v
    y, u, v = (np.clip(np.round(plane), 0, 255).astype(np.uint8) for plane in (y, u, v))
    if name in ("YUYV", "UYVY"):
        packed = np.empty((image.height, image.width // 2, 4), np.uint8)
        order = (0, 1, 2, 3) if name == "YUYV" else (1, 0, 3, 2)
        for place, plane in zip(order, (y[:, 0::2], u[:, ::2], y[:, 1::2], v[:, ::2]), strict=True):
            packed[..., place] = plane
        return packed.tobytes()
    u, v = u[::2, ::2], v[::2, ::2]
    chroma = np.stack((u, v), 2) if name == "NV12" else np.stack((u, v))
    return y.tobytes() + chroma.tobytes()


def jpeg(image: Image.Image, subsampling: str = "422") -> bytes:
    """By libjpeg, in JFIF's colours."""
    found = simplejpeg.encode_jpeg(np.asarray(image), 98, colorsubsampling=subsampling)
    return bytes(found)


def grey(level: int, size: tuple[int, int] = MAIN) -> bytes:
    """A JPEG of one grey."""
    return jpeg(Image.new("RGB", size, (level,) * 3))


def now_us() -> int:
    return time.monotonic_ns() // 1000


class StandIn:
    """As much of an opened webcam as the driver uses; a test queues what it gives."""

    def __init__(self, mode: Mode, pix_fmt: str | None) -> None:
        name = "mjpeg" if mode.name == "MJPG" else "rawvideo"
        decoder = av.CodecContext.create(name, "r")
        decoder.width, decoder.height = mode.width, mode.height
        if name == "rawvideo":
            decoder.pix_fmt = pix_fmt or v4l2.READABLE[mode.name]
        stream = SimpleNamespace(codec_context=decoder, average_rate=Fraction(FPS))
        self.streams = SimpleNamespace(video=[stream])
        self.waiting: list[tuple[bytearray, int | None]] = []
        self.given: list[bytearray] = []
        self.failure: Exception | None = None
        self.each: Callable[[], None] = lambda: None
        self.closed = 0

    def put(self, data: bytes, stamp_us: int | None = -1) -> bytearray:
        """Queue a picture, exposed now where no stamp is given; return the driver's memory."""
        memory = bytearray(data)
        self.waiting.append((memory, now_us() if stamp_us == -1 else stamp_us))
        return memory

    def demux(self, stream: Any) -> Iterator[Any]:
        assert stream is self.streams.video[0]
        self.each()
        while self.waiting:
            memory, stamp_us = self.waiting.pop(0)
            self.given.append(memory)
            packet = av.Packet(memoryview(memory))  # which cannot grow while a packet holds it
            packet.pts, packet.time_base = stamp_us, MICROSECOND
            yield packet
            del packet
        raise self.failure or av.error.BlockingIOError(errno.EAGAIN, "temporarily unavailable")

    def close(self) -> None:
        for memory in self.given:
            memory.append(0)  # BufferError: somebody still holds the driver's memory
        self.closed += 1


class Bench:
    """Opens webcams on stand-ins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.modes = [Mode("MJPG", *MAIN, 30.0)]
        self.colours = LIMITED_601
        self.pix_fmt: str | None = None
        self.failure: Exception | None = None
        self.options: dict[str, str] = {}
        self.device: Any = None
        bench = self

        class Device:
            name = "Stand-in Cam"

            def __init__(self, path: str, limit: tuple[int, int]) -> None:
                self.modes = lambda: bench.modes
                self.colours = lambda: bench.colours

            def __enter__(self) -> Device:
                return self

            def __exit__(self, *error: object) -> None:
                pass

        def opened(path: str, format: str, options: dict[str, str], timeout: Any) -> Any:
            assert (path, format) == ("/dev/video0", "v4l2")
            if self.failure is not None:
                raise self.failure
            self.options = options
            (mode,) = (
                one
                for one in self.modes
                if options["video_size"] == f"{one.width}x{one.height}"
                and options["input_format"] == v4l2.READABLE[one.name]
            )
            self.device = StandIn(mode, self.pix_fmt)
            return self.device

        monkeypatch.setattr(webcam.v4l2, "Device", Device)
        library = SimpleNamespace(open=opened, error=av.error, Packet=av.Packet, video=av.video)
        monkeypatch.setattr(webcam, "_load", lambda: library)

    def open(self, pool: Pool | None = None, **other: Any) -> WebCam:
        return WebCam(settings(**other), LORES, pool or make_pool())


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    NEEDS_AV.or_skip()
    importlib.import_module("av.video.reformatter")
    return Bench(monkeypatch)


def seen(main: Pixels, lores: Pixels, steps: int) -> bool:
    return near(centres(as_rgb(main)), steps) and near(centres(lores), steps)


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("name", ["YUYV", "UYVY", "NV12", "YU12"])
def test_raw_pictures_keep_their_colours(
    bench: Bench, name: str, limited: bool, matrix: str
) -> None:
    bench.modes, bench.colours = [Mode(name, *MAIN)], Colours(matrix, limited)
    camera = bench.open()
    bench.device.put(raw(quadrants(MAIN), name, bench.colours))
    frame = camera.next(1.0)
    print(centres(as_rgb(frame.main)), centres(frame.lores))
    assert frame.main.shape == (720, 640) and frame.main.flags.c_contiguous
    assert seen(frame.main, frame.lores, 4)


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_jpegs_keep_their_colours(bench: Bench, subsampling: str) -> None:
    camera = bench.open()
    bench.device.put(jpeg(quadrants(MAIN), subsampling))
    frame = camera.next(1.0)
    assert seen(frame.main, frame.lores, 4)


@pytest.mark.parametrize("level", [0, 1, 16, 128, 235, 254, 255])
@pytest.mark.parametrize("name", ["MJPG", "YUYV"])
def test_black_and_white_are_those_of_a_jpeg(bench: Bench, name: str, level: int) -> None:
    bench.modes = [Mode(name, *MAIN)]
    camera = bench.open()
    image = Image.new("RGB", MAIN, (level,) * 3)
    bench.device.put(jpeg(image) if name == "MJPG" else raw(image, name))
    frame = camera.next(1.0)
    for pixels in (frame.main[:480], frame.lores):
        assert np.abs(pixels.astype(int) - level).max() <= 1
    assert np.abs(frame.main[480:].astype(int) - 128).max() <= 1


@pytest.mark.parametrize(
    ("mount", "turned"),
    [
        ({"mirror": True}, Image.Transpose.FLIP_LEFT_RIGHT),
        ({"rotation": 180}, Image.Transpose.ROTATE_180),
        ({"rotation": 180, "mirror": True}, Image.Transpose.FLIP_TOP_BOTTOM),
    ],
    ids=["mirror", "upside down", "both"],
)
@pytest.mark.parametrize("name", ["MJPG", "YUYV"])
def test_a_flipped_picture_is_flipped_in_both(
    bench: Bench, name: str, mount: dict[str, Any], turned: Image.Transpose
) -> None:
    bench.modes = [Mode(name, *MAIN)]
    camera = bench.open(**mount)
    held = quadrants(MAIN).transpose(turned)
    bench.device.put(jpeg(held) if name == "MJPG" else raw(held, name))
    frame = camera.next(1.0)
    assert seen(frame.main, frame.lores, 4)


def test_lores_shows_all_that_main_shows(bench: Bench) -> None:
    image = Image.new("RGB", MAIN, "white")
    for place in ((0, 0), (628, 0), (0, 468), (628, 468)):
        image.paste("black", (*place, place[0] + 12, place[1] + 12))
    camera = bench.open()
    bench.device.put(jpeg(image))
    frame = camera.next(1.0)
    for row in (1, -2):
        for column in (1, -2):
            assert frame.lores[row, column].max() < 30
    assert frame.lores[112, 112].min() > 250


@pytest.mark.parametrize(
    ("given", "due"),
    [((640, 480), (640, 480)), ((1280, 720), (640, 360)), ((321, 243), (320, 242))],
)
def test_main_is_even_and_within_its_limit(bench: Bench, given: Any, due: Any) -> None:
    bench.modes = [Mode("MJPG", *given)]
    camera = bench.open()
    bench.device.put(jpeg(quadrants(given)))
    frame = camera.next(1.0)
    Inspector((224, 224, 3), MAIN).inspect(frame)
    assert frame.main.shape == (due[1] * 3 // 2, due[0])
    assert seen(frame.main, frame.lores, 4)


def test_main_and_lores_are_always_of_one_picture(bench: Bench) -> None:
    camera = bench.open()
    for step in range(30):
        for level in (20 + 7 * step, 200 - 5 * step):
            bench.device.put(grey(level))
        frame = camera.next(1.0)
        assert abs(int(frame.main[0, 0]) - int(frame.lores[0, 0, 0])) <= 2
        assert abs(int(frame.main[0, 0]) - level) <= 2
        frame.release()


def test_the_newest_picture_is_given_with_its_own_stamp(bench: Bench) -> None:
    camera = bench.open()
    began_us = now_us()
    time.sleep(0.032)
    for number in range(32):
        bench.device.put(grey(5 * number), began_us + 1000 * number)
    frame = camera.next(1.0)
    assert abs(int(frame.main[0, 0]) - 5 * 31) <= 2
    # The stamp may be of the exposure's end: it is taken for that.
    assert frame.exposed_s == pytest.approx(began_us / 1e6 + 0.031 - 1 / FPS, abs=1e-4)
    assert len(bench.device.given) == 32 and not bench.device.waiting
    with pytest.raises(CameraError, match="gave no frame within"):
        camera.next(0.01)


def test_a_picture_that_was_long_in_coming_is_as_old_as_it_is(bench: Bench) -> None:
    camera = bench.open()
    exposed_us = now_us()
    time.sleep(0.3)
    bench.device.put(grey(9), exposed_us)
    frame = camera.next(1.0)
    assert since_boot_s() - frame.exposed_s >= 0.3


@pytest.mark.parametrize("off_s", [-3600.0, -1.0, 5.0, 1.7e9])
def test_stamps_of_another_clock_are_refused(bench: Bench, off_s: float) -> None:
    camera = bench.open()
    bench.device.put(grey(9), now_us() + round(off_s * 1e6))
    with pytest.raises(CameraError, match="on no clock after its start"):
        camera.next(1.0)


def test_a_stamp_of_the_end_of_an_exposure_that_still_goes_on_is_no_fault(bench: Bench) -> None:
    camera, inspector = bench.open(), Inspector((224, 224, 3), MAIN)
    bench.device.put(grey(9), now_us() + 25_000)  # as 'vivid' has it
    inspector.inspect(camera.next(1.0))


def test_a_later_stamp_from_the_future_is_refused_by_the_inspection(bench: Bench) -> None:
    camera, inspector = bench.open(), Inspector((224, 224, 3), MAIN)
    for ahead_us in (0, 500_000):
        bench.device.put(grey(9), now_us() + ahead_us)
        frame = camera.next(1.0)
        if not ahead_us:
            inspector.inspect(frame)
        else:
            with pytest.raises(CameraError, match="repeated or wrongly dated"):
                inspector.inspect(frame)


def test_a_webcam_without_stamps_is_refused(bench: Bench) -> None:
    camera = bench.open()
    bench.device.put(grey(9), None)
    with pytest.raises(CameraError, match="Stand-in Cam does not date its frames; use another"):
        camera.next(1.0)


def test_a_silent_webcam_is_told_in_time(bench: Bench) -> None:
    camera = bench.open()
    began_s = since_boot_s()
    with pytest.raises(CameraError, match=r"Cam gave no frame within 0\.2 s; plug it in again"):
        camera.next(0.2)
    assert 0.2 <= since_boot_s() - began_s < 0.5


def test_a_webcam_that_gives_only_rubbish_is_told_in_time(bench: Bench) -> None:
    camera = bench.open()
    bench.device.each = lambda: bench.device.put(b"\xff\xd8 no picture")
    began_s = since_boot_s()
    with pytest.raises(CameraError, match=r"gave no frame within 0\.2 s"):
        camera.next(0.2)
    assert since_boot_s() - began_s < 0.5


def test_a_webcam_that_never_stops_giving_ends_the_turn(bench: Bench) -> None:
    camera = bench.open()
    picture = grey(50)
    for _ in range(4 * webcam.BACKLOG):
        bench.device.put(picture)
    camera.next(1.0)
    assert len(bench.device.given) == webcam.BACKLOG


def test_a_damaged_picture_is_left_out_and_nothing_old_stands_in(bench: Bench) -> None:
    camera = bench.open()
    bench.device.put(grey(200))
    camera.next(1.0).release()
    bench.device.put(grey(50)[:200])
    bench.device.put(b"")  # as the demuxer gives what the driver marks as damaged
    bench.device.put(b"\0" * 300)
    with pytest.raises(CameraError, match="gave no frame within"):
        camera.next(0.05)
    bench.device.put(grey(100))
    assert abs(int(camera.next(1.0).main[0, 0]) - 100) <= 2


def test_an_unplugged_webcam_is_told_and_nothing_keeps_the_drivers_memory(bench: Bench) -> None:
    camera = bench.open()
    bench.device.put(grey(200))
    bench.device.failure = av.error.OSError(errno.ENODEV, "No such device", "/dev/video0")
    with pytest.raises(CameraError, match="Cam: No such device; plug it in again") as failure:
        camera.next(1.0)
    # While the error, and all that its traceback holds, is still there, as in the appliance.
    bench.device.failure = None
    for memory in bench.device.given:
        memory.append(0)
    camera.close()
    assert bench.device.closed == 1
    assert failure.value.__traceback__ is not None


def test_a_picture_too_large_is_refused_and_its_memory_let_go(bench: Bench) -> None:
    camera = bench.open()
    memory = bench.device.put(b"\xff" * (640 * 480 * 2 + 1))
    with pytest.raises(CameraError, match="a picture of 614401 bytes, more than 614400") as failure:
        camera.next(1.0)
    memory.append(0)
    assert failure.value.__traceback__ is not None


def test_a_picture_of_another_size_is_refused(bench: Bench) -> None:
    pool = make_pool(1)
    camera = bench.open(pool)
    bench.device.put(grey(9, (800, 600)))
    with pytest.raises(CameraError, match="changed the size of its pictures"):
        camera.next(1.0)
    assert pool.take() is not None


def test_a_conversion_that_fails_gives_its_buffer_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(1)
    camera = bench.open(pool)
    bench.device.put(grey(9))
    monkeypatch.setattr(webcam, "_copy", lambda *given: 1 / 0)
    with pytest.raises(CameraError, match="division by zero"):
        camera.next(1.0)
    assert not camera._scratch.any()
    assert pool.take() is not None


def test_without_a_free_buffer_it_says_so(bench: Bench) -> None:
    camera = bench.open(make_pool(1))
    bench.device.put(grey(9))
    frame = camera.next(1.0)
    bench.device.put(grey(9))
    with pytest.raises(CameraError, match="no buffer is free"):
        camera.next(1.0)
    frame.release()
    bench.device.put(grey(9))
    camera.next(1.0)


@pytest.mark.parametrize("name", ["MJPG", "YUYV"])
def test_nothing_of_a_picture_stays(bench: Bench, name: str, monkeypatch: Any) -> None:
    bench.modes = [Mode(name, *MAIN)]
    wiped: list[Any] = []
    wipe = webcam._wipe
    monkeypatch.setattr(webcam, "_wipe", lambda picture: (wipe(picture), wiped.append(picture)))
    camera = bench.open()
    image = quadrants(MAIN)
    bench.device.put(jpeg(image) if name == "MJPG" else raw(image, name))
    frame = camera.next(1.0)
    assert not camera._scratch.any()
    assert len(wiped) == 3  # lores, main and what both were made of
    for picture in wiped:
        for plane in picture.planes:
            assert not np.frombuffer(plane, np.uint8).any()
    assert frame.main.any() and frame.lores.any()
    frame.release()
    assert not frame.main.any() and not frame.lores.any()


def test_a_closed_webcam_says_so_and_closes_again(bench: Bench) -> None:
    camera = bench.open()
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="is closed; open it anew"):
        camera.next(0.1)
    assert bench.device.closed == 1


def test_what_is_asked_for_is_the_chosen_mode(bench: Bench) -> None:
    bench.modes = [Mode("YUYV", 640, 480, 10.0), Mode("MJPG", 640, 480, 60.0)]
    bench.open()
    asked = {"video_size": "640x480", "input_format": "mjpeg", "framerate": "30", "ts": "default"}
    assert {**asked, "fflags": "4"}.items() <= bench.options.items()


def test_another_format_than_asked_for_is_refused(bench: Bench) -> None:
    bench.modes, bench.pix_fmt = [Mode("YUYV", *MAIN)], "rgb24"
    with pytest.raises(CameraError, match="Cam gives rgb24 where yuyv422 was asked for"):
        bench.open()
    assert bench.device.closed == 1


def test_a_busy_webcam_names_who_has_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam, "holders", lambda holds: ["firefox (process 71)"])
    bench.failure = av.error.OSError(errno.EBUSY, "Device or resource busy", "/dev/video0")
    with pytest.raises(
        CameraError, match=r"is busy: firefox \(process 71\) has it; end that program"
    ):
        bench.open()


def test_a_webcam_that_shows_no_first_picture_is_given_up(bench: Bench) -> None:
    bench.failure = av.error.ExitError(0, "Immediate exit requested")
    with pytest.raises(CameraError, match=r"gave no picture within 5 s; open its shutter, plug"):
        bench.open()


def test_controls_of_libcamera_are_refused() -> None:
    with pytest.raises(CameraError, match=r"\[camera.controls\] are libcamera's; empty"):
        WebCam(settings(controls={"ExposureTime": 1}), LORES, make_pool())


def test_without_pyav_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(pyav.importlib, "import_module", missing)
    with pytest.raises(
        CameraError, match=r"^webcam: PyAV is not installed; run make video( in .+)?$"
    ):
        WebCam(settings(), LORES, make_pool())


@NEEDS_AV.mark
@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("/dev/video99", r"No such file or directory; plug it in, or name another as device"),
        ("/dev/null", "/dev/null is no video device; name one"),
        (__file__, "is no video device; name one"),
    ],
)
def test_a_device_that_is_no_webcam_is_named(device: str, told: str) -> None:
    with pytest.raises(CameraError, match=told):
        WebCam(settings(device=device), LORES, make_pool())


def test_a_device_that_may_not_be_opened_is_told() -> None:
    assert "group video" in str(webcam._mend(errno.EACCES))


def test_the_webcams_board_is_a_simulated_kit_with_a_real_camera() -> None:
    board, simulated = read_board("webcam"), read_board("simulated")
    assert (board.camera.driver, board.camera.device) == ("webcam", "/dev/video0")
    assert (board.gpio, board.pins) == (simulated.gpio, simulated.pins)
    assert (board.accelerator, board.channels) == (simulated.accelerator, simulated.channels)


def test_the_doctor_looks_at_the_webcam(bench: Bench) -> None:
    from shuttergate import examination_process
    from shuttergate.config import Config
    from shuttergate.examination import CameraTimes, Examined, Health

    opened = webcam.WebCam._opened

    def fed(camera: WebCam, mode: Mode) -> Any:
        device = opened(camera, mode)
        device.each = lambda: device.put(grey(90))
        device.each()
        return device

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webcam.WebCam, "_opened", fed)
        times, finding = examination_process._camera(Config(), read_board("webcam"))
    assert isinstance(times, CameraTimes) and isinstance(finding, Examined)
    assert finding.health is not Health.FAULT  # a stand-in keeps no pace
    assert finding.seen.startswith("webcam Stand-in Cam, 640 x 480, ")
    assert bench.device.closed == 1


def test_the_boards_page_names_the_extra_and_its_licence() -> None:
    folder = Path(__file__).parents[2] / "device" / "webcam"
    for page in ("README.md", "README.ja.md"):
        text = (folder / page).read_text(encoding="utf-8")
        assert "make video" in text
        assert "x264" in text and "GPL" in text
