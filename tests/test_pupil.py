"""What the gate process does for teaching: it gives numbers of cleared frames, and only closes."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from shuttergate import feed, rulebook
from shuttergate.board import AcceleratorPart
from shuttergate.clock import since_boot_s
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.pictures import main_of
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.judging import LiveJudge, PressJudge
from shuttergate.prooftest import ProofTests
from shuttergate.pupil import MAX_MESSAGE_BYTES, MAX_RULES, Pupil
from shuttergate.tally import Tally
from shuttergate.verdict import Decision, Fault, Look, Reason, Verdict, judge, nudity_alone
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.known import paint
from support.kits import wait_until
from test_rulebook import fitting

NAMES = ["consent-clean", "open-nsfw"]
CPU = AcceleratorPart(driver="cpu")
WALL = np.full((224, 224, 3), (30, 60, 160), np.uint8)
CARD = paint("test_card", (224, 224))


@functools.cache
def opened(*live: str) -> tuple[Eyes, list[Any]]:
    eyes = open_eyes(live, NAMES, CPU)
    return eyes, [one.model for one in eyes.channels]


def fresh(live: list[str]) -> Eyes:
    """Eyes that were taught nothing, with their own models."""
    eyes, models = opened(*live)
    eyes.teach({})
    for channel, model in zip(eyes.channels, models, strict=True):
        channel.model = model
    return eyes


class School:
    """A pupil with real models, the gate before it, and all that it tells."""

    def __init__(self, taught: Any = (), live: list[str] | None = None) -> None:
        self.eyes = fresh(live or NAMES)
        self.eyes.teach(rulebook.heads(taught))
        self.line: list[bool] = []
        self.gate = Interlock(Rules(clear_frames=1, max_age_s=60.0), self.line.append)
        self.gate.mended(Fault.STARTING)
        self.told: list[feed.Message] = []
        tally = Tally()
        faults = FaultLog(self.gate, self.told.append)
        proof = ProofTests(self.eyes, 10.0, tally, faults)
        self.live = LiveJudge(self.eyes, {}, proof, faults, tally)
        self.look = PressJudge(self.eyes, {}, proof, faults, self.gate, tally)
        self.pupil = Pupil(self.eyes, self.live, self.look, self.gate, self.told.append)
        self.pupil.start()
        self.number = 0

    def see(self, lores: Pixels) -> Verdict:
        """Have it look at a frame, as the appliance does."""
        self.number += 1
        frame = Frame(self.number, since_boot_s(), np.zeros((336, 224), np.uint8), lores, int)
        seen = self.live(frame)
        self.gate.judged(seen)
        self.pupil.sees(frame, seen)
        return seen

    def answer(self) -> feed.Message:
        kinds = feed.ExampleTaken | feed.ExampleRefused
        assert wait_until(lambda: any(isinstance(one, kinds) for one in self.told))
        return next(one for one in self.told if isinstance(one, kinds))

    @property
    def changes(self) -> list[feed.RulesChanged]:
        return [one for one in self.told if isinstance(one, feed.RulesChanged)]


@pytest.fixture
def school() -> Iterator[School]:
    one = School()
    yield one
    one.pupil.stop()


def enforce(name: str = "star", bias: float = 20.0, **changes: Any) -> feed.Enforce:
    rule = fitting(name, bias=bias)
    whole = {
        "name": name,
        "embedder": rule.embedder,
        "weights": rule.weights.astype("<f4").tobytes(),
        "bias": bias,
        "line": rule.line,
        "sha256": "cd" * 32,
    }
    return feed.Enforce(feed.TaughtHead(**(whole | changes)))


def test_nothing_leaves_unless_it_is_asked_for(school: School) -> None:
    school.see(WALL)
    time.sleep(0.05)
    assert school.told == []


def test_an_example_is_the_numbers_of_the_next_cleared_frame(school: School) -> None:
    school.pupil.obey(feed.TakeExample(7))
    school.see(WALL)
    answer = school.answer()
    assert isinstance(answer, feed.ExampleTaken) and answer.number == 7
    views = np.frombuffer(answer.embeddings, "<f4").reshape(answer.views, -1)
    teacher = school.eyes.teachable
    assert teacher is not None
    assert np.array_equal(views, rulebook.views_of(WALL, teacher).astype(np.float32))
    assert len(answer.embeddings) <= MAX_MESSAGE_BYTES
    assert wait_until(lambda: not school.pupil._lores.any())  # wiped
    assert school.pupil.embedder == teacher.sha256


def test_of_a_frame_that_is_not_clear_nothing_leaves(school: School) -> None:
    school.pupil.obey(feed.TakeExample(7))
    assert school.see(CARD).reason is Reason.NUDITY
    assert school.answer() == feed.ExampleRefused(7, Reason.NUDITY)


def test_nor_of_one_that_only_the_second_channel_doubts(school: School) -> None:
    """Live it is clear; what leaves is judged as strictly as a photo."""
    alone = School(live=NAMES[:1])
    second = alone.eyes.look[1]
    assert second.name == "open-nsfw"
    second.model = lambda pixels: np.array([0.0, 1.0])
    try:
        alone.pupil.obey(feed.TakeExample(7))
        assert alone.see(WALL).reason is Reason.CLEAR
        assert alone.answer() == feed.ExampleRefused(7, Reason.DOUBT)
    finally:
        alone.pupil.stop()


def test_nor_while_something_is_broken(school: School) -> None:
    school.gate.fault(Fault.CONTACT)
    school.pupil.obey(feed.TakeExample(7))
    school.see(WALL)
    assert school.answer() == feed.ExampleRefused(7, Reason.FAULT)


def test_nor_where_a_model_fails(school: School) -> None:
    def fails(pixels: Pixels) -> Any:
        raise RuntimeError("delegate failed")

    alone = School(live=NAMES[:1])
    alone.eyes.look[1].model = fails
    try:
        alone.pupil.obey(feed.TakeExample(7))
        alone.see(WALL)
        assert alone.answer() == feed.ExampleRefused(7, Reason.FAULT)
    finally:
        alone.pupil.stop()


def test_what_a_rule_blocks_may_be_shown_to_it_again(school: School) -> None:
    school.pupil.obey(enforce())
    school.pupil.obey(feed.TakeExample(7))
    assert school.see(WALL).reason is Reason.TAUGHT
    assert isinstance(school.answer(), feed.ExampleTaken)


def test_a_rule_in_force_closes_live_and_at_the_press(school: School) -> None:
    before = school.see(WALL)
    assert school.gate.state.is_open
    school.pupil.obey(enforce())
    assert not school.gate.state.is_open and not school.line[-1]  # until frames clear it, too
    assert school.changes[-1].taught == ["star"]
    seen = school.see(WALL)
    assert (seen.decision, seen.reason) == (Decision.BLOCKED, Reason.TAUGHT)
    assert {**seen.scores, "star": 0} == {**before.scores, "star": 0}  # nudity's to the digit
    for rule in (school.live.rule, school.look.rule):
        assert "star" in rule.limits
    assert not school.look.shows(WALL, seen.scores)
    assert not school.look.may_be_filmed(seen.scores)


def test_a_press_that_was_in_work_comes_to_nothing(school: School) -> None:
    school.gate = Interlock(
        Rules(clear_frames=1, hold_off_s=0.0, max_age_s=60.0), school.line.append
    )
    school.gate.mended(Fault.STARTING)
    school.pupil._interlock = school.gate
    school.see(WALL)
    opened_s = school.gate.state.opened_s
    school.pupil.obey(enforce(bias=-20.0))
    school.see(WALL)
    assert school.gate.state.is_open and school.gate.state.opened_s != opened_s


def test_what_was_enforced_is_lifted_and_the_settings_come_back() -> None:
    own = School([fitting("star", bias=-20.0)])
    try:
        assert own.see(WALL).reason is Reason.CLEAR
        own.pupil.obey(enforce("star"))
        assert own.see(WALL).reason is Reason.TAUGHT
        own.pupil.obey(enforce("moon", bias=-20.0))
        assert own.changes[-1].taught == ["star", "moon"]
        own.pupil.obey(feed.Lift("star"))
        assert own.see(WALL).reason is Reason.CLEAR
        assert own.changes[-1].taught == ["star", "moon"]  # the settings' own star
        own.pupil.obey(feed.Lift("star"))  # which no page can take away
        own.pupil.obey(feed.Lift("moon"))
        assert own.changes[-1].taught == ["star"]
        assert set(own.live.rule.limits) == {*NAMES, "star"}
    finally:
        own.pupil.stop()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"embedder": "ab" * 32}, "another model"),
        ({"weights": b"\0" * 8}, "is none"),
        ({"weights": b""}, "is none"),
        ({"weights": np.full(1280, np.nan, "<f4").tobytes()}, "is none"),
        ({"line": 0.0}, "is none"),
        ({"line": float("nan")}, "is none"),
        ({"bias": float("inf")}, "is none"),
        ({"name": "consent-clean"}, "two heads are called consent-clean"),
        ({"name": "open-nsfw"}, "two heads are called open-nsfw"),
        ({"name": "\x1b[2J"}, "is none"),
        ({"name": "x" * 10_000}, "is none"),
    ],
)
def test_what_is_no_rule_changes_nothing(school: School, changes: dict[str, Any], why: str) -> None:
    school.pupil.obey(enforce("moon", bias=-20.0))
    before = school.live.rule, school.look.rule, [one.heads for one in school.eyes.channels]
    told = len(school.changes)
    school.pupil.obey(enforce(**changes))
    (refused,) = (one for one in school.told if isinstance(one, feed.RuleRefused))
    assert why in refused.cause and len(refused.name) <= 80
    after = school.live.rule, school.look.rule, [one.heads for one in school.eyes.channels]
    assert after == before and len(school.changes) == told


def test_no_more_than_so_many_are_in_force(school: School) -> None:
    for number in range(MAX_RULES):
        school.pupil.obey(enforce(f"rule {number}", bias=-20.0))
    school.pupil.obey(enforce("one more"))
    assert any("are in force already" in one.cause for one in _refusals(school))
    assert len(school.changes[-1].taught) == MAX_RULES
    school.pupil.obey(enforce("rule 3", bias=-19.0))  # one of them may be made anew
    assert len(_refusals(school)) == 1


def _refusals(school: School) -> list[feed.RuleRefused]:
    return [one for one in school.told if isinstance(one, feed.RuleRefused)]


def test_a_rule_on_trial_says_its_score_and_decides_nothing(school: School) -> None:
    school.pupil.obey(feed.Try(enforce().rule))
    seen = school.see(WALL)
    assert seen.reason is Reason.CLEAR
    assert school.pupil.tries(school.live.read, seen) == 1.0
    assert "star" not in school.live.rule.limits
    school.pupil.obey(feed.Try(None))
    assert school.pupil.tries(school.live.read, seen) is None


def test_a_frame_without_an_answer_has_no_trial_either(school: School) -> None:
    school.pupil.obey(feed.Try(enforce().rule))
    school.eyes.live[0].model = lambda pixels: np.full(1280, np.nan)
    seen = school.see(WALL)
    assert school.pupil.tries(school.live.read, seen) is None


def test_of_what_the_nudity_rule_does_not_clear_no_taught_rule_says_a_number(
    school: School,
) -> None:
    """A page brings the weights: by enough of them it would learn what the model made of a frame
    of which nothing may leave.
    """
    school.pupil.obey(enforce(bias=-20.0))
    school.pupil.obey(feed.Try(enforce("moon").rule))
    assert "star" in school.see(WALL).scores
    assert school.pupil.tries(school.live.read, school.see(WALL)) == 1.0
    for bias in (-20.0, 20.0):
        school.pupil.obey(enforce(bias=bias))
        seen = school.see(CARD)
        assert set(seen.scores) == set(NAMES)
        assert school.pupil.tries(school.live.read, seen) is None
    # Nor where a taught rule blocks a frame of which another channel only doubts.
    school.eyes.channels[1].model = lambda pixels: np.array([0.06, 0.94])
    seen = school.see(WALL)
    assert seen.reason is Reason.DOUBT and set(seen.scores) == set(NAMES)
    assert school.pupil.tries(school.live.read, seen) is None
    school.pupil.obey(feed.TakeExample(7))
    school.see(WALL)
    assert isinstance(school.answer(), feed.ExampleRefused)


def test_nor_does_the_second_look_at_a_press(school: School) -> None:
    school.pupil.obey(enforce(bias=-20.0))
    card = main_of(Image.fromarray(CARD).resize((448, 448)), (448, 336))
    reason, said = school.look.picture(school.look.leaving(card, None))
    assert reason is not Reason.CLEAR and set(said) == set(NAMES)
    wall = main_of(Image.fromarray(WALL).resize((448, 448)), (448, 336))
    reason, said = school.look.picture(school.look.leaving(wall, None))
    assert reason is Reason.CLEAR and set(said) == {*NAMES, "star"}


def test_nor_the_bit_whether_it_would_block(school: School) -> None:
    """Reasons are told of every frame: live, at a press, of a video's frame and of an example."""
    own = school.eyes.channels[1].model

    def doubts(pixels: Pixels) -> Any:
        is_wall = np.ptp(pixels, axis=(0, 1)).max() < 8  # no picture of the self-test is so even
        return np.array([0.06, 0.94]) if is_wall else own(pixels)

    school.eyes.channels[1].model = doubts
    wall = main_of(Image.fromarray(WALL).resize((448, 448)), (448, 336))
    told: list[Any] = []
    for bias in (-20.0, 20.0):
        school.pupil.obey(enforce(bias=bias))
        live = replace(school.see(WALL), exposed_s=0.0)
        leaving = school.look.leaving(wall, None)
        assert not school.look.film(leaving, since_boot_s(), lambda: None)
        reasons = live.reason, school.gate.reason, school.look.picture(leaving)[0]
        assert reasons == (Reason.DOUBT,) * 3
        school.told.clear()
        school.pupil.obey(feed.TakeExample(7))
        school.see(WALL)
        told.append((live, school.look.picture(leaving), school.answer(), school.gate.reason))
    assert told[0] == told[1]
    school.eyes.channels[1].model = own
    assert school.see(WALL).reason is Reason.TAUGHT  # it is in force
    assert school.look.picture(leaving)[0] is Reason.TAUGHT


