"""What the gate process does for teaching: examples of frames, a rule on trial, rules in force.

An example leaves as numbers, never as a picture, and only of a frame that every channel clears as
strictly as a photo. A rule that comes in can only close; see `verdict.judge`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shuttergate import feed
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import ConfigError, RuleError, ScoreError
from shuttergate.frame import Frame
from shuttergate.interlock import Interlock
from shuttergate.rulebook import cleared_views, head_of, put, taught_of
from shuttergate.verdict import Decision, Reason, Rule, Verdict
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.head import Head

MAX_RULES = 16
"""So many taught rules may be in force, those of the settings among them."""

MAX_MESSAGE_BYTES = feed.MAX_PACKET_BYTES * 3 // 4 - 256  # of numbers: JSON makes four thirds of it


class Renews(Protocol):
    """One whose rule follows what is taught; see `judging`."""

    rule: Rule

    def renew(self) -> None:
        """Ask by the heads that the channels have now."""


class Pupil:
    """`sees` and `tries` are for the thread that looks, `obey` for the one that hears orders.

    ``live``, ``look``: whose rules follow. ``send``: to the supervisor.
    """

    def __init__(
        self,
        eyes: Eyes,
        live: Renews,
        look: Renews,
        interlock: Interlock,
        send: Callable[[feed.Message], None],
        clock: Clock = since_boot_s,
    ) -> None:
        self._eyes, self._live, self._look = eyes, live, look
        self._interlock = interlock
        self._send = send
        self._clock = clock
        self._teacher = eyes.teachable
        self._of_settings: Mapping[str, tuple[str, Head]] = taught_of(eyes)
        self._enforced: dict[str, tuple[str, Head]] = {}
        self._trial: tuple[str, Head] | None = None
        self._asked: int | None = None  # the number of the example that is wanted
        self._lores = np.empty(eyes.lores_shape, np.uint8)
        self._taken: int | None = None  # of which ``_lores`` holds the frame
        self._news = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pupil")

    @property
    def embedder(self) -> str:
        """The sha256 of the network with which it can be taught; "" where with none."""
        return "" if self._teacher is None else self._teacher.sha256

    def start(self) -> None:
        """Begin to take examples."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join()

    def obey(self, order: feed.Lesson) -> None:
        """Do what is asked; what cannot be done is told."""
        match order:
            case feed.TakeExample():
                self._asked = order.number
            case feed.Try(rule=None):
                self._trial = None
            case feed.Try(rule=feed.TaughtHead() as rule) | feed.Enforce(rule=rule):
                try:
                    taught = rule.embedder, head_of(rule, self._eyes.live)
                    if isinstance(order, feed.Try):
                        self._trial = taught
                    else:
                        self._put(self._enforced | {rule.name: taught})
                except (ConfigError, RuleError) as error:
                    self._send(feed.RuleRefused(rule.name[:80], str(error), said=error.phrase))
            case feed.Lift(name=name) if name in self._enforced:
                self._put({one: self._enforced[one] for one in self._enforced if one != name})
            case _:
                pass  # a name under which nothing was enforced

    def _put(self, enforced: dict[str, tuple[str, Head]]) -> None:
        """Put into force what the settings say and these; raise `RuleError` for too many."""
        rules = {**self._of_settings, **enforced}
        if len(rules) > MAX_RULES:
            raise RuleError(
                "{number} rules are in force already; take one back first", number=MAX_RULES
            )
        put(self._eyes, rules)  # first: a rule misses no score that it does not know of
        for judge in (self._live, self._look):
            judge.renew()
        self._enforced = enforced
        # What the rules before cleared says nothing of these: frames are counted from nought, and
        # a press in work comes to nothing.
        self._interlock.judged(Verdict(Decision.BLOCKED, Reason.WAITING, self._clock()))
        self._send(feed.RulesChanged(self._live.rule, self._look.rule, list(rules)))

    def tries(self, read: Mapping[str, NDArray[np.float64]], seen: Verdict) -> float | None:
        """Return what the rule on trial says of a frame, by its embeddings.

        None: there is no such rule, or the nudity rule does not clear the frame; see
        `verdict.told`.
        """
        trial = self._trial if seen.is_nudity_clear else None
        if trial is None or (embedding := read.get(trial[0])) is None:
            return None
        try:
            return round(trial[1](embedding), 4)
        except ScoreError:
            return None

    def sees(self, frame: Frame, seen: Verdict) -> None:
        """Take a judged frame for an example, where one is asked for."""
        number = self._asked
        if number is None:
            return
        self._asked = None
        if self._teacher is None or self._interlock.state.faults:
            self._send(feed.ExampleRefused(number, Reason.FAULT))
        elif not seen.is_nudity_clear:
            reason = Reason.DOUBT if seen.reason is Reason.TAUGHT else seen.reason
            self._send(feed.ExampleRefused(number, reason))
        else:
            with self._news:
                if self._taken is not None:
                    self._send(feed.ExampleRefused(number, Reason.BUSY))
                    return
                self._lores[:] = frame.lores
                self._taken = number
                self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._taken is not None or self._stopping)
                if self._stopping:
                    return
                number = self._taken
            assert number is not None
            answer = self._answer(number)
            with self._news:
                self._lores[:] = 0
                self._taken = None
            self._send(answer)

    def _answer(self, number: int) -> feed.ExampleTaken | feed.ExampleRefused:
        assert self._teacher is not None
        try:
            views = cleared_views(self._lores, self._eyes, self._teacher)
        except ScoreError:
            return feed.ExampleRefused(number, Reason.FAULT)  # its self-test finds what is broken
        if views is None:
            return feed.ExampleRefused(number, Reason.DOUBT)
        content = views.astype("<f4").tobytes()
        assert len(content) <= MAX_MESSAGE_BYTES
        return feed.ExampleTaken(number, len(views), content)
