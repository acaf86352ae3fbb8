"""What comes before the built-in room: the card, near, far and in the dark; a colleague."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence

from shuttergate.board import read_board
from shuttergate.errors import CameraError
from shuttergate.frame import Pixels
from shuttergate.frames import held
from shuttergate.frames.held import ENTERS_S, FAR_SIDE, MOVES_S, TURNS_S, Props, by_clock
from shuttergate.frames.pictures import lores_of, main_of
from shuttergate.frames.scene import LOOP_S, open_scene, room_film
from shuttergate.frames.shot import Lens
from shuttergate.frames.stage import Stagehand
from shuttergate.props import Prop
from shuttergate.verdict import Look, Reason, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes
from support.kits import wait_until

SIZE = (960, 540)
STEP_S = 0.1


def wall() -> Image.Image:
    return Image.new("RGB", SIZE, (120, 130, 140))


def edges(shown: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(shown, wall()).getbbox()


def brought(prop: Prop, seconds: float = 2.0, before: Props | None = None) -> Iterator[Image.Image]:
    """Pictures of a wall, from the moment on at which `prop` is wanted."""
    props = before or Props(SIZE)
    for step in range(round(seconds / STEP_S) + 1):
        yield props.before(wall(), prop, step * STEP_S)


def test_nobody_leaves_the_scene_untouched() -> None:
    assert [edges(shown) for shown in brought(Prop.NOBODY, 0.5)] == [None] * 6


def test_the_card_comes_from_the_right_stands_still_and_goes() -> None:
    props = Props(SIZE)
    coming = [edges(shown) for shown in brought(Prop.CARD, before=props)]
    lefts = [box[0] for box in coming if box is not None]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] > SIZE[0] / 2
    stood_s = len(coming) * STEP_S - MOVES_S
    assert lefts[-round(stood_s / STEP_S) + 1 :] == [lefts[-1]] * (round(stood_s / STEP_S) - 1)
    going = [edges(props.before(wall(), Prop.NOBODY, 2.0 + step * STEP_S)) for step in range(12)]
    gone = [SIZE[0] if box is None else box[0] for box in going]
    assert gone == sorted(gone)
    assert gone[-1] == SIZE[0]


def test_the_colleague_walks_in_from_the_left_and_stands_on_the_ground() -> None:
    first, *_, last = (box for shown in brought(Prop.COLLEAGUE) if (box := edges(shown)))
    assert first[0] == 0
    assert last[0] > SIZE[0] / 3
    assert last[3] > SIZE[1] - 5


def test_one_goes_while_the_next_comes() -> None:
    props = Props(SIZE)
    list(brought(Prop.COLLEAGUE, before=props))
    *_, shown = (props.before(wall(), Prop.FAR_CARD, 2.0 + step * STEP_S) for step in range(1, 15))
    alone = list(brought(Prop.FAR_CARD))[-1]
    assert np.array_equal(np.asarray(shown), np.asarray(alone))


def test_the_lamp_goes_off_and_on_again() -> None:
    props = Props(SIZE)
    *_, dark = brought(Prop.DARK_CARD, before=props)
    assert np.asarray(dark)[:8].mean() == pytest.approx(held.LAMP_OFF * 130, abs=1)
    *_, light = (props.before(wall(), Prop.NOBODY, 2.0 + step * STEP_S) for step in range(1, 15))
    assert edges(light) is None


def test_by_the_clock_the_card_comes_once_a_loop() -> None:
    times = np.arange(0, LOOP_S, 0.1)
    there = [float(s) for s in times if by_clock(float(s)) is Prop.CARD]
    assert there[0] == pytest.approx(ENTERS_S, abs=0.11)
    assert there[-1] == pytest.approx(TURNS_S, abs=0.11)
    assert len(there) == pytest.approx((TURNS_S - ENTERS_S) / 0.1, abs=1)


def test_what_is_ordered_comes_before_the_rooms_camera_and_the_clock_no_longer_counts() -> None:
    hand = Stagehand()
    room = open_scene(None, Lens(SIZE, (224, 224)), 1.0, pytest.fail, hand)
    times_s = itertools.count(0.0, 0.04)

    def middle() -> Pixels:
        return room.at(next(times_s) % ENTERS_S).lores[90:130, 90:130].astype(np.int16)

    empty = middle()

    def is_covered() -> bool:
        return bool(np.abs(middle() - empty).mean() > 30)

    try:
        hand.show(Prop.CARD, 0)
        assert wait_until(is_covered)
        hand.show("", 0)  # by the clock: it goes
        assert wait_until(lambda: not is_covered())
        hand.show("elephant", 0)
        with pytest.raises(CameraError, match="no 'elephant'; it has nobody, colleague, card"):
            room.at(next(times_s))
    finally:
        room.close()


@cache
def eyes() -> Eyes:
    board = read_board("simulated")
    return open_eyes(board.channels.live, board.channels.look, board.accelerator)


def films(every: int) -> Iterator[Image.Image]:
    with Image.open(room_film()) as film:
        for number, frame in enumerate(ImageSequence.Iterator(film)):
            if number % every == 0:
                yield frame.convert("RGB")


def standing(prop: Prop, frame: Image.Image) -> Image.Image:
    props = Props(SIZE)
    props.before(frame.copy(), prop, 0.0)
    return props.before(frame.copy(), prop, 10.0)


@pytest.mark.parametrize("prop", Prop)
def test_live_the_gate_closes_for_the_card_near_by_and_for_nothing_else(prop: Prop) -> None:
    rule = eyes().rule(Look.LIVE, {})
    is_near = prop in (Prop.CARD, Prop.DARK_CARD)
    for number, frame in enumerate(films(every=25)):
        found = scores(eyes().live, lores_of(standing(prop, frame), (224, 224)))
        assert (judge(found, rule) is not Reason.CLEAR) is is_near, (number, found)


@pytest.mark.parametrize("prop", [Prop.NOBODY, Prop.COLLEAGUE, Prop.FAR_CARD, Prop.STAR])
def test_at_a_press_only_the_far_card_is_refused(prop: Prop) -> None:
    rule = eyes().rule(Look.SECOND, {})
    look = eyes().second_look
    for number, frame in enumerate(films(every=100)):
        main = main_of(standing(prop, frame), (1408, 1056))
        reason = judge(look(look.leaving(main)), rule)
        assert (reason is not Reason.CLEAR) is (prop is Prop.FAR_CARD), (number, reason)


def test_the_star_is_never_held_still() -> None:
    """Else all examples of it would be one picture, and teach nothing."""
    *shown, _last = (box for frame in brought(Prop.STAR, 8.0) if (box := edges(frame)))
    assert len(set(shown[len(shown) // 2 :])) > len(shown) // 4
    assert all(box[0] >= 0 and box[2] <= SIZE[0] for box in shown[len(shown) // 2 :])


def test_the_far_card_is_far() -> None:
    *_, shown = brought(Prop.FAR_CARD)
    box = edges(shown)
    assert box is not None
    assert box[3] - box[1] < 0.32 * SIZE[1]
    assert FAR_SIDE < 0.4  # below what the page says the live look refuses


def test_the_colleague_is_drawn_by_our_own_script(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "device" / "simulated" / "colleague.png"
    path = shipped.parent / "room" / "colleague.py"
    spec = importlib.util.spec_from_file_location("colleague", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with Image.open(shipped) as image:
        assert ImageChops.difference(image.convert("RGBA"), module.draw()).getbbox() is None
