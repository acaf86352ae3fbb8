"""A model pack: what it claims in model.toml, and the checks that it is so.

Nothing is believed: the very bytes whose sha256 was compared are the bytes the interpreter gets.
"""

from __future__ import annotations

import contextlib
import hashlib
import operator
from pathlib import Path
from typing import Annotated, Any, NoReturn

from msgspec import Meta

from shuttergate.errors import ConfigError, PackError, Phrase, cause_of, listed, phrase
from shuttergate.system.library_words import error_words
from shuttergate.system.paths import weights
from shuttergate.system.toml import Table, decode
from shuttergate.verdict import Thresholds
from shuttergate.vision.head import CloseHead, DenseLayers, Head
from shuttergate.vision.runtime import Model, Port

_Score = Annotated[float, Meta(ge=0.0, le=1.0)]
_SHA256 = "^[0-9a-f]{64}$"
_FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
"""In the pack's own folder: no path leads out of it."""


class Input(Table, frozen=True):
    """What the interpreter takes: raw RGB bytes where scale is 1 and zero_point 0."""

    shape: tuple[int, int, int, int]
    dtype: str
    scale: float
    zero_point: int


class Output(Table, frozen=True):
    """What the interpreter gives: one value a label (`score` names the one that means nudity), or,
    without labels, an embedding that the pack's head reads.
    """

    shape: Annotated[list[int], Meta(min_length=2)]  # all ones but the last
    dtype: str
    labels: list[str] = []
    score: str | None = None


class HeadFile(Table, frozen=True):
    """The head's weights; see `vision/head.py`."""

    file: _FileName
    sha256: Annotated[str, Meta(pattern=_SHA256)]


class CloseFile(Table, frozen=True):
    """The weights of a head for parts of a view, and from which score on it blocks.

    ``map``: the shape of the model's second output; ``window``: how many of its cells make a
    square that is read; ``chosen``: for people, how; ``chosen_ja``: for Japanese readers.
    """

    file: _FileName
    sha256: Annotated[str, Meta(pattern=_SHA256)]
    map: Annotated[list[int], Meta(min_length=4, max_length=4)]
    window: Annotated[int, Meta(ge=1)]
    clear_below: Annotated[float, Meta(gt=0.0, le=1.0)]
    chosen: str
    chosen_ja: str = ""


class BankFile(Table, frozen=True):
    """Embeddings of harmless pictures, int8, against which rules are taught; ``ledger``: of what.

    For people: ``chosen``, how; ``chosen_ja``: for Japanese readers.
    """

    file: _FileName
    sha256: Annotated[str, Meta(pattern=_SHA256)]
    ledger: _FileName
    ledger_sha256: Annotated[str, Meta(pattern=_SHA256)]
    chosen: str
    chosen_ja: str = ""


class Compiled(Table, frozen=True):
    """The same model, compiled for the Edge TPU: same input, same output, one operation."""

    file: _FileName
    sha256: Annotated[str, Meta(pattern=_SHA256)]


class Published(Table, frozen=True):
    """Where others publish a file that is not in the repository, and its size in bytes."""

    source: str
    size: Annotated[int, Meta(ge=1)]


class PackThresholds(Table, frozen=True):
    """The pack's thresholds and, for people, how they were chosen; ``chosen_ja``: in Japanese."""

    clear_below: float
    block_at: float
    chosen: str
    chosen_ja: str = ""


class Graph(Table, frozen=True):
    """The exact operations of the model, with how often each stands in it."""

    ops: dict[str, int]


class Data(Table, frozen=True):
    """What the model's authors say, and do not say, of the pictures it was trained on.

    ``disclosed_ja``, ``undisclosed_ja``: both once more, for Japanese readers.
    """

    disclosed: list[str]
    undisclosed: list[str]
    disclosed_ja: list[str] = []
    undisclosed_ja: list[str] = []


class KnownAnswer(Table, frozen=True):
    """A picture the kit paints itself (`vision/known.py`) and the score it must get.

    ``close``: from the head for parts, where the pack has one.
    """

    picture: str
    score: _Score
    tolerance: _Score
    close: _Score | None = None


