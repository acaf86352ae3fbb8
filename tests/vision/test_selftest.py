"""Known answers: a stuck, swapped or failing interpreter is found out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.system.paths import share
from shuttergate.vision.channel import Channel
from shuttergate.vision.known import paint
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.selftest import SelfTest


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(share("models") / "open-nsfw")


def channel(pack: Pack, nudity: Callable[[Pixels], float]) -> Channel:
    """A channel whose model answers as told."""
    return Channel(pack, lambda pixels: np.array([0.0, nudity(pixels)]))  # type: ignore[arg-type]


def test_the_real_model_knows_its_answers(pack: Pack) -> None:
    SelfTest([Channel(pack, pack.model(pack.content()))]).ask_all()


@pytest.mark.parametrize("score", [0.0, 0.22, 0.5, 0.98, 1.0])
def test_a_stuck_interpreter_is_found_within_a_round(pack: Pack, score: float) -> None:
    with pytest.raises(ScoreError, match=r"gives its known picture '\w+' .* is right"):
        SelfTest([channel(pack, lambda pixels: score)]).ask_all()


def test_after_a_wrong_answer_only_a_whole_round_counts_again(pack: Pack) -> None:
    real, is_stuck = Channel(pack, pack.model(pack.content())), [False]
    test = SelfTest([channel(pack, lambda pixels: 0.5 if is_stuck[0] else real.score(pixels))])
    test.ask_all()
    assert test.passed
    is_stuck[0] = True
    with pytest.raises(ScoreError):
        test.ask()
    is_stuck[0] = False
    for _ in range(test.questions):
        assert not test.passed
        test.ask()
    assert test.passed


def test_an_interpreter_that_repeats_its_last_answer_is_found(pack: Pack) -> None:
    real = Channel(pack, pack.model(pack.content()))
    answers = [0.0]

    def late(pixels: Pixels) -> float:
        answers.append(real.score(pixels))
        return answers[-2]

    with pytest.raises(ScoreError):
        SelfTest([channel(pack, late)]).ask_all()


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.01, 1.01])
def test_what_is_no_score_is_an_error(pack: Pack, score: float) -> None:
    with pytest.raises(ScoreError, match="outside 0 to 1"):
        channel(pack, lambda pixels: score).score(paint("blue_slope", (224, 224)))


def test_a_failing_model_is_an_error_and_no_old_answer(pack: Pack) -> None:
    def fail(pixels: Pixels) -> float:
        raise RuntimeError("delegate failed")

    with pytest.raises(ScoreError, match="the model failed: delegate failed"):
        channel(pack, fail).score(paint("blue_slope", (224, 224)))


def test_whoever_waits_for_a_round_hears_of_each_question() -> None:
    pack = read_pack(share("models") / "open-nsfw")
    test, turns = SelfTest([Channel(pack, pack.model(pack.content()))]), list[int]()
    test.ask_all(lambda: turns.append(1))
    assert len(turns) == test.questions > 1


def test_known_pictures_cannot_be_changed_and_unknown_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="read-only"):
        paint("blue_slope", (224, 224))[0] = 0
    with pytest.raises(ScoreError, match="no known picture 'rose' of 224 x 224"):
        paint("rose", (224, 224))


@pytest.mark.parametrize("score", [0.0, 1.0, float("nan")])
def test_a_head_for_parts_that_is_stuck_is_found_within_a_round(score: float) -> None:
    pack = read_pack(share("models") / "consent-clean")
    channel = Channel(pack, pack.model(pack.content()))
    test = SelfTest([channel])
    test.ask_all()
    assert channel.close is not None
    channel.close = dataclasses.replace(
        channel.close, reads=lambda means: np.full(len(means), score)
    )
    with pytest.raises(ScoreError, match="gives its known picture"):
        test.ask_all()
