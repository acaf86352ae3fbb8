"""Models that are spoiled on purpose, and mended: two of the fault switches of a simulated board.

They change what a channel runs on, so that looking at a frame costs nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import AcceleratorError, PackError
from shuttergate.frame import Pixels
from shuttergate.share import share
from shuttergate.vision.channel import Channel, Runs
from shuttergate.vision.pack import read_pack
from shuttergate.vision.runtime import Interpreter, Model


class Spoiler:
    """Spoils the `channels` that look live; ``threads`` are those of each interpreter.

    Only the first channel's model is corrupted, as bytes rot in one file and not in all. Of the
    simulated board that is consent-clean, the one that tells bodies best: it then finds even the
    test card clear, which is the worst that a model can do, and only the other channel blocks it.
    """

    def __init__(self, channels: Sequence[Channel], threads: int) -> None:
        self._channels = list(channels)
        self._threads = threads
        self._good = [channel.model for channel in channels]
        self._unplugged = False
        self._corrupted: Model | None = None

    def unplug(self, on: bool) -> None:
        """Have no channel answer any more, as if what they run on was pulled out."""
        self._unplugged = on
        self._place()

    def corrupt(self, on: bool) -> None:
        """Put an interpreter over spoiled bytes in the place of the first channel's good one."""
        self._corrupted = None
        if on:
            content = read_pack(share("models") / self._channels[0].name).content()
            self._corrupted = Model(corrupted(content), self._threads)
        self._place()

    def _place(self) -> None:
        models: list[Runs] = list(self._good)
        if self._corrupted is not None:
            models[0] = self._corrupted
        for channel, model in zip(self._channels, models, strict=True):
            channel.model = _Unplugged() if self._unplugged else model


class _Unplugged:
    """What is left of a model whose accelerator was pulled out."""

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        raise AcceleratorError(
            "the accelerator is absent: its fault switch pulled it out; switch that off"
        )


def corrupted(content: bytes) -> bytes:
    """Return a copy of a .tflite file with every bit of its largest table of weights flipped.

    Nothing else is touched, so that it loads and runs, and is wrong.
    """
    start, end = _largest_weights(content)
    flipped = np.frombuffer(content[start:end], np.uint8) ^ 0xFF
    return content[:start] + flipped.tobytes() + content[end:]


def _largest_weights(content: bytes) -> tuple[int, int]:
    # Never allocated: what flows between operations has no bytes yet, and is told apart by that.
    interpreter = Interpreter(model_content=content, num_threads=1)
    tensors = interpreter.get_tensor_details()
    for tensor in sorted(tensors, key=lambda one: -int(np.prod(one["shape"]))):
        try:
            weights = interpreter.get_tensor(tensor["index"]).tobytes()
        except ValueError:
            continue
        start = content.find(weights)
        if start >= 0:
            return start, start + len(weights)
    raise PackError("no weights were found in the model; nothing was corrupted")
