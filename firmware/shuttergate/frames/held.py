"""What comes before the built-in room: by the clock the test card, or whatever is ordered.

Each comes in from a side, stands still, and goes the same way.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from shuttergate.errors import CameraError, cause_of
from shuttergate.props import Prop
from shuttergate.system.paths import share

ENTERS_S, TURNS_S = 15.6, 18.2
"""Seconds into the loop at which the card comes in, and at which it goes."""

MOVES_S = 0.8
"""So long it takes to come, and to go."""

SIDE = 0.8
"""Side of the printed square, as a share of the frame's height."""

FAR_SIDE = 0.24
"""The same, held far away: the live look does not tell it there, the second look does."""

MARGIN = 0.06
"""White paper round the square, as a share of its side."""

TILT_DEG = 4.0

TALL = 0.96
"""The colleague's height, as a share of the frame's."""

LAMP_OFF = 0.1
"""So much of the light is left."""


def by_clock(loop_s: float) -> Prop:
    """Return what is there ``loop_s`` seconds into the loop, where nothing was ordered."""
    return Prop.CARD if ENTERS_S <= loop_s < TURNS_S else Prop.NOBODY


class Props:
    """All that may come before frames of ``frame_size`` (width, height)."""

    def __init__(self, frame_size: tuple[int, int]) -> None:
        width, height = frame_size
        near, far = (_card(round(height * side)) for side in (SIDE, FAR_SIDE))
        figure = _read(share("device") / "simulated" / "colleague.png", "RGBA")
        figure = ImageOps.contain(figure, (width, round(height * TALL)))
        self._carried = {
            Prop.CARD: _Carried(near, (width - near.width) // 2, _middle(near, height), width),
            Prop.FAR_CARD: _Carried(far, width * 5 // 9, _middle(far, height), width),
            Prop.COLLEAGUE: _Carried(figure, width * 4 // 9, height - figure.height, -figure.width),
        }
        self._light = 1.0
        self._time_s: float | None = None

    def before(self, frame: Image.Image, prop: Prop, time_s: float) -> Image.Image:
        """Return `frame`, RGB, with what is there at ``time_s``, since when `prop` is wanted."""
        step = 0.0 if self._time_s is None else max(0.0, time_s - self._time_s) / MOVES_S
        self._time_s = time_s
        held = Prop.CARD if prop is Prop.DARK_CARD else prop
        for name, carried in self._carried.items():
            carried.move(step if name is held else -step)
            carried.paste(frame)
        if prop is Prop.DARK_CARD:
            self._light = max(LAMP_OFF, self._light - step)
        else:
            self._light = min(1.0, self._light + step)
        if self._light == 1.0:
            return frame
        return frame.point([round(level * self._light) for level in range(256)] * 3)


class _Carried:
    """An RGBA picture whose left edge is at `outside`, or at `inside` when it is all there."""

    def __init__(self, image: Image.Image, inside: int, top: int, outside: int) -> None:
        self._image = image
        self._inside, self._outside, self._top = inside, outside, top
        self._there = 0.0

    def move(self, step: float) -> None:
        """Bring it nearer by a share of its way, or take it away."""
        self._there = min(1.0, max(0.0, self._there + step))

    def paste(self, frame: Image.Image) -> None:
        """Put it where it is."""
        if self._there:
            away = (1.0 - self._there) ** 2
            left = round(self._inside + (self._outside - self._inside) * away)
            frame.paste(self._image, (left, self._top), self._image)


def _card(side: int) -> Image.Image:
    card = _read(share("models") / "testcard" / "card.png", "RGB")
    square = card.resize((side, side), Image.Resampling.LANCZOS)
    paper = ImageOps.expand(square, round(side * MARGIN), (244, 244, 240)).convert("RGBA")
    return paper.rotate(TILT_DEG, Image.Resampling.BICUBIC, expand=True)


def _middle(image: Image.Image, height: int) -> int:
    return (height - image.height) // 2


def _read(path: Path, mode: str) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert(mode)
    except OSError as error:
        raise CameraError(
            "{path}: {cause}; reinstall shuttergate", path=path, cause=cause_of(error)
        ) from error
