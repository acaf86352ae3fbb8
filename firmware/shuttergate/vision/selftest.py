"""The models' known answers: pictures painted here, scores that must come out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from shuttergate.errors import ScoreError
from shuttergate.vision.channel import Channel
from shuttergate.vision.known import paint


class SelfTest:
    """Asks one channel for one known answer at a time, each channel in turn.

    Known answers differ from one another, so an interpreter that is stuck on one score, or that
    returns its last answer again, is found out within a round.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        # By turns, and not one channel after the other: who is wrong throughout is soon found out.
        rows = itertools.zip_longest(
            *([(one, answer) for answer in one.known_answers] for one in channels)
        )
        self._questions = [question for row in rows for question in row if question is not None]
        self._turn = itertools.cycle(self._questions)
        self._right_in_a_row = 0

    @property
    def questions(self) -> int:
        """How many questions are in a round."""
        return len(self._questions)

    @property
    def passed(self) -> bool:
        """Whether a whole round was right, with no wrong answer since."""
        return self._right_in_a_row >= self.questions

    def ask(self) -> None:
        """Ask the next question; raise `ScoreError` for a wrong answer or none."""
        channel, answer = next(self._turn)
        right, self._right_in_a_row = self._right_in_a_row, 0
        picture = paint(answer.picture, channel.lores_size)
        if channel.close is None or answer.close is None:
            told = [(channel.score(picture), answer.score)]
        else:
            outputs, cells = channel.embedder.with_map(picture)
            told = [
                (channel.heads[0](outputs), answer.score),
                (channel.close(cells), answer.close),
            ]
        for score, due in told:
            if not abs(score - due) <= answer.tolerance:
                raise ScoreError(
                    "{channel} gives its known picture {picture!r} {score:.3f}, "
                    "where {due:.3f} within {tolerance:.3f} is right; if this "
                    "stays, run `shuttergate model verify` and restart",
                    channel=channel.name,
                    picture=answer.picture,
                    score=score,
                    due=due,
                    tolerance=answer.tolerance,
                )
        self._right_in_a_row = right + 1

    def ask_all(self, turn: Callable[[], None] = lambda: None) -> None:
        """Ask a whole round; ``turn`` is called before each question."""
        for _ in self._questions:
            turn()
            self.ask()
