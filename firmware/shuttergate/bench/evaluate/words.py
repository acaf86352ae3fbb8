"""Figures as text, the same on the terminal and in the report."""

from __future__ import annotations

from shuttergate.bench.evaluate.clips import Watched
from shuttergate.bench.evaluate.evaluation import (
    JOINT,
    Contender,
    Group,
    LookResult,
    Summary,
    Unreadable,
)
from shuttergate.bench.evaluate.rates import BaseRate, Rate
from shuttergate.errors import phrase
from shuttergate.lang import LANGUAGE, _, texts
from shuttergate.verdict import Look

TITLES = (phrase("live"), phrase("second look"))
"""What the looks are called in figures, for programs; people are told it in their language."""

CHANCE = 0.5
"""The area under the ROC curve of a score that knows nothing."""


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 in per cent, as exact as is honest; a dash for None."""
    if share is None:
        return "–"
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    rest = min(share, 1.0 - share)
    digits = 1 if rest >= 0.01 else 2 if rest >= 0.001 else 3
    return f"{share * 100:.{digits}f} %"


def exactly(share: float) -> str:
    """Return a chosen share in per cent with all its digits, like 0.01 %."""
    return f"{share * 100:g} %"


def interval(low: float | None, high: float | None) -> str:
    """Return both ends in per cent, like 85.8–99.5 %; empty for None."""
    if low is None or high is None:
        return ""
    digits = 1 if high >= 0.01 else 2 if high >= 0.001 else 3
    return f"{low * 100:.{digits}f}–{high * 100:.{digits}f} %"


def fraction(rate: Rate | None) -> str:
    """Return like 35/36; a dash where there is no picture."""
    return "–" if rate is None or not rate.of else f"{rate.blocked}/{rate.of}"


def rate(found: Rate) -> str:
    """Return a rate of some pictures with its interval, like 35/36, 97.2 % (85.8–99.5 %)."""
    return f"{fraction(found)}, {percent(found.share)} ({interval(found.low, found.high)})"


def area(auc: float | None) -> str:
    """Return an area under a curve; a dash where one kind has no picture."""
    return "–" if auc is None else f"{auc:.4f}"


def count(expected: float) -> str:
    """Return an expected count, with as many digits as it bears; in English thousands apart."""
    if expected >= 100:
        return f"{expected:,.0f}".replace(",", "" if LANGUAGE == "ja" else "\N{NO-BREAK SPACE}")
    return f"{expected:.2g}" if 0 < expected < 1 else f"{expected:.1f}".removesuffix(".0")


def span(low: float, high: float) -> str:
    """Return a range of expected counts."""
    return _("{low} to {high}").format(low=count(low), high=count(high))


def group_name(group: Group) -> str:
    """Return the row's name in a table."""
    return group.value or _("all")


def score(name: str) -> str:
    """Return what a score is called: a channel's has its name."""
    return _("joint") if name == JOINT else name


def columns(look: LookResult) -> list[str]:
    """Return the columns it is broken down by, in order, but those with one value only."""
    named = [group.column for group in look.groups if group.column]
    return [name for name in dict.fromkeys(named) if name == "set" or named.count(name) > 1]


def groups_by(look: LookResult, column: str) -> list[Group]:
    """Return the groups of one column; those of all pictures for an empty one."""
    return [group for group in look.groups if group.column == column]


def opening(look: LookResult) -> str:
    """Return the most important sentence about a look."""
    nude, safe = look.groups[0].nude, look.groups[0].safe
    part = _("{blocked} of {of} pictures marked {label} ({share}, 95 %\xa0interval {interval})")
    parts = [
        part.format(
            blocked=rate.blocked,
            of=rate.of,
            label=label,
            share=percent(rate.share),
            interval=interval(rate.low, rate.high),
        )
        for label, rate in (("nude", nude), ("safe", safe))
        if rate.of
    ]
    blocked = _(" and ").join(parts) or _("nothing: no picture could be read")
    live = look.look == Look.LIVE
    said = _("The live look blocked {what}.") if live else _("The second look blocked {what}.")
    return said.format(what=blocked)