class PackManifest(Table, frozen=True):
    """The whole of model.toml."""

    name: str
    title: str
    file: _FileName
    sha256: Annotated[str, Meta(pattern=_SHA256)]
    licence: str
    licence_file: str
    recipe: str
    byte_exact: bool  # whether the recipe gives these very bytes on every machine
    input: Input
    output: Output
    thresholds: PackThresholds
    graph: Graph
    data: Data
    known_answers: Annotated[list[KnownAnswer], Meta(min_length=2)]
    head: HeadFile | None = None
    close: CloseFile | None = None
    bank: BankFile | None = None
    edgetpu: Compiled | None = None
    published: dict[_FileName, Published] = {}  # by file name
    title_ja: str = ""  # for Japanese readers


class Pack:
    """A pack's manifest and its folder; made by `read_pack`."""

    def __init__(self, folder: Path, manifest: PackManifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.name = manifest.name
        wanted, output = manifest.thresholds, manifest.output
        try:
            self.limits = Thresholds(wanted.clear_below, wanted.block_at)
            self.score_index = output.labels.index(output.score) if output.score else None
        except ValueError as error:
            self.refuse(phrase("model.toml: {error}", error=error_words(error)))
        if manifest.close and any(answer.close is None for answer in manifest.known_answers):
            self.refuse(
                phrase("model.toml: a known answer without `close`, which [close] has to give")
            )
        known = manifest.known_answers
        scores = [answer.score for answer in known]
        if max(scores) - min(scores) <= 2 * max(answer.tolerance for answer in known):
            self.refuse(phrase("model.toml: one and the same score would be every known answer"))
        if (self.score_index is None) == (manifest.head is None):
            self.refuse(
                phrase("model.toml: the score is either one of output.labels or read by a head")
            )

    @property
    def file(self) -> Path:
        """The .tflite file."""
        return self.folder / self.manifest.file

    @property
    def lores_size(self) -> tuple[int, int]:
        """Width and height in pixels of what the model sees."""
        _, height, width, _ = self.manifest.input.shape
        return width, height

    def refuse(self, cause: Phrase) -> NoReturn:
        """Raise the `PackError` for this pack, with the mend."""
        raise PackError(
            "model pack {name} refused: {cause}; reinstall shuttergate or rebuild "
            "it with `shuttergate model build {name}`",
            name=self.name,
            cause=cause,
        )

    def content(self) -> bytes:
        """Return the model's bytes, which match the manifest's sha256."""
        return self._read(self.manifest.file, self.manifest.sha256)

    def head(self) -> Head:
        """Return the pack's head, called as the pack is: the layers in its file, or one output.

        The file matches the manifest's sha256.
        """
        if self.score_index is not None:
            return Head(self.name, self.limits, operator.itemgetter(self.score_index))
        assert self.manifest.head is not None
        layers = self._layers(self.manifest.head, self.manifest.output.shape[-1])
        return Head(self.name, self.limits, layers)

    def close_head(self) -> CloseHead | None:
        """Return the pack's head for parts of a view, if it has one; as `head`."""
        claimed = self.manifest.close
        if claimed is None:
            return None
        if not claimed.window <= min(claimed.map[1:3]):
            self.refuse(
                phrase(
                    "model.toml: close.window {window} is larger than its map",
                    window=claimed.window,
                )
            )
        layers = self._layers(claimed, claimed.map[-1])
        return CloseHead(layers.each, claimed.window, claimed.clear_below)

    def bank(self) -> tuple[bytes, bytes] | None:
        """Return the bank's bytes and its ledger's, if the pack has one; both match the manifest.

        No rule that is in force needs it: it is read by whoever teaches.
        """
        claimed = self.manifest.bank
        if claimed is None:
            return None
        ledger = self._read(claimed.ledger, claimed.ledger_sha256)
        return self._read(claimed.file, claimed.sha256), ledger

    def _layers(self, claimed: HeadFile | CloseFile, width: int) -> DenseLayers:
        content = self._read(claimed.file, claimed.sha256)
        try:
            return DenseLayers(content, width)
        except ValueError as error:
            self.refuse(phrase("{file}: {error}", file=claimed.file, error=error_words(error)))

    def compiled(self) -> bytes:
        """Return the bytes of the model compiled for the Edge TPU, which match the manifest."""
        assert self.manifest.edgetpu is not None
        return self._read(self.manifest.edgetpu.file, self.manifest.edgetpu.sha256)

    def files(self) -> dict[str, str]:
        """Return the sha256 of each file that the recipe makes, by name."""
        return {
            name: sha256
            for name, sha256 in self._claims().items()
            if name not in self.manifest.published
        }

    def published(self) -> dict[str, str]:
        """Return the sha256 of each file that others publish, by name."""
        return {
            name: sha256
            for name, sha256 in self._claims().items()
            if name in self.manifest.published
        }

    def missing(self) -> list[str]:
        """Return which published files are not on this machine, or not whole."""
        return [
            name for name, sha256 in self.published().items() if self._find(name, sha256) is None
        ]

    def _claims(self) -> dict[str, str]:
        claimed = self.manifest
        parts = (claimed, claimed.head, claimed.close, claimed.edgetpu)
        return {part.file: part.sha256 for part in parts if part is not None}

    def _read(self, name: str, sha256: str) -> bytes:
        if name in self.manifest.published:
            found = self._find(name, sha256)
            if found is None:
                raise PackError(
                    "model pack {name}: {file} is published by others, and not "
                    "(or not whole) on this machine; run `shuttergate model fetch "
                    "{name}` where there is a network, or `shuttergate model add "
                    "FILE` with a copy of it",
                    name=self.name,
                    file=name,
                )
            return found
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            self.refuse(phrase("{path}: {cause}", path=path, cause=cause_of(error)))
        digest = hashlib.sha256(content).hexdigest()
        if digest != sha256:
            self.refuse(
                phrase(
                    "{name} ({size} bytes) has sha256 {digest}… where model.toml says {due}…",
                    name=name,
                    size=len(content),
                    digest=digest[:16],
                    due=sha256[:16],
                )
            )
        return content

    def _find(self, name: str, sha256: str) -> bytes | None:
        """Return a published file from the first place where these very bytes lie."""
        for path in weights(self.name, name):
            # A place that cannot be read, or holds other bytes, must not hide a good copy.
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest() == sha256:
                    return content
        return None

    def model(self, content: bytes, threads: int = 1) -> Model:
        """Return an interpreter over `content` whose ports and operations are as claimed."""
        try:
            model = Model(content, threads)
        except PackError as error:
            self.refuse(error.phrase)
        self.compare_ports(model.input, model.output)
        wanted = None if self.manifest.close is None else self.manifest.close.map
        self._compare("map", wanted, None if model.map is None else list(model.map.shape))
        self._compare("operations", self.manifest.graph.ops, model.ops())
        return model

    def compare_ports(self, input: Port, output: Port) -> None:
        """Raise `PackError` unless a model's input and output are as model.toml says."""
        claimed = self.manifest
        for claim, port, side in (
            (claimed.input, input, "input"),
            (claimed.output, output, "output"),
        ):
            self._compare(f"{side} shape", list(claim.shape), list(port.shape))
            self._compare(f"{side} type", claim.dtype, port.dtype)
        self._compare("input scale", claimed.input.scale, input.scale)
        self._compare("input zero point", claimed.input.zero_point, input.zero_point)
        if claimed.head is None:
            self._compare("number of outputs", len(claimed.output.labels), _count(output))

    def _compare(self, what: str, claimed: Any, found: Any) -> None:
        if claimed != found:
            self.refuse(
                phrase(
                    "{what} is {found}, where model.toml says {claimed}",
                    what=what,
                    found=found,
                    claimed=claimed,
                )
            )


def _count(port: Port) -> int:
    return port.shape[-1]


def read_pack(folder: Path) -> Pack:
    """Read `folder`/model.toml; raise `PackError` where it is missing or cannot be so."""
    path = folder / "model.toml"
    if not folder.is_dir():
        known = listed(sorted(one.parent.name for one in folder.parent.glob("*/model.toml")))
        raise PackError(
            "no model pack is called {name!r}; there is {known}",
            name=folder.name,
            known=known or phrase("none"),
        )
    try:
        manifest = decode(path, PackManifest)
    except ConfigError as error:
        raise PackError(
            "model pack {name} refused: {error}; reinstall shuttergate, or mend {path}",
            name=folder.name,
            error=error,
            path=path,
        ) from error
    if manifest.name != folder.name:
        raise PackError(
            "model pack {name} refused: model.toml calls itself {other}; "
            "reinstall shuttergate, or mend {path}",
            name=folder.name,
            other=manifest.name,
            path=path,
        )
    return Pack(folder, manifest)
