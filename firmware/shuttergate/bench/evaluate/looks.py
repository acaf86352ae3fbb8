"""The kit's own two looks as judges: the same code as `shuttergate check`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shuttergate import __version__, gate
from shuttergate.bench.evaluate.clips import Watched, watch
from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.board import AcceleratorPart, Board
from shuttergate.legible import CUTS
from shuttergate.stills import check
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Rule, Thresholds
from shuttergate.vision.eyes import Eyes, open_eyes, refuse_laxer
from shuttergate.vision.pack import read_pack
from shuttergate.vision.rule import SHA256 as RULE_SHA256
from shuttergate.vision.rule import read_rule

TITLES = {Look.LIVE: "live", Look.SECOND: "second look"}


class UsedModel(msgspec.Struct, frozen=True):
    """One channel as it was used: its file's sha256 and the thresholds that held."""

    channel: str
    title: str
    licence: str
    sha256: str
    clear_below: float
    block_at: float


@dataclass(frozen=True, slots=True)
class KitLook:
    """One look of a kit; ``own`` are the kit's stricter thresholds by channel."""

    look: Look
    channels: tuple[str, ...]
    own: tuple[tuple[str, Thresholds], ...] = ()

    @property
    def title(self) -> str:
        """What it is called in tables."""
        return TITLES[self.look]

    def models(self) -> list[UsedModel]:
        """Return the models it uses; raises `PackError`, or `ConfigError` for laxer thresholds."""
        found, own = [], dict(self.own)
        packs = [read_pack(share("models") / name) for name in self.channels]
        lines = read_rule(share("models") / "rule.toml", packs).lines
        for name, pack in zip(self.channels, packs, strict=True):
            usual = lines.get(name, pack.limits)  # as `vision.eyes` has it
            limits = own.get(name, usual)
            refuse_laxer(name, limits, usual)
            claimed = pack.manifest
            parts = (claimed, claimed.head, claimed.close)
            digest = "+".join(part.sha256 for part in parts if part is not None)
            found.append(
                UsedModel(
                    name,
                    claimed.title,
                    claimed.licence,
                    digest,
                    limits.clear_below,
                    limits.block_at,
                )
            )
        return found

    @property
    def key(self) -> str:
        """A digest of version, nudity rule, look, views, models and thresholds."""
        parts = (__version__, RULE_SHA256, self.look.value, CUTS, self.models())
        return f"{self.look}:{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()}"

    def open(self) -> KitJudge:
        """Open only the interpreters that this look needs."""
        live = self.look is Look.LIVE
        # On the CPU, one thread each: pictures go side by side, and no accelerator need be there.
        eyes = open_eyes(
            self.channels if live else (),
            () if live else self.channels,
            AcceleratorPart(driver="cpu"),
        )
        return KitJudge(eyes, eyes.rule(self.look, dict(self.own)), live)


class KitJudge:
    """Judges as `shuttergate check` does. Not for two threads at a time."""

    def __init__(self, eyes: Eyes, rule: Rule, live: bool) -> None:
        self._eyes, self._rule, self._live = eyes, rule, live

    def __call__(self, file: Path) -> Opinion:
        (found,) = check([file], self._eyes, self._rule, self._live)
        return Opinion(found.verdict, found.reason, found.score, found.scores, found.said)

    def watch(self, file: Path, rules: gate.Rules) -> Watched:
        """Show a video to a gate; raises `PictureError` or `ScoreError`."""
        return watch(file, self._eyes, self._rule, rules)

    def close(self) -> None:
        """Nothing to let go of."""


def kit_looks(
    board: Board, own: Mapping[str, Thresholds], looks: tuple[Look, ...]
) -> tuple[KitLook, ...]:
    """Return these looks of a board."""
    channels = {Look.LIVE: board.channels.live, Look.SECOND: board.channels.look}
    return tuple(
        KitLook(look, tuple(channels[look]), tuple(sorted(own.items(), key=lambda x: x[0])))
        for look in looks
    )
