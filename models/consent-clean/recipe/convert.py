"""From the tuned backbone to what onnx2tf wants: `python convert.py TUNED.pt SHARE VIEWS OUT_DIR`.

SHARE is how far the backbone moves from the published weights to the tuned ones, 0 to 1. Writes
embedding.onnx and calibration.npy; and mends onnx2tf 2.6.9, which gives the bias of a
depthwise convolution the axis of its weights, so that no runtime takes the model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from backbone import Backbone, blended, to_onnx

SAMPLES = 256
SEED = 20261121


def calibration(views: Path) -> np.ndarray:
    """Views as the backbone takes them, float32 (n, 224, 224, 3); black and white both occur, so
    that the input's scale comes out as 1/128 and camera bytes go in as they are.
    """
    every = np.load(views / "views.npy", mmap_mode="r")
    pick = np.sort(np.random.default_rng(SEED).choice(len(every), SAMPLES, replace=False))
    samples = np.array(every[pick], np.float32)
    samples[0, 0, 0], samples[0, 0, 1] = 0, 255
    return (samples - 127) / 128


def mend_onnx2tf() -> None:
    """Set the bias's quantised axis to 0, its only one."""
    import onnx2tf.tflite_builder.quantization as module

    path = Path(module.__file__)
    wrong = "quantized_dimension=int(weight_qparams.quantized_dimension),\n    )\n    reporter"
    text = path.read_text()
    if wrong in text:
        right = wrong.replace("int(weight_qparams.quantized_dimension)", "0")
        path.write_text(text.replace(wrong, right))
    elif "quantized_dimension=0,\n    )\n    reporter" not in text:
        raise SystemExit("onnx2tf is not the version this recipe knows; see requirements.txt")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tuned", type=Path)
    parser.add_argument("share", type=float)
    for name in ("views", "out"):
        parser.add_argument(name, type=Path)
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    tuned = Backbone()
    tuned.load_state_dict(torch.load(told.tuned, weights_only=True))
    to_onnx(blended(tuned, told.share), told.out / "embedding.onnx")
    np.save(told.out / "calibration.npy", calibration(told.views))
    mend_onnx2tf()


if __name__ == "__main__":
    main()
