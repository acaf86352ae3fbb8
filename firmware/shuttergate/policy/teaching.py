"""From examples to a rule, or to words why there is none; and a rule without one of its examples.

A ridge regression on embeddings of length 1: the object to 1, everything else to -1, where class
counts as much as class. What each example would get from a rule made without it (leave-one-out)
follows from the same inverse, exactly, and by that the line is drawn and a rule refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from shuttergate.errors import RuleError, TeachError
from shuttergate.policy.bank import HarmlessBank, units
from shuttergate.policy.examples import LEAST_YES, Doubles, Example, refuse_alike, refuse_misfits
from shuttergate.policy.rule_file import Contribution, Floats, TaughtRule

LINE = 0.5
RIDGE = 0.1
"""From 0.01 to 3 it hardly matters: an object's held-out views are blocked to a hundredth as often.
"""

HARMLESS_SHARE = 0.99
"""So many of the bank's pictures, none of them judged by a rule that knows it, stay below the line.
"""

LEAST_LINE = -0.03
"""The margin from which a rule blocks, where the bank does not ask for a higher one: half-way
between the object and all else is 0. A line between where examples and counter-examples lie, by
what each gets without itself, wanders with so few of them, and refused more of what is harmless.
"""

MOST_CLOSED = 0.1  # of the bank by a rule in a file; what is taught here refuses no fiftieth
MOST_REFUSED = 0.02  # of the bank, for a rule that knows at least half of its own examples
LEAST_TOLD_APART = 0.75  # of all pairs of an example and a counter-example
MOST_MISTAKEN = 0.5  # of the counter-examples
_STEEP = 3.0  # the logit of what agrees with the examples fully; the line's is 0


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawn contribution changed.

    ``before``, ``after``: by word, what a rule made without an example says of it, as
    `judged_without`; of the withdrawn one what the old rule said, and what the new one says.
    ``confused_before``, ``confused``: as `confused`.
    """

    rule: TaughtRule
    before: dict[str, float]
    after: dict[str, float]
    confused_before: dict[str, int]
    confused: dict[str, int]


class Withdrawn(msgspec.Struct, frozen=True):
    """A `Withdrawal` as it is told: the names are the same."""

    name: str
    word: str
    before: dict[str, float]
    after: dict[str, float]
    confused_before: dict[str, int]
    confused: dict[str, int]

    @classmethod
    def of(cls, name: str, word: str, found: Withdrawal) -> Withdrawn:
        """Return it with as many digits as mean something."""
        before, after = (
            {one: round(score, 4) for one, score in scores.items()}
            for scores in (found.before, found.after)
        )
        return cls(name, word, before, after, found.confused_before, found.confused)


def teach(
    name: str,
    embedder: str,
    examples: Sequence[Example],
    bank: HarmlessBank,
    day: str,
    least: int = LEAST_YES,
) -> TaughtRule:
    """Return the rule that the examples teach; raise `TeachError` where none comes of them.

    ``embedder``: the sha256 of the network that made the embeddings, and the bank's. ``day``: of
    its making, as 2026-01-31. ``least``: so many examples there must be.
    """
    rule, _fit_of_it = _taught(name, embedder, examples, bank, day, least)
    return rule


def _taught(
    name: str, embedder: str, examples: Sequence[Example], bank: HarmlessBank, day: str, least: int
) -> tuple[TaughtRule, _Fit]:
    refuse_misfits(name, examples, bank, least)
    ordered = [*(one for one in examples if one.yes), *(one for one in examples if not one.yes)]
    rows = [units(one.views) for one in ordered]
    refuse_alike(ordered, rows, bank)
    contributions = tuple(
        Contribution(one.word, one.yes, len(row)) for one, row in zip(ordered, rows, strict=True)
    )
    embeddings = np.concatenate(rows)
    fit = _fit(embeddings, contributions, bank)
    steep, line = _scale(fit)
    rule = TaughtRule(
        name=name,
        embedder=embedder,
        created=day,
        contributions=contributions,
        embeddings=embeddings,
        weights=(steep * fit.weights).astype(np.float32),
        bias=steep * (fit.bias - line),
        line=LINE,
    )
    return rule, fit


def withdraw(
    rule: TaughtRule, word: str, bank: HarmlessBank, day: str, least: int = LEAST_YES
) -> Withdrawal:
    """Return the rule made anew without a contribution, of which nothing stays in it.

    Raises `TeachError` for a word that is not in it, and where no rule comes of what is left.
    """
    if word not in rule.words:
        raise TeachError(
            "{word}: the rule {name} has no such contribution; `shuttergate rule show` lists them",
            word=word,
            name=rule.name,
        )
    parts = _by_word(rule)
    left = [Example(one.word, one.yes, parts[one.word]) for one in rule.contributions]
    left = [one for one in left if one.word != word]
    try:
        anew, fit = _taught(rule.name, rule.embedder, left, bank, day, least)
    except TeachError as error:
        raise TeachError(
            "without {word} nothing is left of the rule {name}: {cause}. Delete its file, and it "
            "is withdrawn, too",
            word=word,
            name=rule.name,
            cause=error,
        ) from error
    before, after = judged_without(rule, bank), _held(anew, fit)
    before[word] = float(rule.scores(parts[word]).mean())
    after[word] = float(anew.scores(parts[word]).mean())
    return Withdrawal(anew, before, after, confused(rule, bank), confused(anew, bank))


