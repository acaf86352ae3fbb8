"""From scores to a verdict. Pure: no hardware, no clock, no I/O.

A verdict is CLEAR or BLOCKED, never in between: a doubt is BLOCKED. What a BLOCKED verdict means is
that a machine could not rule nudity out. It is no finding about the people in the picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain

from shuttergate.errors import MisfitError, listed


class Decision(StrEnum):
    """The two things that can be said of a frame."""

    CLEAR = "CLEAR"
    BLOCKED = "BLOCKED"


class Reason(StrEnum):
    """Why a frame was judged so, why the gate is closed, or why a press was refused."""

    CLEAR = "clear"
    NUDITY = "nudity"  # a score is at or over the upper threshold of nudity
    TAUGHT = "taught"  # over a taught rule's line, of what the nudity rule clears
    DOUBT = "doubt"  # a score is between its thresholds, or is no usable one
    SECOND_LOOK = "second look"  # the full-resolution frame was not clear in every view
    WAITING = "waiting"  # not yet enough consecutive CLEAR frames
    STALE = "stale"  # the newest CLEAR frame is too old to speak for now
    FAULT = "fault"  # something is broken; the fault's name says what
    HELD = "held"  # the button was already down when the gate opened
    BUSY = "busy"  # the photo before this one is still being looked at
    NO_FRAME = "no frame"  # no CLEAR frame was exposed near enough to the press
    CLOSED = "closed"  # the gate closed before the photo was done
    SLOW = "slow"  # disk or encoder did not keep up with a video
    NO_PHOTO = "no photo"  # the photo of a video's press was not kept


class Fault(StrEnum):
    """What can be broken; while any of them stands, the gate is CLOSED."""

    STARTING = "starting"  # nothing was tested yet
    STOPPING = "stopping"  # the kit is told to end
    CAMERA = "camera"  # no frame comes, or what comes is none
    MODEL = "model"  # a model gives no score
    ACCELERATOR = "accelerator"  # it gives no answer
    SELF_TEST = "self-test"  # what looks live has given a known picture a wrong score
    SECOND_LOOK_SELF_TEST = "second-look self-test"  # the other channels have
    PUBLISHER = "publisher"  # the process that writes photos is gone, or says nothing
    ALBUM = "album"  # nothing can be written there
    PERMISSIVE = "permissive"  # the line is not at the level that was written to it
    CONTACT = "contact"  # the shutter contact gets current past the line
    POLES = "poles"  # the button's two poles disagree


class Look(StrEnum):
    """The two ways to look at a frame; each channel has thresholds for both."""

    LIVE = "live"  # once, whole, as it comes from the camera
    SECOND = "look"  # at the press: what would leave, whole and part by part


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below ``clear_below`` a score is CLEAR, from ``block_at`` it blocks, between it is a doubt.

    ``blocks_with``: the reason that a score at or over ``block_at`` stands for.
    """

    clear_below: float
    block_at: float
    blocks_with: Reason = Reason.NUDITY

    def __post_init__(self) -> None:
        if self.blocks_with is Reason.CLEAR:
            raise MisfitError("thresholds: nothing blocks because it is clear")
        if not 0.0 < self.clear_below <= self.block_at <= 1.0:
            raise MisfitError(
                "thresholds out of order: 0 < clear_below ({clear_below}) <= "
                "block_at ({block_at}) <= 1 must hold",
                clear_below=self.clear_below,
                block_at=self.block_at,
            )


RESOLUTION = 1 / 512
"""Half a step of an int8 score: log-odds are taken no nearer to 0 or 1 than this, so that no
channel can outvote another without bound."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Doubts of several channels, added: blocked where the weighted sum of their log-odds reaches
    ``line``. Every weight is positive, so that a higher score can only close.
    """

    weights: Mapping[str, float]
    line: float

    def __post_init__(self) -> None:
        if len(self.weights) < 2:
            raise MisfitError("a fusion needs two channels or more: one alone has its thresholds")
        for name, weight in self.weights.items():
            if not 0.0 < weight < math.inf:
                raise MisfitError(
                    "the weight of {name} is {weight}: it must be over 0, or a "
                    "higher score of this channel would open what a lower one "
                    "closes",
                    name=name,
                    weight=weight,
                )
        if not math.isfinite(self.line):
            raise MisfitError("the line of a fusion is {line}, which is no number", line=self.line)

    def over(self, scores: Mapping[str, float]) -> float:
        """Return by how much the sum is over the line; NaN where a score is missing or is none."""
        parts = [weight * _log_odds(scores.get(name)) for name, weight in self.weights.items()]
        return math.fsum(parts) - self.line


