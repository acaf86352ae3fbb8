"""Proof tests: the models' known answers, asked at the start and for ever after.

What looks live is asked by the thread that looks at frames, between two of them; the other channels
by the photographer, between two presses.
"""

from __future__ import annotations

from collections.abc import Callable

from shuttergate import feed
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import AcceleratorError, ScoreError
from shuttergate.faults import FaultLog
from shuttergate.feed import Total
from shuttergate.tally import Tally
from shuttergate.verdict import Fault
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.selftest import SelfTest

RETEST_S = 0.25


class ProofTests:
    """A wrong answer is a fault, which is over when a whole round was right.

    Every known answer is asked within ``every_s``, those of the second look twice as often; after a
    wrong one each ``RETEST_S``, until a whole round was right: somebody waits for it.
    """

    def __init__(
        self,
        eyes: Eyes,
        every_s: float,
        tally: Tally,
        faults: FaultLog,
        clock: Clock = since_boot_s,
    ) -> None:
        self._eyes = eyes
        self._tally = tally
        self._faults = faults
        self._clock = clock
        self._live = SelfTest(eyes.live)
        self._live_every_s = every_s / max(1, self._live.questions)
        self._live_due_s = 0.0
        self._tested_generation = -1
        # What looks live is tested already.
        others = dict.fromkeys((*eyes.look, *eyes.video))
        self._look = SelfTest([one for one in others if one not in eyes.live])
        self.look_every_s = every_s / 2 / max(1, self._look.questions)
        self._look_due_s = 0.0

    def begin(self, turn: Callable[[], None] = lambda: None) -> None:
        """Ask everything, ``turn`` before each question; raise `ScoreError` for a wrong answer.

        An accelerator that is away is a fault that may mend.
        """
        try:
            self.meet(turn)
        except AcceleratorError as error:
            self._faults.begin(Fault.ACCELERATOR, error)
        self._look.ask_all(turn)

    def meet(self, turn: Callable[[], None] = lambda: None) -> None:
        """Before what answers now is believed for the first time, ask it all it should know."""
        generation = self._eyes.generation
        if generation != self._tested_generation:
            self._live.ask_all(turn)
            self._tested_generation = generation  # the one before: it may have changed meanwhile

    def distrust(self) -> None:
        """Whatever answers next is a newcomer."""
        self._tested_generation = -1

    def ask_live(self) -> None:
        """Ask what looks live the next question, if it is due."""
        now_s = self._clock()
        if now_s < self._live_due_s:
            return
        self._live_due_s = now_s + self._live_every_s
        try:
            self._live.ask()
        except AcceleratorError as error:
            self._faults.begin(Fault.ACCELERATOR, error)  # whoever mends it asks the whole round
            return
        except ScoreError as error:
            self._tally.count(Total.TESTS, feed.WRONG)
            self._faults.begin(Fault.SELF_TEST, error)
        else:
            self._tally.count(Total.TESTS, feed.RIGHT)
            # One right answer proves little: a stuck model gives some of them by chance.
            if self._live.passed:
                self._faults.end(Fault.SELF_TEST)
        if not self._live.passed:
            self._live_due_s = now_s + min(RETEST_S, self._live_every_s)

    def ask_look(self) -> None:
        """Ask what does not look live the next question, if it is due."""
        now_s = self._clock()
        if now_s < self._look_due_s:
            return
        self._look_due_s = now_s + self.look_every_s
        try:
            if self._look.questions:
                self._look.ask()  # one at a time: a press waits for no more
                self._tally.count(Total.TESTS, feed.RIGHT)
        except ScoreError as error:
            self._tally.count(Total.TESTS, feed.WRONG)
            self._faults.begin(Fault.SECOND_LOOK_SELF_TEST, error)
        else:
            if self._look.passed:
                self._faults.end(Fault.SECOND_LOOK_SELF_TEST)
        if not self._look.passed:
            self._look_due_s = now_s + min(RETEST_S, self.look_every_s)
