"""A camera without a camera: a scene, a shutter, a sensor with noise."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from shuttergate.errors import CameraError
from shuttergate.frame import Frame, main_size
from shuttergate.frames.buffers import Pool
from shuttergate.frames.scene import Scene

NOISY_BYTES = 512


class SimulatedCamera:
    """Exposes `scene` at ``fps`` into buffers of `pool`.

    Like a real sensor it never gives the same bytes twice: noise of one step falls on
    ``NOISY_BYTES`` bytes of each exposure, so that a frozen camera can be told from a still scene.
    Frames for which nobody was ready are skipped, as a camera skips them. While ``stalled()``,
    none comes at all.
    """

    def __init__(
        self, scene: Scene, fps: float, pool: Pool, stalled: Callable[[], bool] = lambda: False
    ) -> None:
        self.name = f"simulated camera on {scene.name}"
        self.fps = fps
        self._scene = scene
        self._pool = pool
        self._stalled = stalled
        # Without a seed: opened anew, it would repeat its exposures, and look frozen.
        self._dice = np.random.default_rng()
        self._start_s = time.monotonic()
        self._exposure = -1

    def next(self, timeout_s: float) -> Frame:
        """Wait for the next exposure and return it."""
        if self._stalled():
            time.sleep(timeout_s)
            raise CameraError(
                f"{self.name} gave no frame within {timeout_s:.1f} s; switch its fault off"
            )
        elapsed_s = time.monotonic() - self._start_s
        self._exposure = max(self._exposure + 1, int(elapsed_s * self.fps))
        due_s = self._start_s + self._exposure / self.fps
        wait_s = due_s - time.monotonic()
        if wait_s > timeout_s:
            raise CameraError(f"{self.name}: no frame within {timeout_s:.1f} s; wait for the next")
        if wait_s > 0:
            time.sleep(wait_s)
        shot = self._scene.at(due_s - self._start_s)
        slot = self._pool.take()
        if slot is None:
            raise CameraError(f"{self.name}: no buffer is free; whoever holds a frame must end it")
        exposed_s = time.monotonic()
        slot.used = shot.main.size
        slot.main[: slot.used] = shot.main.reshape(-1)
        slot.lores[:] = shot.lores.reshape(-1)
        slot.main[self._dice.integers(0, slot.used, NOISY_BYTES)] ^= 1
        slot.lores[self._dice.integers(0, slot.lores.size, NOISY_BYTES)] ^= 1
        width, height = main_size(shot.main)
        return Frame(
            number=self._exposure,
            exposed_s=exposed_s,
            main=slot.main[: slot.used].reshape(height * 3 // 2, width),
            lores=slot.lores.reshape(shot.lores.shape),
            release=self._pool.give_back(slot),
        )

    def close(self) -> None:
        """Put the lens cap on."""
        self._scene.close()
