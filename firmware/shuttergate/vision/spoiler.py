"""Models that are spoiled on purpose, and mended: fault switches of a simulated board.

They change what a channel runs on, so that looking at a frame costs nothing more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import AcceleratorError, MisfitError, PackError
from shuttergate.frame import Pixels
from shuttergate.system.paths import share
from shuttergate.vision.channel import Channel
from shuttergate.vision.embedder import Maps, Runs
from shuttergate.vision.pack import read_pack
from shuttergate.vision.runtime import Model, interpreter

Damage = Literal["aborting", "unplugged", "failing", "hanging", "slow", "corrupted", "swapped"]
"""The first five befall the accelerator, and so every model that runs on it."""


class Spoiler:
    """Spoils the `channels` that look live; ``threads`` are those of each interpreter.

    ``slow_s``: how long a slow accelerator takes for its answer.
    Only the first channel's model is corrupted or swapped, as bytes rot in one file and not in all.
    Of the simulated board that is consent-clean, the one that tells bodies best: it then finds even
    the test card clear, which is the worst that a model can do, and only the other blocks it.
    """

    def __init__(self, channels: Sequence[Channel], threads: int, slow_s: float = 0.3) -> None:
        self._channels = list(channels)
        self._threads = threads
        self._good = [channel.model for channel in channels]
        self._on: set[Damage] = set()
        self._troubles: dict[Damage, Callable[[Callable[[], bool]], None]] = {
            "aborting": _aborting,
            "unplugged": _unplugged,
            "failing": _failing,
            "hanging": _hanging,
            "slow": lambda lasts: time.sleep(slow_s),
        }  # the worst first: of several that are on, it is the one that shows
        self._changed: dict[Damage, Runs] = {}  # what stands for the first channel's model

    def switch(self, damage: Damage) -> Callable[[bool], None]:
        """Return what does `damage`, and mends it."""

        def to(on: bool) -> None:
            if on and damage == "corrupted":
                self._changed[damage] = Model(corrupted(self._content(0)), self._threads)
            elif on and damage == "swapped":
                self._changed[damage] = Model(self._content(-1), self._threads)
            self._on = self._on | {damage} if on else self._on - {damage}
            self._place()
            if not on:
                self._changed.pop(damage, None)  # or its memory would look like a leak

        return to

    def _content(self, place: int) -> bytes:
        return read_pack(share("models") / self._channels[place].name).content()

    def _place(self) -> None:
        models: list[Runs] = list(self._good)
        for damage, model in self._changed.items():
            if damage in self._on:
                models[0] = model
        for damage, trouble in self._troubles.items():
            if damage in self._on:
                models = [_Troubled(model, trouble, self._lasts(damage)) for model in models]
                break
        for channel, model in zip(self._channels, models, strict=True):
            channel.model = model

    def _lasts(self, damage: Damage) -> Callable[[], bool]:
        return lambda: damage in self._on


class _Troubled:
    """A model on an accelerator that does what accelerators do when they break."""

    def __init__(
        self, model: Runs, trouble: Callable[[Callable[[], bool]], None], lasts: Callable[[], bool]
    ) -> None:
        self._model = model
        self._trouble = trouble
        self._lasts = lasts

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        self._trouble(self._lasts)
        return self._model(pixels)

    def with_map(self, pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        self._trouble(self._lasts)
        if not isinstance(self._model, Maps):
            raise MisfitError("the model gives no feature map")
        return self._model.with_map(pixels)


def _unplugged(lasts: Callable[[], bool]) -> None:
    raise AcceleratorError(
        "the accelerator is absent: its fault switch pulled it out; switch that off"
    )


def _failing(lasts: Callable[[], bool]) -> None:
    raise RuntimeError("the delegate failed: its fault switch broke it; switch that off")


def _hanging(lasts: Callable[[], bool]) -> None:
    while lasts():
        time.sleep(0.01)


def _aborting(lasts: Callable[[], bool]) -> None:
    os.abort()


def corrupted(content: bytes) -> bytes:
    """Return a copy of a .tflite file with every bit of its largest table of weights flipped.

    Nothing else is touched, so that it loads and runs, and is wrong.
    """
    start, end = _largest_weights(content)
    flipped = np.frombuffer(content[start:end], np.uint8) ^ 0xFF
    return content[:start] + flipped.tobytes() + content[end:]


def _largest_weights(content: bytes) -> tuple[int, int]:
    # Never allocated: what flows between operations has no bytes yet, and is told apart by that.
    graph = interpreter(content)
    tensors = graph.get_tensor_details()
    for tensor in sorted(tensors, key=lambda one: -int(np.prod(one["shape"]))):
        try:
            weights = graph.get_tensor(tensor["index"]).tobytes()
        except ValueError:
            continue
        start = content.find(weights)
        if start >= 0:
            return start, start + len(weights)
    raise PackError("no weights were found in the model; nothing was corrupted")
