"""Rules in the making: examples come from the kit as numbers, and go when their word is called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from shuttergate import companion, feed
from shuttergate.console import notebook
from shuttergate.console.notebook import MOST, Notebook
from shuttergate.errors import RuleError, TeachError
from shuttergate.policy.pairs import pairs
from shuttergate.policy.rule_file import from_bytes
from shuttergate.verdict import Reason, Rule, Thresholds
from support.looking import KIT
from support.taught import EMBEDDER, bank, directions
from support.taught import rule as made

TAUGHT = Thresholds(0.5, 0.5, Reason.TAUGHT)


class Class:
    """A notebook before a kit that is none: its camera sees what `shown` gives."""

    def __init__(self) -> None:
        self.wishes: list[companion.Wish] = []
        self.told: list[dict[str, Any]] = []
        self.is_there = True
        self.reason = Reason.CLEAR
        self.is_silent = False
        self.taken = 0
        self.towards: int | None = 0
        self.in_force: dict[str, feed.TaughtHead] = {}
        self.book = Notebook(self.wish, self.told.append)

    def kit(self) -> companion.Kit:
        limits = dict(KIT.live.limits) | dict.fromkeys(self.in_force, TAUGHT)
        return msgspec.structs.replace(KIT, live=Rule(limits), embedder=EMBEDDER)

    def wish(self, wish: companion.Wish) -> bool:
        if not self.is_there:
            return False
        self.wishes.append(wish)
        loop = asyncio.get_running_loop()
        match wish:
            case feed.TakeExample(number=number) if not self.is_silent:
                loop.call_later(0.01, self._answer, number)
            case feed.Enforce(rule=rule):
                self.in_force[rule.name] = rule
                loop.call_soon(self.book.hears, self.kit())
            case feed.Lift(name=name):
                self.in_force.pop(name, None)
                loop.call_soon(self.book.hears, self.kit())
        return True

    def _answer(self, number: int) -> None:
        if self.reason is not Reason.CLEAR:
            self.book.hears(companion.ExampleAnswer(number, reason=self.reason))
            return
        self.taken += 1
        views = directions(2, 100 + self.taken, self.towards)
        self.book.hears(companion.ExampleAnswer(number, 2, views.astype("<f4").tobytes()))

    async def examples(self, number: int, yes: bool) -> list[str]:
        self.towards = 0 if yes else 1
        return [await self.book.example(yes) for _ in range(number)]

    async def star(self) -> tuple[list[str], list[str]]:
        """Teach a star; return the words of both sides."""
        await self.book.begin("star")
        return await self.examples(5, True), await self.examples(5, False)

    @property
    def last(self) -> dict[str, Any]:
        (found,) = (one for one in self.told[-1]["lessons"] if one["name"] == "star")
        assert isinstance(found, dict)
        return found


@pytest.fixture(autouse=True)
def own_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_read_bank", lambda embedder: bank())


def play(lesson: Callable[[Class], Awaitable[None]]) -> Class:
    """Play a lesson in an event loop of its own."""

    async def whole() -> Class:
        one = Class()
        one.book.hears(one.kit())
        await asyncio.wait_for(lesson(one), 30)
        return one

    return asyncio.run(whole())


def test_a_rule_comes_of_examples_and_is_tried_at_once() -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        await one.examples(2, True)
        assert not one.last["ready"] and "too few" in one.last["refused"]["en"]
        assert one.last["refused"]["ja"] != one.last["refused"]["en"]
        await one.examples(3, True)
        await one.examples(5, False)
        assert one.last["ready"] and one.last["refused"] is None
        scores = {shown["yes"]: shown["score"] for shown in one.last["examples"]}
        assert scores[True] > 0.5 > scores[False]
        tried = [wish for wish in one.wishes if isinstance(wish, feed.Try)]
        assert tried[-1].rule is not None and tried[-1].rule.name == "star"
        assert one.in_force == {}

    play(lesson)


def test_each_example_has_a_word_of_its_own_in_both_languages() -> None:
    async def lesson(one: Class) -> None:
        yes, no = await one.star()
        words = yes + no
        assert len(set(words)) == 10 and set(words) <= set(pairs())
        assert [shown["word"] for shown in one.last["examples"]] == words
        assert all(shown["ja"] for shown in one.last["examples"])

    play(lesson)


def test_in_force_goes_the_rule_as_it_is_now() -> None:
    async def lesson(one: Class) -> None:
        await one.star()
        await one.book.enforce(True)
        await asyncio.sleep(0)
        assert list(one.in_force) == ["star"] and one.last["in_force"]
        weights = one.in_force["star"].weights
        await one.examples(1, False)
        assert one.in_force["star"].weights == weights  # until somebody says so
        await one.book.enforce(True)
        assert one.in_force["star"].weights != weights
        await one.book.enforce(False)
        await asyncio.sleep(0)
        assert one.in_force == {} and not one.last["in_force"]

    play(lesson)


def test_a_withdrawn_example_leaves_the_rule_that_is_in_force() -> None:
    async def lesson(one: Class) -> None:
        yes, _no = await one.star()
        await one.book.enforce(True)
        await asyncio.sleep(0)
        weights = one.in_force["star"].weights
        found = await one.book.withdraw("star", yes[0])
        assert found is not None and yes[0] in found.before and yes[0] in found.after
        assert one.in_force["star"].weights != weights
        assert yes[0] not in [shown["word"] for shown in one.last["examples"]]
        with pytest.raises(TeachError, match="has no such contribution"):
            await one.book.withdraw("star", yes[0])
        name, content = one.book.file()
        assert name == "star" and yes[0] not in from_bytes(content, "").words

    play(lesson)


def test_it_goes_even_if_no_rule_is_left_and_none_stays_in_force() -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        words = await one.examples(3, True)
        await one.book.enforce(True)
        await asyncio.sleep(0)
        assert await one.book.withdraw("star", words[1]) is None
        await asyncio.sleep(0)
        assert one.in_force == {}
        assert [shown["word"] for shown in one.last["examples"]] == [words[0], words[2]]

    play(lesson)


def test_a_class_that_presses_at_once_brings_one_moment() -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        words = await asyncio.gather(*(one.book.example(True) for _ in range(30)))
        assert len(set(words)) == 1 and one.taken == 1
        both = await asyncio.gather(*(one.book.example(at % 2 == 0) for at in range(30)))
        assert len(set(both[::2])) == len(set(both[1::2])) == 1 and one.taken == 3
        assert len(one.last["examples"]) == 3

    play(lesson)


def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    """The browser that pressed first goes away before its example is there."""

    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        first = asyncio.create_task(one.book.example(True))
        await asyncio.sleep(0)
        second = asyncio.create_task(one.book.example(True))
        await asyncio.sleep(0)
        second.cancel()
        assert await first in pairs()
        third = asyncio.create_task(one.book.example(True))
        await asyncio.sleep(0)
        third.cancel()
        await asyncio.gather(third, return_exceptions=True)
        assert await one.book.example(True) in pairs()

    play(lesson)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (Reason.NUDITY, "the nudity rule does not clear"),
        (Reason.DOUBT, "the nudity rule does not clear"),
        (Reason.BUSY, "press again"),
        (Reason.FAULT, "something is broken"),
    ],
)
def test_where_nothing_is_kept_it_is_said_why(reason: Reason, says: str) -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        one.reason = reason
        with pytest.raises(TeachError, match=says) as caught:
            await one.book.example(True)
        assert caught.value.phrase.told("ja") != str(caught.value)
        assert one.last["examples"] == []
        one.reason = Reason.CLEAR
        assert await one.book.example(True) in pairs()

    play(lesson)


def test_a_kit_that_gives_no_frames_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        monkeypatch.setattr(notebook, "ANSWER_S", 0.05)
        one.is_silent = True
        with pytest.raises(TeachError, match="no frame came"):
            await one.book.example(True)
        one.is_there = False
        with pytest.raises(TeachError, match="cannot be heard"):
            await one.book.example(True)
        with pytest.raises(TeachError, match="cannot be heard"):
            await one.book.enforce(False)

    play(lesson)


def test_without_examples_or_name_there_is_nothing_to_put_in_force() -> None:
    async def lesson(one: Class) -> None:
        for asked in (one.book.example(True), one.book.enforce(True)):
            with pytest.raises(TeachError, match="give it a name first"):
                await asked
        for name in ("", " ", "a/b", "x" * 41, "<b>", "\x1b[2J"):
            with pytest.raises(TeachError, match="no name for a rule"):
                await one.book.begin(name)
        await one.book.begin("star")
        with pytest.raises(TeachError, match="no examples yet"):
            await one.book.enforce(True)
        with pytest.raises(TeachError, match="no rule yet"):
            one.book.file()

    play(lesson)


def test_a_kit_that_cannot_be_taught_says_so() -> None:
    async def lesson(one: Class) -> None:
        one.book.hears(KIT)
        with pytest.raises(TeachError, match="cannot be taught"):
            await one.book.begin("star")
        assert not one.told[-1]["can"]

    play(lesson)


def test_enough_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        monkeypatch.setattr(notebook, "MOST", 2)
        await one.examples(2, True)
        with pytest.raises(TeachError, match="2 examples are enough"):
            await one.book.example(True)

    play(lesson)
    assert MOST <= 300  # views in a file, two of each


def test_a_file_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lesson(one: Class) -> None:
        await one.book.load(made("star").to_bytes())
        assert one.last["ready"] and len(one.last["examples"]) == 10
        await one.examples(1, True)
        assert len(one.last["examples"]) == 11
        foreign = made("star")
        object.__setattr__(foreign, "embedder", "cd" * 32)
        with pytest.raises(RuleError, match="another model"):
            await one.book.load(foreign.to_bytes())
        with pytest.raises(RuleError, match="is no taught rule"):
            await one.book.load(b"rubbish")
        assert len(one.last["examples"]) == 11

    play(lesson)


def test_rules_of_the_settings_are_known_and_their_file_is_their_owners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebook, "_read_rules", lambda files: [made("star", yes=3, no=0)])

    async def lesson(one: Class) -> None:
        one.in_force["star"] = feed.TaughtHead("star", EMBEDDER, b"", 0.0, 0.5, "")
        one.book.hears(one.kit())
        await one.book.read(["star.rule"])
        assert one.last["filed"] and one.last["in_force"] and one.last["ready"]
        word = one.last["examples"][0]["word"]
        with pytest.raises(TeachError, match="take its file out of"):
            await one.book.withdraw("star", word)
        assert word not in [shown["word"] for shown in one.last["examples"]]

    play(lesson)


def test_what_is_in_force_stays_known_when_another_is_begun() -> None:
    async def lesson(one: Class) -> None:
        yes, _no = await one.star()
        await one.book.enforce(True)
        await asyncio.sleep(0)
        await one.book.begin("moon")
        await one.book.begin("comet")
        assert [shown["name"] for shown in one.told[-1]["lessons"]] == ["star", "comet"]
        assert await one.book.withdraw("star", yes[0]) is not None
        await one.book.begin("star")  # goes on with it
        assert len(one.last["examples"]) == 9

    play(lesson)


def test_a_gate_process_that_starts_anew_tries_the_rule_again() -> None:
    async def lesson(one: Class) -> None:
        await one.star()
        one.wishes.clear()
        one.book.hears(one.kit())
        assert [type(wish) for wish in one.wishes] == [feed.Try]
        await one.book.begin("moon")
        assert one.wishes[-1] == feed.Try(None)

    play(lesson)


def test_numbers_that_are_none_teach_nothing() -> None:
    async def lesson(one: Class) -> None:
        await one.book.begin("star")
        await one.examples(3, True)

        def nonsense(number: int) -> None:
            views = np.full((2, 64), np.nan, "<f4")
            one.book.hears(companion.ExampleAnswer(number, 2, views.tobytes()))

        one._answer = nonsense  # type: ignore[method-assign]
        await one.book.example(True)
        assert not one.last["ready"] and "no embedding" in one.last["refused"]["en"]

    play(lesson)
