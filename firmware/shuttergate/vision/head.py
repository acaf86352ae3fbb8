"""A head reads a score out of an embedding. Kept apart from the network, so that one embedding can
serve several policies, and small enough to be read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import MisfitError, ScoreError
from shuttergate.system.library_words import error_words
from shuttergate.verdict import Thresholds


@dataclass(frozen=True, slots=True)
class Head:
    """A named score of an embedding, and the thresholds it is held to.

    ``reads`` is given the embedding, shape (n,), and must leave it as it is. ``sha256``: of the
    taught rule's file that it is of; "" of a pack's own head.
    """

    name: str
    limits: Thresholds
    reads: Callable[[NDArray[np.float64]], float]
    sha256: str = ""

    def __call__(self, embedding: NDArray[np.float64]) -> float:
        """Return the score in [0, 1]; raise `ScoreError` where what was read is none."""
        try:
            value = float(self.reads(embedding))
        except (RuntimeError, ValueError) as error:
            raise ScoreError(
                "{name}: the model failed: {error}", name=self.name, error=error_words(error)
            ) from error
        if not 0.0 <= value <= 1.0:
            raise ScoreError(
                "{name}: the model's score is {value}, outside 0 to 1", name=self.name, value=value
            )
        return value


@dataclass(frozen=True, slots=True)
class CloseHead:
    """A head that reads parts of a view: squares of ``window`` cells of the last feature map.

    ``reads`` gives scores (n,) of the means (n, channels) of n windows; from ``line`` on the view
    is not CLEAR.
    """

    reads: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    window: int
    line: float

    def __call__(self, cells: NDArray[np.float64]) -> float:
        """Return the highest score of any window of a map, shape (rows, columns, channels).

        NaN, which is no score, where one of them is none.
        """
        rows, columns = (side - self.window + 1 for side in cells.shape[:2])
        sums = np.zeros((rows, columns, cells.shape[2]))
        for down, right in product(range(self.window), repeat=2):
            sums += cells[down : down + rows, right : right + columns]
        return float(self.reads(sums.reshape(rows * columns, -1) / self.window**2).max())


class DenseLayers:
    """Dense layers over the embedding scaled to length 1; ReLU between them, a sigmoid at the end.

    The file is an .npz with float32 `weight0` (out, in), `bias0` (out,), `weight1` … in order; the
    last layer has one output.
    """

    def __init__(self, content: bytes, width: int) -> None:
        """Read the bytes of an .npz for embeddings of `width`; raise `ValueError` where unfit."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                found = {name: arrays[name].astype(np.float64) for name in arrays.files}
        except (OSError, EOFError, zipfile.BadZipFile) as error:
            raise MisfitError("not an .npz file: {error}", error=error_words(error)) from error
        self._layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for number in range(len(found) // 2):
            weight, bias = found.get(f"weight{number}"), found.get(f"bias{number}")
            if weight is None or bias is None:
                raise MisfitError("layer {number} lacks its weight or bias", number=number)
            if weight.shape != (len(bias), width):
                raise MisfitError(
                    "layer {number} has weights of shape {shape} and {biases} "
                    "biases, where it is given {width} values",
                    number=number,
                    shape=weight.shape,
                    biases=len(bias),
                    width=width,
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise MisfitError("layer {number} holds a value that is no number", number=number)
            self._layers.append((weight, bias))
            width = len(bias)
        if not self._layers or width != 1:
            raise MisfitError("its last layer must have exactly one output")

    def __call__(self, embedding: NDArray[np.float64]) -> float:
        """Return the score in (0, 1) of an embedding of shape (width,).

        NaN, which is no score, for an embedding that is zero or no number.
        """
        return float(self.each(embedding[None])[0])

    def each(self, embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores, shape (n,), of embeddings of shape (n, width), as of one."""
        with np.errstate(all="ignore"):
            values = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
            for weight, bias in self._layers[:-1]:
                values = np.maximum(values @ weight.T + bias, 0.0)
            weight, bias = self._layers[-1]
            found: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(values @ weight.T + bias)[:, 0]))
        return found
