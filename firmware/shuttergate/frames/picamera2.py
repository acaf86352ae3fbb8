"""The Raspberry Pi's camera, through picamera2 and libcamera.

One configuration for the life of the process: ``main`` (what would be saved) and ``lores`` (what
the models see) out of the same request. Both are copied into a buffer of ours and the request goes
back at once, so that libcamera never waits for us.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import itertools
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError, phrase
from shuttergate.frame import Frame
from shuttergate.frames.buffers import Pool, Slot
from shuttergate.frames.clock import SensorClock, now_ns
from shuttergate.frames.sensor import (
    LOOKING_ELSEWHERE,
    SensorReading,
    fitting,
    for_libcamera,
    mode_of,
)
from shuttergate.frames.yuv import MAIN_FORMATS, RGB_FORMATS, ToRgb, choose, copy_i420, read_layout
from shuttergate.system.holders import held_here, holders
from shuttergate.system.library_words import error_words

BUFFERS = 4
"""One is filled, one waits, one is copied, one is spare; each is 18 MB at 12 megapixels."""

CROP_TOLERANCE = 0.01
"""How far, as a share of the side, the two crops may differ: the image processor rounds them."""


class PiCameraSettings(Protocol):
    """What a board says of its camera; see `board.CameraPart`."""

    @property
    def main_size(self) -> tuple[int, int]: ...
    @property
    def fps(self) -> float: ...
    @property
    def hflip(self) -> bool: ...
    @property
    def vflip(self) -> bool: ...
    @property
    def controls(self) -> Mapping[str, object]: ...
    @property
    def sensors(self) -> Mapping[str, SensorReading]: ...


class PiCamera:
    """A camera that libcamera knows, as a `frame.Source`; the first one where there are several.

    ``lores_size``: (width, height) in pixels. Frames are copied into buffers of `pool`. Raises
    `CameraError` naming the cause and the mend where the camera is absent, busy, or cannot give
    what could be judged and saved. ``fps``: what was asked for, or less where the sensor has less.
    """

    def __init__(self, settings: PiCameraSettings, lores_size: tuple[int, int], pool: Pool) -> None:
        self.name = "picamera2"
        self.fps = settings.fps
        self._pool = pool
        self._device: Any = None
        self._job: Any = None
        self._number = -1
        library = _load("picamera2")
        with _named(self.name), contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._device = _open(library)
            self.model = str(self._device.camera_properties.get("Model", "camera"))
            self.name = f"picamera2 {self.model}"
            self._configure(settings, lores_size, library.Platform.PISP)
            self._mapped = library.MappedArray
            self._clock = SensorClock(now_ns())
            self._device.start(show_preview=False)  # no window: a thread that hands requests on
            undo.pop_all()

    def _configure(
        self, settings: PiCameraSettings, lores_size: tuple[int, int], pisp: object
    ) -> None:
        device, libcamera = self._device, _load("libcamera")
        viewfinder = device.camera.generate_configuration([libcamera.StreamRole.Viewfinder])
        offered = [str(name) for name in viewfinder.at(0).formats.pixel_formats]
        # The Pi 5's processor makes RGB for nothing; the Pi 4's second output knows only YUV.
        rgb_first = device.platform == pisp
        wanted = (*RGB_FORMATS, *MAIN_FORMATS) if rgb_first else (*MAIN_FORMATS, *RGB_FORMATS)
        mode, limit = mode_of(self.model, settings.sensors), settings.main_size
        if mode is not None:
            # Which mode libcamera would choose depends on its release, and some show but a part.
            limit = min(limit[0], mode.size[0]), min(limit[1], mode.size[1])
            self.fps = min(self.fps, mode.fps)
        main_size = fitting(device.sensor_resolution, limit)
        controls = for_libcamera(settings.controls, device.camera_controls)
        paced = {"FrameDurationLimits": (round(1e6 / self.fps),) * 2}
        paced = {name: pace for name, pace in paced.items() if name in device.camera_controls}
        config = device.create_video_configuration(
            main={"format": choose(offered, MAIN_FORMATS), "size": main_size},
            # Not its own aspect ratio: it shows all that main shows, stretched to the square.
            lores={"format": choose(offered, wanted), "size": lores_size, "preserve_ar": False},
            raw=None,
            sensor=mode and {"output_size": mode.size, "bit_depth": mode.bit_depth},
            # No flip is asked for: not every camera does what libcamera then says that it does
            # (its virtual one), and flipping while copying is seen to be done.
            transform=libcamera.Transform(hflip=False, vflip=False),
            colour_space=libcamera.ColorSpace.Sycc(),
            buffer_count=BUFFERS,
            controls={**paced, **controls},
            display=None,
            encode=None,
        )
        device.configure(config)
        # From here on: not what was asked for, but what libcamera made of it.
        given = device.camera_configuration()
        if sensor := given.get("sensor"):
            self.name += " {} x {}".format(*sensor["output_size"])
        shortest_us = device.camera_controls.get("FrameDurationLimits", (0.0,))[0]
        if shortest_us > 0:
            self.fps = min(self.fps, 1e6 / shortest_us)
        hflip = bool(given["transform"].hflip) != settings.hflip
        vflip = bool(given["transform"].vflip) != settings.vflip
        # picamera2's own report of the colours leaves out the range.
        colours = device.libcamera_config
        main = read_layout("main", given["main"], colours.at(0).color_space)
        lores = read_layout("lores", given["lores"], colours.at(device.lores_index).color_space)
        self._main = dataclasses.replace(main, hflip=hflip, vflip=vflip)
        self._lores = dataclasses.replace(lores, hflip=hflip, vflip=vflip)
        if (self._lores.width, self._lores.height) != lores_size:
            raise CameraError(
                "{name} gives lores {width} x {height} where the models need "
                "{need_width} x {need_height}; use another camera",
                name=self.name,
                width=self._lores.width,
                height=self._lores.height,
                need_width=lores_size[0],
                need_height=lores_size[1],
            )
        if self._main.width > settings.main_size[0] or self._main.height > settings.main_size[1]:
            raise CameraError(
                "{name} gives main {width} x {height}, more than was asked for; "
                "set main_size in board.toml to a size that it has",
                name=self.name,
                width=self._main.width,
                height=self._main.height,
            )
        self._to_rgb = ToRgb(self._lores)

    def next(self, timeout_s: float) -> Frame:
        """Return the newest frame; raise `CameraError` when none came within ``timeout_s``."""
        device = self._device
        if device is None:
            raise CameraError("{name} is closed; open it anew", name=self.name)
        with _named(self.name):
            # A request that came too late stays asked for: none gets lost, and they do not pile up.
            self._job = self._job or device.capture_request(wait=False)
            try:
                request = self._job.get_result(timeout=timeout_s)
            except TimeoutError as error:
                raise CameraError(
                    "{name} gave no frame within {limit_s:.1f} s; look at the "
                    "cable and at both its ends",
                    name=self.name,
                    limit_s=timeout_s,
                ) from error
            self._job = None
            arrived_s = since_boot_s()
            try:
                metadata = request.get_metadata()
                exposed_s = self._exposed_s(metadata)
                slot = self._copied(request)
            finally:
                request.release()
        self._number += 1
        main, lores = self._main, self._lores
        return Frame(
            number=self._number,
            exposed_s=exposed_s,
            main=slot.main[: slot.used].reshape(main.height * 3 // 2, main.width),
            lores=slot.lores.reshape(lores.height, lores.width, 3),
            release=self._pool.give_back(slot),
            exposure_s=metadata.get("ExposureTime", 0) / 1e6,
            arrived_s=arrived_s,
        )

    def _exposed_s(self, metadata: Mapping[str, Any]) -> float:
        stamp_ns = metadata.get("SensorTimestamp")
        if stamp_ns is None:
            raise CameraError("{name} does not date its frames; use another camera", name=self.name)
        crops = metadata.get(LOOKING_ELSEWHERE) or ()
        for first, second in itertools.pairwise(crops):
            off = max(abs(a - b) for a, b in zip(first, second, strict=True))
            if off > CROP_TOLERANCE * max(first):
                raise CameraError(
                    "{name}: what the models see ({second}) is not what is saved "
                    "({first}); it is opened anew",
                    name=self.name,
                    second=second,
                    first=first,
                )
        return self._clock.since_boot_s(stamp_ns)

    def _copied(self, request: Any) -> Slot:
        """Copy both pictures of one and the same request; no view of its memory outlives this."""
        slot = self._pool.take()
        if slot is None:
            raise CameraError(
                "{name}: no buffer is free; whoever holds a frame must end it", name=self.name
            )
        main, lores = self._main, self._lores
        slot.used = main.width * main.height * 3 // 2
        i420 = slot.main[: slot.used].reshape(main.height * 3 // 2, main.width)
        rgb = slot.lores.reshape(lores.height, lores.width, 3)
        try:
            with self._mapped(request, "main", reshape=False, write=False) as mapped:
                copy_i420(mapped.array, main, i420)
            with self._mapped(request, "lores", reshape=False, write=False) as mapped:
                self._to_rgb.convert(mapped.array, rgb)
        except BaseException:
            self._pool.give_back(slot)()
            raise
        return slot

    def close(self) -> None:
        """Let go of the camera; may be called in any state, more than once."""
        device, self._device = self._device, None
        job, self._job = self._job, None
        if device is None:
            return
        # Whatever a broken camera makes of it: the next one to open it will say if it is not free.
        with contextlib.suppress(Exception):
            device.cancel_all_and_flush()
        if job is not None:
            with contextlib.suppress(Exception):
                job.get_result(timeout=0).release()
        with contextlib.suppress(Exception):
            device.close()
        del device, job
        gc.collect()  # its parts hold one another, and with them descriptors


_met: list[tuple[Any, int]] = []
"""libcamera's manager, and how many descriptors it has kept open from finding the cameras on: of
every stream, by its pipelines for the Raspberry Pi (vc4.cpp, pisp.cpp). Only more than these mean
that a camera was not let go."""


def meet() -> None:
    """Have libcamera find its cameras now, and keep what it found for the life of the process.

    To be called before `confine.no_files`: the Raspberry Pi 5's pipeline makes shared memory (a
    memfd) for each camera that it finds, and would register none where that may not grow. Kept,
    because picamera2 lets its manager go with the last camera, and the next would look anew. Raises
    `CameraError` where there is no picamera2.
    """
    _load("picamera2")
    manager = _load("libcamera").CameraManager.singleton()
    _met.append((manager, held_here(_is_camera)))


def _load(module: str) -> Any:
    # Their words are not for our log; libcamera writes its own to stderr, or to a file if asked.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    os.environ.pop("LIBCAMERA_LOG_FILE", None)
    chatter = logging.getLogger("picamera2")
    chatter.propagate = False
    if not chatter.handlers:
        chatter.addHandler(logging.NullHandler())
    try:
        return importlib.import_module(module)
    except Exception as error:  # also what a numpy of another make than it was built for raises
        raise CameraError(
            "{module} cannot be loaded ({error}); on a Raspberry Pi run sudo "
            'systemd/install.sh; elsewhere choose board = "simulated"',
            module=module,
            error=error_words(error),
        ) from error


def _open(library: Any) -> Any:
    kind = library.Picamera2
    if not kind.global_camera_info():
        raise CameraError(
            "no camera was found; switch the power off, and look at the cable and at both its ends"
        )
    device = kind.__new__(kind)
    try:
        device.__init__()
    except Exception:
        # It would keep its pipe, and one more at every try.
        device.notifymeread.close()
        os.close(device.notifyme_w)
        raise
    return device


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Whatever picamera2 lets through from below becomes an error of ours, with the cause in it."""
    try:
        yield
    except CameraError:
        raise
    except Exception as error:
        below: BaseException = error
        while below.__cause__ or below.__context__:
            below = below.__cause__ or below.__context__ or below
        cause = str(below) or type(below).__name__
        if "busy" in cause.lower():
            held = ", ".join(holders(_is_camera))
            if not held and held_here(_is_camera) > max((kept for _, kept in _met), default=0):
                raise CameraError(
                    "{name} is busy: this very process has not let it go; wait, "
                    "another is soon started in its place",
                    name=name,
                ) from error
            raise CameraError(
                "{name} is busy: {held} has it; end that program",
                name=name,
                held=held or phrase("a program that cannot be seen from here"),
            ) from error
        raise CameraError(
            "{name}: {cause}; look at the cable, and at [camera] in board.toml",
            name=name,
            cause=cause,
        ) from error


def _is_camera(link: Path) -> bool:
    return re.match(r"/dev/(video|media)\d", str(link.readlink())) is not None
