"""Repeat the datasheet's figures on a set of labelled pictures; shows numbers, never a picture.

`python measure.py MANIFEST.csv INT8.tflite FLOAT.tflite`, with numpy, Pillow and ai-edge-litert
installed. The manifest has the columns path, label (nude or safe) and set; FLOAT.tflite is
converted/rgb_float32.tflite in the folder given to `build.py --work`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIDE_PX = 224
VERDICT_AT = (0.2, 0.3, 0.5, 0.8)
TABLE_AT = (0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)
PLAIN_KERNELS = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def load(path: Path) -> NDArray[np.uint8]:
    """The whole upright picture, straight to uint8 [224, 224, 3]."""
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        return np.asarray(upright.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR))


def scores(
    model: Path, pictures: NDArray[np.uint8], kernels: OpResolverType = OpResolverType.AUTO
) -> NDArray[np.float64]:
    """The nsfw score of each picture, [N] in 0..1."""
    interpreter = Interpreter(
        model_path=str(model), num_threads=1, experimental_op_resolver_type=kernels
    )
    interpreter.allocate_tensors()
    entry, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = answer["quantization"]
    found = []
    for picture in pictures:
        interpreter.set_tensor(entry["index"], picture[None].astype(entry["dtype"]))
        interpreter.invoke()
        nsfw = float(interpreter.get_tensor(answer["index"])[0, 1])
        found.append((nsfw - zero) * scale if scale else nsfw)
    return np.array(found)


def compare(title: str, found: NDArray[np.float64], truth: NDArray[np.float64]) -> None:
    """How far two lists of scores are apart, and how many verdicts that turns."""
    difference = np.abs(found - truth)
    turned = {at: int(((found >= at) != (truth >= at)).sum()) for at in VERDICT_AT}
    p99 = np.percentile(difference, 99)
    print(
        f"{title}: max {difference.max():.4f}, p99 {p99:.4f}, mean {difference.mean():.4f}; "
        f"verdicts that differ {turned}"
    )


def area_under_curve(nude: NDArray[np.float64], safe: NDArray[np.float64]) -> float:
    """The chance that a nude picture scores above a safe one, ties half."""
    above = (nude[:, None] > safe[None]).mean()
    return float(above + 0.5 * (nude[:, None] == safe[None]).mean())


def table(title: str, found: NDArray[np.float64], nude: NDArray[np.bool_]) -> None:
    """Block rates on both labels at each threshold."""
    yes, no = found[nude], found[~nude]
    print(f"\n{title}: {len(yes)} nude, {len(no)} safe, AUC {area_under_curve(yes, no):.3f}")
    for at in TABLE_AT:
        hit, false = int((yes >= at).sum()), int((no >= at).sum())
        print(
            f"  >= {at:.2f}  nude {hit}/{len(yes)} {hit / len(yes):.3f}"
            f"  safe {false}/{len(no)} {false / len(no):.3f}"
        )


def main() -> int:
    """Print every figure of the datasheet."""
    manifest, int8, floating = map(Path, sys.argv[1:])
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    pictures = np.stack([load(manifest.parent / row["path"]) for row in rows])
    nude = np.array([row["label"] == "nude" for row in rows])
    sets = np.array([row["set"] for row in rows])
    even = np.arange(len(rows)) % 2 == 0

    truth = scores(floating, pictures)
    found = scores(int8, pictures)
    plain = scores(int8, pictures, PLAIN_KERNELS)
    compare("int8, XNNPACK, against float", found, truth)
    compare("int8, plain kernels, against float", plain, truth)
    compare("int8, XNNPACK against plain kernels", found, plain)
    table("even rows (thresholds were chosen here)", found[even], nude[even])
    table("odd rows (reported)", found[~even], nude[~even])
    without = ~even & ~np.char.startswith(sets, "mannequin")
    odd_safe = found[without & ~nude]
    print(f"\nodd safe rows without the dressed mannequins: {len(odd_safe)}")
    for at in TABLE_AT:
        print(f"  >= {at:.2f}  {int((odd_safe >= at).sum())}/{len(odd_safe)}")
    print("\nset: pictures, lowest / quarter / median / three quarters / highest, all rows")
    for name in sorted(set(sets)):
        spread = np.percentile(found[sets == name], (0, 25, 50, 75, 100))
        print(f"  {name}: {int((sets == name).sum())}, " + " / ".join(f"{v:.3f}" for v in spread))
    return 0


if __name__ == "__main__":
    sys.exit(main())
