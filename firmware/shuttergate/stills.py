"""`shuttergate check`: a verdict per picture, without a camera."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from PIL import Image

from shuttergate.columns import padded
from shuttergate.errors import Phrase, PictureError, ScoreError, plain
from shuttergate.frames.pictures import lores_of, main_of, read_pictures
from shuttergate.lang import _
from shuttergate.verdict import Decision, Look, Reason, Rule, joint_score, judge, rounded
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.views import pyramid

LOOK_LIMIT = (4056, 3040)
"""Larger pictures are reduced to this first, as the simulated camera does."""

LIVE_LENGTH = 3.0
"""A live look sees a camera's whole frame, which is at most so many times as long as broad."""


class Checked(msgspec.Struct, frozen=True):
    """What `check` says of one file. ``score`` is None and ``reason`` the cause if UNREADABLE.

    ``said``: that cause for people, in their language. ``rules``: the taught rules that block it,
    where any were asked.
    """

    file: str
    verdict: str
    reason: str
    score: float | None
    scores: dict[str, float]
    ms: float
    rules: list[str] | msgspec.UnsetType = msgspec.UNSET
    said: Phrase | msgspec.UnsetType = msgspec.UNSET

    @property
    def english(self) -> Checked:
        """As other programs read it."""
        return msgspec.structs.replace(self, said=msgspec.UNSET)


def check(files: Iterable[Path], eyes: Eyes, rule: Rule, live: bool) -> Iterator[Checked]:
    """Yield the verdict of each file, as the second look gives it, or as one live frame."""
    look = looking(eyes, Look.LIVE if live else Look.SECOND)
    for file in files:
        yield _check_one(file, look, rule)


def looking(eyes: Eyes, which: Look) -> Callable[[Image.Image], Mapping[str, float]]:
    """Return what gives each channel's score of a picture; it raises `ScoreError`."""
    size = (eyes.lores_shape[1], eyes.lores_shape[0])

    def live(image: Image.Image) -> Mapping[str, float]:
        highest: dict[str, float] = {}
        for part in _parts(image):
            for name, score in scores(eyes.live, lores_of(part, size)).items():
                highest[name] = max(highest.get(name, 0.0), score)
        return highest

    def second(image: Image.Image) -> Mapping[str, float]:
        look = eyes.second_look
        return look(look.leaving(main_of(image, LOOK_LIMIT)))

    return live if which is Look.LIVE else second


def _parts(image: Image.Image) -> Iterator[Image.Image]:
    """Yield the whole, and of a shape that no kit's camera has, the parts that can be told."""
    yield image
    if max(image.size) <= LIVE_LENGTH * min(image.size):
        return
    try:
        views = pyramid(image.size, ()).views
    except ValueError as error:
        raise ScoreError.of(error) from error
    width, height = image.size
    for view in views[1:]:
        box = view.left * width, view.top * height, view.right * width, view.bottom * height
        left, top, right, bottom = (round(edge) for edge in box)
        yield image.crop((left, top, right, bottom))


def _check_one(
    file: Path,
    look: Callable[[Image.Image], Mapping[str, float]],
    rule: Rule,
) -> Checked:
    began_s = time.perf_counter()
    highest: dict[str, float] = {}
    try:
        for image in read_pictures(file, LOOK_LIMIT):
            for name, score in look(image).items():
                highest[name] = max(highest.get(name, 0.0), score)
    except (PictureError, ScoreError) as error:
        ms = _ms_since(began_s)
        return Checked(
            plain(file), "UNREADABLE", str(error), None, {}, ms, _blocking({}, rule), error.phrase
        )
    reason = judge(highest, rule)
    return Checked(
        file=plain(file),
        verdict="CLEAR" if reason is Reason.CLEAR else "BLOCKED",
        reason=reason,
        score=_rounded_down(joint_score(highest, rule)),
        scores=rounded(highest),
        ms=_ms_since(began_s),
        rules=_blocking(highest, rule),
    )


def _blocking(scores: Mapping[str, float], rule: Rule) -> list[str] | msgspec.UnsetType:
    """Return the names of the taught rules that block, or nothing where there are none."""
    taught = {name: one for name, one in rule.limits.items() if one.blocks_with is Reason.TAUGHT}
    if not taught:
        return msgspec.UNSET
    return [name for name, one in taught.items() if scores.get(name, 0.0) >= one.block_at]


def _rounded_down(score: float) -> float:
    """Four decimals, downwards, so that a score below a threshold never reads as at it."""
    return math.floor(score * 10_000) / 10_000


def _ms_since(began_s: float) -> float:
    return round((time.perf_counter() - began_s) * 1000, 1)


def words(found: Checked) -> str:
    """Return one line for people."""
    if found.score is None:
        why = found.said.told() if found.said else found.reason
        return padded(_("UNREADABLE"), 16) + f"  {why}"
    verdict = _("CLEAR") if found.verdict == Decision.CLEAR else _("BLOCKED")
    line = f"{padded(verdict, 10)} {found.score:.3f}  "
    if found.verdict == Decision.CLEAR:
        return line + found.file
    reasons = {
        Reason.NUDITY: _("nudity"),
        Reason.TAUGHT: _("taught"),
        Reason.DOUBT: _("doubt"),
    }
    why = {str(reason): said for reason, said in reasons.items()}.get(found.reason, found.reason)
    if found.rules:
        why = _("{why}: {rules}").format(why=why, rules=", ".join(found.rules))
    said = _("{file}  ({why})").format(file=found.file, why=why)
    return line + said


def exit_status(verdicts: Iterable[str]) -> int:
    """Return 2 if any picture was unreadable, else 1 if any was blocked, else 0."""
    found = set(verdicts)
    return 2 if "UNREADABLE" in found else 1 if "BLOCKED" in found else 0
