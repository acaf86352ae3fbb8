"""An embedder: a pack's network, which looks at a view once, whatever is read from its answer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels


class Runs(Protocol):
    """A `Model`, wherever it runs; for any thread."""

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), dequantised; raise where there are none."""


class Embedder:
    """Gives a picture's embedding, or whatever else the network's outputs are.

    ``model`` may be changed for another at any time: an embedding is all of the one or all of the
    other.
    """

    def __init__(self, name: str, model: Runs) -> None:
        self.name = name
        self.model = model

    def __call__(self, lores: Pixels) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), of a uint8 RGB picture of the model's input shape.

        They are not to be written to: several heads read them. Raises `ScoreError` where the model
        fails.
        """
        try:
            outputs = self.model(lores)
        except (RuntimeError, ValueError) as error:
            raise ScoreError(f"{self.name}: the model failed: {error}") from error
        outputs.flags.writeable = False
        return outputs
