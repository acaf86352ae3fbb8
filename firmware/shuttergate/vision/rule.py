"""The nudity rule's letters: models/rule.toml, and the checks that it opens nothing.

The function is `verdict.judge`; here are the numbers it is given. They were chosen for certain
models, so they are read only beside these, and the file only as it was published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from shuttergate.errors import ConfigError, MisfitError, PackError, cause_of, listed
from shuttergate.system.toml import Table, decode
from shuttergate.verdict import Agreement, Fusion, Look, Rule, Thresholds, joint_score
from shuttergate.vision.pack import Pack

SHA256 = "b0d91b5eff8af9008468f5161f174c080ba8e12c2cd08d379af65171bf685d56"
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


class AgreementTable(Table, frozen=True):
    """See `verdict.Agreement`; in this look it stands in for the lines of ``alone`` in [alone].

    ``alone``: from where its channels close by themselves all the same.
    """

    look: Look
    lines: dict[str, float]
    alone: dict[str, Alone]
    chosen: str


class KnownJoint(Table, frozen=True):
    """Scores, and the joint score that the rule must make of them."""

    look: Look
    scores: dict[str, _Score]
    joint: _Score


class RuleFile(Table, frozen=True):
    """The whole of rule.toml. ``packs``: sha256 of each pack's model and of the heads it has."""

    packs: dict[str, list[str]]
    alone: dict[str, Alone]
    fusion: list[FusionTable]
    agreement: list[AgreementTable]
    known_answers: Annotated[list[KnownJoint], Meta(min_length=2)]


@dataclass(frozen=True, slots=True)
class Softened:
    """In `look`, channels that close alone only from ``alone`` on, and before in agreement."""

    look: Look
    agreement: Agreement
    alone: Mapping[str, Thresholds]


@dataclass(frozen=True, slots=True)
class Letters:
    """The nudity rule for all channels there are; a board has some of them.

    ``lines`` by channel stand in for the packs' own.
    """

    lines: Mapping[str, Thresholds] = field(default_factory=dict)
    fusions: tuple[Fusion, ...] = ()
    softened: tuple[Softened, ...] = ()
    sha256: str = ""

    def rule(self, look: Look, limits: Mapping[str, Thresholds]) -> Rule:
        """Return the rule of `look` over `limits`.

        A fusion or an agreement counts where all its channels have limits, an agreement also only
        where `limits` leave its channels' lines as they are: a stricter setting is for one alone.
        """
        fusions = tuple(one for one in self.fusions if set(one.weights) <= set(limits))
        own, agreements = dict(limits), []
        for soft in self.softened:
            if (
                soft.look is look
                and set(soft.agreement.lines) <= set(limits)
                and all(_alike(limits[name], self.lines[name]) for name in soft.alone)
            ):
                agreements.append(soft.agreement)
                for name, line in soft.alone.items():
                    own[name] = replace(line, blocks_with=limits[name].blocks_with)
        return Rule(own, fusions, tuple(agreements))


def _alike(one: Thresholds, other: Thresholds) -> bool:
    return (one.clear_below, one.block_at) == (other.clear_below, other.block_at)


def read_rule(path: Path, packs: Iterable[Pack], sha256: str = SHA256) -> Letters:
    """Read rule.toml for these packs.

    Raises `PackError` where the file is not the published one, cannot be so, gives a known answer
    another joint score, is laxer than one of `packs`, or was chosen for other models.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != sha256:
            raise MisfitError(
                "it has sha256 {digest}… where the program was published with {due}…",
                digest=digest[:16],
                due=sha256[:16],
            )
        return _letters(decode(path, RuleFile), packs, digest)
    except OSError as error:
        cause = cause_of(error)
    except (ConfigError, ValueError) as error:
        cause = cause_of(error)
    raise PackError(
        "the nudity rule {path} is refused: {cause}; reinstall shuttergate", path=path, cause=cause
    )


def _letters(file: RuleFile, packs: Iterable[Pack], digest: str) -> Letters:
    lines = _thresholds(file.alone)
    softened = tuple(
        Softened(one.look, Agreement(one.lines), _thresholds(one.alone)) for one in file.agreement
    )
    fusions = tuple(Fusion(one.weights, one.line) for one in file.fusion)
    letters = Letters(lines, fusions, softened, digest)
    named = [*(one.weights for one in file.fusion), *(one.lines for one in file.agreement)]
    if strange := sorted({name for names in named for name in names} - set(lines)):
        raise MisfitError(
            "{names} speaks together with others, without [alone]", names=listed(strange)
        )
    for soft in softened:
        _only_softens(soft, lines)
    for known in file.known_answers:
        limits = {name: lines[name] for name in known.scores if name in lines}
        found = joint_score(known.scores, letters.rule(known.look, limits))
        if not abs(found - known.joint) <= TOLERANCE:
            raise MisfitError(
                "of {scores} it makes {found}, where {due} is right",
                scores=known.scores,
                found=found,
                due=known.joint,
            )
    for pack in packs:
        _compare(pack, file, lines)
    return letters


def _thresholds(table: Mapping[str, Alone]) -> dict[str, Thresholds]:
    return {name: Thresholds(one.clear_below, one.block_at) for name, one in table.items()}


def _only_softens(soft: Softened, lines: Mapping[str, Thresholds]) -> None:
    """What leaves is judged by the second look, so that its lines bend for nobody."""
    if soft.look is not Look.LIVE:
        raise MisfitError("an agreement may stand in for a channel's lines in the live look only")
    if strange := sorted(set(soft.alone) - set(soft.agreement.lines)):
        raise MisfitError(
            "{names} is softened by an agreement that it is not in", names=listed(strange)
        )
    for name in soft.alone:
        if soft.agreement.lines[name] > lines[name].clear_below:
            raise MisfitError(
                "{name} doubts from {line} on, also in agreement",
                name=name,
                line=lines[name].clear_below,
            )


def _compare(pack: Pack, file: RuleFile, lines: Mapping[str, Thresholds]) -> None:
    name, line = pack.name, lines.get(pack.name)
    if line is None or name not in file.packs:
        raise MisfitError("it says nothing of {name}", name=name)
    for key in ("clear_below", "block_at"):
        mine, packs = getattr(line, key), getattr(pack.limits, key)
        if mine > packs:
            raise MisfitError(
                "alone.{name}.{key}: {mine} is laxer than the pack's {packs}",
                name=name,
                key=key,
                mine=mine,
                packs=packs,
            )
    claimed = pack.manifest
    parts = (claimed, claimed.head, claimed.close)
    if file.packs[name] != [part.sha256 for part in parts if part is not None]:
        raise MisfitError("it was chosen for another {name}: another model or head", name=name)
