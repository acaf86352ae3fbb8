"""Whose example it was: by its word in either language, and by a picture's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from shuttergate.policy.examples import ALIKE
from shuttergate.policy.pairs import in_japanese
from shuttergate.policy.whose import Given, all_of, by_looks, by_word, given, is_pair
from support import taught


def test_a_word_is_found_in_both_languages_with_its_rule() -> None:
    rules = [given(taught.rule("banana")), given(taught.rule("star", yes=4, no=4))]
    word = rules[0].examples[0].word
    for said in (word, f"  {word.upper().replace(' ', '   ')} ", in_japanese(word)):
        found = by_word(rules, said)
        assert [(one.rule, one.word, one.yes) for one in found] == [
            ("banana", word, True),
            ("star", word, True),
        ]
        assert found[0].word_ja == in_japanese(word) and found[0].alike is None


@pytest.mark.parametrize("said", ["", "blue", "heron blue", "no such", "\0", "x" * 100_000])
def test_a_word_that_was_never_there_is_not_found(said: str) -> None:
    assert by_word([given(taught.rule())], said) == []
    assert not is_pair(said)


def test_a_pair_is_one_in_both_languages() -> None:
    assert is_pair("blue heron") and is_pair("青いサギ") and is_pair("青い サギ")


def test_a_picture_is_found_by_what_the_model_makes_of_it() -> None:
    rule = taught.rule()
    for at, word in enumerate(rule.words):
        own = 17.0 * rule.embeddings[at : at + 1].astype(np.float64)
        found = by_looks([given(rule)], own)
        assert found[0].word == word and found[0].alike == 1.0
        assert all((one.alike or 0) >= ALIKE for one in found)


def test_any_view_of_either_counts() -> None:
    rule = taught.rule()
    views = np.concatenate([taught.directions(1, 99), rule.embeddings[3:4]])
    assert by_looks([given(rule)], views)[0].word == rule.words[3]


@pytest.mark.parametrize("spoil", [np.nan, 0.0])
def test_what_is_no_embedding_is_nobodys(spoil: float) -> None:
    rule = taught.rule()
    assert by_looks([given(rule)], np.full((1, taught.WIDTH), spoil)) == []


def test_another_picture_is_nobodys() -> None:
    assert by_looks([given(taught.rule())], taught.directions(5, 77)) == []


def test_all_of_a_rule_are_told() -> None:
    rule = taught.rule()
    assert [one.word for one in all_of(given(rule))] == rule.words


def test_what_another_model_gave_is_passed_over() -> None:
    rule = taught.rule()
    other = Given("other", "", [taught.Example("blue heron", True, np.ones((1, 7), np.float32))])
    found = by_looks([other, given(rule)], rule.embeddings[:1])
    assert {one.rule for one in found} == {rule.name}
    assert by_looks([Given("new", "", [])], rule.embeddings[:1]) == []
