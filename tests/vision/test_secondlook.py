"""The second look's views: the whole for every channel, tiles for some; wiped afterwards."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels
from shuttergate.frames.pictures import main_of
from shuttergate.verdict import Thresholds
from shuttergate.vision.embedder import Embedder
from shuttergate.vision.head import Head
from shuttergate.vision.secondlook import TILES, SecondLook, as_whole

SIDE = (224, 224)


def tile_head(tile_line: float | None = 0.9, name: str = "spy", output: int = 0) -> Head:
    return Head(name, Thresholds(0.4, 0.8), operator.itemgetter(output), tile_line)


class Spy:
    """A channel that keeps what it was shown; the fourth view scores a half more."""

    def __init__(
        self, score: float = 0.0, tile_line: float | None = 0.4, name: str = "spy", *heads: Head
    ) -> None:
        self.heads = (tile_head(tile_line, name), *heads)
        self.embedder = Embedder(name, self.see)
        self.shown: list[Pixels] = []
        self.answer = score

    def see(self, view: Pixels) -> NDArray[np.float64]:
        self.shown.append(view.copy())
        return np.array([self.answer if len(self.shown) != 4 else self.answer + 0.5, 0.3])


def look(spy: object) -> SecondLook:
    return SecondLook([spy], SIDE)  # type: ignore[list-item]


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose colour tells the place: red grows to the right, green to the bottom."""
    right = np.tile(np.linspace(0, 255, width), (height, 1))
    down = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    return Image.fromarray(np.stack([right, down, np.zeros_like(down)], -1).astype(np.uint8))


def test_six_views_and_the_highest_score() -> None:
    spy = Spy(0.1)
    assert look(spy)(main_of(picture(), (4056, 3040))) == {"spy": pytest.approx(0.6)}
    assert len(spy.shown) == 6


def test_a_channel_without_a_line_for_tiles_sees_the_whole_alone() -> None:
    spy, other = Spy(tile_line=None), Spy(name="other")
    SecondLook([spy, other], SIDE)(main_of(picture(), (4056, 3040)))  # type: ignore[list-item]
    assert len(spy.shown) == 1
    assert len(other.shown) == 6


def test_two_heads_of_a_channel_share_its_views() -> None:
    spy = Spy(0.1, 0.4, "spy", tile_head(0.4, "second", 1))
    assert look(spy)(main_of(picture(), (4056, 3040))) == {
        "spy": pytest.approx(0.6),
        "second": pytest.approx(0.3),
    }
    assert len(spy.shown) == 6


def test_a_head_without_a_line_for_tiles_reads_the_whole_alone() -> None:
    read: list[float] = []

    def reads(outputs: NDArray[np.float64]) -> float:
        read.append(float(outputs[1]))
        return read[-1]

    spy = Spy(0.1, 0.4, "spy", Head("whole", Thresholds(0.4, 0.8), reads))
    assert look(spy)(main_of(picture(), (4056, 3040)))["whole"] == 0.3
    assert (len(spy.shown), len(read)) == (6, 1)


@pytest.mark.parametrize(("tile", "whole"), [(0.0, 0.0), (0.45, 0.2), (0.9, 0.4), (1.0, 1.0)])
def test_a_tile_counts_as_a_whole_as_far_from_its_line(tile: float, whole: float) -> None:
    assert as_whole(tile, tile_head()) == pytest.approx(whole)


@given(score=st.floats(0, 1), line=st.floats(0.4, 1))
def test_a_tile_is_clear_exactly_below_its_line(score: float, line: float) -> None:
    stretched = as_whole(score, tile_head(line))
    assert 0 <= stretched <= 1
    assert (stretched < 0.4) == (score < line)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
def test_what_is_no_score_is_no_score_of_a_tile(score: float) -> None:
    with pytest.raises(ScoreError):
        as_whole(score, tile_head())


def test_the_first_view_is_the_whole_picture_edges_included() -> None:
    spy = Spy()
    look(spy)(main_of(picture(), (4056, 3040)))
    whole = spy.shown[0].astype(int)
    assert abs(whole[0, 0] - (0, 0, 0)).max() < 8
    assert abs(whole[-1, -1] - (255, 255, 0)).max() < 8


def test_the_tiles_cover_every_pixel_and_overlap() -> None:
    seen = np.zeros((100, 100), int)
    for left, top, right, bottom in TILES:
        seen[round(top * 100) : round(bottom * 100), round(left * 100) : round(right * 100)] += 1
    assert seen.min() >= 1
    assert seen[45:55, 45:55].min() >= 5


def test_the_tiles_shown_are_where_they_should_be() -> None:
    spy = Spy()
    look(spy)(main_of(picture(), (4056, 3040)))
    for box, view in zip(TILES, spy.shown[1:], strict=True):
        left, top, right, bottom = box
        middle = view[112, 112].astype(int)
        assert abs(middle[0] - 255 * (left + right) / 2) < 8
        assert abs(middle[1] - 255 * (top + bottom) / 2) < 8


@pytest.mark.parametrize("size", [(4056, 3040), (3040, 4056), (224, 224), (2, 2), (4000, 2)])
def test_any_shape_of_picture_is_seen(size: tuple[int, int]) -> None:
    spy = Spy()
    look(spy)(main_of(Image.new("RGB", size, "teal"), (4056, 4056)))
    assert len(spy.shown) == 6
    assert all(abs(view.astype(int) - (0, 128, 128)).max() <= 3 for view in spy.shown)


@pytest.mark.parametrize("view", range(6))
def test_one_view_without_a_score_is_no_score_at_all(view: int) -> None:
    spy = Spy()

    def fail(pixels: Pixels) -> NDArray[np.float64]:
        if len(spy.shown) == view:
            raise ScoreError("no")
        return spy.see(pixels)

    spy.embedder.model = fail
    with pytest.raises(ScoreError):
        look(spy)(main_of(picture(), (640, 480)))


@pytest.mark.parametrize("view", range(6))
def test_one_head_without_a_score_is_no_score_at_all(view: int) -> None:
    spy = Spy(0.1, 0.4, "spy", tile_head(0.4, "second", 1))

    def see(pixels: Pixels) -> NDArray[np.float64]:
        outputs = spy.see(pixels)
        outputs[1] = np.nan if len(spy.shown) == view + 1 else 0.3
        return outputs

    spy.embedder.model = see
    with pytest.raises(ScoreError, match="second"):
        look(spy)(main_of(picture(), (640, 480)))


def test_the_views_are_wiped() -> None:
    second_look = look(Spy())
    second_look(main_of(picture(), (4056, 3040)))
    assert not second_look._upright.any()
