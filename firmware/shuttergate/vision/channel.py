"""A channel: one model with its thresholds; pixels in, a score out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.vision.pack import Pack


class Runs(Protocol):
    """A `Model`, wherever it runs; for any thread."""

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), dequantised; raise where there are none."""


class Channel:
    """One model of a verified pack, for both looks.

    ``model`` may be changed for another at any time: a score is all of the one or all of the other.
    """

    def __init__(self, pack: Pack, model: Runs) -> None:
        self.name = pack.name
        self.limits = pack.limits
        self.tile_line = pack.manifest.thresholds.tile_clear_below
        self._head = pack.head()
        self.lores_size = pack.lores_size
        self.known_answers = pack.manifest.known_answers
        self.model = model
        self._score_at = pack.score_index

    def score(self, lores: Pixels) -> float:
        """Return the nudity score in [0, 1] of a uint8 RGB picture of the model's input shape.

        Raises `ScoreError` where the model fails or its answer is no score.
        """
        try:
            outputs = self.model(lores)
            if self._head is not None:
                value = self._head(outputs)
            else:
                value = float(outputs[self._score_at])
        except (RuntimeError, ValueError) as error:
            raise ScoreError(f"{self.name}: the model failed: {error}") from error
        if not 0.0 <= value <= 1.0:
            raise ScoreError(f"{self.name}: the model's score is {value}, outside 0 to 1")
        return value


def scores(channels: Sequence[Channel], lores: Pixels) -> dict[str, float]:
    """Return each channel's score of the same picture; raises `ScoreError`."""
    return {channel.name: channel.score(lores) for channel in channels}