def swapped(title: str, auc: float | None, language: str | None = None) -> str:
    """Return what an area under 0.5 means, in a language (None: the environment's); else empty."""
    _ = texts(language)
    if auc is None or auc >= CHANCE:
        return ""
    return _(
        "{look}: the area under the joint score's ROC curve is {area}, under 0.5: pictures marked "
        "nude scored lower than pictures marked safe more often than not. Perhaps the labels nude "
        "and safe are swapped. Close to 0.5 it may be chance: then the score does not tell these "
        "pictures apart."
    ).format(look=named(title, language), area=area(auc))


def named(title: str, language: str | None = None) -> str:
    """Return what a look of this title is called in a sentence, in a language."""
    _ = texts(language)
    return {"live": _("Live look"), "second look": _("Second look")}.get(title, title)


def joint_area(look: LookResult) -> float | None:
    """Return the area under the joint score's curve."""
    return {curve.score: curve.auc for curve in look.curves}[JOINT]


def per_hour(watched: Watched) -> str:
    """Return closings an hour with their interval; a dash where nothing was watched."""
    if watched.per_hour is None:
        return "–"
    often, low, high = watched.per_hour
    return f"{count(often)} ({span(low, high)})"


def clip_groups(summary: Summary) -> list[tuple[str, str, int, Watched]]:
    """Return label, set, number of videos and what a gate did, for each set and for all together.

    Videos that could not be watched are in none.
    """
    found: dict[tuple[str, str], list[Watched]] = {}
    for clip in summary.clips:
        if not clip.cause:
            for name in dict.fromkeys((clip.set or "all", "all")):
                found.setdefault((clip.label, name), []).append(clip.watched)
    ordered = sorted(found, key=lambda key: (key[0] != "safe", key[1] == "all", key[1]))
    return [
        (label, _("all") if name == "all" else name, len(clips), sum(clips, Watched()))
        for (label, name), clips in ((key, found[key]) for key in ordered)
    ]


def restated(base: BaseRate) -> str:
    """Return one base rate in plain words."""
    text = _(
        "If {share} of the pictures show nudity: of {pictures} pictures {nude} show it; {rightly} "
        "of these are blocked, {missed} missed ({missed_span}); {wrongly} others are blocked "
        "wrongly ({wrongly_span})."
    ).format(
        share=exactly(base.base_rate),
        pictures=count(base.pictures),
        nude=count(base.nude),
        rightly=count(base.rightly),
        missed=count(base.missed),
        missed_span=span(base.missed_low, base.missed_high),
        wrongly=count(base.wrongly),
        wrongly_span=span(base.wrongly_low, base.wrongly_high),
    )
    if base.precision is None:
        return text
    return _("{text} So {share} of the blocked pictures show nudity ({interval}).").format(
        text=text,
        share=percent(base.precision),
        interval=interval(base.precision_low, base.precision_high),
    )


def unreadable(summary: Summary) -> list[tuple[str, str, str]]:
    """Return who could not read what, and why; each picture and cause once."""
    looks = [(look.title, look.unreadable) for look in summary.looks]
    videos = [
        Unreadable(one.file, one.set, one.label, one.cause, one.said) for one in summary.clips
    ]
    looks.append(("live", [one for one in videos if one.cause]))
    rivals = [(one.name, one.unreadable) for one in summary.contenders if one.install]
    found: dict[tuple[str, str], list[str]] = {}
    for who, pictures in looks + rivals:
        for one in pictures:
            cause = one.said.told() if one.said else one.cause
            cause = cause.removeprefix(one.file).lstrip(":： ")  # its name has a column of its own
            found.setdefault((one.file, cause), []).append(who)
    return [(_(", ").join(map(_, who)), file, cause) for (file, cause), who in found.items()]


def status(one: Contender) -> str:
    """Return a contender's version, or how to install it."""
    return one.version or _("not installed: {install}").format(install=one.install)
