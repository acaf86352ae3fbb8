"""Is what the camera gave a frame, a new one, and of now?"""

from __future__ import annotations

import zlib
from collections import deque

import numpy as np

from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frame import Frame

FROZEN_AFTER_FRAMES = 3
"""A sensor's noise makes equal exposures all but impossible; this many are a frozen camera."""

RING_FRAMES = 8
"""A driver that is stuck gives its few buffers round and round."""


class Inspector:
    """Refuses wrong shapes, repeated, frozen and wrongly dated frames.

    ``lores_shape`` is (height, width, 3); ``main_limit`` the largest (width, height) in pixels.
    """

    def __init__(
        self,
        lores_shape: tuple[int, ...],
        main_limit: tuple[int, int],
        clock: Clock = since_boot_s,
    ) -> None:
        self._lores_shape = lores_shape
        self._main_limit = main_limit
        self._clock = clock
        self._last_s = -np.inf
        self._recent: deque[int] = deque(maxlen=RING_FRAMES)
        self._same = 0

    def inspect(self, frame: Frame) -> None:
        """Raise `CameraError` naming what is wrong with `frame`, or return."""
        self._inspect_shapes(frame)
        if not self._last_s < frame.exposed_s <= self._clock():
            raise CameraError(
                "camera gave a frame exposed at {exposed_s:.3f} s after one at "
                "{last_s:.3f} s: repeated or wrongly dated; it is opened anew",
                exposed_s=frame.exposed_s,
                last_s=self._last_s,
            )
        self._last_s = frame.exposed_s
        trace = zlib.crc32(frame.lores.data)  # no copy: it would stay in memory
        self._same = self._same + 1 if trace in self._recent else 0
        self._recent.append(trace)
        if self._same >= FROZEN_AFTER_FRAMES:
            raise CameraError(
                "camera is frozen: {number} frames in a row with pixels that came "
                "before; it is opened anew",
                number=self._same,
            )

    def _inspect_shapes(self, frame: Frame) -> None:
        main, lores = frame.main, frame.lores
        if lores.shape != self._lores_shape or lores.dtype != np.uint8:
            raise CameraError(
                "camera gave lores {dtype} {shape} where uint8 {due} is "
                "configured; check [camera] in board.toml",
                dtype=lores.dtype,
                shape=lores.shape,
                due=self._lores_shape,
            )
        width, height = self._main_limit
        fits = (
            main.ndim == 2
            and main.dtype == np.uint8
            and main.shape[0] % 3 == 0
            and main.shape[1] % 2 == 0
            and 0 < main.shape[1] <= width
            and 0 < main.shape[0] <= height * 3 // 2
        )
        if not fits:
            raise CameraError(
                "camera gave main {dtype} {shape} where planar YUV 4:2:0 of at "
                "most {width} x {height} is configured; check [camera] in "
                "board.toml",
                dtype=main.dtype,
                shape=main.shape,
                width=width,
                height=height,
            )
