"""The TFLite interpreter, from whichever runtime is installed; chosen here and nowhere else."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import MisfitError, PackError, ShuttergateError
from shuttergate.system.extras import mend

NUMPY_1 = np.__version__.startswith("1.")
"""The wheels of tflite-runtime are built for it; with another they fail at the first model."""

RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}


def _chosen() -> tuple[str, Any]:
    """Return the runtime's name and its module.

    Numpy 1 beside tflite-runtime is what the extra of this name installs, and asks for it.
    """
    for name in reversed(RUNTIMES) if NUMPY_1 else RUNTIMES:
        with contextlib.suppress(ImportError):
            return name, importlib.import_module(f"{RUNTIMES[name]}.interpreter")
    how = mend("runtime", "ai-edge-litert")
    raise ShuttergateError("no TFLite runtime is installed; {mend}", mend=how)


RUNTIME, _runtime = _chosen()


def interpreter(content: bytes, threads: int = 1, delegate: Any = None) -> Any:
    """Return an interpreter over the bytes of a .tflite file, nothing allocated yet.

    Raises `ShuttergateError` where the runtime cannot work here at all, and for a model what the
    runtime raises: ValueError or RuntimeError.
    """
    if RUNTIME == "tflite-runtime" and not NUMPY_1:
        raise ShuttergateError(
            "tflite-runtime is built for numpy 1, and numpy {version} is "
            "installed; pip install ai-edge-litert, or on Python 3.11 "
            "shuttergate's extra tflite",
            version=np.__version__,
        )
    helpers = [] if delegate is None else [delegate]
    return _runtime.Interpreter(
        model_content=content, num_threads=threads, experimental_delegates=helpers
    )


@dataclass(frozen=True, slots=True)
class Port:
    """A model's input or output: shape, numpy type name, and real = (q - zero_point) * scale."""

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


class Model:
    """One interpreter over one model. Any thread may call it; one at a time is let in."""

    def __init__(self, content: bytes, threads: int = 1, delegate: Any = None) -> None:
        """Build from the bytes of a .tflite file; raise `PackError` where no interpreter comes.

        ``delegate``: what `load_delegate` returned, to run the operations that it claims.
        """
        try:
            with _no_chatter():
                self._interpreter = interpreter(content, threads, delegate)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            cause = str(error).splitlines()[0]
            raise PackError(
                "{runtime} cannot run this model: {cause}", runtime=RUNTIME, cause=cause
            ) from error
        inputs, outputs = (
            self._interpreter.get_input_details(),
            self._interpreter.get_output_details(),
        )
        if len(inputs) != 1 or len(outputs) not in (1, 2):
            raise PackError(
                "the model has {inputs} inputs and {outputs} outputs; one of each "
                "is due, or a second output for the last feature map",
                inputs=len(inputs),
                outputs=len(outputs),
            )
        self.input = _port(inputs[0])
        self.output = _port(outputs[0])
        self.map = _port(outputs[1]) if len(outputs) == 2 else None
        self._lock = threading.Lock()
        self._input_index = int(inputs[0]["index"])
        self._output_index = int(outputs[0]["index"])
        self._map_index = int(outputs[-1]["index"])

    def ops(self) -> dict[str, int]:
        """Return how often each operation stands in the graph.

        Delegates that the runtime itself put in (XNNPACK) are not the model's and are left out.
        """
        counts: dict[str, int] = {}
        for op in self._interpreter._get_ops_details():
            name = str(op["op_name"])
            if name != "DELEGATE":
                counts[name] = counts.get(name, 0) + 1
        return counts

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Run once on input bytes of the model's own shape; return the outputs, dequantised.

        Shape (n,), float64. An exception means that there is no answer: the output tensor of a
        failed run still holds the answer before it, and is never read.
        """
        return dequantised(self.raw(pixels), self.output)

    def with_map(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run as in a call; return the outputs and the map (rows, columns, channels), dequantised.

        Raises `ValueError` where the model has none.
        """
        if self.map is None:
            raise MisfitError("the model gives no feature map")
        with self._lock:
            outputs = self._run(pixels)
            cells = self._interpreter.get_tensor(self._map_index)
        return dequantised(outputs, self.output), dequantised(cells[0], self.map)

    def raw(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Run as in a call; return the outputs as they come, shape (n,), of the output's dtype."""
        with self._lock:
            return self._run(pixels)

    def _run(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        self._interpreter.set_tensor(self._input_index, pixels.reshape(self.input.shape))
        self._interpreter.invoke()
        outputs: NDArray[Any] = self._interpreter.get_tensor(self._output_index).reshape(-1)
        return outputs


def dequantised(raw: NDArray[Any], port: Port) -> NDArray[np.float64]:
    """Return real values of raw ones, in their shape."""
    # Widened first: uint8 minus a zero point would wrap around.
    values: NDArray[np.float64] = raw.astype(np.float64) - port.zero_point
    return values * port.scale


def load_delegate(library: str, options: Mapping[str, str]) -> Any:
    """Load the accelerator's `library`; raise `PackError` where it is missing or takes nothing."""
    try:
        return _runtime.load_delegate(library, dict(options))
    except (ValueError, OSError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        cause = lines[-1] if lines else repr(error)
        raise PackError("{library} does not load: {cause}", library=library, cause=cause) from error


@contextlib.contextmanager
def _no_chatter() -> Iterator[None]:
    """Keep the runtime's greeting, which it writes past Python, out of people's terminals.

    What goes wrong comes as an exception and not this way.
    """
    sys.stderr.flush()
    # To read: a process of the kit may open nothing to write, and what cannot be said is not heard.
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _port(details: Mapping[str, Any]) -> Port:
    scale, zero_point = details["quantization"]
    return Port(
        tuple(int(length) for length in details["shape"]),
        np.dtype(details["dtype"]).name,
        float(scale) or 1.0,  # a float tensor says 0.0: its values are real already
        int(zero_point),
    )