def test_the_nudity_rule_is_the_same_whatever_is_in_force(school: School) -> None:
    bare = {which: school.eyes.rule(which, {}) for which in Look}
    school.pupil.obey(enforce(bias=-20.0))
    for which in Look:
        rule = school.eyes.rule(which, {})
        assert nudity_alone(rule) == bare[which]
        found = scores(school.eyes.channels, CARD)
        assert judge(found, rule) is judge(found, bare[which]) is Reason.NUDITY


def test_a_board_without_a_bank_cannot_be_taught() -> None:
    school = School(live=["open-nsfw"])
    try:
        assert school.pupil.embedder == ""
        school.pupil.obey(feed.TakeExample(1))
        school.see(WALL)
        assert school.answer() == feed.ExampleRefused(1, Reason.FAULT)
    finally:
        school.pupil.stop()


def test_one_frame_is_looked_at_at_a_time(school: School) -> None:
    slow = school.eyes.look[1]
    model = slow.model
    slow.model = cast(Any, lambda pixels: (time.sleep(0.2), model(pixels))[1])
    school.pupil.obey(feed.TakeExample(1))
    frame = Frame(1, since_boot_s(), np.zeros((336, 224), np.uint8), WALL, int)
    seen = Verdict(Decision.CLEAR, Reason.CLEAR, frame.exposed_s, is_nudity_clear=True)
    school.pupil.sees(frame, seen)
    school.pupil.obey(feed.TakeExample(2))
    school.pupil.sees(frame, seen)
    assert feed.ExampleRefused(2, Reason.BUSY) in school.told
    assert wait_until(lambda: any(getattr(one, "number", 0) == 1 for one in school.told))


def test_another_rule_of_the_same_name_takes_its_place(school: School) -> None:
    school.pupil.obey(enforce())
    school.pupil.obey(enforce(bias=-20.0))
    assert school.see(WALL).reason is Reason.CLEAR
    assert school.changes[-1].taught == ["star"]
