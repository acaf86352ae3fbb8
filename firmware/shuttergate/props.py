"""What can be brought before the simulated camera of the built-in room, and whoever orders it."""

from __future__ import annotations

from enum import StrEnum

from shuttergate.board import Board
from shuttergate.config import Config


class Prop(StrEnum):
    """What stands before the camera, as the presenter ordered it."""

    NOBODY = "nobody"
    COLLEAGUE = "colleague"  # a drawn figure in a coat
    CARD = "card"
    FAR_CARD = "far card"  # so far away that only the second look tells it
    DARK_CARD = "dark card"  # the card, with the lamp off
    STAR = "star"  # of yellow cardboard: something that a camera can be taught


def offered(board: Board, config: Config) -> list[Prop]:
    """Return what may be ordered: nothing where the camera, or what it looks at, is another."""
    return list(Prop) if board.camera.is_simulated and not config.scene.path else []
