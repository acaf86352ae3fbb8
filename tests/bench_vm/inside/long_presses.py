"""From a press to the decision and to the photo; in a process of its own, as the kit is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bank import Copper
from inside_help import note
from kit import needs_libcamera
from stamps import PLAIN, counts, told

from support.kits import wait_until
from support.rig import Rig

PRESSES = 200

pytestmark = [needs_libcamera, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_from_the_press_to_the_decision_and_to_the_photo(
    start: Callable[[list[Any]], Rig], copper: Copper, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = start([PLAIN])
    decided: list[float] = []
    contact = rig.appliance.interlock.contact

    def stamped(is_down: Callable[[], bool]) -> Any:
        begun = contact(is_down)
        if begun is not None:
            decided.append(time.monotonic())
        return begun

    monkeypatch.setattr(rig.appliance.interlock, "contact", stamped)
    decisions, photos = [], []
    dice = np.random.default_rng(1)
    while len(photos) < PRESSES:
        assert wait_until(rig.armed, 20), told(rig)
        time.sleep(float(dice.uniform(0.2, 0.4)))  # the last frame was used; a new one must come
        decided.clear()
        taken, refused = counts(rig)
        copper.finger = True
        pressed_s = time.monotonic()
        copper.settle()
        assert wait_until(lambda: bool(decided), 5), told(rig)
        decisions.append(decided[0] - pressed_s)
        time.sleep(0.1)  # as long as a finger stays
        copper.finger = False
        assert wait_until(lambda last=(taken, refused): counts(rig) != last, 20), told(rig)  # type: ignore[misc]
        if counts(rig)[0] > taken:
            photos.append(rig.events("photo")[-1]["ms"] / 1000)
    assert counts(rig)[1] <= PRESSES / 10, told(rig)
    note("press edge to capture decision", decisions)
    note("capture decision to photo in the album", photos)
