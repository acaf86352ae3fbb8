"""Whether a model fits the Edge TPU is told from the model alone, and told rightly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shuttergate.errors import PackError
from shuttergate.packs import edgetpu_fit
from shuttergate.packs.edgetpu_fit import ON_CHIP_BYTES, examine
from shuttergate.system.paths import share
from shuttergate.vision.runtime import Model
from support import needs
from support.places import CORAL

TWIN = "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
COMPILED = (
    "mobilenet_v1_1.0_224_quant_embedding_extractor_edgetpu.tflite",
    "mobilenet_v2_1.0_224_quant_edgetpu.tflite",
)


def coral(name: str) -> bytes:
    needs.shared("data/coral").or_skip()
    return (CORAL / name).read_bytes()


class Graph:
    """An interpreter of a made-up model: what `examine` asks of a real one, and no more."""

    def __init__(self) -> None:
        self.ops: list[dict[str, Any]] = []
        self.tensors: list[dict[str, Any]] = []
        self.values: dict[int, Any] = {}
        self.input = self.tensor([1, 8, 8, 3])

    def tensor(
        self, shape: list[int], dtype: Any = np.int8, scaled: bool = True, free: bool = False
    ) -> int:
        self.tensors.append(
            {
                "index": len(self.tensors),
                "name": f"tensor{len(self.tensors)}",
                "shape": np.array(shape),
                "shape_signature": np.array([-1, *shape[1:]] if free else shape),
                "dtype": dtype,
                "quantization_parameters": {"scales": np.ones(int(scaled))},
            }
        )
        return len(self.tensors) - 1

    def op(self, name: str, inputs: list[int], output: int) -> int:
        self.ops.append({"op_name": name, "inputs": np.array(inputs), "outputs": [output]})
        return output

    def _get_ops_details(self) -> list[dict[str, Any]]:
        return self.ops

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return self.tensors

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self.tensors[self.input]]

    def get_tensor(self, index: int) -> Any:
        return self.values[index]


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Graph:
    made = Graph()
    monkeypatch.setattr(edgetpu_fit, "interpreter", lambda *_: made)
    return made


def problems() -> str:
    return "\n".join(map(str, examine(b"made up").problems))


@pytest.mark.parametrize("name", ["consent-clean/embedding.tflite", "open-nsfw/open-nsfw.tflite"])
def test_our_own_models_fit_and_stay_on_the_chip(name: str) -> None:
    found = examine((share("models") / name).read_bytes())
    assert not found.problems and not found.compiled
    assert 3_000_000 < found.parameter_bytes < 6_500_000 and found.cached
    assert "AVERAGE_POOL_2D: no fused activation" in map(str, found.unseen)


def test_parameters_are_counted_to_the_byte(graph: Graph) -> None:
    weights, bias = graph.tensor([16, 3, 3, 3]), graph.tensor([16], np.int32)
    graph.tensor([1000])  # used by nothing
    graph.op("CONV_2D", [graph.input, weights, bias], graph.tensor([1, 8, 8, 16]))
    found = examine(b"made up")
    assert not found.problems
    assert found.parameter_bytes == 16 * 27 + 4 * 16


def test_too_many_parameters_are_said_to_be_slow_and_not_wrong(graph: Graph) -> None:
    weights = graph.tensor([1, ON_CHIP_BYTES])
    graph.op("FULLY_CONNECTED", [graph.input, weights, -1], graph.tensor([1, 1]))
    found = examine(b"made up")
    assert not found.cached and not found.problems


def test_the_twin_of_the_compiled_model_fits() -> None:
    found = examine(coral(TWIN))
    assert not found.problems and found.cached
    assert found.ops == {"AVERAGE_POOL_2D": 1, "CONV_2D": 14, "DEPTHWISE_CONV_2D": 13}


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_model_is_known_as_such(name: str) -> None:
    found = examine(coral(name))
    assert found.compiled and found.whole and not found.problems


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_model_is_refused_where_no_delegate_is(name: str) -> None:
    with pytest.raises(PackError, match="unresolved custom op: edgetpu-custom-op"):
        Model(coral(name))


def test_a_model_that_was_compiled_in_part_says_what_the_cpu_does(graph: Graph) -> None:
    middle = graph.op("edgetpu-custom-op", [graph.input], graph.tensor([1, 9]))
    graph.op("SOFTMAX", [middle], graph.tensor([1, 9]))
    found = examine(b"made up")
    assert found.compiled and not found.whole
    assert "compiled in part: 1 SOFTMAX" in str(found.problems[0])


def test_an_operation_that_is_not_on_the_list_is_named(graph: Graph) -> None:
    graph.op("LEAKY_RELU", [graph.input], graph.tensor([1, 8, 8, 3]))
    assert problems() == "1 LEAKY_RELU: not among the Edge TPU's operations"


def test_floats_and_wide_integers_are_named(graph: Graph) -> None:
    middle = graph.op("LOGISTIC", [graph.input], graph.tensor([1, 8, 8, 3], np.float32))
    graph.op("TANH", [middle], graph.tensor([1, 8, 8, 3], np.int32))
    assert "1 tensors are float32, the first 'tensor1'" in problems()
    assert "1 tensors are int32, the first 'tensor2'" in problems()


def test_bytes_without_a_scale_are_named(graph: Graph) -> None:
    graph.op("TANH", [graph.input], graph.tensor([1, 8, 8, 3], scaled=False))
    assert "1 tensors are int8 without a scale" in problems()


def test_a_free_size_is_named(graph: Graph) -> None:
    graph.op("TANH", [graph.input], graph.tensor([1, 8, 8, 3], free=True))
    assert problems() == "tensor 'tensor1' has no constant size: fix it when converting"


def test_a_fourth_dimension_is_named_but_weights_may_have_it(graph: Graph) -> None:
    weights = graph.tensor([16, 3, 3, 3])
    graph.op("CONV_2D", [graph.input, weights], graph.tensor([2, 8, 8, 16]))
    assert problems() == "tensor 'tensor2' is [2, 8, 8, 16]: only the last 3 may be over 1"


@pytest.mark.parametrize(
    ("shape", "fits"), [([1, 16_000], True), ([1, 16_001], False), ([1, 4, 4], False)]
)
def test_softmax_has_one_dimension_and_an_end(graph: Graph, shape: list[int], fits: bool) -> None:
    middle = graph.op("RELU", [graph.input], graph.tensor(shape))
    graph.op("SOFTMAX", [middle], graph.tensor(shape))
    assert (not problems()) == fits


def test_fully_connected_gives_one_dimension(graph: Graph) -> None:
    graph.op("FULLY_CONNECTED", [graph.input, graph.tensor([4, 3])], graph.tensor([8, 4]))
    assert problems() == "FULLY_CONNECTED gives [8, 4]: one dimension only"


@pytest.mark.parametrize("batch", [0, 1])
def test_padding_leaves_the_batch_alone(graph: Graph, batch: int) -> None:
    pads = graph.tensor([4, 2], np.int32)
    graph.values[pads] = np.array([[batch, 0], [1, 1], [1, 1], [0, 0]])
    graph.op("PAD", [graph.input, pads], graph.tensor([1, 10, 10, 3]))
    assert ("PAD in the first dimension" in problems()) == bool(batch)


@pytest.mark.parametrize("content", [b"", b"this is no flatbuffer" * 100])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(PackError, match="this is no TFLite model"):
        examine(content)
