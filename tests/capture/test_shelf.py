"""The shelf: which frame a press gets, and what becomes of the others."""

from __future__ import annotations

import threading

import pytest

from shuttergate.capture.shelf import Shelf
from support.studio import FRAME_S, Tray


def test_the_shelf_keeps_the_newest_few() -> None:
    tray, shelf = Tray(), Shelf(2)
    for exposed_s in (1.0, 1.1, 1.2, 1.3):
        shelf.put(tray.frame(exposed_s))
    assert tray.released == [1.0, 1.1]


def test_the_frame_nearest_to_the_press_is_taken() -> None:
    tray, shelf = Tray(), Shelf(3)
    for exposed_s in (1.000, 1.033, 1.066):
        shelf.put(tray.frame(exposed_s))
    frame = shelf.take(1.04, FRAME_S, 0.0)
    assert frame is not None
    assert frame.exposed_s == 1.033


def test_a_frame_further_than_one_interval_is_not_taken() -> None:
    tray, shelf = Tray(), Shelf(3)
    shelf.put(tray.frame(1.0))
    assert shelf.take(1.0 + 2 * FRAME_S, FRAME_S, 0.01) is None


def test_the_frame_being_judged_at_the_press_is_waited_for() -> None:
    tray, shelf = Tray(), Shelf(3)
    threading.Timer(0.05, lambda: shelf.put(tray.frame(1.01))).start()
    frame = shelf.take(1.0, FRAME_S, 1.0)
    assert frame is not None
    assert frame.exposed_s == 1.01


def test_the_frame_of_a_press_that_wakes_up_late_is_not_pushed_off() -> None:
    tray, shelf = Tray(), Shelf(1)
    shelf.put(tray.frame(0.9))
    assert shelf.take(1.0, FRAME_S, 0.0) is None  # it asks again, from the photographer's thread
    for exposed_s in (1.01, 1.04, 1.07):
        shelf.put(tray.frame(exposed_s))
    frame = shelf.take(1.0, FRAME_S, 1.0)
    assert frame is not None and frame.exposed_s == 1.01
    assert tray.released == [0.9, 1.04, 1.07]
    shelf.put(tray.frame(1.1))
    shelf.put(tray.frame(1.2))
    assert tray.released == [0.9, 1.04, 1.07, 1.1], "nobody waits any more"


def test_a_closing_gate_takes_the_frame_out_of_the_hand() -> None:
    tray, shelf = Tray(), Shelf(3)
    shelf.put(tray.frame(1.0))
    shelf.clear()
    assert tray.released == [1.0]
    assert shelf.take(1.0, FRAME_S, 5.0) is None


def test_a_frame_that_was_taken_is_no_longer_on_the_shelf() -> None:
    tray, shelf = Tray(), Shelf(2)
    shelf.put(tray.frame(1.0))
    assert shelf.take(1.0, FRAME_S, 0.0) is not None
    assert shelf.take(1.0, FRAME_S, 0.0) is None
    shelf.clear()
    assert tray.released == []


def test_the_newest_is_handed_over_unless_it_is_old_or_a_press_waits() -> None:
    tray, shelf = Tray(), Shelf(2)
    assert shelf.take_newest(1000.0, 0.25) is None
    shelf.put(tray.frame(1000.0))
    shelf.put(tray.frame(1000.1))
    assert shelf.take_newest(1000.4, 0.25) is None
    newest = shelf.take_newest(1000.2, 0.25)
    assert newest is not None and newest.exposed_s == 1000.1
    assert shelf.take(1001.0, 0.03, 0.0) is None  # a press that will ask again
    shelf.put(tray.frame(1001.01))
    assert shelf.take_newest(1001.02, 0.25) is None
    assert shelf.take(1001.0, 0.03, 1.0) is not None


def test_who_looks_for_nobody_keeps_no_frame_from_being_newer() -> None:
    tray, shelf = Tray(), Shelf(1)
    assert shelf.take_newest(1000.0, 0.25) is None
    for step in range(1, 30):
        shelf.put(tray.frame(1000.0 + step / 30))
    assert shelf.take_newest(1000.98, 0.25) is not None


def test_the_frames_tell_how_far_apart_they_are() -> None:
    tray, shelf = Tray(), Shelf(1)
    assert shelf.interval_s == 0.0
    for number in range(6):
        shelf.put(tray.frame(1.0 + number / 10))
    assert shelf.interval_s == pytest.approx(0.1)
    shelf.put(tray.frame(3.0))  # BLOCKED ones between two say nothing of the camera
    assert shelf.interval_s == pytest.approx(0.1)
    shelf.clear()
    shelf.put(tray.frame(9.0))
    shelf.put(tray.frame(9.1))
    assert shelf.interval_s == pytest.approx(0.1)
