"""From a press to its outcome, with a real hatch, publisher and album."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import ScoreError
from shuttergate.frame import Pixels, reduced
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason
from support.kits import wait_until
from support.studio import Studio, clear

Build = Callable[..., Studio]


def test_the_saved_frame_is_the_judged_frame(studio: Build, tmp_path: Path) -> None:
    judged: list[Pixels] = []

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        judged.append(main.copy())
        return clear(main)

    outcome = studio(look).press(level=77)
    photo = np.asarray(Image.open(tmp_path / outcome.name).convert("YCbCr"))[..., 0]
    assert abs(int(photo.mean()) - int(judged[0][:64].mean())) <= 1


def test_nothing_is_kept_of_a_frame_that_the_second_look_blocks(
    studio: Build, tmp_path: Path
) -> None:
    kit = studio(lambda main: (Reason.NUDITY, {"open-nsfw": 0.9}))
    outcome = kit.press()
    assert (outcome.name, outcome.reason) == ("", Reason.SECOND_LOOK)
    assert list(tmp_path.iterdir()) == []
    assert len(kit.tray.released) == 1


def test_a_second_look_that_fails_blocks(studio: Build, tmp_path: Path) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        raise ScoreError("open-nsfw: the model failed")

    assert studio(look).press().reason is Reason.SECOND_LOOK
    assert list(tmp_path.iterdir()) == []


def test_a_press_during_the_second_look_is_refused(studio: Build) -> None:
    go_on = threading.Event()

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        go_on.wait(5)
        return clear(main)

    kit = studio(look)
    kit.shelf.put(kit.tray.frame(kit.now_s))
    now = Opening(kit.now_s, 0.0)
    assert kit.photographer.press(now)
    assert not kit.photographer.press(now)
    kit.now_s += 7.0
    assert kit.photographer.busy_s() == 7.0
    go_on.set()
    assert kit.done.wait(5)


def test_the_frame_is_wiped_before_the_photo_is_published(
    studio: Build,
) -> None:
    kit = studio(clear)
    kit.press()
    assert len(kit.tray.released) == 1


@pytest.mark.parametrize("said", [Reason.CLEAR, Reason.NUDITY, ScoreError("the model failed")])
def test_nothing_stays_of_the_picture_that_was_judged_for_a_press(
    studio: Build, said: Reason | ScoreError
) -> None:
    pictures: list[Pixels] = []

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        assert main.all()
        pictures.append(main)
        if isinstance(said, ScoreError):
            raise said
        return said, {}

    kit = studio(look)
    assert bool(kit.press().name) is (said is Reason.CLEAR)
    kit.open = False
    assert not kit.press().name
    assert [picture.any() for picture in pictures] == [False, False]


def test_nor_of_one_that_nobody_pressed_for(studio: Build) -> None:
    pictures: list[Pixels] = []

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        pictures.append(main)
        return clear(main)

    kit = studio(look)
    kit.shelf.put(kit.tray.frame(kit.now_s))
    kit.wants_look = True
    assert wait_until(lambda: bool(kit.looks))
    assert wait_until(lambda: not pictures[0].any())


def test_a_missing_album_refuses_the_photo_until_it_is_back(studio: Build, tmp_path: Path) -> None:
    kit = studio(clear, tmp_path / "gone")
    outcome = kit.press()
    assert outcome.reason is Reason.FAULT
    assert "is missing; plug the disk in" in str(outcome.detail)
    (tmp_path / "gone").mkdir()
    assert wait_until(lambda: kit.album_states[-1] == "")
    assert kit.press().name


def test_a_publisher_that_ends_loses_the_photo_and_not_the_kit(
    studio: Build,
) -> None:
    kit = studio(clear)
    kit.client.disconnect()
    outcome = kit.press()
    assert outcome.reason is Reason.FAULT
    assert "no publisher" in str(outcome.detail)


@pytest.mark.parametrize("reason", [Reason.DOUBT, Reason.NUDITY])
def test_whatever_the_second_look_says_but_clear_is_refused(
    studio: Build, tmp_path: Path, reason: Reason
) -> None:
    assert studio(lambda main: (reason, {})).press().reason is Reason.SECOND_LOOK
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_closes_during_the_second_look_voids_the_photo(
    studio: Build, tmp_path: Path
) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        kit.open = False
        return clear(main)

    kit = studio(look)
    assert kit.press().reason is Reason.CLOSED
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_closes_while_the_photo_is_encoded_keeps_it_here(
    studio: Build, tmp_path: Path
) -> None:
    kit, wholes = studio(clear), list[None]()
    answers = [True, False]  # before it is encoded, and after
    kit.lasts = lambda opening: answers.pop(0) if answers else False  # type: ignore[method-assign]
    kit.album.on_whole = lambda: wholes.append(None)
    assert kit.press().reason is Reason.CLOSED
    assert wholes == [], "the publisher has never had it"


def test_a_gate_that_closes_while_the_disk_is_slow_voids_the_photo(
    studio: Build, tmp_path: Path
) -> None:
    kit = studio(clear)
    kit.album.on_whole = lambda: setattr(kit, "open", False)
    assert kit.press().reason is Reason.CLOSED
    said = len(kit.album_states)
    assert wait_until(lambda: len(kit.album_states) > said), "it goes on"
    assert list(tmp_path.iterdir()) == []
    kit.album.on_whole, kit.open = lambda: None, True
    assert kit.press().name


def test_a_photo_is_dated_by_its_exposure_and_not_by_what_took_its_time_since(
    studio: Build, tmp_path: Path
) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        kit.now_s += 3600.0
        return clear(main)

    kit = studio(look)
    began = datetime.now(UTC)
    taken = datetime.strptime(kit.press().name, "%Y%m%dT%H%M%S.%fZ.jpg").replace(tzinfo=UTC)
    assert abs(began - taken - timedelta(hours=1)) < timedelta(minutes=1)


def test_a_press_takes_its_frame_before_newer_ones_push_it_off_the_shelf(
    studio: Build,
) -> None:
    kit = studio(clear)
    busy, go_on = threading.Event(), threading.Event()

    def idle() -> None:  # as a self-test of the second look does
        busy.set()
        go_on.wait(5)

    kit.idle = idle
    assert busy.wait(5)
    pressed_s = kit.now_s
    kit.shelf.put(kit.tray.frame(pressed_s))
    assert kit.photographer.press(Opening(pressed_s, pressed_s))
    for later in range(1, 5):
        kit.shelf.put(kit.tray.frame(pressed_s + later))
    go_on.set()
    assert kit.done.wait(5)
    assert kit.outcomes[-1].reason is Reason.CLEAR


def test_a_look_that_nobody_pressed_for_tells_what_it_found(studio: Build, tmp_path: Path) -> None:
    found = [(Reason.CLEAR, {"one": 0.1}), (Reason.NUDITY, {"one": 0.9})]
    kit = studio(lambda main: found[min(len(kit.looks), 1)])
    kit.wants_look = True
    for _ in range(2):
        before = len(kit.looks)

        def looks() -> bool:
            kit.now_s += 1.0
            kit.shelf.put(kit.tray.frame(kit.now_s))
            return len(kit.looks) > before  # noqa: B023

        assert wait_until(looks, 10)
    assert [reason for _, reason in kit.looks[:2]] == [Reason.CLEAR, Reason.NUDITY]
    assert list(tmp_path.iterdir()) == [] and kit.outcomes == []
    kit.wants_look = False
    assert kit.press().reason is Reason.SECOND_LOOK


def test_a_look_begins_before_it_takes_its_frame(
    studio: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = studio(clear)
    begun: list[int] = []

    def take_newest(now_s: float, max_age_s: float) -> None:
        begun.append(kit.looks_begun)

    monkeypatch.setattr(kit.shelf, "take_newest", take_newest)
    kit.wants_look = True

    def turns() -> bool:
        kit.now_s += 1.0
        return bool(begun)

    assert wait_until(turns, 10)
    assert begun[0] == 1


def test_a_look_without_an_answer_is_told_as_a_doubt(studio: Build) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        raise ScoreError("open-nsfw: the model failed")

    kit = studio(look)
    kit.wants_look = True

    def looks() -> bool:
        kit.now_s += 1.0
        kit.shelf.put(kit.tray.frame(kit.now_s))
        return bool(kit.looks)

    assert wait_until(looks, 10)
    assert kit.looks[0][1] is Reason.DOUBT


def test_nobody_looks_for_nobody(studio: Build) -> None:
    kit = studio(clear)
    kit.shelf.put(kit.tray.frame(kit.now_s))
    assert not wait_until(lambda: bool(kit.looks), 0.8)


def test_what_is_saved_is_no_larger_than_what_was_judged(studio: Build, tmp_path: Path) -> None:
    judged: list[tuple[int, ...]] = []

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        judged.append(main.shape)
        return clear(main)

    kit = studio(look)
    kit.leaving = lambda main: reduced(main, 2)  # type: ignore[method-assign]
    outcome = kit.press(level=77)
    with Image.open(tmp_path / outcome.name) as photo:
        assert photo.size == (32, 32)
    assert judged == [(48, 32)]


def test_a_press_goes_before_a_look_that_nobody_pressed_for(studio: Build) -> None:
    kit = studio(clear)
    turns: list[float] = []

    def between() -> None:
        turns.append(kit.now_s)
        if len(turns) == 2:  # a look is wanted since the turn before, and would be next
            kit.now_s += 1.0
            kit.shelf.put(kit.tray.frame(kit.now_s))
            assert kit.photographer.press(Opening(kit.now_s, kit.now_s))
            kit.shelf.put(kit.tray.frame(kit.now_s))

    kit.idle, kit.wants_look = between, True
    assert kit.done.wait(10)
    assert kit.looks == []
    assert kit.outcomes[0].name


def test_a_camera_slower_than_it_was_asked_to_be_gets_its_presses_all_the_same(
    studio: Build,
) -> None:
    kit = studio(lambda main: (Reason.CLEAR, {}))
    for number in range(5):
        kit.shelf.put(kit.tray.frame(kit.now_s + number / 10))
    kit.now_s += 0.48  # nearly a frame's time of such a camera after its last
    assert kit.photographer.press(Opening(kit.now_s, 0.0))
    assert kit.done.wait(10.0)
    assert kit.outcomes[-1].name


def test_a_yes_takes_its_frame_from_the_shelf_of_its_own_and_is_looked_at_but_for_the_rule(
    studio: Build, tmp_path: Path
) -> None:
    kit = studio(clear)
    kit.now_s += 1.0
    kit.shelf.put(kit.tray.frame(kit.now_s, 200))
    kit.spared.put(kit.tray.frame(kit.now_s, 77))
    assert kit.photographer.press(Opening(kit.now_s, 990.0, "star"))
    assert kit.done.wait(10)
    (outcome,) = kit.outcomes
    photo = np.asarray(Image.open(tmp_path / outcome.name).convert("YCbCr"))[..., 0]
    assert abs(int(photo.mean()) - 77) <= 2
    assert kit.but_for == "star"
    kit.press()
    assert kit.but_for == "", "and the next press by every rule"
