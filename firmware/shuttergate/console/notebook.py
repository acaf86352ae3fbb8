"""Rules in the making: their examples as they come, and the rules that they teach so far.

An example is numbers, which the gate process gave; the picture never came here. Who looks on is
told of each by its word. Nothing is kept on any disk: whoever wants to keep a rule takes its file.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shuttergate import companion, feed
from shuttergate.errors import Phrase, RuleError, ShuttergateError, TeachError, phrase
from shuttergate.policy.examples import LEAST_YES, Example
from shuttergate.policy.pairs import draw, in_japanese
from shuttergate.policy.rule_file import MAX_NAME, TaughtRule, from_bytes, is_name
from shuttergate.policy.teaching import Withdrawal, confused, judged_without, teach, withdraw
from shuttergate.verdict import Reason
from shuttergate.words import LANGUAGES, reason_words

if TYPE_CHECKING:
    from shuttergate.policy.bank import HarmlessBank

MOST = 120
"""So many contributions there may be: a class of 30, twice on each side."""

ANSWER_S = 3.0
"""The gate process answers within this time, or gives no frames."""

FILE = "the file"


@dataclass
class Lesson:
    """A rule that is being taught. ``rule``: what comes of its examples, or ``refused`` says why
    none does.

    ``scores``: by word, as `policy.teaching.judged_without`; ``confused``: as there. ``is_filed``:
    the kit's settings name its file. ``enforced``: the rule that was put into force.
    """

    name: str
    examples: list[Example] = field(default_factory=list)
    is_filed: bool = False
    rule: TaughtRule | None = None
    enforced: TaughtRule | None = None
    refused: Phrase | None = None
    scores: dict[str, float] = field(default_factory=dict)
    confused: dict[str, int] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """The word of each example."""
        return [one.word for one in self.examples]

    def told(self, is_in_force: bool) -> dict[str, Any]:
        """Return what pages show of it, as JSON has it."""
        refused = self.refused
        return {
            "name": self.name,
            "in_force": is_in_force,
            "stale": is_in_force and self.rule is not self.enforced,
            "filed": self.is_filed,
            "ready": self.rule is not None,
            "refused": refused and {one: refused.told(one) for one in LANGUAGES},
            "confused": self.confused,
            "examples": [
                {
                    "word": one.word,
                    "ja": in_japanese(one.word),
                    "yes": one.yes,
                    "score": self.scores.get(one.word),
                }
                for one in self.examples
            ],
        }


@dataclass(frozen=True)
class _Ask:
    number: int
    yes: bool
    answer: asyncio.Future[companion.ExampleAnswer]
    word: asyncio.Future[str]


class Notebook:
    """Use from one event loop. ``wish`` asks the kit, ``told`` hears what pages are to be told."""

    def __init__(
        self, wish: Callable[[companion.Wish], bool], told: Callable[[dict[str, Any]], None]
    ) -> None:
        self._wish = wish
        self._told = told
        self._embedder = ""
        self._in_force: list[str] = []
        self._banks: dict[str, HarmlessBank] = {}
        self._numbers = itertools.count(1)
        self._ask: _Ask | None = None
        self._turn = asyncio.Lock()
        self._met = asyncio.Event()
        self._lessons: dict[str, Lesson] = {}
        self._current: Lesson | None = None
        self._is_tried = False

    def hears(self, sight: companion.Sight) -> None:
        """Hear what the kit shows."""
        match sight:
            case companion.ExampleAnswer() if self._ask and self._ask.number == sight.number:
                if not self._ask.answer.done():
                    self._ask.answer.set_result(sight)
            case companion.Kit():
                self._embedder = sight.embedder
                if self._embedder:
                    self._met.set()
                limits = sight.live.limits.items()
                self._in_force = [name for name, one in limits if one.blocks_with is Reason.TAUGHT]
                self._try()  # a gate process that has started anew knows of none
                self.tell()

    async def read(self, files: Sequence[str]) -> None:
        """Know the rules of the kit's settings; one that cannot be read the kit refuses itself."""
        await self._met.wait()
        with contextlib.suppress(ShuttergateError):
            for rule in await asyncio.to_thread(_read_rules, files):
                lesson = _lesson_of(rule)
                lesson.is_filed = True
                self._lessons[rule.name] = lesson
                await self._learn(lesson)
                lesson.enforced = lesson.rule

    async def begin(self, name: str) -> None:
        """Begin a rule of that name, or go on with it.

        Others are forgotten, unless they are in force. Raises `TeachError` for what is no name, and
        where this kit cannot be taught.
        """
        if not is_name(name):
            raise TeachError(
                "{name!r}: no name for a rule; use up to {most} letters, digits and blanks",
                name=name[: 2 * MAX_NAME],
                most=MAX_NAME,
            )
        await self._bank()
        self._open(self._lessons.get(name, Lesson(name)))
        self.tell()

    async def load(self, content: bytes) -> None:
        """Go on with the rule of a file; raise `RuleError` or `TeachError`."""
        rule = await asyncio.to_thread(from_bytes, content, FILE)
        await self._bank()
        if rule.embedder != self._embedder:
            raise RuleError(
                "the rule {name} was taught with another model ({sha256}…) than looks here; teach "
                "it anew on this kit",
                name=rule.name,
                sha256=rule.embedder[:16],
            )
        lesson = _lesson_of(rule)
        self._open(lesson)
        await self._learn(lesson)

    def _open(self, lesson: Lesson) -> None:
        kept = {name: one for name, one in self._lessons.items() if name in self._in_force}
        self._lessons = kept | {lesson.name: lesson}
        self._current = lesson
        self._try()

    async def example(self, yes: bool) -> str:
        """Take what is before the camera as an example, or a counter-example; return its word.

        Who presses while one of the same side is being taken has brought that one, too: one moment
        is one contribution. Raises `TeachError` where nothing is kept.
        """
        while (before := self._ask) is not None:
            if before.yes == yes:
                return await asyncio.shield(before.word)
            await asyncio.wait([before.word])
        loop = asyncio.get_running_loop()
        ask = _Ask(next(self._numbers), yes, loop.create_future(), loop.create_future())
        self._ask = ask
        try:
            word = await self._take(ask)
        except TeachError as error:
            ask.word.set_exception(error)
            ask.word.exception()  # it was heard, if by nobody else
            raise
        except BaseException:
            ask.word.cancel()
            raise
        finally:
            self._ask = None
        ask.word.set_result(word)
        return word

    async def _take(self, ask: _Ask) -> str:
        lesson = self._opened()
        if len(lesson.examples) >= MOST:
            raise TeachError("{number} examples are enough; take some out first", number=MOST)
        self._say(feed.TakeExample(ask.number))
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await ask.answer
        except TimeoutError:
            raise TeachError(
                "no frame came within {limit:.0f} s; see on the kit's page what is broken",
                limit=ANSWER_S,
            ) from None
        if answer.reason is not Reason.CLEAR:
            raise TeachError("{cause}", cause=_kept_nothing(answer.reason))
        if self._current is not lesson:
            raise TeachError("another rule was begun meanwhile; press again")
        views = np.frombuffer(answer.embeddings, "<f4").reshape(answer.views, -1)
        word = draw(lesson.words, secrets.SystemRandom())
        lesson.examples.append(Example(word, ask.yes, views.astype(np.float32)))
        await self._learn(lesson)
        return word

    async def enforce(self, on: bool) -> None:
        """Put the rule into force as it is now, or take it back; raise `TeachError`."""
        self._enforce(self._opened(), on)

    def _enforce(self, lesson: Lesson, on: bool) -> None:
        if not on:
            self._say(feed.Lift(lesson.name))
        elif lesson.rule is not None:
            self._say(feed.Enforce(_pushed(lesson.rule)))
            lesson.enforced = lesson.rule
        else:
            none = phrase("there are no examples yet; bring some")
            raise TeachError("{cause}", cause=lesson.refused or none)

    async def withdraw(self, name: str, word: str) -> Withdrawal | None:
        """Take a contribution out, and make the rule anew without it; also where it is in force.

        None: no rule comes of what is left; the example goes all the same, and what was in force is
        so no longer. Raises `TeachError` for a rule or word that is not there, and where a rule
        stays in force that only its file's owner can take back.
        """
        lesson = self._lessons.get(name)
        if lesson is None or word not in lesson.words:
            raise TeachError(
                "{word}: the rule {name} has no such contribution",
                word=word[:MAX_NAME],
                name=name[:MAX_NAME],
            )
        bank, before, found = await self._bank(), lesson.rule, None
        lesson.examples = [one for one in lesson.examples if one.word != word]
        if before is not None:
            found = await asyncio.to_thread(_without, before, word, bank)
        await self._learn(lesson)
        if name in self._in_force:
            if lesson.rule is None and lesson.is_filed:
                raise TeachError(
                    "without {word} nothing is left of the rule {name}, which the settings put "
                    "into force: take its file out of [policy] rules, and start the kit anew",
                    word=word,
                    name=name,
                )
            self._enforce(lesson, lesson.rule is not None)
        return found

    def file(self) -> tuple[str, bytes]:
        """Return the rule's name and its file; raise `TeachError` where there is none."""
        lesson = self._opened()
        if lesson.rule is None:
            raise TeachError("there is no rule yet; bring examples")
        return lesson.name, lesson.rule.to_bytes()

    @property
    def lessons(self) -> list[Lesson]:
        """Every rule whose examples are known: those in force, and the one in the making."""
        return list(self._lessons.values())

    @property
    def in_force(self) -> list[feed.TaughtHead]:
        """The rules that were put into force here, as the kit was given them."""
        rules = (one.enforced for one in self.lessons if one.name in self._in_force)
        return [_pushed(one) for one in rules if one is not None]

    def _opened(self) -> Lesson:
        if self._current is None:
            raise TeachError("no rule was begun; give it a name first")
        return self._current

    def _say(self, wish: companion.Wish) -> None:
        if not self._wish(wish):
            raise TeachError("the kit cannot be heard just now; try again in a moment")

    def _try(self) -> None:
        """Have the kit say what the rule in the making would say."""
        rule = self._current.rule if self._current is not None else None
        if rule is not None or self._is_tried:
            self._wish(feed.Try(None if rule is None else _pushed(rule)))
        self._is_tried = rule is not None

    async def _learn(self, lesson: Lesson) -> None:
        """Make the rule anew of what there is, try it, and tell."""
        bank = await self._bank()
        async with self._turn:
            await asyncio.to_thread(_make_anew, lesson, self._embedder, bank)
        if self._current is lesson:
            self._try()
        self.tell()

    async def _bank(self) -> HarmlessBank:
        """Return the harmless pictures of the network with which this kit can be taught."""
        if not self._embedder:
            raise TeachError(
                "this kit cannot be taught: none of the models that look live has a bank of "
                "harmless pictures; use a board where consent-clean looks live"
            )
        if self._embedder not in self._banks:
            self._banks[self._embedder] = await asyncio.to_thread(_read_bank, self._embedder)
        return self._banks[self._embedder]

    def tell(self) -> None:
        """Tell every page how it stands."""
        current = self._current
        lessons = [one.told(one.name in self._in_force) for one in self.lessons]
        self._told(
            {
                "rules": self._in_force,
                "least": LEAST_YES,
                "can": bool(self._embedder),
                "current": current.name if current is not None else None,
                "lessons": lessons,
            }
        )


