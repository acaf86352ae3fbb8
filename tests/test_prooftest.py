"""Proof tests: how often known answers are asked for. What comes of them: test_appliance.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from shuttergate.faults import FaultLog
from shuttergate.prooftest import ProofTests
from shuttergate.tally import Tally
from shuttergate.verdict import Fault

EVERY_S = 30.0
MENDED_S = 5.0
RIGHT, WRONG = 0.5, 0.9


class _Channel:
    """As much of a channel as is asked; like one, a key."""

    name, lores_size, close = "one", (224, 224), None

    def __init__(self, known_answers: Any, score: Any) -> None:
        self.known_answers, self.score = known_answers, score


@pytest.mark.parametrize("which", ["live", "look"])
def test_what_was_wrong_is_asked_at_once_until_it_was_right(which: str) -> None:
    """A round lasts half a minute; whoever took a fault back before a class would wait for it."""
    now_s, asked, told = 0.0, list[float](), list[str]()

    def score(picture: Any) -> float:
        asked.append(now_s)
        return WRONG if now_s < MENDED_S else RIGHT

    answers = [SimpleNamespace(picture="test_card", score=RIGHT, close=None, tolerance=0.1)] * 3
    channel = _Channel(answers, score)
    seen = {"live": [], "look": [], "video": [], which: [channel]}
    eyes = cast(Any, SimpleNamespace(**seen, generation=0))
    faults = SimpleNamespace(
        begin=lambda fault, error: told.append(f"{fault} begins"),
        end=lambda fault: told.append(f"{fault} ends"),
    )
    proof = ProofTests(eyes, EVERY_S, Tally(), cast(FaultLog, faults), lambda: now_s)
    ask, fault = {
        "live": (proof.ask_live, Fault.SELF_TEST),
        "look": (proof.ask_look, Fault.SECOND_LOOK_SELF_TEST),
    }[which]
    for tenth in range(300):
        now_s = tenth / 10
        ask()
    assert told[0] == f"{fault} begins" and told[-1] == f"{fault} ends"
    right = [at_s for at_s in asked if at_s >= MENDED_S]
    assert max(np.diff([at_s for at_s in asked if at_s < MENDED_S])) <= 0.4
    assert right[2] - right[0] < 1
    usual_s = EVERY_S / 3 if which == "live" else EVERY_S / 6
    assert right[3] - right[2] == pytest.approx(usual_s)
