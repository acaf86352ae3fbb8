"""The second look: every part for those that read parts, the worst for the others; wiped after."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels, main_size, planes
from shuttergate.frames.pictures import main_of
from shuttergate.legible import CUTS, LEGIBLE_PX
from shuttergate.verdict import Thresholds
from shuttergate.vision.embedder import Embedder
from shuttergate.vision.head import CloseHead, Head
from shuttergate.vision.secondlook import SecondLook, as_whole
from shuttergate.vision.views import pyramid
from support.kept import kept

SIDE = (224, 224)
CAMERA = (4056, 3040)
SMALL = (1352, 1012)  # what leaves of it
VIEWS = pyramid(SMALL, CUTS).views


def head(name: str = "spy", output: int = 0) -> Head:
    return Head(name, Thresholds(0.4, 0.8), operator.itemgetter(output))


@dataclass
class Network:
    """Keeps what it is shown; gives two outputs, and a map of one cell of one channel.

    ``closely``: the map's value, view by view; 0.0 where it names none.
    """

    outputs: tuple[float, float] = (0.0, 0.3)
    closely: dict[int, float] = field(default_factory=dict)
    fails_at: int = -1
    shown: list[Pixels] = field(default_factory=list)

    def __call__(self, view: Pixels) -> NDArray[np.float64]:
        self.shown.append(view.copy())
        if len(self.shown) - 1 == self.fails_at:
            raise RuntimeError("no")
        return np.array(self.outputs)

    def with_map(self, view: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        outputs = self(view)
        return outputs, np.full((1, 1, 1), self.closely.get(len(self.shown) - 1, 0.0))


class Spy:
    """A channel over such a network; ``line``: of its head for parts, None where it has none."""

    def __init__(self, network: Network, line: float | None = 0.9, *heads: Head) -> None:
        self.name = heads[0].name if heads else "spy"
        self.heads = heads or (head(),)
        self.embedder = Embedder(self.name, network)
        self.close = None if line is None else CloseHead(lambda means: means[:, 0], 1, line)


def look(*channels: Spy, cuts: tuple[int, ...] = CUTS, rotation: int = 0) -> SecondLook:
    return SecondLook(channels, SIDE, cuts, rotation)  # type: ignore[arg-type]


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose colour tells the place: red grows to the right, green to the bottom."""
    right = np.tile(np.linspace(0, 255, width), (height, 1))
    down = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    return Image.fromarray(np.stack([right, down, np.zeros_like(down)], -1).astype(np.uint8))


def leaving(size: tuple[int, int] = SMALL) -> Pixels:
    return main_of(picture(*size), size)


def test_every_view_of_the_pyramid_is_seen_and_the_highest_score_counts() -> None:
    network = Network((0.1, 0.3), {7: 0.95, 20: 0.2})
    found = look(Spy(network))(leaving())
    assert len(network.shown) == len(VIEWS) == 40
    assert found == {"spy": pytest.approx(0.4 + 0.05 * 0.6 / 0.1)}


@pytest.mark.parametrize("place", range(1, 40, 6))
def test_what_any_one_part_shows_is_not_clear(place: int) -> None:
    assert look(Spy(Network((0.1, 0.3), {place: 0.91})))(leaving())["spy"] >= 0.4
    assert look(Spy(Network((0.1, 0.3), {place: 0.89})))(leaving())["spy"] < 0.4


def test_the_whole_is_read_by_both_heads() -> None:
    assert look(Spy(Network((0.5, 0.3))))(leaving()) == {"spy": 0.5}
    assert look(Spy(Network((0.1, 0.3), {0: 0.95})))(leaving())["spy"] > 0.4


def test_a_channel_without_a_head_for_parts_sees_the_whole_alone() -> None:
    near, far = Network((0.1, 0.3), {7: 0.5}), Network((0.2, 0.3))
    found = look(Spy(near), Spy(far, None, head("far")))(leaving())
    assert (len(near.shown), len(far.shown)) == (40, 1)
    assert (far.shown[0] == near.shown[0]).all()
    assert found["far"] == 0.2


def test_further_heads_read_the_whole_alone() -> None:
    network = Network((0.1, 0.3), {5: 0.95})
    found = look(Spy(network, 0.9, head(), head("second", 1)))(leaving())
    assert found["second"] == 0.3 and found["spy"] > 0.4


@pytest.mark.parametrize(("part", "whole"), [(0.0, 0.0), (0.45, 0.2), (0.9, 0.4), (1.0, 1.0)])
def test_a_part_counts_as_a_whole_as_far_from_its_line(part: float, whole: float) -> None:
    assert as_whole(part, head(), 0.9) == pytest.approx(whole)


@given(score=st.floats(0, 1), line=st.floats(0.01, 1))
def test_a_part_is_clear_exactly_below_its_line(score: float, line: float) -> None:
    stretched = as_whole(score, head(), line)
    assert 0 <= stretched <= 1
    assert (stretched < 0.4) == (score < line)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
def test_what_is_no_score_is_no_score_of_a_part(score: float) -> None:
    with pytest.raises(ScoreError):
        as_whole(score, head(), 0.9)


def test_the_views_shown_are_where_they_should_be() -> None:
    network = Network()
    look(Spy(network))(leaving())
    for part, view in zip(VIEWS, network.shown, strict=True):
        middle = view[112, 112].astype(int)
        assert abs(middle[0] - 255 * (part.left + part.right) / 2) < 8
        assert abs(middle[1] - 255 * (part.top + part.bottom) / 2) < 8
        assert abs(int(view[2, 2, 0]) - 255 * part.left) < 10
        assert abs(int(view[-3, -3, 1]) - 255 * part.bottom) < 10


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_models_see_a_turned_picture_upright(rotation: int) -> None:
    upright, turned = Network(), Network()
    scene = picture(640, 480)
    look(Spy(upright))(main_of(scene, (640, 480)))
    held = scene.rotate(rotation, expand=True)  # turned back by `rotation`, clockwise, it stands
    look(Spy(turned), rotation=rotation)(main_of(held, held.size))
    assert len(turned.shown) == len(upright.shown)
    for one, other in zip(turned.shown, upright.shown, strict=True):
        assert abs(one.astype(int) - other).max() <= 4


