"""The figures of what would leave are made of real looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from measure import coverage
from measure.coverage import Shot
from shuttergate.bench.scenario.scenes import built_in


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    path = tmp_path / "room.png"
    built_in("room").save(path)
    return path


def test_a_figure_is_pasted_whole_and_in_its_size(ground: Path) -> None:
    for seed in range(3):
        image, (left, top, right, bottom) = coverage.picture(Shot(ground, None, 0.1, seed))
        assert image.size == coverage.MAIN
        assert bottom - top == right - left == 304
        assert left >= 0 and top >= 0 and right <= 4056 and bottom <= 3040


def test_a_card_of_a_sixth_of_the_height_is_refused_and_the_room_alone_is_not(ground: Path) -> None:
    assert coverage.shot_is_refused(Shot(ground, None, 0.16, 1))
    assert not coverage._ground_is_refused(ground)


def test_a_page_tells_no_card_that_the_live_look_misses(ground: Path) -> None:
    told = [coverage.page_tells(Shot(ground, None, share, 1)) for share in (0.1, 0.2)]
    assert told == [False, False]


def test_every_ground_and_figure_comes_as_often_as_the_next(tmp_path: Path) -> None:
    behind, figures = [tmp_path / "a", tmp_path / "b"], [tmp_path / "c", None]
    made = coverage.shots(behind, figures, 0.1, 8)
    assert len({one.seed for one in made}) == 8
    assert [one.ground for one in made].count(behind[0]) == 4


def test_collages_are_of_harmless_pictures(tmp_path: Path) -> None:
    paths = []
    for place in range(12):
        paths.append(tmp_path / f"{place}.png")
        Image.new("RGB", (64, 48), (20 * place, 90, 160)).save(paths[-1])
    assert not coverage.collage_is_refused(paths)