def _kept_nothing(reason: Reason) -> Phrase:
    """Return why nothing of a frame is kept."""
    if reason is Reason.BUSY:
        return phrase("the example before is still being looked at; press again")
    if reason is Reason.FAULT:
        return phrase("something is broken, so nothing is looked at; see the kit's page")
    return phrase(
        "the nudity rule does not clear what is before the camera ({why}), so nothing of it is "
        "kept; turn the object, or step back",
        why=Phrase(reason_words(reason, "en")),
    )


def _lesson_of(rule: TaughtRule) -> Lesson:
    examples, at = [], 0
    for one in rule.contributions:
        examples.append(Example(one.word, one.yes, rule.embeddings[at : at + one.views]))
        at += one.views
    return Lesson(rule.name, examples)


def _make_anew(lesson: Lesson, embedder: str, bank: HarmlessBank) -> None:
    from shuttergate.rulebook import today

    lesson.rule, lesson.refused, lesson.scores, lesson.confused = None, None, {}, {}
    if not any(one.yes for one in lesson.examples):
        return
    try:
        rule = teach(lesson.name, embedder, lesson.examples, bank, today())
    except TeachError as error:
        lesson.refused = error.phrase
        return
    lesson.rule = rule
    lesson.scores = {word: round(one, 4) for word, one in judged_without(rule, bank).items()}
    lesson.confused = confused(rule, bank)


def _without(rule: TaughtRule, word: str, bank: HarmlessBank) -> Withdrawal | None:
    from shuttergate.rulebook import today

    try:
        return withdraw(rule, word, bank, today())
    except TeachError:
        return None


def _read_bank(embedder: str) -> HarmlessBank:
    from shuttergate.rulebook import bank_of, pack_of

    return bank_of(pack_of(embedder))


def _read_rules(files: Sequence[str]) -> list[TaughtRule]:
    from shuttergate.rulebook import settings_rules

    return settings_rules(files)


def _pushed(rule: TaughtRule) -> feed.TaughtHead:
    from shuttergate.rulebook import pushed

    return pushed(rule)
