"""What a blind evaluation may publish: rates of so many pictures that none can be told from them.

Pure: rows and answers in, figures out. No rate is of fewer than `LEAST` pictures, and none can be
had by subtracting: each column shares out all pictures, groups that are too small are told as one,
and columns whose groups differ by a few pictures only are not told side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shuttergate.bench.evaluate import rates
from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.bench.evaluate.evaluation import JOINT
from shuttergate.bench.evaluate.looks import UsedModel
from shuttergate.bench.evaluate.manifest import LABELS, Row

LEAST = 10
"""No rate of fewer pictures is told. Ten is what the statistics of health and schools often ask
for, and a bound of sense, too: 0 of 10 still allows up to 28 % (Wilson, 95 %), and of fewer
pictures a rate says next to nothing of a group and much of each picture in it."""

FEWER = f"fewer than {LEAST}"
LARGER = f"{FEWER}, and the next larger"
"""What groups are called that are told as one."""

MOST_CELLS = 60
"""More groups than this are no breakdown: the smallest are told as one, too."""

Places = frozenset[int]
"""Which rows of the manifest, by number from 0."""


class Cell(msgspec.Struct, frozen=True):
    """The rate blocked of one label's pictures where ``column`` is ``value``.

    ``folded`` is 0, or how many groups this one stands for; its ``value`` is `FEWER` or `LARGER`
    then. Rows without a value are a group of their own, whose value is empty.
    """

    column: str
    label: str
    value: str
    folded: int
    rate: rates.Rate


class BlindLook(msgspec.Struct, frozen=True):
    """What is published of one look.

    ``nude`` and ``safe``: all pictures that could be read; None where these are fewer than `LEAST`,
    but not none. ``unreadable``: how many could not, or `FEWER`. ``auc``: by score, the joint one
    and the channels'; None where either kind is missing or too few. ``left_out``: columns without
    cells, as their groups differ from another column's by fewer than `LEAST` pictures.
    """

    look: str
    title: str
    models: list[UsedModel]
    nude: rates.Rate | None
    safe: rates.Rate | None
    unreadable: int | str
    auc: dict[str, float | None]
    cells: list[Cell]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class _Group:
    value: str
    folded: int
    places: Places


def blind_look(
    look: str,
    title: str,
    models: list[UsedModel],
    rows: Sequence[Row],
    answers: Sequence[Opinion],
    by: Sequence[str],
) -> BlindLook:
    """Return what may be published of a look's answers, which stand in the rows' order."""
    readable = [place for place, answer in enumerate(answers) if answer.score is not None]
    of = {label: {place for place in readable if rows[place].label == label} for label in LABELS}
    cells, left_out = _cells(rows, answers, {one: of[one] for one in LABELS if _may(of[one])}, by)
    whole = {label: _rate(answers, places) for label, places in of.items()}
    lost = len(rows) - len(readable)
    return BlindLook(
        look,
        title,
        models,
        whole["nude"] if not of["nude"] or _may(of["nude"]) else None,
        whole["safe"] if not of["safe"] or _may(of["safe"]) else None,
        lost if lost == 0 or lost >= LEAST else FEWER,
        {score: _auc(answers, of, score) for score in (JOINT, *(one.channel for one in models))},
        cells,
        left_out,
    )


def _may(places: Collection[int]) -> bool:
    return len(places) >= LEAST


def _rate(answers: Sequence[Opinion], places: Iterable[int]) -> rates.Rate:
    verdicts = [answers[place].verdict for place in places]
    return rates.rate(verdicts.count("BLOCKED"), len(verdicts))


def _auc(answers: Sequence[Opinion], of: Mapping[str, set[int]], score: str) -> float | None:
    if not all(_may(places) for places in of.values()):
        return None
    found = {label: [_score(answers[place], score) for place in of[label]] for label in LABELS}
    area = rates.auc(found["nude"], found["safe"])
    return None if area is None else round(area, 4)


def _score(answer: Opinion, score: str) -> float:
    assert answer.score is not None
    return answer.score if score == JOINT else answer.scores[score]


def _cells(
    rows: Sequence[Row], answers: Sequence[Opinion], of: Mapping[str, set[int]], by: Sequence[str]
) -> tuple[list[Cell], list[str]]:
    """Return the cells of all columns that can be told, and the columns that cannot."""
    told: list[Cell] = []
    known: list[_Group] = []
    left_out = []
    for column in by:
        groups = {label: fold(_values(rows, places, column)) for label, places in of.items()}
        flat = [group for found in groups.values() for group in found]
        if any(_too_near(one.places, other.places) for one in flat for other in known):
            left_out.append(column)
            continue
        known += flat
        told += [
            Cell(column, label, one.value, one.folded, _rate(answers, one.places))
            for label, found in groups.items()
            for one in found
        ]
    return told, left_out


def _values(rows: Sequence[Row], places: Iterable[int], column: str) -> dict[str, Places]:
    found: dict[str, set[int]] = {}
    for place in places:
        found.setdefault(rows[place].columns.get(column, ""), set()).add(place)
    return {value: frozenset(group) for value, group in sorted(found.items())}


def fold(groups: Mapping[str, Places]) -> list[_Group]:
    """Return the groups of one column and label, those with fewer than `LEAST` pictures as one.

    Where they are fewer than that together, too, the smallest of the others go with them: else the
    whole, less the others, would tell them after all.
    """
    named = sorted(groups, key=lambda value: len(groups[value]))
    rest: set[int] = set()
    folded = 0
    while named and (
        len(groups[named[0]]) < LEAST or 0 < len(rest) < LEAST or len(named) > MOST_CELLS
    ):
        rest |= groups[named.pop(0)]
        folded += 1
    told = [_Group(value, 0, groups[value]) for value in groups if value in set(named)]
    if not folded:
        return told
    are_small = all(len(groups[value]) < LEAST for value in set(groups) - set(named))
    return [*told, _Group(FEWER if are_small else LARGER, folded, frozenset(rest))]


def _too_near(one: Places, other: Places) -> bool:
    """Whether one group less the other would tell of a few pictures."""
    return 0 < len(one ^ other) < LEAST
