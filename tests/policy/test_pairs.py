"""Pairs of words: in both languages, one of each, and none twice."""

from __future__ import annotations

import random
import re

import pytest

from shuttergate.errors import TeachError
from shuttergate.policy.pairs import COLOURS, THINGS, draw, in_english, in_japanese, pairs


def test_every_pair_is_one_in_both_languages() -> None:
    every = pairs()
    assert len(every) == len(COLOURS) * len(THINGS) == len(set(every)) > 700
    assert len({in_japanese(one) for one in every}) == len(every)
    assert all(re.fullmatch("[a-z]{2,12} [a-z]{2,12}", one) for one in every)


def test_a_pair_is_found_however_it_is_said() -> None:
    assert in_english("  Blue  HERON ") == "blue heron"
    assert in_english("青い サギ") == in_english(in_japanese("blue heron")) == "blue heron"
    assert in_english("nobody here") == "nobody here" == in_japanese("nobody here")


def test_none_is_drawn_twice_and_the_end_is_told() -> None:
    dice, taken = random.Random(1), set[str]()
    for _number in pairs():
        word = draw(taken, dice)
        assert word not in taken
        taken.add(word)
    with pytest.raises(TeachError, match="all 760 pairs of words are taken; withdraw"):
        draw(taken, dice)
