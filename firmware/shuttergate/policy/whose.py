"""Whose example it was: contributions to taught rules, found by their word or by a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from shuttergate.policy.bank import units
from shuttergate.policy.examples import ALIKE, Doubles, Example
from shuttergate.policy.pairs import in_english, in_japanese, pairs
from shuttergate.policy.rule_file import Floats, TaughtRule


@dataclass(frozen=True)
class Given:
    """What a rule was taught from so far. ``created``: a day; "": no rule came of it yet."""

    rule: str
    created: str
    examples: Sequence[Example]


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


def given(rule: TaughtRule) -> Given:
    """Return what a rule was taught from."""
    examples, at = list[Example](), 0
    for one in rule.contributions:
        examples.append(Example(one.word, one.yes, rule.embeddings[at : at + one.views]))
        at += one.views
    return Given(rule.name, rule.created, examples)


def all_of(known: Given) -> list[Contributed]:
    """Return every contribution to a rule."""
    return [_contributed(known, one) for one in known.examples]


def by_word(every: Iterable[Given], said: str) -> list[Contributed]:
    """Return the contributions with that word, said in either language."""
    word = in_english(said)
    return [
        _contributed(known, one) for known in every for one in known.examples if one.word == word
    ]


def is_pair(said: str) -> bool:
    """Whether somebody could have been given that word, in either language."""
    return in_english(said) in pairs()


def by_looks(every: Iterable[Given], views: Doubles | Floats) -> list[Contributed]:
    """Return the contributions of which a view is as good as one of ``views``, the nearest first.

    ``views``: embeddings of a picture, shape (n, width), of any length, by the model that all these
    rules read. What another model gave, of another width, is passed over.
    """
    asked = units(views)
    found = list[Contributed]()
    for known in every:
        for one in known.examples:
            if one.views.shape[1:] != asked.shape[1:]:
                continue
            near = np.nan_to_num(units(one.views) @ asked.T, nan=-1.0)
            if (best := float(near.max(initial=-1.0))) >= ALIKE:
                found.append(_contributed(known, one, min(best, 1.0)))
    return sorted(found, key=lambda one: -(one.alike or 0.0))


def _contributed(known: Given, one: Example, alike: float | None = None) -> Contributed:
    rounded = None if alike is None else round(alike, 4)
    return Contributed(known.rule, known.created, one.word, in_japanese(one.word), one.yes, rounded)
