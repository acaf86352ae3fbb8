"""A channel: one network and the heads that read it; pixels in, a score a head out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import ConfigError, listed
from shuttergate.frame import Pixels
from shuttergate.vision.embedder import Embedder, Runs
from shuttergate.vision.head import Head
from shuttergate.vision.pack import Pack


class Channel:
    """The network of a verified pack with its heads, for both looks.

    The first of ``heads`` is the pack's own and has the channel's name; ``further`` ones read the
    same embedding. All have different names, or one would hide another's score. ``close``: the
    pack's head for parts of a view, which speaks for the first.
    """

    def __init__(self, pack: Pack, model: Runs, further: Sequence[Head] = ()) -> None:
        self.name = pack.name
        self.sha256 = pack.manifest.sha256
        self.width = pack.manifest.output.shape[-1]  # of what the heads read
        self.is_teachable = pack.manifest.bank is not None
        self.heads = (pack.head(), *further)
        self.close = pack.close_head()
        refuse_namesakes(self.heads)
        self.embedder = Embedder(pack.name, model)
        self.lores_size = pack.lores_size
        self.known_answers = pack.manifest.known_answers

    def teach(self, further: Sequence[Head]) -> None:
        """Have these read the embedding besides the pack's own head, from the next picture on.

        Raises `ConfigError` where two have one name.
        """
        heads = (self.heads[0], *further)
        refuse_namesakes(heads)
        self.heads = heads

    @property
    def model(self) -> Runs:
        """What the network runs on; may be changed for another at any time."""
        return self.embedder.model

    @model.setter
    def model(self, model: Runs) -> None:
        self.embedder.model = model

    def score(self, lores: Pixels) -> float:
        """Return the first head's score in [0, 1] of a uint8 RGB picture of the input's shape.

        Raises `ScoreError` where the model fails or its answer is no score.
        """
        return self.heads[0](self.embedder(lores))


def scores(channels: Sequence[Channel], lores: Pixels) -> dict[str, float]:
    """Return the score of each head of each channel of the same picture; raises `ScoreError`."""
    return looks(channels, lores)[0]


def looks(
    channels: Sequence[Channel], lores: Pixels
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Return as `scores`, and what was read: by network (its sha256) an embedding, shape (n,).

    Each network looks once, however many heads there are.
    """
    found: dict[str, float] = {}
    read: dict[str, NDArray[np.float64]] = {}
    for channel in channels:
        embedding = read[channel.sha256] = channel.embedder(lores)
        for head in channel.heads:
            found[head.name] = head(embedding)
    return found, read


def refuse_namesakes(heads: Sequence[Head]) -> None:
    """Raise `ConfigError` where two heads have one name: the one would hide the other's score."""
    names = [head.name for head in heads]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            "two heads are called {names}; give each a name of its own", names=listed(twice)
        )
