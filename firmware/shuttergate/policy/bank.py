"""The bank: embeddings of harmless pictures, against which whatever is taught has to stand out."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import MisfitError, RuleError
from shuttergate.system.library_words import error_words

MAX_ROWS = 1024
PLAIN = "plain colour"
"""What the rows show that hold one colour and nothing else."""

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|i1', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,5}), ([0-9]{1,5})\), \} *\n",
    re.DOTALL,
)
"""As `numpy.save` writes it. Numpy would read it as Python, and come to any error over another."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class HarmlessBank:
    """``embeddings``: of length 1, shape (n, width); ``shows``: what each is of, in a word."""

    embeddings: Floats
    shows: tuple[str, ...]

    @property
    def plain(self) -> Floats:
        """The embeddings of single colours."""
        return self.embeddings[[one == PLAIN for one in self.shows]]

    def named(self, hit: NDArray[np.bool_]) -> dict[str, int]:
        """Return how many of the rows that are `hit` show what, the most first."""
        names = [name for name, is_hit in zip(self.shows, hit, strict=True) if is_hit]
        return dict(Counter(names).most_common())


def read_bank(content: bytes, ledger: bytes, name: str) -> HarmlessBank:
    """Return the bank in the bytes of an .npy of int8 and of its ledger, whose column ``what``
    has a word for each row; raise `RuleError` where they do not fit together.
    """
    try:
        header = _HEADER.match(content)
        if header is None:
            raise MisfitError("it is no .npy of int8 in rows")
        words = [row["what"] or "" for row in csv.DictReader(io.StringIO(ledger.decode()))]
    except (ValueError, KeyError, csv.Error) as error:
        raise RuleError(
            "{name}: the bank of harmless pictures cannot be read: {error}; reinstall shuttergate",
            name=name,
            error=error_words(error),
        ) from error
    rows, width = int(header[1]), int(header[2])
    left = content[header.end() :]
    if not 0 < rows == len(words) <= MAX_ROWS or not width or len(left) != rows * width:
        raise RuleError(
            "{name}: the bank of harmless pictures is of shape {shape}, and its ledger has {rows} "
            "rows; reinstall shuttergate",
            name=name,
            shape=(rows, width),
            rows=len(words),
        )
    values = np.frombuffer(left, np.int8).reshape(rows, width).astype(np.float32)
    return HarmlessBank(units(values), tuple(words))


def units(values: NDArray[np.float32] | NDArray[np.float64]) -> Floats:
    """Return rows scaled to length 1; NaN for a row that is zero."""
    with np.errstate(all="ignore"):
        exact = values.astype(np.float64)
        scaled: Floats = (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)
    return scaled
