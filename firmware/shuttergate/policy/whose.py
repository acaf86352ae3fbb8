"""Whose example it was: contributions to taught rules, found by their word or by a picture."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from shuttergate.policy.bank import units
from shuttergate.policy.examples import ALIKE, Doubles
from shuttergate.policy.pairs import in_english, in_japanese, pairs
from shuttergate.policy.rule_file import Contribution, Floats, TaughtRule


class Contributed(msgspec.Struct, frozen=True):
    """One contribution to a taught rule. ``yes``: an example, or else a counter-example.

    ``alike``: the cosine between what the model makes of the picture that was asked for and of the
    nearest view of this one, `ALIKE` to 1; None: no picture was asked for.
    """

    rule: str
    created: str
    word: str
    word_ja: str
    yes: bool
    alike: float | None


def by_word(rules: Iterable[TaughtRule], said: str) -> list[Contributed]:
    """Return the contributions with that word, said in either language."""
    word = in_english(said)
    return [
        _contributed(rule, one, None)
        for rule in rules
        for one in rule.contributions
        if one.word == word
    ]


def is_pair(said: str) -> bool:
    """Whether somebody could have been given that word, in either language."""
    return in_english(said) in pairs()


def all_of(rule: TaughtRule) -> list[Contributed]:
    """Return every contribution to a rule."""
    return [_contributed(rule, one, None) for one in rule.contributions]


def by_looks(rule: TaughtRule, views: Doubles | Floats) -> list[Contributed]:
    """Return the contributions of which a view is as good as one of ``views``, the nearest first.

    ``views``: embeddings by the rule's own model, shape (n, width), of any length.
    """
    near = rule.embeddings @ units(views).T
    found, at = list[Contributed](), 0
    for one in rule.contributions:
        best = float(near[at : at + one.views].max())
        at += one.views
        if np.isfinite(best) and best >= ALIKE:
            found.append(_contributed(rule, one, min(best, 1.0)))
    return sorted(found, key=lambda one: -(one.alike or 0.0))


def _contributed(rule: TaughtRule, one: Contribution, alike: float | None) -> Contributed:
    word_ja = in_japanese(one.word)
    rounded = None if alike is None else round(alike, 4)
    return Contributed(rule.name, rule.created, one.word, word_ja, one.yes, rounded)
