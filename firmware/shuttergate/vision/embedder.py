"""An embedder: a pack's network, which looks at a view once, whatever is read from its answer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.system.library_words import error_words


class Runs(Protocol):
    """A `Model`, wherever it runs; for any thread."""

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), dequantised; raise where there are none."""


@runtime_checkable
class Maps(Protocol):
    """A model that also gives the last feature map, before it is pooled to an embedding."""

    def with_map(self, pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the outputs, shape (n,), and the map, shape (rows, columns, channels)."""


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
            raise ScoreError(
                "{name}: the model failed: {error}", name=self.name, error=error_words(error)
            ) from error
        outputs.flags.writeable = False
        return outputs

    def with_map(self, lores: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the outputs as a call does, and the map, shape (rows, columns, channels).

        Raises `ScoreError` where the model fails, or where what it runs on just now gives no map.
        """
        model = self.model
        if not isinstance(model, Maps):
            raise ScoreError("{name}: what it runs on gives no feature map", name=self.name)
        try:
            outputs, cells = model.with_map(lores)
        except (RuntimeError, ValueError) as error:
            raise ScoreError(
                "{name}: the model failed: {error}", name=self.name, error=error_words(error)
            ) from error
        outputs.flags.writeable = False
        return outputs, cells
