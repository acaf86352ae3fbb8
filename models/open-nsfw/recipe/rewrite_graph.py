"""Rewrite Yahoo's open_nsfw graph so that it takes camera bytes and converts cleanly to int8.

Runs inside the recipe's own environment: `python rewrite_graph.py SOURCE.onnx TARGET.onnx`.

In:  float32 [N, 224, 224, 3], BGR, minus the training mean [104, 117, 123].
Out: float32 [1, 3, 224, 224], RGB, 0..255, called `rgb`; the mean and the channel order are inside.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

MEAN_RGB = (123.0, 117.0, 104.0)  # Yahoo's training mean, byte units, in RGB order
INPUT_NAME = "rgb"
SIDE_PX = 224


class UnexpectedGraph(ValueError):
    """The source graph is not the open_nsfw graph this recipe was written for."""


def _only(graph: GraphProto, op_type: str) -> NodeProto:
    """The one node of this type; anything but one means another graph than ours."""
    found = [node for node in graph.node if node.op_type == op_type]
    if len(found) != 1:
        raise UnexpectedGraph(f"expected one {op_type} node, found {len(found)}")
    return found[0]


def _tensor(graph: GraphProto, name: str) -> TensorProto:
    """The stored weights called `name`."""
    for tensor in graph.initializer:
        if tensor.name == name:
            return tensor
    raise UnexpectedGraph(f"no weights called {name}")


def take_rgb_bytes(graph: GraphProto) -> None:
    """Replace the NHWC, BGR, mean-free input by NCHW RGB bytes as float32 [1, 3, 224, 224]."""
    transpose = _only(graph, "Transpose")
    first_conv = next(node for node in graph.node if node.op_type == "Conv")
    if first_conv.input[0] != transpose.output[0]:
        raise UnexpectedGraph("the first convolution does not read the transposed input")

    # Turning the kernel's input channels round is free at run time; turning the picture is not.
    kernel = _tensor(graph, first_conv.input[1])
    turned = numpy_helper.to_array(kernel)[:, ::-1].copy()
    kernel.CopyFrom(numpy_helper.from_array(turned, kernel.name))

    # A Sub, not a folded bias: the convolution pads with zeros *after* the mean is taken off, so a
    # folded mean would be wrong along the frame's edges, and the gate must see the edges.
    mean = np.array(MEAN_RGB, np.float32).reshape(1, 3, 1, 1)
    graph.initializer.append(numpy_helper.from_array(mean, "mean_rgb"))
    subtract = helper.make_node(
        "Sub", [INPUT_NAME, "mean_rgb"], [transpose.output[0]], name="subtract_mean"
    )
    graph.node.remove(transpose)
    graph.node.insert(0, subtract)

    del graph.input[:]
    shape = [1, 3, SIDE_PX, SIDE_PX]
    graph.input.append(helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, shape))
    for output in graph.output:
        output.type.tensor_type.shape.dim[0].dim_value = 1


def join_classifier(graph: GraphProto) -> None:
    """Turn Reshape, Reshape, MatMul, Add into Flatten, Gemm.

    Left as they are they become BATCH_MATMUL, whose int8 answer is wrong by up to 0.89 and which
    the Edge TPU does not know; Gemm becomes FULLY_CONNECTED.
    """
    matmul = _only(graph, "MatMul")
    pool = _only(graph, "AveragePool")
    reshapes = [node for node in graph.node if node.op_type == "Reshape"]
    add = next(node for node in graph.node if matmul.output[0] in node.input)
    bias_name = next(name for name in add.input if name != matmul.output[0])

    place = list(graph.node).index(add)
    flatten = helper.make_node("Flatten", [pool.output[0]], ["flat"], name="flatten")
    gemm = helper.make_node(
        "Gemm", ["flat", matmul.input[1], bias_name], [add.output[0]], name="fc"
    )
    graph.node.insert(place + 1, gemm)
    graph.node.insert(place + 1, flatten)
    for node in [matmul, add, *reshapes]:
        graph.node.remove(node)

    bias = _tensor(graph, bias_name)
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias).reshape(-1), bias_name))


def rewrite(source: Path, target: Path) -> None:
    """Read the open_nsfw ONNX file at `source`, write the rewritten one to `target`."""
    model = onnx.load(str(source))
    take_rgb_bytes(model.graph)
    join_classifier(model.graph)
    del model.graph.value_info[:]  # the stored shapes still describe the old graph
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]), Path(sys.argv[2]))
