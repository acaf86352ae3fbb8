"""What a simulated camera gets from what it looks at, and through which lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageOps

from shuttergate.frame import Pixels
from shuttergate.frames.pictures import lores_of, main_of


@dataclass(frozen=True, slots=True)
class Shot:
    """What the lens throws on the sensor: ``main`` and ``lores`` as `Frame` has them."""

    main: Pixels
    lores: Pixels


class Scene(Protocol):
    """Something to point a simulated camera at."""

    name: str

    def at(self, time_s: float) -> Shot:
        """Return what is to be seen ``time_s`` after the start; time never runs backwards."""

    def close(self) -> None:
        """Stop what works in the background."""


@dataclass(frozen=True, slots=True)
class Lens:
    """Turns a picture into a shot: sizes are (width, height) in pixels; flips as of a board."""

    main_limit: tuple[int, int]
    lores_size: tuple[int, int]
    hflip: bool = False
    vflip: bool = False

    def shot(self, image: Image.Image) -> Shot:
        """Return the whole of `image`, which the sensor sees, flipped as told."""
        if self.hflip:
            image = ImageOps.mirror(image)
        if self.vflip:
            image = ImageOps.flip(image)
        return Shot(main_of(image, self.main_limit), lores_of(image, self.lores_size))
