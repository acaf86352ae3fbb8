"""A scene that is changed by order: what the bench shows the simulated camera, with a clock in it.

A stage is a TOML file that names scenes: pictures, folders of them, or videos.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from shuttergate.clock import since_boot_s
from shuttergate.errors import CameraError, ConfigError, listed, plain
from shuttergate.frame import main_size, planes
from shuttergate.frames import marks
from shuttergate.frames.shot import Scene, Shot
from shuttergate.system.toml import Table, decode

STAGE = ".toml"


class Scenes(Table, frozen=True):
    """The file: scenes by name, paths relative to it; the first is shown at the start."""

    scenes: Annotated[dict[str, str], Meta(min_length=1, max_length=marks.MOST_SCENES)]


class Stagehand:
    """Which scene is on; the stage may be built anew under it, when the camera is opened again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scene = ""
        self._back = ""
        self._left = 0

    def show(self, scene: str, exposures: int) -> None:
        """Show `scene` from the next exposure on; for so many of them only, unless 0."""
        with self._lock:
            self._back = self._back if self._left else self._scene
            self._scene, self._left = scene, exposures

    def next(self) -> str:
        """Return the scene of the exposure that is due; empty before anything was shown."""
        with self._lock:
            scene = self._scene
            if self._left:
                self._left -= 1
                if not self._left:
                    self._scene = self._back
            return scene


class Stage:
    """The scenes of one file, one of them on at a time; every exposure carries `marks`."""

    def __init__(self, path: Path, open_one: Callable[[Path], Scene], hand: Stagehand) -> None:
        self.name = f"the stage {plain(path.name)}"
        try:
            named = decode(path, Scenes).scenes
        except ConfigError as error:
            raise CameraError.of(error) from error
        self._hand = hand
        self._scenes = {name: open_one(path.parent / one) for name, one in named.items()}
        self._order = list(self._scenes)

    def at(self, time_s: float) -> Shot:
        """Return what the scene that is on shows, with its number and the clock in the corner."""
        name = self._hand.next() or self._order[0]
        if name not in self._scenes:
            raise CameraError(
                "{name} has no scene {scene!r}; it has {scenes}",
                name=self.name,
                scene=name,
                scenes=listed(self._order),
            )
        shot = self._scenes[name].at(time_s)
        width, height = main_size(shot.main)
        if width < marks.SMALLEST[0] or height < marks.SMALLEST[1]:
            raise CameraError(
                "{name}: {scene}: {width} x {height} has no room for the clock",
                name=self.name,
                scene=name,
                width=width,
                height=height,
            )
        luma, _u, _v = planes(shot.main)
        marks.stamp(luma, self._order.index(name), int(since_boot_s() * 1000))
        return shot

    def close(self) -> None:
        """Close every scene."""
        for scene in self._scenes.values():
            scene.close()
