"""What comes of examples: a rule that knows the object, or words that say why there is none."""

from __future__ import annotations

import time

import numpy as np
import pytest

from shuttergate.errors import TeachError
from shuttergate.policy.bank import units
from shuttergate.policy.examples import LEAST_YES, Example
from shuttergate.policy.pairs import pairs
from shuttergate.policy.teaching import (
    confused,
    judged_without,
    teach,
    withdraw,
)
from support.taught import DAY, EMBEDDER, WIDTH, bank, directions, examples, rule


def taught(given: list[Example], least: int = LEAST_YES) -> str:
    """Return the words in which the examples are refused, or "" for a rule."""
    try:
        teach("banana", EMBEDDER, given, bank(), DAY, least)
    except TeachError as error:
        return str(error)
    return ""


def test_a_rule_knows_the_object_and_hardly_anything_else() -> None:
    found = rule()
    others = directions(400, 77)
    assert (found.scores(directions(200, 50, towards=0)) >= found.line).mean() > 0.95
    assert (found.scores(others) >= found.line).mean() <= 0.03
    assert (found.scores(directions(50, 51, towards=1)) < found.line).all()  # the counter-examples
    assert sum(confused(found, bank()).values()) <= 4


def test_the_same_examples_give_the_same_rule() -> None:
    assert rule().to_bytes() == rule().to_bytes()


def test_what_is_left_out_is_judged_as_if_it_had_not_been_there() -> None:
    """The short way to leave-one-out gives what teaching without the example gives."""
    whole = rule()
    said = judged_without(whole, bank())
    assert list(said) == whole.words
    word = whole.words[0]
    part = withdraw(whole, word, bank(), DAY)
    # Lines differ by what else is there; a score far over one is far over the other, too.
    assert part.after[word] == pytest.approx(said[word], abs=0.12)


@pytest.mark.parametrize("name", ["", "a/b", "x" * 41, "ba\nnana"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(TeachError, match="no name for a rule; use up to 40 letters"):
        teach(name, EMBEDDER, examples(5, 11, True, 0), bank(), DAY)


def test_too_few_examples_are_refused() -> None:
    assert "2 examples are too few; bring 3 or more" in taught(examples(2, 11, True, 0))
    assert "0 examples are too few" in taught(examples(5, 12, False, 1))
    assert taught(examples(1, 11, True, 0), least=1) == ""


def test_too_many_are_refused() -> None:
    many = [Example("blue heron", True, directions(10_000, 5, towards=0))]
    assert "10000 views are too many; bring 600 or fewer" in taught(many, least=1)


def test_embeddings_of_another_width_and_none_are_refused() -> None:
    for views in (np.ones((1, WIDTH + 1)), np.ones(WIDTH), np.ones((0, WIDTH))):
        odd = Example("blue heron", True, views)
        assert "where embeddings have 64 numbers" in taught([*examples(5, 11, True, 0)[1:], odd])
    for value in (0.0, np.nan, np.inf):
        odd = Example("blue heron", False, np.full((1, WIDTH), value))
        assert "blue heron: the model gave no embedding" in taught([*examples(5, 1, True, 0), odd])


def test_one_picture_many_times_is_refused() -> None:
    one = directions(1, 9, towards=0)
    same = [Example(pairs()[at], True, one) for at in range(4)]
    assert "all 4 examples are one and the same picture; turn the object" in taught(same)


def test_one_colour_is_refused() -> None:
    rows = bank().plain
    plain = [Example(pairs()[at], True, row[None]) for at, row in enumerate(rows[:4])]
    assert "show one colour and nothing else" in taught(plain)


def test_a_picture_on_both_sides_is_refused() -> None:
    yes = examples(5, 11, True, 0)
    both = Example("blue heron", False, yes[2].views)
    assert "cannot tell these apart: one picture is an example and" in taught([*yes, both])


def test_what_looks_alike_on_both_sides_is_refused() -> None:
    yes, no = examples(5, 11, True, 0), examples(5, 12, False, 0)
    assert taught([*yes, *no]).startswith("the model cannot tell these apart: ")


def test_what_would_close_everything_is_refused() -> None:
    anything = examples(30, 21, True, None)
    said = taught(anything)
    assert "if it is to know half of its own examples" in said
    share = int(said.partition("harmless pictures this would refuse ")[2].partition(" %")[0])
    assert share > 30


def test_views_of_one_contribution_are_left_out_together() -> None:
    """One that is many views of one moment vouches for none of itself."""
    rng = np.random.default_rng(4)
    odd = directions(1, 91)[0]
    views = units(odd + 0.02 * np.abs(rng.normal(0, 1, (3, WIDTH))))
    given = [*examples(9, 11, True, 0), Example("blue heron", True, views)]
    found = teach("banana", EMBEDDER, given, bank(), DAY)
    said = judged_without(found, bank())
    assert said["blue heron"] < 0.5 < min(said[one.word] for one in given[:-1])


def test_withdrawing_leaves_nothing_of_a_contribution() -> None:
    whole = rule()
    word = whole.words[1]
    began_s = time.process_time()
    found = withdraw(whole, word, bank(), "2026-02-01")
    assert time.process_time() - began_s < 1.0
    anew = found.rule
    assert anew.words == [one for one in whole.words if one != word]
    gone = whole.embeddings[1]
    assert not (anew.embeddings == gone).all(axis=1).any()
    assert not (anew.weights == whole.weights).all()
    assert (anew.name, anew.embedder, anew.created) == ("banana", EMBEDDER, "2026-02-01")
    left = [one for one in examples(5, 11, True, 0) if one.word != word]
    alone = teach("banana", EMBEDDER, [*left, *examples(5, 12, False, 1)], bank(), "2026-02-01")
    assert anew.to_bytes() == alone.to_bytes()  # as if it had never been there


def test_withdrawing_says_what_changed() -> None:
    whole = rule()
    word = whole.words[0]
    found = withdraw(whole, word, bank(), DAY)
    assert set(found.before) == set(found.after) == set(whole.words)
    assert found.after[word] < found.before[word]
    assert found.confused_before == confused(whole, bank())
    assert found.confused == confused(found.rule, bank())


def test_a_word_that_was_never_there_is_an_error() -> None:
    with pytest.raises(TeachError, match="blue heron: the rule banana has no such contribution"):
        withdraw(rule(), "blue heron", bank(), DAY)


def test_where_too_little_is_left_the_rule_has_to_go() -> None:
    small = rule(yes=3)
    with pytest.raises(TeachError, match=r"nothing is left of the rule banana: .*too few.*Delete"):
        withdraw(small, small.words[0], bank(), DAY)
