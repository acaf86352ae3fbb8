"""libcamera's 'virtual' pipeline through the real picamera2: a camera for tests, without hardware.

The pipeline serves still pictures as NV12, each four times, as fast as it is asked. What it says of
itself is put right here where it is known to be wrong, and only that.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import stubs

import libcamera

stubs.install()
import picamera2  # noqa: E402 -- it imports what they stand in for
from picamera2.allocators import LibcameraAllocator  # noqa: E402
from picamera2.allocators.allocator import Sync  # noqa: E402

FPS = 30.0
NOISY_BYTES = 64
YAML = Path(libcamera.__file__).parents[4] / "share/libcamera/pipeline/virtual/virtual.yaml"


class PlaneSync(Sync):
    """Maps the planes' whole lengths: not every release tells how much of them is used."""

    def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
        self._buffer = buffer

    def __enter__(self) -> mmap.mmap:
        planes = self._buffer.planes
        self._memory = mmap.mmap(planes[0].fd, sum(plane.length for plane in planes))
        return self._memory

    def __exit__(self, *error: object) -> None:
        self._memory.close()


class VirtualPicamera2(picamera2.Picamera2):
    """The first camera of virtual.yaml. While `stalled` it gives no frame.

    A still picture for ever is what a frozen camera gives: there is noise of one step on it.
    """

    stalled = False

    def __init__(self) -> None:
        super().__init__()
        self._dice = np.random.default_rng()  # a camera that is opened anew repeats nothing
        self.pre_callback = self._expose

    def _expose(self, request: Any) -> None:
        for name in ("main", "lores"):
            with picamera2.MappedArray(request, name, reshape=False) as mapped:
                width, height = request.config[name]["size"]
                mapped.array[self._dice.integers(0, width * height, NOISY_BYTES)] ^= 1

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        # The pipeline has no raw stream and answers None where picamera2 expects one.
        config = self.camera.generate_configuration([libcamera.StreamRole.Viewfinder])
        formats = config.at(0).formats
        return [
            {"format": str(name), "size": (size.width, size.height)}
            for name in formats.pixel_formats
            for size in formats.sizes(name)
        ]

    def configure_(self, camera_config: Any) -> None:
        # picamera2's own buffers have one plane; the pipeline writes two.
        if not isinstance(self.allocator, LibcameraAllocator):
            self.allocator = LibcameraAllocator(self.camera)
            self.allocator.sync = PlaneSync
        super().configure_(camera_config)
        # It calls its pixels Rec709, but they are the JPEG's own: BT.601, full range.
        for index in (0, self.lores_index):
            self.libcamera_config.at(index).color_space = libcamera.ColorSpace.Sycc()

    def process_requests(self, display: Any) -> None:
        time.sleep(1 / FPS)  # the pipeline has no pace of its own
        if not type(self).stalled:
            super().process_requests(display)


def write_yaml(pictures: Path, sizes: Iterable[tuple[int, int]]) -> None:
    """Have the pipeline serve the JPEGs 0.jpg, 1.jpg, … of a folder, at `sizes` (width, height)."""
    served = "".join(f"    - {{ width: {w}, height: {h}, frame_rates: [30] }}\n" for w, h in sizes)
    YAML.write_text(
        '%YAML 1.1\n---\n"Virtual0":\n  supported_formats:\n'
        f'{served}  frames:\n    path: "{pictures}/"\n'
        '  location: "CameraLocationFront"\n  model: "Virtual"\n'
    )


def install() -> None:
    """Have whoever asks picamera2 for a camera get the virtual one."""
    picamera2.Picamera2 = VirtualPicamera2
