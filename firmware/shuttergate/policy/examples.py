"""Examples of an object, and those of which nothing can be learned: refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import TeachError
from shuttergate.policy.bank import HarmlessBank
from shuttergate.policy.rule_file import MAX_NAME, MAX_VIEWS, Floats, is_name

LEAST_YES = 3
"""With fewer examples nothing is known of how the object looks when it is held differently."""

ALIKE = 0.98
"""One still picture, seen twice by a noisy camera, agrees by more than that."""

PLAIN_ALIKE = 0.9
"""With a single colour: the most of 227 harmless pictures was 0.89, of ten objects 0.27."""


Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """What one contribution shows: ``views`` are embeddings, shape (n, width), of any length."""

    word: str
    yes: bool
    views: Doubles | Floats


def refuse_misfits(name: str, examples: Sequence[Example], bank: HarmlessBank, least: int) -> None:
    """Refuse what is no name, and examples that are too few, too many, or no embeddings."""
    if not is_name(name):
        raise TeachError(
            "{name!r}: no name for a rule; use up to {most} letters, digits and blanks",
            name=name,
            most=MAX_NAME,
        )
    yes = [one for one in examples if one.yes]
    if len(yes) < least:
        raise TeachError(
            "{name}: {number} examples are too few; bring {least} or more, from different sides",
            name=name,
            number=len(yes),
            least=least,
        )
    if (views := sum(len(one.views) for one in examples)) > MAX_VIEWS:
        raise TeachError(
            "{name}: {views} views are too many; bring {most} or fewer",
            name=name,
            views=views,
            most=MAX_VIEWS,
        )
    width = bank.embeddings.shape[1]
    for one in examples:
        if one.views.ndim != 2 or one.views.shape[1] != width or not len(one.views):
            raise TeachError(
                "{word}: its views are of shape {shape}, where embeddings have {width} numbers; "
                "take them by the same model",
                word=one.word,
                shape=one.views.shape,
                width=width,
            )
        lengths = np.linalg.norm(one.views.astype(np.float64), axis=1)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise TeachError(
                "{word}: the model gave no embedding of it; take it once more", word=one.word
            )


def refuse_alike(examples: Sequence[Example], rows: Sequence[Floats], bank: HarmlessBank) -> None:
    """Refuse what teaches nothing, whatever a regression would make of it."""
    yes = [row for one, row in zip(examples, rows, strict=True) if one.yes]
    no = [row for one, row in zip(examples, rows, strict=True) if not one.yes]
    if (plain := bank.plain).size and all((row @ plain.T).max() > PLAIN_ALIKE for row in yes):
        raise TeachError(
            "the examples show one colour and nothing else; hold an object before the camera"
        )
    firsts = np.concatenate([row[:1] for row in yes])
    if len(firsts) > 1 and (firsts @ firsts.T).min() > ALIKE:
        raise TeachError(
            "all {number} examples are one and the same picture; turn the object, and move it",
            number=len(firsts),
        )
    if no and (np.concatenate(yes) @ np.concatenate(no).T).max() > ALIKE:
        raise TeachError(
            "the model cannot tell these apart: one picture is an example and a counter-example; "
            "take it out on one side"
        )
