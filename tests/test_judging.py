"""What the channels say of a frame counts only if they were tested, and all of them answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
from PIL import Image

from shuttergate.board import read_board
from shuttergate.claims import Lines
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.pictures import main_of
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.judging import LiveJudge, PressJudge
from shuttergate.prooftest import ProofTests
from shuttergate.system.paths import share
from shuttergate.tally import Tally
from shuttergate.verdict import Fault, Reason, Thresholds
from shuttergate.vision.accelerator import AcceleratorState
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.head import Head
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack
from shuttergate.vision.secondlook import SecondLook

SLOPE = paint("green_slope", (224, 224))


def frame() -> Frame:
    return Frame(1, 1.0, np.zeros((336, 224), np.uint8), SLOPE, lambda: None)


def test_a_score_of_what_changed_while_it_was_asked_is_a_doubt() -> None:
    """As where the CPU stood in for an accelerator that went away just then."""
    pack = read_pack(share("models") / "open-nsfw")
    model = pack.model(pack.content())
    accelerator: Any = SimpleNamespace(generation=0, state=AcceleratorState.WORKING)
    leaps: list[int] = []

    def changes(pixels: Pixels) -> Any:
        accelerator.generation += leaps.pop() if leaps else 0
        return model(pixels)

    channel = Channel(pack, changes)
    eyes = Eyes((channel,), (), SecondLook((channel,), (224, 224)), (224, 224, 3), accelerator)
    gate, tally = Interlock(Rules(), lambda high: None), Tally()
    faults = FaultLog(gate, lambda event: None)
    judge = LiveJudge(eyes, {}, ProofTests(eyes, 10.0, tally, faults), faults, tally)
    assert judge(frame()).reason is Reason.CLEAR
    leaps.append(1)
    assert judge(frame()).reason is Reason.DOUBT
    assert judge(frame()).reason is Reason.CLEAR


def test_what_a_channel_gives_no_score_of_is_neither_shown_nor_filmed() -> None:
    def fails(pixels: Pixels) -> Any:
        raise RuntimeError("delegate failed")

    board = read_board("simulated")
    eyes = open_eyes(["consent-clean"], (), board.accelerator, video=["open-nsfw"])
    eyes.video[0].model = fails
    gate = Interlock(Rules(), lambda high: None)
    faults, doubts = FaultLog(gate, lambda event: None), list[str]()
    judge = PressJudge(eyes, {}, cast(ProofTests, None), faults, gate, Tally())
    slope = Image.fromarray(SLOPE)
    assert not judge.shows(SLOPE, {"consent-clean": 0.01})
    assert not judge.film(main_of(slope, slope.size), 1.0, lambda: doubts.append("before"))
    assert doubts == ["before"] and Fault.SECOND_LOOK_SELF_TEST in gate.state.faults


def test_what_a_photo_states_is_what_judged_it() -> None:
    cup = Head("our cup", Thresholds(0.5, 0.5, Reason.TAUGHT), lambda embedding: 0.1, "d4" * 32)
    pack = read_pack(share("models") / "consent-clean")
    board = read_board("simulated")
    eyes = open_eyes(
        ["consent-clean"],
        ["consent-clean", "open-nsfw"],
        board.accelerator,
        taught={pack.manifest.sha256: [cup]},
    )
    gate, tally = Interlock(Rules(), lambda high: None), Tally()
    faults = FaultLog(gate, lambda event: None)
    own = {"open-nsfw": Thresholds(0.1, 0.8)}
    proof = ProofTests(eyes, 10.0, tally, faults)
    judge = PressJudge(eyes, own, proof, faults, gate, tally)
    found = judge.claims()
    assert found.packs == {
        name: read_pack(share("models") / name).manifest.sha256
        for name in ("consent-clean", "open-nsfw")
    }
    assert found.rule == eyes.letters.sha256
    assert found.taught == {"our cup": "d4" * 32}
    but_for = judge.claims(but_for="our cup")
    assert but_for == msgspec.structs.replace(found, taught={}), "a rule set aside cleared nothing"
    assert found.looks.keys() == {"live", "second"}
    assert found.looks["live"].lines.keys() == {"consent-clean"}, "and no taught rule's"
    second = found.looks["second"].lines
    assert second["open-nsfw"] == Lines(0.1, 0.8), "the kit's own, which are stricter"
    assert second["consent-clean"].clear_below == judge.rule.limits["consent-clean"].clear_below
    assert judge.looks_at_films and judge.claims(of_film=True).looks.keys() == {"live", "second"}
    judge.looks_at_films = False
    assert judge.claims(of_film=True).looks.keys() == {"live"}
