"""A kit's taught rules: they become heads that can only close."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from shuttergate import rulebook
from shuttergate.board import AcceleratorPart
from shuttergate.errors import ConfigError, RuleError
from shuttergate.feed import TaughtHead
from shuttergate.policy.rule_file import TaughtRule, write
from shuttergate.rulebook import VIEWS
from shuttergate.verdict import Look, Reason, Rule, joint_score, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.known import paint
from support.taught import rule as made

NAMES = ["consent-clean", "open-nsfw"]
CPU = AcceleratorPart(driver="cpu")
CLOSING = {Reason.CLEAR: 3, Reason.DOUBT: 2, Reason.TAUGHT: 1, Reason.NUDITY: 0}
"""The gravest first."""


def fitting(name: str, seed: int = 1, bias: float = 0.0) -> TaughtRule:
    """Return a rule for consent-clean's embeddings, of weights by chance."""
    pack = rulebook.pack("consent-clean")
    weights = np.random.default_rng(seed).normal(0, 5, 1280).astype(np.float32)
    embedder = pack.manifest.sha256
    return replace(made(), name=name, embedder=embedder, weights=weights, bias=bias)


def eyes(*rules: TaughtRule) -> Eyes:
    return open_eyes(NAMES, NAMES, CPU, taught=rulebook.heads(rules))


@pytest.fixture(scope="module")
def alone() -> Eyes:
    return eyes()


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(made("banana"), tmp_path / f"{name}.rule")
    with pytest.raises(RuleError, match=r"one\.rule and .*two\.rule are both called banana"):
        rulebook.read_rules([tmp_path / "one.rule", tmp_path / "two.rule"])
    write(made("badge"), tmp_path / "two.rule")
    names = [rule.name for rule in rulebook.read_rules(sorted(tmp_path.glob("*.rule")))]
    assert names == ["banana", "badge"]
    assert rulebook.settings_rules([str(tmp_path / "one.rule")])[0].name == "banana"


def test_one_of_another_embedder_is_refused_in_words() -> None:
    with pytest.raises(
        RuleError, match=r"the rule banana was taught with another model \(abab.*teach it anew"
    ):
        eyes(made("banana"))
    with pytest.raises(RuleError, match=r"taught with another model .* than any that is here"):
        rulebook.taught_with(made("banana"))


def test_one_of_another_width_is_refused_before_anything_looks() -> None:
    narrow = replace(made("banana"), embedder=fitting("banana").embedder)
    with pytest.raises(
        RuleError, match=r"reads 64 numbers, where the model consent-clean gives 12"
    ):
        rulebook.heads([narrow])


def test_one_that_only_the_second_look_could_ask_is_refused_too() -> None:
    """Else the line would not fall for what is before the camera."""
    with pytest.raises(RuleError, match=r"than looks here \(open-nsfw\)"):
        open_eyes(["open-nsfw"], NAMES, CPU, taught=rulebook.heads([fitting("banana")]))
    open_eyes([], NAMES, CPU, taught=rulebook.heads([fitting("banana")]))


def test_none_is_called_as_a_model_that_does_not_look_here() -> None:
    """By the nudity rule's letters it would speak for that model: live, the other closes by itself
    only from 0.985 on where both are there.
    """
    one = open_eyes(NAMES[:1], NAMES[:1], CPU)
    bare = {which: one.rule(which, {}) for which in Look}
    assert judge({NAMES[0]: 0.9}, bare[Look.LIVE]) is Reason.NUDITY
    for name in ("open-nsfw", "consent-clean-coral"):
        refused = f"a taught rule is called {name}, as a model of the nudity rule is"
        head = rulebook.head_of(rulebook.pushed(fitting(name)), one.live)
        with pytest.raises(ConfigError, match=refused):
            rulebook.put(one, {name: (one.live[0].sha256, head)})
        assert {which: one.rule(which, {}) for which in Look} == bare
        taught = rulebook.heads([fitting(name)])
        own = open_eyes(NAMES[:1], NAMES[:1], CPU, taught=taught)
        for which in Look:
            with pytest.raises(ConfigError, match=refused):
                own.rule(which, {})


def test_both_looks_and_every_rule_of_the_kit_ask_it() -> None:
    both = eyes(fitting("banana"), fitting("badge", 2))
    rules = [both.rule(which, {}) for which in Look]
    rules += [both.film_rule({}), both.lead_rule({}), both.page_rule({})]
    for rule in rules:
        assert {"banana", "badge", *NAMES} == set(rule.limits)
        assert rule.limits["banana"].blocks_with is Reason.TAUGHT


@pytest.mark.parametrize("bias", [-20.0, -3.0, 0.0, 3.0, 20.0])
def test_the_nudity_scores_stay_to_the_digit(alone: Eyes, bias: float) -> None:
    both = eyes(fitting("banana", bias=bias))
    for name in ("blue_slope", "green_slope", "test_card"):
        picture = paint(name, (224, 224))
        without, beside = scores(alone.live, picture), scores(both.live, picture)
        del beside["banana"]
        assert beside == without
        assert judge(without, alone.rule(Look.LIVE, {})) is Reason.NUDITY or name != "test_card"


