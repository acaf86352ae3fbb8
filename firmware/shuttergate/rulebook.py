"""The taught rules of a kit: read from their files, and made heads of the channel they belong to.

The one place that knows both rooms: `policy`, which has the rules, and `vision`, which asks them.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shuttergate.errors import RuleError, TeachError, cause_of, listed
from shuttergate.feed import TaughtHead
from shuttergate.frame import Pixels
from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.policy.bank import HarmlessBank, read_bank
from shuttergate.policy.examples import LEAST_YES, Example
from shuttergate.policy.pairs import draw
from shuttergate.policy.rule_file import MAX_NAME, MAX_VIEWS, TaughtRule, is_name, read
from shuttergate.policy.teaching import refuse_closing
from shuttergate.system.paths import share
from shuttergate.system.toml import path_of
from shuttergate.verdict import Look, clears_nudity
from shuttergate.vision.channel import Channel, scores
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.head import Head
from shuttergate.vision.pack import Pack, read_pack

PICTURE_LIMIT = (4056, 3040)
"""Larger pictures are reduced to this first, as by `check`."""

VIEWS = 4
"""Of each picture: whole, its mirror image, and its middle with the mirror image of that."""

MIDDLE = 0.8
"""So much of the picture's width and height. It costs no example, and a rule that saw the object
nearer refuses less of what else is held up."""

MOST_PICTURES = MAX_VIEWS // (2 * VIEWS)
"""Of each side."""


def read_rules(files: Iterable[Path]) -> list[TaughtRule]:
    """Return the rules in these files.

    Raises `RuleError` where two have one name, or one would refuse nearly everything.
    """
    found: dict[str, tuple[Path, TaughtRule]] = {}
    for file in files:
        rule = read(file)
        _refuse_closing(file, rule)
        if rule.name in found:
            raise RuleError(
                "{first} and {second} are both called {name}; load one of them, or teach one anew "
                "under another name",
                first=found[rule.name][0],
                second=file,
                name=rule.name,
            )
        found[rule.name] = file, rule
    return [rule for _file, rule in found.values()]


def _refuse_closing(file: Path, rule: TaughtRule) -> None:
    """As `refuse_closing`; of another model, or width, `heads` and `open_eyes` say that it is."""
    for one in _packs_of(rule.embedder):
        if one.manifest.bank is None or rule.weights.size != one.manifest.output.shape[-1]:
            continue
        refuse_closing(file, rule, bank_of(one))


def settings_rules(files: Iterable[str]) -> list[TaughtRule]:
    """Return the rules that a kit's settings name; raise `ConfigError` or `RuleError`."""
    return read_rules(paths(files))


def paths(files: Iterable[str]) -> list[Path]:
    """Return the files that a kit's settings name; raise `ConfigError`."""
    return [path_of(one, "policy.rules") for one in files]


def heads(rules: Iterable[TaughtRule]) -> Mapping[str, Sequence[Head]]:
    """Return each rule as a head, by the sha256 of the network whose embedding it reads.

    A head has thresholds and a score, and no way to change another's: it can only close. Raises
    `RuleError` for one that could not read what its network gives.
    """
    found: defaultdict[str, list[Head]] = defaultdict(list)
    for rule in rules:
        for one in _packs_of(rule.embedder):
            due = one.manifest.output.shape[-1]
            if rule.weights.size != due:
                raise RuleError(
                    "the rule {name} reads {width} numbers, where the model {model} gives {due}; "
                    "teach it anew",
                    name=rule.name,
                    width=rule.weights.size,
                    model=one.name,
                    due=due,
                )
        found[rule.embedder].append(Head(rule.name, rule.limits, rule.reads, rule.sha256))
    return found


def bank_of(pack: Pack) -> HarmlessBank:
    """Return the harmless embeddings of a pack; raise `RuleError` where it has none."""
    found = teacher([pack]).bank()
    assert found is not None
    return read_bank(*found, pack.name)


def pack(name: str) -> Pack:
    """Return a model pack by its name; raise `PackError`."""
    return read_pack(share("models") / name)


def teacher(packs: Iterable[Pack]) -> Pack:
    """Return the first of a board's live packs with which can be taught; raise `RuleError`."""
    having = list(packs)
    for one in having:
        if one.manifest.bank is not None:
            return one
    raise RuleError(
        "{names}: no bank of harmless pictures belongs to it, so nothing can be taught with it; "
        "teach on a board where consent-clean looks live",
        names=listed(one.name for one in having),
    )


def taught_with(rule: TaughtRule) -> Pack:
    """Return the pack with which a rule was taught; raise `RuleError` where it is not here."""
    for one in _packs_of(rule.embedder):
        return one
    raise RuleError(
        "the rule {name} was taught with another model ({sha256}…) than any that is here; use the "
        "shuttergate it was taught with, or teach it anew",
        name=rule.name,
        sha256=rule.embedder[:16],
    )


def pack_of(embedder: str) -> Pack:
    """Return the pack of a network, by its sha256; raise `RuleError` where it is not here."""
    for one in _packs_of(embedder):
        return one
    raise RuleError(
        "no model of this installation is {sha256}…; reinstall shuttergate", sha256=embedder[:16]
    )


def _packs_of(embedder: str) -> Iterator[Pack]:
    for path in sorted(share("models").glob("*/model.toml")):
        found = read_pack(path.parent)
        if found.manifest.sha256 == embedder:
            yield found


