"""Does a model fit the Edge TPU? Told from the model alone, before anything is compiled.

The rules are Coral's: https://coral.ai/docs/edgetpu/models-intro/ (model requirements, supported
operations; runtime 14) and https://coral.ai/docs/edgetpu/compiler/ (parameter data caching). The
compiler has the last word: it also reads what the interpreter does not show, see `Fit.unseen`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shuttergate.errors import PackError, Phrase, phrase
from shuttergate.vision.runtime import interpreter

COMPILED_OP = "edgetpu-custom-op"
"""The one operation that the compiler makes of all that it could map."""

ON_CHIP_BYTES = 8 << 20
"""SRAM for parameters, "roughly 8 MB", of which the model's program takes a small part first."""

_FUSED = phrase("no fused activation")
_DILATION = phrase("the same dilation in both directions")
_BATCH = phrase("the first dimension is left alone")
_SIZES = phrase("some sizes are left out for precision")
SUPPORTED: dict[str, Phrase | None] = {
    "ADD": None,
    "AVERAGE_POOL_2D": _FUSED,
    "CONCATENATION": phrase(
        "{one}; {more}", one=_FUSED, more=phrase("a constant input is all zeros and one of two")
    ),
    "CONV_2D": _DILATION,
    "DEPTHWISE_CONV_2D": _DILATION,
    "EXPAND_DIMS": None,
    "FULLY_CONNECTED": phrase("weights in the default format"),
    "L2_NORMALIZATION": None,
    "LOGISTIC": None,
    "MAXIMUM": None,
    "MAX_POOL_2D": _FUSED,
    "MEAN": phrase(
        "{one}; {more}", one=_BATCH, more=phrase("depth only where it is a multiple of 4")
    ),
    "MINIMUM": None,
    "MUL": None,
    "PACK": _BATCH,
    "PAD": None,
    "PRELU": phrase("alpha has one dimension"),
    "QUANTIZE": None,
    "REDUCE_MAX": _BATCH,
    "REDUCE_MIN": _BATCH,
    "RELU": None,
    "RELU6": None,
    "RELU_N1_TO_1": None,
    "RESHAPE": phrase("large tensors may be left out"),
    "RESIZE_BILINEAR": _SIZES,
    "RESIZE_NEAREST_NEIGHBOR": _SIZES,
    "RSQRT": None,
    "SLICE": None,
    "SOFTMAX": None,
    "SPACE_TO_DEPTH": None,
    "SPLIT": _BATCH,
    "SQUARED_DIFFERENCE": None,
    "SQUEEZE": None,
    "STRIDED_SLICE": phrase("all strides 1, no ellipsis or new axis"),
    "SUB": None,
    "SUM": _BATCH,
    "TANH": None,
    "TRANSPOSE": None,
    "TRANSPOSE_CONV": None,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": None,
}
"""The documented operations, with the limits that cannot be seen here."""

SOFTMAX_MOST = 16_000


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found. ``ops`` counts operations; ``parameter_bytes`` are those of the constants
    (the compiler pads them: the compiled size is some per cent more); ``problems`` are sentences.
    """

    ops: dict[str, int]
    parameter_bytes: int
    problems: tuple[Phrase, ...]
    unseen: tuple[Phrase, ...]

    @property
    def compiled(self) -> bool:
        """Whether this is a model that the compiler made, whole or in part."""
        return COMPILED_OP in self.ops

    @property
    def whole(self) -> bool:
        """Whether it is compiled with nothing left over for the CPU."""
        return self.ops == {COMPILED_OP: 1}

    @property
    def cached(self) -> bool:
        """Whether the parameters stay on the chip, and are not sent anew for every picture."""
        return self.parameter_bytes < ON_CHIP_BYTES


@dataclass(frozen=True, slots=True)
class _Node:
    name: str
    inputs: list[int]
    outputs: list[int]


@dataclass(frozen=True, slots=True)
class _Graph:
    interpreter: Any
    nodes: list[_Node]
    tensors: dict[int, dict[str, Any]]
    constants: set[int]

    def label(self, index: int) -> str:
        """The tensor's name, or its number where it has none."""
        return repr(self.tensors[index]["name"] or index)

    def value(self, index: int) -> Any:
        """A constant's values."""
        return self.interpreter.get_tensor(index)