score = st.one_of(st.floats(0, 1), st.sampled_from([math.nan, -1.0, 2.0, 0.0, 1.0]), st.none())


@example(said=[0.05, 0.05], taught=[0.2, 0.1], line=0.5, which=Look.LIVE)
@given(
    said=st.lists(score, min_size=2, max_size=2),
    taught=st.lists(score, min_size=2, max_size=2),
    line=st.floats(0.001, 1),
    which=st.sampled_from(Look),
)
def test_no_rule_file_makes_the_nudity_rule_laxer(
    alone: Eyes,
    said: list[float | None],
    taught: list[float | None],
    line: float,
    which: Look,
) -> None:
    """Whatever the rules' lines are, and whatever they say or fail to say."""
    bare = alone.rule(which, {})
    rules = [replace(fitted, line=line) for fitted in FITTED]
    limits = {one.name: one.limits for one in rules}
    beside = Rule({**bare.limits, **limits}, bare.fusions, bare.agreements)
    own = {name: one for name, one in zip(NAMES, said, strict=True) if one is not None}
    theirs = {
        one.name: found for one, found in zip(rules, taught, strict=True) if found is not None
    }
    without, found = judge(own, bare), judge(own | theirs, beside)
    assert CLOSING[found] <= CLOSING[without]
    if without is Reason.NUDITY:
        assert found is Reason.NUDITY
    before, after = joint_score(own, bare), joint_score(own | theirs, beside)
    if found is Reason.CLEAR:
        assert after == before < 0.5  # to the digit, where no rule speaks
    elif not (math.isnan(before) or math.isnan(after)):
        assert after >= before


FITTED = [fitting("banana"), fitting("badge", 2)]


def test_one_that_gives_no_score_leaves_no_frame_clear() -> None:
    broken = replace(fitting("banana"), weights=np.full(1280, np.nan, np.float32))
    with pytest.raises(ArithmeticError, match="banana: the model's score is nan"):
        scores(eyes(broken).live, paint("blue_slope", (224, 224)))


@pytest.mark.parametrize("doubted", NAMES)
@pytest.mark.parametrize(
    "view", range(VIEWS), ids=["whole", "mirrored", "middle", "its mirror image"]
)
def test_numbers_are_kept_only_of_views_that_every_channel_clears(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doubted: str, view: int
) -> None:
    """Also on a board where one model looks live, and of each view as of the picture itself."""
    alone = open_eyes(NAMES[:1], NAMES, CPU)
    pack = rulebook.pack("consent-clean")
    picture = tmp_path / "wall.png"
    Image.new("RGB", (224, 224), (30, 60, 160)).save(picture)
    assert rulebook.example_of(picture, True, alone, pack, set()) is not None
    seen: list[Any] = []

    def told(channels: Any, lores: Any) -> dict[str, float]:
        seen.append(lores)
        is_it = len(seen) == view + 1
        names = [one.name for one in channels]
        assert set(names) == set(NAMES)
        return {name: 0.99 if is_it and name == doubted else 0.01 for name in names}

    monkeypatch.setattr(rulebook, "scores", told)
    assert rulebook.example_of(picture, True, alone, pack, set()) is None


def test_what_a_rule_blocks_may_be_shown_to_it_again() -> None:
    """Whether numbers are kept is asked of the nudity rule alone."""
    closes = eyes(fitting("everything", bias=20.0))
    wall = np.full((224, 224, 3), (30, 60, 160), np.uint8)
    assert judge(scores(closes.live, wall), closes.rule(Look.LIVE, {})) is Reason.TAUGHT
    assert rulebook.cleared_views(wall, closes, closes.live[0]) is not None
    card = paint("test_card", (224, 224))
    assert rulebook.cleared_views(card, closes, closes.live[0]) is None


def test_what_a_kit_is_given_while_it_runs_judges_as_the_rule_does() -> None:
    both = eyes()
    taught = replace(
        fitting("banana"), contributions=(), embeddings=np.empty((0, 1280), np.float32)
    )
    embedding = both.live[0].embedder(paint("green_slope", (224, 224)))
    given = TaughtHead(
        "banana", taught.embedder, taught.weights.tobytes(), taught.bias, taught.line, "ab" * 32
    )
    head = rulebook.head_of(given, both.live)
    assert head(embedding) == taught.reads(embedding)
    assert head.limits == taught.limits


def test_what_is_given_has_no_example_in_it() -> None:
    rule = made("banana")
    given = rulebook.pushed(rule)
    assert np.array_equal(np.frombuffer(given.weights, "<f4"), rule.weights)
    assert given.sha256 == hashlib.sha256(rule.to_bytes()).hexdigest()
    assert not any(row.tobytes() in given.weights for row in rule.embeddings)