@pytest.mark.parametrize("size", [(4056, 3040), (3040, 4056), (1920, 1080), (224, 224), (6, 6)])
def test_what_leaves_shows_nothing_that_no_view_could_tell(size: tuple[int, int]) -> None:
    second = look(Spy(Network()))
    small = second.leaving(main_of(Image.new("RGB", size, "teal"), (4056, 4056)))
    coverage = second.pyramid(main_size(small)).coverage
    assert coverage * main_size(small)[1] <= LEGIBLE_PX
    second(small)


def test_a_picture_is_looked_at_no_more_finely_than_it_is() -> None:
    second = look(Spy(Network()))
    assert len(second.pyramid((320, 240)).views) == 1
    assert len(second.pyramid((512, 384)).views) == 10
    assert len(second.pyramid(SMALL).views) == 40


@pytest.mark.parametrize("size", [CAMERA, (1872, 1052), (3000, 1000)])
def test_without_a_head_for_parts_only_little_may_leave(size: tuple[int, int]) -> None:
    second = look(Spy(Network(), None))
    height = main_size(second.leaving(leaving(size)))[1]
    assert height * 0.4 * max(1.0, size[0] / size[1] / 1.35) <= LEGIBLE_PX
    assert [len(second.pyramid(one).views) for one in (CAMERA, size)] == [1, 1]


# Where what is cut off at the edges leaves another shape, of which less is seen.
@example(size=(2930, 3958), rotation=0, longest=None)
@example(size=(2977, 5075), rotation=0, longest=None)
@example(size=(4739, 4001), rotation=90, longest=None)
@settings(max_examples=200, deadline=None)
@given(
    size=st.tuples(st.integers(64, 6000), st.integers(64, 6000)),
    rotation=st.sampled_from([0, 90]),
    longest=st.none() | st.integers(320, 4096),
)
def test_whatever_the_size_what_leaves_is_small_enough(
    size: tuple[int, int], rotation: int, longest: int | None
) -> None:
    second = look(Spy(Network()), rotation=rotation)
    assume(max(size) <= 3 * min(size))
    factor = second.reduction(size, longest)
    small = (size[0] // 2 // factor * 2, size[1] // 2 // factor * 2)
    upright = second.upright(small)
    assert second.pyramid(small).coverage * upright[1] <= LEGIBLE_PX


def test_a_longest_side_can_only_make_it_smaller() -> None:
    second = look(Spy(Network()))
    main = leaving(CAMERA)
    assert main_size(second.leaving(main)) == SMALL
    assert main_size(second.leaving(main, 8000)) == SMALL
    assert main_size(second.leaving(main, 640)) == (578, 434)


def test_what_leaves_is_the_whole_picture_made_smaller() -> None:
    main = leaving(CAMERA)
    small = look(Spy(Network())).leaving(main)
    for one, other in zip(planes(main), planes(small), strict=True):
        for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            assert abs(int(one[row, column]) - int(other[row, column])) <= 2


@pytest.mark.parametrize("size", [(2, 60000), (60000, 2)])
def test_a_thread_of_a_picture_is_not_looked_at(size: tuple[int, int]) -> None:
    second = look(Spy(Network()))
    main = np.zeros((size[1] * 3 // 2, size[0]), np.uint8)
    with pytest.raises(ScoreError, match="too long and narrow"):
        second.leaving(main)
    with pytest.raises(ScoreError, match="too long and narrow"):
        second(main)


@pytest.mark.parametrize("place", [0, 1, 17, 39])
def test_one_view_without_a_score_is_no_score_at_all(place: int) -> None:
    with pytest.raises(ScoreError):
        look(Spy(Network(fails_at=place)))(leaving())
    with pytest.raises(ScoreError):
        look(Spy(Network(closely={max(1, place): float("nan")})))(leaving())


def test_nor_of_a_channel_that_is_shown_the_whole_alone() -> None:
    far = Spy(Network(fails_at=0), None, head("far"))
    with pytest.raises(ScoreError):
        look(Spy(Network()), far)(leaving())


def test_a_model_that_gives_no_map_is_no_look() -> None:
    spy = Spy(Network())
    spy.embedder.model = lambda view: np.zeros(2)
    with pytest.raises(ScoreError, match="gives no feature map"):
        look(spy)(leaving())


@pytest.mark.parametrize("rotation", [0, 90])
def test_no_picture_that_is_made_on_the_way_stays(
    rotation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its planes, the same turned upright, and each view that was cut."""
    main, names = leaving(), ("resize", "convert", "transpose")
    kinds = [kept(monkeypatch, Image.Image, name) for name in names]
    kinds.append(kept(monkeypatch, Image, "merge"))
    look(Spy(Network()), rotation=rotation)(main)
    made = [one for kind in kinds for one in kind]
    assert len(made) > len(VIEWS)
    assert [one for one in made if any(high for _, high in flat(one))] == []


def flat(image: Image.Image) -> list[tuple[int, int]]:
    """Return the lowest and highest value of each of its bands."""
    return [band.getextrema() for band in image.split()]


def test_the_views_are_wiped() -> None:
    second = look(Spy(Network()))
    second(leaving())
    assert not second._view.any()
