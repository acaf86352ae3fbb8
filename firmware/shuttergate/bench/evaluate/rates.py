"""Rates, intervals and curves of an evaluation. Pure: scores and counts in, figures out.

Sources. Interval: E. B. Wilson, JASA 22 (1927) 209-212, recommended for small samples by
L. D. Brown, T. T. Cai and A. DasGupta, Statistical Science 16 (2001) 101-133. Area under the curve:
H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18 (1947) 50-60; that their
statistic is that area: J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29-36. Curve:
T. Fawcett, Pattern Recognition Letters 27 (2006) 861-874.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point: two-sided 95 % intervals."""

Scores = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """``blocked`` pictures out of ``of``; shares from 0 to 1, None where ``of`` is 0.

    ``low`` and ``high`` are the ends of the Wilson 95 % interval.
    """

    blocked: int
    of: int
    share: float | None
    low: float | None
    high: float | None


def rate(blocked: int, of: int) -> Rate:
    """Return the share blocked with its Wilson score interval (Wilson 1927; Brown et al. 2001)."""
    if not 0 <= blocked <= of:
        raise ValueError(f"{blocked} of {of} is no rate")
    if of == 0:
        return Rate(0, 0, None, None, None)
    low, high = wilson(blocked, of)
    return Rate(blocked, of, blocked / of, low, high)


def wilson(hits: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of the share `hits` / `of`, ends from 0 to 1.

    Unlike the textbook interval it stays within [0, 1] and has a width at 0 % and at 100 %.
    """
    share = hits / of
    scale = 1.0 + z * z / of
    middle = (share + z * z / (2 * of)) / scale
    half = z * math.sqrt(share * (1.0 - share) / of + z * z / (4 * of * of)) / scale
    low = 0.0 if hits == 0 else max(0.0, middle - half)  # exactly, where rounding would miss
    high = 1.0 if hits == of else min(1.0, middle + half)
    return low, high


def auc(nude: Scores, safe: Scores) -> float | None:
    """Return the area under the ROC curve, 0 to 1; None where either kind has no picture.

    It is how often a picture marked nude scores higher than one marked safe, over all pairs, ties
    counting half (Mann and Whitney 1947; Hanley and McNeil 1982).
    """
    if not len(nude) or not len(safe):
        return None
    ordered = np.sort(np.asarray(safe, np.float64))
    values = np.asarray(nude, np.float64)
    below = np.searchsorted(ordered, values, "left").sum(dtype=np.float64)
    not_above = np.searchsorted(ordered, values, "right").sum(dtype=np.float64)
    return float((below + not_above) / (2.0 * len(values) * len(ordered)))


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a ROC curve: blocking from ``threshold`` up gives these two shares (0 to 1).

    ``threshold`` is None at the curve's start, where nothing is blocked.
    """

    threshold: float | None
    false_block: float
    block: float


def roc(nude: Scores, safe: Scores) -> list[Point]:
    """Return the ROC curve's corners from (0, 0) to (1, 1); empty where either kind is missing.

    A picture is blocked if its score is at or over the threshold. Points on a straight run between
    two others are left out.
    """
    if not len(nude) or not len(safe):
        return []
    steps = np.unique(np.concatenate([np.asarray(nude), np.asarray(safe)]))[::-1]
    hits, false_hits = _at_or_over(nude, steps), _at_or_over(safe, steps)
    counts = [(0, 0), *zip(false_hits.tolist(), hits.tolist(), strict=True)]
    thresholds = [None, *steps.tolist()]
    return [
        Point(threshold, across / len(safe), up / len(nude))
        for number, (threshold, (across, up)) in enumerate(zip(thresholds, counts, strict=True))
        if not _straight(counts[max(0, number - 1) : number + 2])
    ]


def _at_or_over(scores: Scores, steps: NDArray[np.float64]) -> NDArray[np.int64]:
    ordered = np.sort(np.asarray(scores, np.float64))
    return len(ordered) - np.searchsorted(ordered, steps, "left")


def _straight(three: list[tuple[int, int]]) -> bool:
    if len(three) < 3:
        return False
    (a, b), (c, d), (e, f) = three
    return (c - a) * (f - d) == (e - c) * (d - b)


@dataclass(frozen=True, slots=True)
class Step:
    """What a threshold would give: the rates blocked of the nude and of the safe pictures."""

    threshold: float
    nude: Rate
    safe: Rate


def step(nude: Scores, safe: Scores, threshold: float) -> Step:
    """Return the rates if every score at or over `threshold` were blocked."""
    return Step(
        threshold, *(rate(_count(scores, threshold), len(scores)) for scores in (nude, safe))
    )


def _count(scores: Scores, threshold: float) -> int:
    return int(np.count_nonzero(np.asarray(scores, np.float64) >= threshold))


def step_for(nude: Scores, safe: Scores, false_block: float) -> Step | None:
    """Return the lowest threshold whose share of false blocks is at most `false_block` (0 to 1).

    Thresholds are taken from the scores that occur, and infinity, which blocks nothing. None where
    there is no safe picture. Chosen on the pictures it is then measured on, it flatters every
    model alike.
    """
    if not len(safe):
        return None
    steps = np.unique(np.concatenate([np.asarray(nude), np.asarray(safe)]))
    fits = steps[_at_or_over(safe, steps) <= false_block * len(safe)]
    return step(nude, safe, float(fits[0]) if len(fits) else math.inf)


@dataclass(frozen=True, slots=True)
class BaseRate:
    """What to expect of ``pictures`` pictures if the share ``base_rate`` of them shows nudity.

    Expected counts; the ranges are what comes out with both rates at the less and at the more
    favourable ends of their Wilson intervals, which is more cautious than 95 %.
    ``precision`` is the positive predictive value: the share of blocked pictures that are nude.
    """

    base_rate: float
    pictures: int
    nude: float
    rightly: float
    missed: float
    missed_low: float
    missed_high: float
    wrongly: float
    wrongly_low: float
    wrongly_high: float
    precision: float | None
    precision_low: float | None
    precision_high: float | None


def at_base_rate(
    nude: Rate, safe: Rate, base_rate: float, pictures: int = 10_000
) -> BaseRate | None:
    """Restate the rates blocked at `base_rate` (0 to 1); None where either rate is missing.

    Bayes' rule: where nudity is rare, most blocked pictures may be safe ones, at any rates.
    """
    shares = (nude.share, nude.low, nude.high, safe.share, safe.low, safe.high)
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return None
    block, block_low, block_high, false, false_low, false_high = known
    shown = pictures * base_rate
    clean = pictures - shown

    def precision(hit: float, false_hit: float) -> float | None:
        blocked = hit * shown + false_hit * clean
        return hit * shown / blocked if blocked > 0 else None

    return BaseRate(
        base_rate,
        pictures,
        nude=shown,
        rightly=block * shown,
        missed=(1.0 - block) * shown,
        missed_low=(1.0 - block_high) * shown,
        missed_high=(1.0 - block_low) * shown,
        wrongly=false * clean,
        wrongly_low=false_low * clean,
        wrongly_high=false_high * clean,
        precision=precision(block, false),
        precision_low=precision(block_low, false_high),
        precision_high=precision(block_high, false_low),
    )


def histogram(scores: Scores, bins: int) -> list[int]:
    """Return how many scores fall in each of `bins` equal parts of [0, 1]; 1 is in the last."""
    counts, _ = np.histogram(np.asarray(scores, np.float64), bins, (0.0, 1.0))
    return [int(count) for count in counts]