def examine(content: bytes) -> Fit:
    """Look at the bytes of a .tflite file; nothing is run. Raises `PackError` for other bytes."""
    graph = _read(content)
    ops = dict(Counter(node.name for node in graph.nodes))
    if COMPILED_OP in ops:
        left = [f"{count} {name}" for name, count in ops.items() if name != COMPILED_OP]
        split = ops[COMPILED_OP] > 1 or left
        what = Phrase(", ".join(left)) if left else phrase("it is cut in pieces")
        problem = phrase("compiled in part: {what}; the CPU does that", what=what)
        return Fit(ops, 0, (problem,) if split else (), ())
    size = sum(_bytes(graph.tensors[index]) for index in graph.constants)
    limits = [(name, SUPPORTED.get(name)) for name in sorted(ops)]
    unseen = [phrase("{op}: {limit}", op=name, limit=one) for name, one in limits if one]
    versions = phrase("versions of operations")
    return Fit(ops, size, tuple(_problems(graph, ops)), (versions, *unseen))


def _read(content: bytes) -> _Graph:
    try:
        # Never allocated: delegates would come in, and a compiled model would be refused.
        graph = interpreter(content)
        details = graph._get_ops_details()
        tensors = {int(one["index"]): one for one in graph.get_tensor_details()}
        fed = {int(one["index"]) for one in graph.get_input_details()}
    except (ValueError, RuntimeError) as error:
        raise PackError(
            "this is no TFLite model: {cause}", cause=str(error).splitlines()[0]
        ) from error
    nodes = [
        _Node(
            str(one["op_name"]),
            [int(index) for index in one["inputs"] if index >= 0],
            [int(index) for index in one["outputs"]],
        )
        for one in details
    ]
    made = {index for node in nodes for index in node.outputs}
    used = {index for node in nodes for index in node.inputs}
    return _Graph(graph, nodes, tensors, used - made - fed)


def _bytes(tensor: dict[str, Any]) -> int:
    size: int = np.dtype(tensor["dtype"]).itemsize
    return size * math.prod(int(length) for length in tensor["shape"])


def _problems(graph: _Graph, ops: dict[str, int]) -> Iterator[Phrase]:
    for name in sorted(ops.keys() - SUPPORTED.keys()):
        yield phrase("{n} {op}: not among the Edge TPU's operations", n=ops[name], op=name)
    yield from _types(graph)
    yield from _shapes(graph)
    for node in graph.nodes:
        yield from _limits(graph, node)


def _seen(graph: _Graph) -> list[int]:
    """Every tensor that an operation takes or gives."""
    return sorted({index for node in graph.nodes for index in (*node.inputs, *node.outputs)})


def _types(graph: _Graph) -> Iterator[Phrase]:
    wrong: dict[str, list[int]] = {}
    for index in _seen(graph):
        tensor = graph.tensors[index]
        dtype = np.dtype(tensor["dtype"]).name
        if dtype in ("int8", "uint8"):
            if len(tensor["quantization_parameters"]["scales"]) == 0:
                wrong.setdefault(f"{dtype} without a scale", []).append(index)
        elif dtype != "int32" or index not in graph.constants:
            wrong.setdefault(dtype, []).append(index)
    for dtype, found in wrong.items():
        yield phrase(
            "{n} tensors are {dtype}, the first {tensor}; all must be int8 or uint8 with a scale, "
            "and biases int32: convert to full integers",
            n=len(found),
            dtype=dtype,
            tensor=graph.label(found[0]),
        )


def _shapes(graph: _Graph) -> Iterator[Phrase]:
    for index in _seen(graph):
        tensor = graph.tensors[index]
        if any(length < 1 for length in (*tensor["shape"], *tensor["shape_signature"])):
            yield phrase(
                "tensor {tensor} has no constant size: fix it when converting",
                tensor=graph.label(index),
            )
        # Weights are laid out by the compiler; the rule is for what flows between operations.
        elif index not in graph.constants and any(length > 1 for length in tensor["shape"][:-3]):
            shape = [int(length) for length in tensor["shape"]]
            yield phrase(
                "tensor {tensor} is {shape}: only the last 3 may be over 1",
                tensor=graph.label(index),
                shape=shape,
            )


def _limits(graph: _Graph, node: _Node) -> Iterator[Phrase]:
    """The limits of single operations, where they can be seen."""
    first = [int(length) for length in graph.tensors[node.inputs[0]]["shape"]]
    if node.name == "SOFTMAX" and not (max(first) == math.prod(first) <= SOFTMAX_MOST):
        yield phrase(
            "SOFTMAX of {shape}: one dimension only, with {most} values at most",
            shape=first,
            most=SOFTMAX_MOST,
        )
    elif node.name == "FULLY_CONNECTED":
        given = [int(length) for length in graph.tensors[node.outputs[0]]["shape"]]
        if max(given) != math.prod(given):
            yield phrase("FULLY_CONNECTED gives {shape}: one dimension only", shape=given)
    elif node.name == "PAD":
        if node.inputs[1] not in graph.constants:
            yield phrase("PAD by what is not constant")
        elif len(first) > 3 and graph.value(node.inputs[1])[0].any():
            yield phrase("PAD in the first dimension, the batch")
