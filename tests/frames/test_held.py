"""The test card in the built-in scene: it enters, the gate closes; it leaves, the gate opens."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence

from shuttergate.board import read_board
from shuttergate.frames.held import ENTERS_S, GONE_S, STANDS_S, TURNS_S, HeldCard
from shuttergate.frames.pictures import lores_of
from shuttergate.frames.scene import ROOM_FPS, room_film
from shuttergate.verdict import Look, Reason, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import open_eyes

SIZE = (960, 540)


def wall() -> Image.Image:
    return Image.new("RGB", SIZE, (120, 130, 140))


@pytest.mark.parametrize("loop_s", [0.0, ENTERS_S, GONE_S, 19.9])
def test_outside_its_time_the_scene_is_untouched(loop_s: float) -> None:
    shown = HeldCard(SIZE).before(wall(), loop_s)
    assert ImageChops.difference(shown, wall()).getbbox() is None


def test_it_comes_from_the_right_stands_still_and_goes() -> None:
    card = HeldCard(SIZE)

    def left_edge(loop_s: float) -> int:
        box = ImageChops.difference(card.before(wall(), loop_s), wall()).getbbox()
        assert box is not None
        return box[0]

    coming = [left_edge(loop_s) for loop_s in np.linspace(ENTERS_S + 0.2, STANDS_S, 5)]
    assert coming == sorted(coming, reverse=True)
    assert coming[0] > SIZE[0] / 2
    assert left_edge(STANDS_S) == left_edge(TURNS_S)
    going = [left_edge(loop_s) for loop_s in np.linspace(TURNS_S, GONE_S - 0.2, 5)]
    assert going == sorted(going)


def test_the_gate_would_close_for_it_and_only_for_it() -> None:
    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, (), board.accelerator)
    rule = eyes.rule(Look.LIVE, {})
    card = HeldCard(SIZE)
    with Image.open(room_film()) as film:
        for number, frame in enumerate(ImageSequence.Iterator(film)):
            loop_s = number / ROOM_FPS
            standing = STANDS_S <= loop_s <= TURNS_S
            if number % 30 and not (standing and number % 6 == 0):
                continue
            shown = card.before(frame.convert("RGB"), loop_s)
            reason = judge(scores(eyes.live, lores_of(shown, (224, 224))), rule)
            if standing:
                assert reason is not Reason.CLEAR, loop_s
            elif not ENTERS_S < loop_s < GONE_S:
                assert reason is Reason.CLEAR, loop_s
