"""What a script may expect: told apart from what did not come about."""

from __future__ import annotations

from typing import Any

import pytest

from shuttergate.bench.scenario.album_expectations import AlbumUnchanged, PhotoCount, VideoCount
from shuttergate.bench.scenario.expectation import Expectation
from shuttergate.bench.scenario.expectations import Age, LogSays, OnePress, Refusal, Says, Starts
from shuttergate.bench.scenario.line_expectations import Falls, LineLevel, Rises
from shuttergate.bench.scenario.page_expectations import PagePictures
from support.scenarios import record

HELD: list[tuple[Any, bool, str]] = [
    (LineLevel("high", 1.0, 3.0), True, ""),
    (LineLevel("low", 0.0, 2.0), False, "high from 1.000 to 2.000 s"),
    (
        LineLevel("high", 0.0, 5.0),
        False,
        "low from 0.000 to 1.000 s; low from 3.000 to 5.000 s",
    ),
    (Falls(2.9, 150), True, ""),
    (Falls(2.9, 50), False, "it fell after 100 ms"),
    (Falls(0.5, 5000), False, "it was low already"),
    (Rises(0.0, 1500, 900), True, ""),
    (Rises(0.5, 1500, 900), False, "it rose after 500 ms"),
    (Rises(3.5, 1500), False, "it never rose"),
    (Says(2.0, "open"), True, ""),
    (Says(3.5, "nudity"), True, ""),
    (Says(3.5, "stale"), False, "CLOSED (nudity)"),
    (Says(3.5, "nudity", ["camera"]), False, "CLOSED (nudity)"),
    (Says(0.1, "open"), False, "nothing was said yet"),
    (OnePress("taken", 1, within_ms=100, scene="clear"), True, ""),
    (OnePress("taken", 1, within_ms=50), False, "the press at 2.000 s took 80 ms"),
    (OnePress("taken", 1, scene="card"), False, "the press at 2.000 s gave a photo of clear"),
    (OnePress("refused", 2, "nudity"), True, ""),
    (
        OnePress("refused", 2, "stale"),
        False,
        "the press at 4.000 s was refused for nudity",
    ),
    (OnePress("unfelt"), False, "the press at 2.000 s was taken, and 1 more"),
    (PhotoCount(1), True, ""),
    (PhotoCount(2), False, "1"),
    (PhotoCount(scene="card"), False, "1; a.jpg shows clear"),
    (VideoCount(0), True, ""),
    (Starts(1), True, ""),
    (Starts(2), False, "1"),
    (LogSays("photo", {"name": "a"}), True, ""),
    (LogSays("photo", {"ms": 81.0}), False, "0 times"),
    (LogSays("photo", times=2), False, "1 times"),
    (LogSays("photo", to_s=2.0), False, "0 times"),
    (AlbumUnchanged(0.0, 5.0), True, ""),
    (PagePictures(0.0, 2.0, most_px=60, least_px=60), True, ""),
    (PagePictures(0.0, 2.0, least_px=100), False, "2 pictures, the tallest of 60 px at 0.500 s"),
    (PagePictures(0.0, 5.0, most_px=60), False, "3 pictures, the tallest of 176 px at 4.000 s"),
    (PagePictures(0.0, 5.0, none=True), False, "3 pictures, the tallest of 176 px at 4.000 s"),
    (PagePictures(0.0, 5.0, least_px=100, coarse_px=58), True, ""),
    (PagePictures(0.0, 1.0, coarse_px=58), False, "1 pictures, the tallest of 60 px at 0.500 s"),
    (PagePictures(2.0, 3.0, coarse_px=58), False, "there were none"),
    (PagePictures(2.0, 3.0, none=True), True, ""),
    (PagePictures(2.0, 3.0, most_px=60), True, ""),
    (PagePictures(2.0, 3.0, least_px=1), False, "there were none"),
    (Refusal(), False, "it started"),
    (Age(50), True, ""),
    (Age(30), False, "the oldest was 40 ms old"),
]


@pytest.mark.parametrize(("one", "held", "was"), HELD)
def test_what_must_hold_is_told_apart_from_what_did_not(
    one: Expectation, held: bool, was: str
) -> None:
    found = one.judge(record())
    assert found.held is held
    assert held or str(found.was) == was


def test_what_changed_in_the_album_and_a_refusal_to_start_are_told() -> None:
    changed = AlbumUnchanged(0.0, 5.0).judge(record(album_changes_s=[2.1]))
    assert str(changed.was) == "it changed at 2.100 s"
    refused = record(refusal="thresholds.open-nsfw: is laxer")
    assert Refusal("open-nsfw").judge(refused).held
    assert not Refusal("camera").judge(refused).held