@dataclass(frozen=True, slots=True)
class Agreement:
    """Doubts that count only together: blocked where every score reaches its line of ``lines``."""

    lines: Mapping[str, float]

    def __post_init__(self) -> None:
        if len(self.lines) < 2:
            raise MisfitError("an agreement needs two channels or more: one alone has thresholds")
        for name, line in self.lines.items():
            if not 0.0 < line <= 1.0:
                raise MisfitError(
                    "the line of {name} in an agreement is {line}: 0 < line <= 1",
                    name=name,
                    line=line,
                )

    def over(self, scores: Mapping[str, float]) -> float:
        """Return the least of the stretched scores, 0.5 the line; NaN where one is none."""
        said = [_stretched(scores.get(name, math.nan), line) for name, line in self.lines.items()]
        return math.nan if any(map(math.isnan, said)) else min(said)


def _log_odds(score: float | None) -> float:
    if score is None or not 0.0 <= score <= 1.0:
        return math.nan
    within = min(max(score, RESOLUTION), 1.0 - RESOLUTION)
    return math.log(within / (1.0 - within))


@dataclass(frozen=True, slots=True)
class Rule:
    """How scores become a reason: every channel alone by its ``limits``, and several together.

    ``fusions`` and ``agreements`` can only close. Each of their channels must have limits.
    """

    limits: Mapping[str, Thresholds]
    fusions: tuple[Fusion, ...] = ()
    agreements: tuple[Agreement, ...] = ()

    def __post_init__(self) -> None:
        if strange := sorted(self.together - set(self.limits)):
            raise MisfitError(
                "a fusion or agreement without thresholds of {names}", names=listed(strange)
            )

    @property
    def together(self) -> set[str]:
        """The channels that speak in a fusion or an agreement."""
        named = [one.weights for one in self.fusions], [one.lines for one in self.agreements]
        return {name for names in chain(*named) for name in names}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the channels say of one frame.

    ``exposed_s`` is the frame's exposure by `clock.since_boot_s`; ``alone``: see `taught_alone`.
    ``scores``: as far as they may be told; see `told`. ``is_nudity_clear``: whatever taught rules
    say of it, the nudity rule clears it.
    """

    decision: Decision
    reason: Reason
    exposed_s: float
    scores: Mapping[str, float] = field(default_factory=dict)
    alone: str = ""
    is_nudity_clear: bool = False


def judge(scores: Mapping[str, float], rule: Rule) -> Reason:
    """Return CLEAR only if each score is below its ``clear_below`` and nothing together blocks.

    No channel at all, a missing score, NaN or a score outside [0, 1] is a DOUBT: the comparisons
    are written so that whatever is not provably clear is not clear. Of several reasons to block the
    gravest is told, of equally grave ones that of the first channel; what only several channels
    together say is a DOUBT. A taught rule is the reason only for what the nudity rule clears: a
    page brings its weights, and could read out by it what a network made of any other frame.
    """
    reason = _gravest(scores, rule)
    if reason is not Reason.TAUGHT:
        return reason
    of_nudity = _gravest(scores, nudity_alone(rule))
    return reason if of_nudity is Reason.CLEAR else of_nudity


def _gravest(scores: Mapping[str, float], rule: Rule) -> Reason:
    found = [_judge_one(scores.get(name), limit) for name, limit in rule.limits.items()]
    if not all(fusion.over(scores) < 0.0 for fusion in rule.fusions):
        found.append(Reason.DOUBT)
    if not all(agreement.over(scores) < 0.5 for agreement in rule.agreements):
        found.append(Reason.DOUBT)
    return min(found, key=_rank, default=Reason.DOUBT)


def _judge_one(score: float | None, limit: Thresholds) -> Reason:
    if score is None or not 0.0 <= score <= 1.0:
        return Reason.DOUBT
    if score < limit.clear_below:
        return Reason.CLEAR
    return limit.blocks_with if score >= limit.block_at else Reason.DOUBT


def _rank(reason: Reason) -> int:
    """Nudity first, then whatever else a model is sure of, then a doubt; CLEAR if all are."""
    return {Reason.NUDITY: 0, Reason.DOUBT: 2, Reason.CLEAR: 3}.get(reason, 1)


def verdict(scores: Mapping[str, float], rule: Rule, exposed_s: float) -> Verdict:
    """Judge one frame; see `judge`."""
    reason = judge(scores, rule)
    decision = Decision.CLEAR if reason is Reason.CLEAR else Decision.BLOCKED
    alone = taught_alone(scores, rule) if reason is Reason.TAUGHT else ""
    is_clear = reason is Reason.CLEAR or clears_nudity(scores, rule)
    said = dict(scores) if is_clear else told(scores, rule)
    return Verdict(decision, reason, exposed_s, said, alone, is_clear)


def nudity_alone(rule: Rule) -> Rule:
    """Return a rule without what was taught."""
    shared = rule.together
    limits = {
        name: one
        for name, one in rule.limits.items()
        if one.blocks_with is not Reason.TAUGHT or name in shared
    }
    return rule if len(limits) == len(rule.limits) else replace(rule, limits=limits)


def clears_nudity(scores: Mapping[str, float], rule: Rule) -> bool:
    """Whether a rule would be CLEAR without what was taught."""
    return judge(scores, nudity_alone(rule)) is Reason.CLEAR


def told(scores: Mapping[str, float], rule: Rule) -> dict[str, float]:
    """Return the scores that may leave: a taught rule's only of what the nudity rule clears.

    A page brings a taught rule's weights. By enough of them it would learn from their scores what a
    network made of a frame of which nothing may leave.
    """
    if clears_nudity(scores, rule):
        return dict(scores)
    known = nudity_alone(rule).limits
    return {name: score for name, score in scores.items() if name in known}


def without(rule: Rule, taught: str) -> Rule:
    """Return the rule without that taught one, where it has it.

    Raises `MisfitError` for a channel that is none: nothing of the nudity rule is ever left out.
    """
    limits = rule.limits.get(taught)
    if limits is None:
        return rule
    if limits.blocks_with is not Reason.TAUGHT or taught in rule.together:
        raise MisfitError("{name} is no taught rule: it is always asked", name=taught)
    others = {name: limit for name, limit in rule.limits.items() if name != taught}
    return Rule(others, rule.fusions, rule.agreements)


def taught_alone(scores: Mapping[str, float], rule: Rule) -> str:
    """Return the taught rule but for which these scores would be CLEAR, or "" where none is so."""
    for name, limit in rule.limits.items():
        if limit.blocks_with is Reason.TAUGHT and name not in rule.together:
            blocks = _judge_one(scores.get(name), limit) is Reason.TAUGHT
            if blocks and judge(scores, without(rule, name)) is Reason.CLEAR:
                return name
    return ""


def joint_score(scores: Mapping[str, float], rule: Rule) -> float:
    """Return one score in [0, 1] that never falls where a channel's rises: CLEAR is below 0.5.

    The highest of what each fusion, each agreement and each channel says. A fusion says the
    logistic function of how far it is over its line. A channel says its score, stretched so that
    its ``clear_below`` comes to lie at 0.5; below that one that also speaks together with others
    says nothing by itself: there they rank. Nor does a taught rule, which knows nothing of nudity.
    An agreement says the least of its channels' scores, stretched so by its lines. NaN where a
    score is missing or is none.
    """
    said = [_logistic(fusion.over(scores)) for fusion in rule.fusions]
    said += [agreement.over(scores) for agreement in rule.agreements]
    shared = rule.together
    for name, limit in rule.limits.items():
        own = _stretched(scores.get(name, math.nan), limit.clear_below)
        is_silent = name in shared or limit.blocks_with is Reason.TAUGHT
        said.append(0.0 if own < 0.5 and is_silent else own)
    return math.nan if not said or any(map(math.isnan, said)) else max(said)


def _logistic(value: float) -> float:
    """The line, 0, comes to lie at 0.5, and whatever is under it stays under it."""
    if math.isnan(value):
        return math.nan
    found = 1.0 / (1.0 + math.exp(-max(-700.0, min(value, 700.0))))
    return min(found, math.nextafter(0.5, 0.0)) if value < 0.0 else found


def _stretched(score: float, line: float) -> float:
    if not 0.0 <= score <= 1.0:
        return math.nan
    if score < line:
        return min(0.5 * score / line, math.nextafter(0.5, 0.0))
    return 1.0 if line >= 1.0 else 0.5 + 0.5 * (score - line) / (1.0 - line)


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the scores with as many digits as mean something."""
    return {name: round(score, 4) for name, score in scores.items()}
