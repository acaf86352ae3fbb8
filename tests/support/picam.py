"""Stand-ins for picamera2 and libcamera: as much of them as the driver uses, and as they behave."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from types import ModuleType, SimpleNamespace
from typing import Any

from shuttergate.frames.yuv import Layout
from support.colours import COLOURS, laid_out, quadrants

MAIN = (640, 480)


class StandIn:
    """As much of picamera2 as the driver uses; what it gives is set by a test beforehand."""

    offered = ("YUV420", "NV12", "BGR888", "RGB888")
    platform = "VC4"
    colours: Any = COLOURS
    padding = 32
    failure: Exception | None = None
    metadata: dict[str, Any] = {}
    silent_s = 0.0
    given: list[StandIn] = []
    camera_properties: dict[str, Any] = {"Model": "standin"}
    camera_controls: dict[str, Any] = {"FrameDurationLimits": (1, 2, 3), "AeEnable": (0, 1, 1)}
    manager: Any = None  # as picamera2's own: let go with the last camera
    pictures = (quadrants(MAIN),)

    def __init__(self) -> None:
        type(self).manager = sys.modules["libcamera"].CameraManager.singleton()
        read, self.notifyme_w = os.pipe()
        self.notifymeread = os.fdopen(read, "rb")
        if self.failure is not None:
            raise RuntimeError("Camera __init__ sequence did not complete.") from self.failure
        self.given.append(self)
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
        manager: Any = sys.modules["libcamera"].CameraManager.singleton()
        return manager.cameras

    def create_video_configuration(self, **config: Any) -> dict[str, Any]:
        return config

    def configure(self, config: dict[str, Any]) -> None:
        for name in ("main", "lores"):
            width, height = config[name]["size"]
            wide = "888" in config[name]["format"]
            stride = width * (3 if wide else 1) + self.padding
            size = stride * height * (2 if wide else 3) // 2
            config[name] |= {"stride": stride, "framesize": size}
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
        type(self).manager = None
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


class Manager:
    """As libcamera's on a Raspberry Pi 5: it makes shared memory for each camera that it finds.

    One for the process, and only as long as somebody keeps it.
    """

    made = 0

    def __init__(self) -> None:
        self.cameras = []
        with contextlib.suppress(OSError):
            memory = os.memfd_create("pisp_frontend", os.MFD_CLOEXEC)
            try:
                os.ftruncate(memory, 1 << 16)
                self.cameras.append("standin")
            finally:
                os.close(memory)


def modules(kind: type[StandIn]) -> tuple[ModuleType, ModuleType]:
    """Return a picamera2 with cameras of that kind, and a libcamera."""

    class Own(Manager):
        made = 0
        kept: Any = None

        @classmethod
        def singleton(cls) -> Manager:
            found = cls.kept and cls.kept()
            if found is None:
                found = cls()
                cls.kept = weakref.ref(found)
                cls.made += 1
            return found

    above, below = ModuleType("picamera2"), ModuleType("libcamera")
    vars(above).update(
        Picamera2=kind, MappedArray=Mapped, Platform=SimpleNamespace(VC4="VC4", PISP="PISP")
    )
    vars(below).update(
        CameraManager=Own,
        StreamRole=SimpleNamespace(Viewfinder=0),
        ColorSpace=SimpleNamespace(Sycc=lambda: "sYCC"),
        Transform=lambda hflip, vflip: SimpleNamespace(hflip=hflip, vflip=vflip),
    )
    return above, below
