"""A taught rule and its file: bytes that are bounded, checked, and refused in words.

The file: a line that says what it is and in which version; four bytes, the size of what follows;
that as JSON (`_Claims`); the head's weights; the embeddings, row by row, both as little-endian
float32; at the end the sha256 of all that.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from shuttergate.errors import Phrase, RuleError, cause_of, phrase
from shuttergate.system.library_words import json_words
from shuttergate.verdict import Reason, Thresholds

MAGIC = b"shuttergate taught rule 1\n"
_KIND = MAGIC.rpartition(b" ")[0]
MAX_VIEWS = 600
"""Embeddings in a file: a class of 30, three examples each, with room for more views of each."""

MAX_WIDTH = 2048  # numbers in an embedding
MAX_CLAIMS_BYTES = 64 * 1024
MAX_BYTES = 4 * MAX_WIDTH * (MAX_VIEWS + 1) + MAX_CLAIMS_BYTES + 1024
MAX_NAME = 40
_SIZE_BYTES, _SUM_BYTES = 4, 32
_UNIT = 1e-3
"""So far from 1 may an embedding's length be: it was rounded to float32."""

_NAME = re.compile(rf"\w[\w .'-]{{0,{MAX_NAME - 1}}}")
_SHA256 = "^[0-9a-f]{64}$"
_DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_WORD = "^[a-z]{2,12} [a-z]{2,12}$"

Floats = NDArray[np.float32]


class Contribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One example: its word, whether it is the object, and of how many views it consists."""

    word: Annotated[str, Meta(pattern=_WORD)]
    yes: bool
    views: Annotated[int, Meta(ge=1, le=MAX_VIEWS)]


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of its numbers. ``created``: a day, no finer."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    embedder: Annotated[str, Meta(pattern=_SHA256)]
    created: Annotated[str, Meta(pattern=_DAY)]
    width: Annotated[int, Meta(ge=1, le=MAX_WIDTH)]
    line: Annotated[float, Meta(gt=0.0, le=1.0)]
    bias: Annotated[float, Meta(ge=-1e6, le=1e6)]
    contributions: Annotated[list[Contribution], Meta(min_length=1, max_length=MAX_VIEWS)]


@dataclass(frozen=True)
class TaughtRule:
    """A head over an embedding, and what it was made of.

    ``embeddings``: of length 1, shape (views, width), in the order of ``contributions``.
    ``embedder``: the sha256 of the network that they came from. From ``line`` on it blocks.
    """

    name: str
    embedder: str
    created: str
    contributions: tuple[Contribution, ...]
    embeddings: Floats
    weights: Floats
    bias: float
    line: float

    @property
    def limits(self) -> Thresholds:
        """Where it blocks. There is no doubt between: below the line it has nothing to say."""
        return Thresholds(self.line, self.line, Reason.TAUGHT)

    @property
    def words(self) -> list[str]:
        """The word of each contribution."""
        return [one.word for one in self.contributions]

    @cached_property
    def sha256(self) -> str:
        """The sum of its file, as sha256sum tells it."""
        return hashlib.sha256(self._bytes()).hexdigest()

    @cached_property
    def _exact(self) -> NDArray[np.float64]:
        return self.weights.astype(np.float64)

    def reads(self, embedding: NDArray[np.float64]) -> float:
        """Return the score in [0, 1] of an embedding of any length, shape (width,).

        NaN, which is no score, for one that is zero or no number.
        """
        with np.errstate(all="ignore"):
            value = (self._exact @ embedding) / np.sqrt(embedding @ embedding)
            return float(1.0 / (1.0 + np.exp(-(value + self.bias))))

    def scores(self, units: Floats) -> NDArray[np.float64]:
        """Return the scores (n,) of embeddings of length 1, shape (n, width)."""
        with np.errstate(over="ignore"):
            found: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(units @ self._exact + self.bias)))
        return found

    def to_bytes(self) -> bytes:
        """Return the file; raise `RuleError` for a rule that no file could hold."""
        content = self._bytes()
        from_bytes(content, self.name)
        return content

    def _bytes(self) -> bytes:
        claims = msgspec.json.encode(
            _Claims(
                name=self.name,
                embedder=self.embedder,
                created=self.created,
                width=self.embeddings.shape[1],
                line=self.line,
                bias=self.bias,
                contributions=list(self.contributions),
            )
        )
        size = len(claims).to_bytes(_SIZE_BYTES)
        numbers = b"".join(one.astype("<f4").tobytes() for one in (self.weights, self.embeddings))
        content = MAGIC + size + claims + numbers
        return content + hashlib.sha256(content).digest()


def is_name(name: str) -> bool:
    """Whether a rule may be called so: letters, digits and few signs, on any screen."""
    return bool(_NAME.fullmatch(name)) and unicodedata.normalize("NFC", name) == name


def from_bytes(content: bytes, file: str) -> TaughtRule:
    """Return the rule in a file's bytes; raise `RuleError` with the file's name and the mend."""

    def refuse(cause: Phrase) -> NoReturn:
        raise RuleError(
            "{file}: {cause}; copy it anew, or teach the rule anew", file=file, cause=cause
        )

    if len(content) > MAX_BYTES:
        refuse(phrase("is larger than any taught rule ({most} bytes)", most=MAX_BYTES))
    if not content.startswith(MAGIC):
        if content.startswith(_KIND):
            refuse(phrase("is a taught rule of another version of shuttergate"))
        refuse(phrase("is no taught rule"))
    if len(content) < len(MAGIC) + _SIZE_BYTES + _SUM_BYTES:
        refuse(phrase("was cut off"))
    if hashlib.sha256(content[:-_SUM_BYTES]).digest() != content[-_SUM_BYTES:]:
        refuse(phrase("its bytes are not those that were written: their sum does not match"))
    at = len(MAGIC) + _SIZE_BYTES
    size = int.from_bytes(content[len(MAGIC) : at])
    if size > min(MAX_CLAIMS_BYTES, len(content) - at - _SUM_BYTES):
        refuse(phrase("says more of itself than it holds"))
    try:
        claims = msgspec.json.decode(content[at : at + size], type=_Claims)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        refuse(phrase("what it says of itself cannot be read: {error}", error=json_words(error)))
    if not is_name(claims.name):
        refuse(phrase("its name {name!r} is none that a rule may have", name=claims.name))
    if len({one.word for one in claims.contributions}) < len(claims.contributions):
        refuse(phrase("two contributions have one word"))
    if not any(one.yes for one in claims.contributions):
        refuse(phrase("none of its examples is the object"))
    views = sum(one.views for one in claims.contributions)
    if views > MAX_VIEWS:
        refuse(
            phrase(
                "it holds {views} views, and no more than {most} fit", views=views, most=MAX_VIEWS
            )
        )
    numbers = content[at + size : -_SUM_BYTES]
    if len(numbers) != 4 * claims.width * (views + 1):
        refuse(
            phrase(
                "it holds {bytes} bytes of numbers, where {views} views of {width} are promised",
                bytes=len(numbers),
                views=views,
                width=claims.width,
            )
        )
    found = np.frombuffer(numbers, "<f4").reshape(views + 1, claims.width)
    if not np.isfinite(found).all() or np.abs(found[0]).max() > 1e6:
        refuse(phrase("it holds a value that is no number"))
    lengths = np.linalg.norm(found[1:].astype(np.float64), axis=1)
    if np.abs(lengths - 1.0).max() > _UNIT:
        refuse(phrase("an embedding in it is not of length 1"))
    return TaughtRule(
        name=claims.name,
        embedder=claims.embedder,
        created=claims.created,
        contributions=tuple(claims.contributions),
        embeddings=found[1:].astype(np.float32),
        weights=found[0].astype(np.float32),
        bias=claims.bias,
        line=claims.line,
    )


def read(path: Path) -> TaughtRule:
    """Return the rule in a file, of which no more is read than a rule can have."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise RuleError(
            "{file}: {cause}; name a taught rule that can be read", file=path, cause=cause_of(error)
        ) from error
    return from_bytes(content, str(path))


def write(rule: TaughtRule, path: Path) -> None:
    """Write the rule, whole or not at all; raise `RuleError` where it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(rule.to_bytes())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RuleError(
            "{file}: {cause}; name a file that can be written", file=path, cause=cause_of(error)
        ) from error
