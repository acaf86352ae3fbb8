"""The nudity rule's letters: models/rule.toml, and the checks that it opens nothing.

The function is `verdict.judge`; here are the numbers it is given. They were chosen for certain
models, so they are read only beside these, and the file only as it was published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from shuttergate.errors import ConfigError, PackError
from shuttergate.system.toml import Table, decode
from shuttergate.verdict import Fusion, Rule, Thresholds, joint_score
from shuttergate.vision.pack import Pack

SHA256 = "d6fb08cf6cd82f95682c98af82d152d829e750034e519a43f8371c2700c0de2e"
"""Of models/rule.toml. Whoever changes a letter of it changes this line, in sight of a reader."""

TOLERANCE = 1e-6

_Score = Annotated[float, Meta(ge=0.0, le=1.0)]


class Alone(Table, frozen=True):
    """The lines of a channel that is sure by itself: no laxer than its pack's."""

    clear_below: float
    block_at: float


class FusionTable(Table, frozen=True):
    """See `verdict.Fusion`; ``chosen`` says for people how it was."""

    weights: dict[str, float]
    line: float
    chosen: str


class KnownJoint(Table, frozen=True):
    """Scores, and the joint score that the rule must make of them."""

    scores: dict[str, _Score]
    joint: _Score


class RuleFile(Table, frozen=True):
    """The whole of rule.toml. ``packs``: sha256 of each pack's model and, if it has one, head."""

    packs: dict[str, list[str]]
    alone: dict[str, Alone]
    fusion: list[FusionTable]
    known_answers: Annotated[list[KnownJoint], Meta(min_length=2)]


@dataclass(frozen=True, slots=True)
class Letters:
    """The nudity rule for all channels there are; a board has some of them.

    ``lines`` by channel stand in for the packs' own.
    """

    lines: Mapping[str, Thresholds] = field(default_factory=dict)
    fusions: tuple[Fusion, ...] = ()
    sha256: str = ""

    def rule(self, limits: Mapping[str, Thresholds]) -> Rule:
        """Return the rule over `limits`; a fusion counts where all its channels have limits."""
        return Rule(limits, tuple(one for one in self.fusions if set(one.weights) <= set(limits)))


def read_rule(path: Path, packs: Iterable[Pack], sha256: str = SHA256) -> Letters:
    """Read rule.toml for these packs.

    Raises `PackError` where the file is not the published one, cannot be so, gives a known answer
    another joint score, is laxer than one of `packs`, or was chosen for other models.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != sha256:
            raise ValueError(
                f"it has sha256 {digest[:16]}… where the program was published with {sha256[:16]}…"
            )
        return _letters(decode(path, RuleFile), packs, digest)
    except OSError as error:
        cause = f"{error.strerror}"
    except (ConfigError, ValueError) as error:
        cause = f"{error}"
    raise PackError(f"the nudity rule {path} is refused: {cause}; reinstall shuttergate")


def _letters(file: RuleFile, packs: Iterable[Pack], digest: str) -> Letters:
    lines = {name: Thresholds(one.clear_below, one.block_at) for name, one in file.alone.items()}
    letters = Letters(lines, tuple(Fusion(one.weights, one.line) for one in file.fusion), digest)
    whole = letters.rule(lines)
    if len(whole.fusions) < len(letters.fusions):
        raise ValueError("a fusion names a channel without lines in [alone]")
    for known in file.known_answers:
        rule = letters.rule({name: lines[name] for name in known.scores if name in lines})
        found = joint_score(known.scores, rule)
        if not abs(found - known.joint) <= TOLERANCE:
            raise ValueError(f"of {known.scores} it makes {found}, where {known.joint} is right")
    for pack in packs:
        _compare(pack, file, lines)
    return letters


def _compare(pack: Pack, file: RuleFile, lines: Mapping[str, Thresholds]) -> None:
    name, line = pack.name, lines.get(pack.name)
    if line is None or name not in file.packs:
        raise ValueError(f"it says nothing of {name}")
    for key in ("clear_below", "block_at"):
        mine, packs = getattr(line, key), getattr(pack.limits, key)
        if mine > packs:
            raise ValueError(f"alone.{name}.{key}: {mine} is laxer than the pack's {packs}")
    claimed = pack.manifest
    models = [claimed.sha256, *([claimed.head.sha256] if claimed.head else [])]
    if file.packs[name] != models:
        raise ValueError(f"it was chosen for another {name}: another model or head")
