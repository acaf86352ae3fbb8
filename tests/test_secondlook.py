"""The second look's views: all of the picture, in tiles, four ways round, and wiped afterwards."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.frames.pictures import main_of
from shuttergate.vision.secondlook import BOXES, SecondLook

SIDE = (224, 224)


class Spy:
    """A channel that keeps what it was shown."""

    name = "spy"

    def __init__(self, score: float = 0.0) -> None:
        self.shown: list[Pixels] = []
        self.answer = score

    def score(self, view: Pixels) -> float:
        self.shown.append(view.copy())
        return self.answer if len(self.shown) != 17 else self.answer + 0.5


def look(spy: object) -> SecondLook:
    return SecondLook([spy], SIDE)  # type: ignore[list-item]


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose colour tells the place: red grows to the right, green to the bottom."""
    right = np.tile(np.linspace(0, 255, width), (height, 1))
    down = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    return Image.fromarray(np.stack([right, down, np.zeros_like(down)], -1).astype(np.uint8))


def test_24_views_and_the_highest_score() -> None:
    spy = Spy(0.1)
    assert look(spy)(main_of(picture(), (4056, 3040))) == {"spy": pytest.approx(0.6)}
    assert len(spy.shown) == 24


def test_each_view_is_shown_four_ways_round() -> None:
    spy = Spy()
    look(spy)(main_of(picture(), (4056, 3040)))
    for start in range(0, 24, 4):
        upright, *turned = spy.shown[start : start + 4]
        for turn, view in enumerate(turned, 1):
            assert np.array_equal(view, np.rot90(upright, turn))


def test_the_first_view_is_the_whole_picture_edges_included() -> None:
    spy = Spy()
    look(spy)(main_of(picture(), (4056, 3040)))
    whole = spy.shown[0].astype(int)
    assert abs(whole[0, 0] - (0, 0, 0)).max() < 8
    assert abs(whole[-1, -1] - (255, 255, 0)).max() < 8


def test_the_tiles_cover_every_pixel_and_overlap() -> None:
    seen = np.zeros((100, 100), int)
    for left, top, right, bottom in BOXES[1:]:
        seen[round(top * 100) : round(bottom * 100), round(left * 100) : round(right * 100)] += 1
    assert seen.min() >= 1
    assert seen[45:55, 45:55].min() >= 5
    assert len(BOXES) == 6


def test_the_tiles_shown_are_where_they_should_be() -> None:
    spy = Spy()
    look(spy)(main_of(picture(), (4056, 3040)))
    for box, view in zip(BOXES, spy.shown[::4], strict=True):
        left, top, right, bottom = box
        middle = view[112, 112].astype(int)
        assert abs(middle[0] - 255 * (left + right) / 2) < 8
        assert abs(middle[1] - 255 * (top + bottom) / 2) < 8


@pytest.mark.parametrize("size", [(4056, 3040), (3040, 4056), (224, 224), (2, 2), (4000, 2)])
def test_any_shape_of_picture_is_seen(size: tuple[int, int]) -> None:
    spy = Spy()
    look(spy)(main_of(Image.new("RGB", size, "teal"), (4056, 4056)))
    assert len(spy.shown) == 24
    assert all(abs(view.astype(int) - (0, 128, 128)).max() <= 3 for view in spy.shown)


def test_one_view_without_a_score_is_no_score_at_all() -> None:
    def fail(view: Pixels) -> float:
        raise ScoreError("no")

    with pytest.raises(ScoreError):
        look(SimpleNamespace(name="broken", score=fail))(main_of(picture(), (640, 480)))


def test_the_views_are_wiped() -> None:
    second_look = look(Spy())
    second_look(main_of(picture(), (4056, 3040)))
    assert not second_look._upright.any()
    assert not second_look._turned.any()
