"""Check the converted model before anyone may use it.

Runs inside the recipe's own environment:
`python check.py INT8.tflite FLOAT.tflite SOURCE.onnx CALIBRATION.npy`; exit 1 on the first fault.
"""

from __future__ import annotations

import collections
import sys
from pathlib import Path

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

MEAN_BGR = (104.0, 117.0, 123.0)  # what the source graph expects to be taken off

EXPECTED_OPS = {
    "ADD": 16,
    "AVERAGE_POOL_2D": 1,
    "CONV_2D": 53,
    "FULLY_CONNECTED": 1,
    "MAX_POOL_2D": 1,
    "PAD": 1,
    "QUANTIZE": 2,
    "RESHAPE": 1,
    "SOFTMAX": 1,
    "SUB": 1,
}

# Google's list of operations that its Edge TPU compiler maps.
EDGE_TPU_OPS = frozenset(
    [
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "EXPAND_DIMS",
        "FULLY_CONNECTED",
        "L2_NORMALIZATION",
        "LOGISTIC",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MUL",
        "PACK",
        "PAD",
        "PRELU",
        "QUANTIZE",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "RSQRT",
        "SLICE",
        "SOFTMAX",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SQUARED_DIFFERENCE",
        "SQUEEZE",
        "STRIDED_SLICE",
        "SUB",
        "SUM",
        "TANH",
        "TRANSPOSE",
        "TRANSPOSE_CONV",
    ]
)

# Too narrow and a sure answer cannot be told; too wide and a step of the logits is a jump of score.
LOGIT_SPAN = (6.0, 40.0)
MAX_REWRITE_DIFFERENCE = 1e-4  # rewritten float graph against the source graph: rounding only
MAX_INT8_DIFFERENCE = 0.25  # score, int8 against float, worst calibration picture
MEAN_INT8_DIFFERENCE = 0.04  # score, int8 against float, mean over the calibration pictures
REFERENCE_PICTURES = 4  # onnx's own evaluator takes seconds a picture


class CheckFailed(Exception):
    """The model is not what the recipe promises."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise CheckFailed with the given sentence unless the condition holds."""
    if not holds:
        raise CheckFailed(otherwise)


def check_graph(model_path: Path) -> str:
    """The operations, the input, the output and the range before the softmax."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model_path.read_bytes(), 0))
    names = {
        code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
    }
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    expect(len(model.subgraphs) == 1, f"{len(model.subgraphs)} subgraphs, expected one")
    graph = model.subgraphs[0]

    ops = dict(
        sorted(collections.Counter(names[codes[o.opcodeIndex]] for o in graph.operators).items())
    )
    foreign = set(ops) - EDGE_TPU_OPS
    expect(not foreign, f"operations the Edge TPU does not know: {sorted(foreign)}")
    expect(ops == EXPECTED_OPS, f"operations {ops}, expected {EXPECTED_OPS}")

    expect(len(graph.inputs) == 1 and len(graph.outputs) == 1, "more than one input or output")
    picture, answer = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    for label, tensor, shape in (("input", picture, [1, 224, 224, 3]), ("output", answer, [1, 2])):
        expect(tensor.type == schema.TensorType.UINT8, f"the {label} is not uint8")
        expect(list(tensor.shape) == shape, f"{label} shape {list(tensor.shape)}, not {shape}")
    scale, zero = float(picture.quantization.scale[0]), int(picture.quantization.zeroPoint[0])
    expect((scale, zero) == (1.0, 0), f"input scale {scale}, zero point {zero}; expected 1 and 0")

    softmax = next(o for o in graph.operators if names[codes[o.opcodeIndex]] == "SOFTMAX")
    step = float(graph.tensors[softmax.inputs[0]].quantization.scale[0])
    span = 255 * step
    expect(LOGIT_SPAN[0] <= span <= LOGIT_SPAN[1], f"logits span {span:.2f}, expected {LOGIT_SPAN}")
    return f"operations {ops}\nlogits span {span:.2f} in steps of {step:.4f}"


def scores(model_path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The nsfw score of each picture [N, 224, 224, 3], as float32 [N] in 0..1."""
    interpreter = Interpreter(model_path=str(model_path), num_threads=1)
    interpreter.allocate_tensors()
    entry, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = answer["quantization"]
    found = []
    for picture in pictures:
        interpreter.set_tensor(entry["index"], picture[None].astype(entry["dtype"]))
        interpreter.invoke()
        nsfw = float(interpreter.get_tensor(answer["index"])[0, 1])
        found.append((nsfw - zero) * scale if scale else nsfw)
    return np.array(found, np.float32)


def source_scores(source: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same from Yahoo's untouched graph through onnx's reference evaluator: float32 [N]."""
    evaluator = ReferenceEvaluator(onnx.load(str(source)))
    entry = evaluator.input_names[0]
    found = []
    for picture in pictures:
        bgr = picture[None, ..., ::-1].astype(np.float32) - np.array(MEAN_BGR, np.float32)
        found.append(evaluator.run(None, {entry: bgr})[0][0, 1])
    return np.array(found, np.float32)


def check_scores(int8: Path, floating: Path, source: Path, pictures: NDArray[np.uint8]) -> str:
    """The rewritten float graph against the source, then int8 against float."""
    float_scores = scores(floating, pictures)
    some = np.linspace(0, len(pictures) - 1, REFERENCE_PICTURES).astype(int)
    rewrite = float(np.abs(source_scores(source, pictures[some]) - float_scores[some]).max())
    expect(
        rewrite <= MAX_REWRITE_DIFFERENCE,
        f"the rewritten graph differs from the source by {rewrite:.6f}",
    )
    difference = np.abs(scores(int8, pictures) - float_scores)
    worst, mean = float(difference.max()), float(difference.mean())
    expect(worst <= MAX_INT8_DIFFERENCE, f"int8 differs from float by up to {worst:.3f}")
    expect(mean <= MEAN_INT8_DIFFERENCE, f"int8 differs from float by {mean:.3f} on average")
    return (
        f"rewritten float graph against the source: at most {rewrite:.1e}\n"
        f"int8 against float on {len(pictures)} pictures: at most {worst:.4f}, mean {mean:.4f}"
    )


def main() -> int:
    """Print what was found; 1 with a sentence on stderr if anything is wrong."""
    int8, floating, source, calibration = map(Path, sys.argv[1:])
    try:
        print(check_graph(int8))
        print(check_scores(int8, floating, source, np.load(calibration)))
    except CheckFailed as fault:
        print(f"the converted model is not right: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
