"""A camera without a camera: a scene, a shutter, a sensor with noise."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError
from shuttergate.frame import Frame, main_size
from shuttergate.frames.buffers import Pool
from shuttergate.frames.shot import Scene
from shuttergate.words import camera_words

NOISY_BYTES = 512


@dataclass(slots=True)
class Trouble:
    """What a camera can suffer from; it lasts however often the camera is opened anew."""

    stalled: bool = False  # gives nothing
    frozen: bool = False  # gives the same pixels, with new times
    repeating: bool = False  # gives the same time again
    misshapen: bool = False  # gives pictures of another shape


class SimulatedCamera:
    """Exposes `scene` at ``fps`` into buffers of `pool`.

    Like a real sensor it never gives the same bytes twice: noise of one step falls on
    ``NOISY_BYTES`` bytes of each exposure, so that a frozen camera can be told from a still scene.
    Frames for which nobody was ready are skipped, as a camera skips them.
    """

    def __init__(
        self, scene: Scene, fps: float, pool: Pool, trouble: Trouble | None = None
    ) -> None:
        self.name = f"simulated camera on {scene.name}"
        self.fps = fps
        self._scene = scene
        self._pool = pool
        self._trouble = trouble or Trouble()
        self._start_s = since_boot_s()
        self._exposure = -1
        self._exposed_s = 0.0

    def next(self, timeout_s: float) -> Frame:
        """Wait for the next exposure and return it."""
        if self._trouble.stalled:
            time.sleep(timeout_s)
            raise CameraError(
                "{name} gave no frame within {limit_s:.1f} s; switch its fault off",
                name=camera_words(self.name),
                limit_s=timeout_s,
            )
        elapsed_s = since_boot_s() - self._start_s
        self._exposure = max(self._exposure + 1, int(elapsed_s * self.fps))
        due_s = self._start_s + self._exposure / self.fps
        wait_s = due_s - since_boot_s()
        if wait_s > timeout_s:
            raise CameraError(
                "{name}: no frame within {limit_s:.1f} s; wait for the next",
                name=camera_words(self.name),
                limit_s=timeout_s,
            )
        if wait_s > 0:
            time.sleep(wait_s)
        shot = self._scene.at(due_s - self._start_s)
        slot = self._pool.take()
        if slot is None:
            raise CameraError(
                "{name}: no buffer is free; whoever holds a frame must end it",
                name=camera_words(self.name),
            )
        if not self._trouble.repeating:
            self._exposed_s = since_boot_s()
        slot.used = shot.main.size
        slot.main[: slot.used] = shot.main.reshape(-1)
        slot.lores[:] = shot.lores.reshape(-1)
        if not self._trouble.frozen:
            slot.main[_places(slot.used)] ^= 1
            slot.lores[_places(slot.lores.size)] ^= 1
        width, height = main_size(shot.main)
        main = slot.main[: slot.used].reshape(height * 3 // 2, width)
        return Frame(
            number=self._exposure,
            exposed_s=self._exposed_s,
            main=main[:, :-1] if self._trouble.misshapen else main,
            lores=slot.lores.reshape(shot.lores.shape),
            release=self._pool.give_back(slot),
        )

    def close(self) -> None:
        """Put the lens cap on."""
        self._scene.close()


def _places(below: int) -> NDArray[np.uint32]:
    """Return ``NOISY_BYTES`` places, others at every call: a camera opened anew repeats nothing.

    The kernel's dice, for numpy's would be imported for this alone, and take 4 MB.
    """
    return np.frombuffer(os.urandom(4 * NOISY_BYTES), np.uint32) % np.uint32(below)
