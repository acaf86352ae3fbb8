"""The only choice of a camera: which driver a board names, and what opens it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from shuttergate.board import CameraPart
from shuttergate.config import SceneSettings
from shuttergate.errors import CameraError, PictureError
from shuttergate.frame import Source
from shuttergate.frames import picamera2
from shuttergate.frames.buffers import Pool
from shuttergate.frames.picamera2 import PiCamera
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens, Scene
from shuttergate.frames.simulated import SimulatedCamera, Trouble
from shuttergate.frames.stage import STAGE, Stage, Stagehand
from shuttergate.frames.upright import Turned
from shuttergate.frames.webcam import WebCam
from shuttergate.system.toml import path_of


def meet(part: CameraPart) -> None:
    """Let the camera's library do what it may not do later; see `picamera2.meet`.

    Where that fails, opening the camera will fail, too, and say why.
    """
    if part.driver == "picamera2":
        with contextlib.suppress(CameraError):
            picamera2.meet()


class CameraOpener:
    """Opens a board's camera; call it again whenever that failed.

    Its frames are upright: ``lores`` always, ``main`` but for the ``turn`` of `part`.
    ``lores_shape`` is (height, width, 3); ``frames``: for so many there are buffers, which are
    taken once and used for ever. ``skipped`` hears which picture of a simulated camera's folder
    cannot be shown. ``trouble`` and ``hand``: what a simulated camera suffers from, and who changes
    its stage.
    """

    def __init__(
        self,
        part: CameraPart,
        scene: SceneSettings,
        lores_shape: tuple[int, ...],
        frames: int,
        skipped: Callable[[PictureError], None],
    ) -> None:
        width, height = part.main_size
        self._part = part
        self._scene = scene
        rows, columns = lores_shape[:2]
        self._lores_size = (rows, columns) if part.turn else (columns, rows)  # before its turn
        self._skipped = skipped
        self._first: Source | None = None
        self.pool = Pool(frames, width * height * 3 // 2, lores_shape[0] * lores_shape[1] * 3)
        self.trouble = Trouble()
        self.hand = Stagehand()

    def __call__(self) -> Source:
        """Open it; raises `CameraError`."""
        first, self._first = self._first, None
        return first or self._open()

    def try_scene(self) -> None:
        """Raise where a simulated camera's scene is not there: that is a wrong setting.

        A real camera that is not there may come back, and lamp and log say so meanwhile.
        """
        if self._part.is_simulated:
            self._first = self._open()

    def _open(self) -> Source:
        camera, turn = self._open_driver(), self._part.turn
        return Turned(camera, turn) if turn else camera

    def _open_driver(self) -> Source:
        match self._part.driver:
            case "picamera2":
                return PiCamera(self._part, self._lores_size, self.pool)
            case "webcam":
                return WebCam(self._part, self._lores_size, self.pool)
            case "simulated":
                scene = self._open_scene()
                return SimulatedCamera(scene, self._part.fps, self.pool, self.trouble)

    def _open_scene(self) -> Scene:
        path = path_of(self._scene.path, "scene.path") if self._scene.path else None
        if path is not None and path.suffix == STAGE:
            return Stage(path, self._open_one, self.hand)
        return self._open_one(path)

    def _open_one(self, path: Path | None) -> Scene:
        part = self._part
        lens = Lens(part.main_size, self._lores_size, part.hflip, part.vflip)
        return open_scene(path, lens, self._scene.picture_s, self._skipped, self.hand)