def pictures_of(folder: Path) -> list[Path]:
    """Return the files of a folder by their names; raise `TeachError` for one that has none."""
    try:
        found = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise TeachError(
            "{folder}: {cause}; name a folder of pictures", folder=folder, cause=cause_of(error)
        ) from error
    if not found:
        raise TeachError(
            "{folder}: holds no picture; bring {least} or more of the object, as many of what it "
            "is not",
            folder=folder,
            least=LEAST_YES,
        )
    if len(found) > MOST_PICTURES:
        raise TeachError(
            "{folder}: holds {number} pictures; bring {most} or fewer",
            folder=folder,
            number=len(found),
            most=MOST_PICTURES,
        )
    return found


def pushed(rule: TaughtRule) -> TaughtHead:
    """Return what a kit that runs is given of a rule: its head, and none of its examples."""
    content = rule.weights.astype("<f4").tobytes()
    return TaughtHead(rule.name, rule.embedder, content, rule.bias, rule.line, rule.sha256)


def head_of(rule: TaughtHead, channels: Iterable[Channel]) -> Head:
    """Return the head that a kit was given while it runs.

    Raises `RuleError` where it is no rule, or none of the live channels is the one it reads.
    """
    channel = next((one for one in channels if one.sha256 == rule.embedder), None)
    if channel is None:
        raise RuleError(
            "the rule {name} was taught with another model ({sha256}…) than looks here; teach it "
            "anew on this kit",
            name=rule.name,
            sha256=rule.embedder[:16],
        )
    exact = np.frombuffer(rule.weights[: len(rule.weights) // 4 * 4], "<f4").astype(np.float32)
    fits = len(rule.weights) == 4 * channel.width and 0.0 < rule.line <= 1.0
    if not (fits and is_name(rule.name) and np.isfinite(exact).all() and isfinite(rule.bias)):
        raise RuleError("the rule {name!r} is none; teach it anew", name=rule.name[:MAX_NAME])
    bare = TaughtRule(
        name=rule.name,
        embedder=rule.embedder,
        created="",
        contributions=(),
        embeddings=np.empty((0, channel.width), np.float32),
        weights=exact,
        bias=rule.bias,
        line=rule.line,
    )
    return Head(bare.name, bare.limits, bare.reads, rule.sha256)


def taught_of(eyes: Eyes) -> dict[str, tuple[str, Head]]:
    """Return the taught rules that are asked now, by name: their network's sha256, their head."""
    channels = eyes.channels
    return {head.name: (one.sha256, head) for one in channels for head in one.heads[1:]}


def put(eyes: Eyes, rules: Mapping[str, tuple[str, Head]]) -> None:
    """Have these taught rules be asked, as `taught_of` gives them, and no others; see `Eyes`."""
    found: defaultdict[str, list[Head]] = defaultdict(list)
    for sha256, head in rules.values():
        found[sha256].append(head)
    eyes.teach(found)


def example_of(file: Path, yes: bool, eyes: Eyes, pack: Pack, taken: set[str]) -> Example | None:
    """Return what a picture teaches, or None where the nudity rule does not clear it.

    Its numbers leave memory as a photo does: each view of which some are kept is judged by every
    channel of both looks, by their lines, though not part by part. Of one that is not cleared
    nothing is kept. ``taken``: words that are in use, to which its own comes.
    Raises `PictureError` for what is no picture, and `ScoreError` where a model fails.
    """
    lores = lores_of(read_picture(file, PICTURE_LIMIT), pack.lores_size)
    (channel,) = (one for one in eyes.live if one.name == pack.name)
    views = cleared_views(lores, eyes, channel)
    if views is None:
        return None
    word = draw(taken, secrets.SystemRandom())
    taken.add(word)
    return Example(word, yes, views)


def cleared_views(lores: Pixels, eyes: Eyes, channel: Channel) -> NDArray[np.float64] | None:
    """Return what is kept of a picture, as `views_of`; None where the nudity rule does not clear.

    Each view is judged by every channel of both looks. A taught rule has no say: an object that it
    blocks may be shown to it again. Raises `ScoreError` where a model fails.
    """
    rules = [eyes.rule(which, {}) for which in Look]
    for view in _views(lores):
        found = scores(eyes.channels, view)
        if not all(clears_nudity(found, rule) for rule in rules):
            return None
    return views_of(lores, channel)


def views_of(lores: Pixels, channel: Channel) -> NDArray[np.float64]:
    """Return the embeddings that one picture gives: of each of its `VIEWS`.

    An object is held from either side, nearer or farther, and a few examples do not show all.
    """
    return np.stack([channel.embedder(one) for one in _views(lores)])


def _views(lores: Pixels) -> list[Pixels]:
    height, width = lores.shape[:2]
    right, down = (side * (1 - MIDDLE) / 2 for side in (width, height))
    middle = Image.fromarray(lores).resize(
        (width, height), Image.Resampling.BILINEAR, (right, down, width - right, height - down)
    )
    mirrored = (np.ascontiguousarray(one[:, ::-1]) for one in (lores, np.asarray(middle)))
    return [lores, next(mirrored), np.asarray(middle), next(mirrored)]


def today() -> str:
    """Return the day in UTC; a rule says no finer when it was made."""
    return datetime.now(UTC).strftime("%Y-%m-%d")
