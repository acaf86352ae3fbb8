"""Embeddings of chance with an object in them, for what is taught without pictures."""

from __future__ import annotations

import numpy as np

from shuttergate.policy.bank import Bank, units
from shuttergate.policy.examples import Example
from shuttergate.policy.pairs import pairs
from shuttergate.policy.rule_file import Floats, TaughtRule
from shuttergate.policy.teaching import teach

WIDTH = 64
EMBEDDER = "ab" * 32
DAY = "2026-01-31"


def directions(number: int, seed: int, towards: int | None = None) -> Floats:
    """Return embeddings of length 1; ``towards``: the number in each that says the object."""
    found = np.abs(np.random.default_rng(seed).normal(0, 1, (number, WIDTH)))
    if towards is not None:
        found[:, towards] += 12
    return units(found)


def bank() -> Bank:
    """Return 200 harmless embeddings, of which the last ten are single colours."""
    plain = directions(10, 3, towards=WIDTH - 1)
    plain[:, : WIDTH - 1] *= 0.2
    shows = tuple(["animal"] * 100 + ["food"] * 90 + ["plain colour"] * 10)
    return Bank(np.concatenate([directions(190, 1), units(plain)]), shows)


def examples(number: int, seed: int, yes: bool, towards: int | None) -> list[Example]:
    """Return contributions of one view each, with words of their own."""
    first = 0 if yes else 300
    rows = directions(number, seed, towards)
    return [Example(pairs()[first + at], yes, row[None]) for at, row in enumerate(rows)]


def rule(name: str = "banana", yes: int = 5, no: int = 5) -> TaughtRule:
    """Return a rule that knows whatever points towards the embedding's first number."""
    given = [*examples(yes, 11, True, 0), *examples(no, 12, False, 1)]
    return teach(name, EMBEDDER, given, bank(), DAY)
