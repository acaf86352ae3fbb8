"""Run the few ONNX operations of open-nsfw in torch, so that a card can be optimised through it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional


class Graph:
    """A picture (n, 3, 224, 224) of RGB 0..255 to the graph's last tensor before its softmax."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path)).graph
        self.input = graph.input[0].name
        self.nodes = [node for node in graph.node if node.op_type != "Softmax"]
        self.weights = {
            one.name: torch.from_numpy(numpy_helper.to_array(one).copy())
            for one in graph.initializer
        }

    def __call__(self, picture: torch.Tensor) -> torch.Tensor:
        values: dict[str, torch.Tensor] = {**self.weights, self.input: picture}
        for node in self.nodes:
            settings = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            inputs = [values[name] for name in node.input]
            values[node.output[0]] = OPERATIONS[node.op_type](inputs, settings)
        return values[self.nodes[-1].output[0]]


def _conv(inputs: list[torch.Tensor], settings: dict[str, Any]) -> torch.Tensor:
    top, left, bottom, right = settings.get("pads", [0, 0, 0, 0])
    picture = functional.pad(inputs[0], (left, right, top, bottom))
    return functional.conv2d(picture, *inputs[1:], stride=settings["strides"])


def _pool(inputs: list[torch.Tensor], settings: dict[str, Any]) -> torch.Tensor:
    top, left, bottom, right = settings.get("pads", [0, 0, 0, 0])
    picture = functional.pad(inputs[0], (left, right, top, bottom), value=float("-inf"))
    return functional.max_pool2d(picture, settings["kernel_shape"], settings["strides"])


OPERATIONS: dict[str, Any] = {
    "Conv": _conv,
    "MaxPool": _pool,
    "Relu": lambda inputs, _: functional.relu(inputs[0]),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "AveragePool": lambda inputs, settings: functional.avg_pool2d(
        inputs[0], settings["kernel_shape"], settings["strides"]
    ),
    "Flatten": lambda inputs, _: inputs[0].flatten(1),
    "Gemm": lambda inputs, _: inputs[0] @ inputs[1] + inputs[2],
}
