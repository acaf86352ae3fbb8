"""`shuttergate check`: a verdict per picture, without a camera."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from PIL import Image

from shuttergate.errors import PictureError, ScoreError
from shuttergate.frames.pictures import lores_of, main_of, read_pictures
from shuttergate.verdict import Look, Reason, Rule, joint_score, judge, rounded
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes

LOOK_LIMIT = (4056, 3040)
"""Larger pictures are reduced to this first, as the simulated camera does."""


class Checked(msgspec.Struct, frozen=True):
    """What `check` says of one file. ``score`` is None and ``reason`` the cause if UNREADABLE."""

    file: str
    verdict: str
    reason: str
    score: float | None
    scores: dict[str, float]
    ms: float


def check(files: Iterable[Path], eyes: Eyes, rule: Rule, live: bool) -> Iterator[Checked]:
    """Yield the verdict of each file, as the second look gives it, or as one live frame."""
    look = looking(eyes, Look.LIVE if live else Look.SECOND)
    for file in files:
        yield _check_one(file, look, rule)


def looking(eyes: Eyes, which: Look) -> Callable[[Image.Image], Mapping[str, float]]:
    """Return what gives each channel's score of a picture; it raises `ScoreError`."""
    size = (eyes.lores_shape[1], eyes.lores_shape[0])
    if which is Look.LIVE:
        return lambda image: scores(eyes.live, lores_of(image, size))
    return lambda image: eyes.second_look(main_of(image, LOOK_LIMIT))


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
        return Checked(str(file), "UNREADABLE", str(error), None, {}, _ms_since(began_s))
    reason = judge(highest, rule)
    return Checked(
        file=str(file),
        verdict="CLEAR" if reason is Reason.CLEAR else "BLOCKED",
        reason=reason,
        score=_rounded_down(joint_score(highest, rule)),
        scores=rounded(highest),
        ms=_ms_since(began_s),
    )


def _rounded_down(score: float) -> float:
    """Four decimals, downwards, so that a score below a threshold never reads as at it."""
    return math.floor(score * 10_000) / 10_000


def _ms_since(began_s: float) -> float:
    return round((time.perf_counter() - began_s) * 1000, 1)


def words(found: Checked) -> str:
    """Return one line for people."""
    if found.score is None:
        return f"UNREADABLE        {found.reason}"
    return f"{found.verdict:<10} {found.score:.3f}  {found.file}  ({found.reason})"


def exit_status(verdicts: Iterable[str]) -> int:
    """Return 2 if any picture was unreadable, else 1 if any was blocked, else 0."""
    found = set(verdicts)
    return 2 if "UNREADABLE" in found else 1 if "BLOCKED" in found else 0
