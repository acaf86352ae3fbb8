"""The test card, held before the built-in scene's camera for a few seconds of every loop."""

from __future__ import annotations

from PIL import Image, ImageOps

from shuttergate.errors import CameraError, cause_of
from shuttergate.system.paths import share

ENTERS_S, STANDS_S, TURNS_S, GONE_S = 15.6, 16.4, 18.2, 19.0
"""Seconds into the loop: it comes in from the right, stands still, and goes the same way."""

SIDE = 0.8
"""Side of the printed square, as a share of the frame's height."""

MARGIN = 0.06
"""White paper round the square, as a share of its side."""

TILT_DEG = 4.0


class HeldCard:
    """The card at a size for frames of ``frame_size`` (width, height)."""

    def __init__(self, frame_size: tuple[int, int]) -> None:
        path = share("models") / "testcard" / "card.png"
        side = round(frame_size[1] * SIDE)
        try:
            with Image.open(path) as card:
                square = card.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        except OSError as error:
            raise CameraError(
                "the test card is missing ({path}: {cause}); reinstall shuttergate",
                path=path,
                cause=cause_of(error),
            ) from error
        paper = ImageOps.expand(square, round(side * MARGIN), (244, 244, 240)).convert("RGBA")
        self._card = paper.rotate(TILT_DEG, Image.Resampling.BICUBIC, expand=True)
        self._outside = frame_size[0]
        self._inside = (frame_size[0] - self._card.width) // 2
        self._top = (frame_size[1] - self._card.height) // 2

    def before(self, frame: Image.Image, loop_s: float) -> Image.Image:
        """Return `frame`, an RGB picture, with the card where it is ``loop_s`` into the loop."""
        if ENTERS_S < loop_s < GONE_S:
            away = max(
                (STANDS_S - loop_s) / (STANDS_S - ENTERS_S),
                (loop_s - TURNS_S) / (GONE_S - TURNS_S),
                0.0,
            )
            left = round(self._inside + (self._outside - self._inside) * away**2)
            frame.paste(self._card, (left, self._top), self._card)
        return frame
