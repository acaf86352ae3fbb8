"""What comes before the built-in room: by the clock the test card, or whatever is ordered.

Each comes in from a side, stands still, and goes the same way.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

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

STAR_SIDE = 0.55
"""The star's, as a share of the frame's height."""

WAVE_S, TILTS_DEG, SHIFTS = 7.0, 28.0, 0.14
"""Whoever holds the star turns it so far, and moves it by so much of the frame's width, to and fro
within this time: no two views of it are one."""


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
            Prop.STAR: _Waved(_star(round(height * STAR_SIDE)), width // 2, height // 2, width),
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
            carried.paste(frame, time_s)
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

    def paste(self, frame: Image.Image, time_s: float) -> None:
        """Put it where it is."""
        if self._there:
            frame.paste(self._image, (self.left, self._top), self._image)

    @property
    def left(self) -> int:
        """Where its left edge is."""
        away = (1.0 - self._there) ** 2
        return round(self._inside + (self._outside - self._inside) * away)


class _Waved(_Carried):
    """The same, whose middle is to be at (``inside``, ``top``), and that never is held still."""

    def paste(self, frame: Image.Image, time_s: float) -> None:
        """Put it where it is."""
        if not self._there:
            return
        phase = time_s / WAVE_S * math.tau
        tilt = TILTS_DEG * math.sin(2 * phase)
        turned = self._image.rotate(tilt, Image.Resampling.BICUBIC)
        left = self.left + round(frame.width * SHIFTS * math.sin(phase)) - turned.width // 2
        top = self._top + round(frame.height * SHIFTS * math.sin(3 * phase)) - turned.height // 2
        frame.paste(turned, (left, top), turned)


def _card(side: int) -> Image.Image:
    card = _read(share("models") / "testcard" / "card.png", "RGB")
    square = card.resize((side, side), Image.Resampling.LANCZOS)
    paper = ImageOps.expand(square, round(side * MARGIN), (244, 244, 240)).convert("RGBA")
    return paper.rotate(TILT_DEG, Image.Resampling.BICUBIC, expand=True)


def _star(side: int) -> Image.Image:
    """Return a star of five corners that fits into a square, drawn four times as large first."""
    big, middle = 4 * side, 2 * side
    corners = [
        (
            middle + reach * math.sin(corner * math.pi / 5),
            middle - reach * math.cos(corner * math.pi / 5),
        )
        for corner in range(10)
        for reach in [1.9 * side * (0.42 if corner % 2 else 1.0)]
    ]
    star = Image.new("RGBA", (big, big))
    ImageDraw.Draw(star).polygon(corners, (250, 215, 40), (120, 85, 0), max(1, side // 16))
    return star.resize((side, side), Image.Resampling.LANCZOS)


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