def judged_without(rule: TaughtRule, bank: HarmlessBank) -> dict[str, float]:
    """Return by word what a rule made without that contribution says of it: its mean score.

    What a rule says of its own examples is no measure of it: it knows them.
    """
    return _held(rule, _fit(rule.embeddings, rule.contributions, bank))


def _held(rule: TaughtRule, fit: _Fit) -> dict[str, float]:
    steep, line = _scale(fit)
    with np.errstate(over="ignore"):
        held = 1.0 / (1.0 + np.exp(-steep * (np.concatenate([fit.held_yes, fit.held_no]) - line)))
    return {word: float(held[part].mean()) for word, part in _places(rule.contributions).items()}


def confused(rule: TaughtRule, bank: HarmlessBank) -> dict[str, int]:
    """Return how many harmless pictures of the bank a rule blocks, by what they show."""
    return bank.named(rule.scores(bank.embeddings) >= rule.line)


def refuse_closing(file: Path, rule: TaughtRule, bank: HarmlessBank) -> None:
    """Refuse a rule that no examples can have taught: it would keep a kit closed for no reason."""
    share = sum(confused(rule, bank).values()) / len(bank.shows)
    if share > MOST_CLOSED:
        raise RuleError(
            "{file}: of harmless pictures the rule {name} would refuse {share:.0f} %; take it "
            "out, or teach it anew",
            file=file,
            name=rule.name,
            share=100 * share,
        )


def _by_word(rule: TaughtRule) -> dict[str, Floats]:
    return {word: rule.embeddings[part] for word, part in _places(rule.contributions).items()}


def _places(contributions: Sequence[Contribution]) -> dict[str, slice]:
    """Return where the views of each word stand."""
    found, at = {}, 0
    for one in contributions:
        found[one.word] = slice(at, at + one.views)
        at += one.views
    return found


@dataclass(frozen=True)
class _Fit:
    """Margins are 1 for the object and -1 for all else; ``held``: of each row without it.

    ``alone``: there is one example only, without which nothing is known of the object.
    """

    weights: Doubles
    bias: float
    held_yes: Doubles
    held_no: Doubles
    held_bank: Doubles
    alone: bool


def _fit(embeddings: Floats, contributions: Sequence[Contribution], bank: HarmlessBank) -> _Fit:
    """Fit the examples, those of the object first, against the bank."""
    learned = np.concatenate([embeddings, bank.embeddings]).astype(np.float64)
    yes = sum(one.views for one in contributions if one.yes)
    given, number = len(embeddings), len(learned)
    target = np.where(np.arange(number) < yes, 1.0, -1.0)
    parts = [yes, given - yes, number - given]
    weight = np.concatenate([np.full(one, 1.0 / max(one, 1)) for one in parts])
    kernel = learned @ learned.T + 1.0  # the bias is one number more of each embedding
    kernel[np.diag_indices(number)] += RIDGE / (weight * number)
    inverse = np.linalg.inv(kernel)
    alpha = inverse @ target
    held = target - alpha / np.diag(inverse)
    for part in _places(contributions).values():  # views of one contribution, left out together
        held[part] = target[part] - np.linalg.solve(inverse[part, part], alpha[part])
    return _Fit(
        weights=learned.T @ alpha,
        bias=float(alpha.sum()),
        held_yes=held[:yes],
        held_no=held[yes:given],
        held_bank=held[given:],
        alone=sum(one.yes for one in contributions) == 1,
    )


def _line(fit: _Fit) -> float:
    """Return the margin from which the rule blocks; raise `TeachError` where there is none."""
    yes, no = fit.held_yes, fit.held_no
    harmless = float(np.quantile(fit.held_bank, HARMLESS_SHARE))
    line = max(harmless, LEAST_LINE)
    if fit.alone:  # nothing is known of the object without it
        return line
    if no.size and float((yes[:, None] > no[None]).mean()) < LEAST_TOLD_APART:
        raise TeachError(
            "the model cannot tell these apart: judged without itself, a counter-example is as "
            "much the object as an example is; bring others, or another object"
        )
    refused = float((fit.held_bank >= np.median(yes)).mean())
    if refused > MOST_REFUSED:
        raise TeachError(
            "of all harmless pictures this would refuse {share:.0f} %, if it is to know half of "
            "its own examples; bring examples that have more in common, or an object that stands "
            "out",
            share=100 * refused,
        )
    if no.size and float((no >= line).mean()) > MOST_MISTAKEN:
        raise TeachError(
            "the model cannot tell these apart: of {number} views of counter-examples it takes "
            "{mistaken} for the object; bring others, or another object",
            number=no.size,
            mistaken=int((no >= line).sum()),
        )
    return line


def _scale(fit: _Fit) -> tuple[float, float]:
    """Return by how much to multiply what a margin is over the line, and the line's margin.

    Then the line scores `LINE`, and a margin of 1 nearly 1.
    """
    line = _line(fit)
    return _STEEP / (1.0 - line), line
