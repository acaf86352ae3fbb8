"""The compiled model's twin on the CPU: pictures on stdin; a byte when ready, then its outputs."""

from __future__ import annotations

import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main() -> None:
    """``MODEL.tflite``"""
    twin = Interpreter(model_path=sys.argv[1], num_threads=1)
    twin.allocate_tensors()
    (picture,), (output,) = twin.get_input_details(), twin.get_output_details()
    size = int(np.prod(picture["shape"]))
    os.write(1, b"\0")  # ready
    while True:
        content = b""
        while len(content) < size:
            part = os.read(0, size - len(content))
            if not part:
                return
            content += part
        twin.set_tensor(
            picture["index"], np.frombuffer(content, np.uint8).reshape(picture["shape"])
        )
        twin.invoke()
        os.write(1, twin.get_tensor(output["index"]).tobytes())


if __name__ == "__main__":
    main()
