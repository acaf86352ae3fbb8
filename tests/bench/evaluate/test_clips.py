"""Videos before a gate: what shuts it, for how long, and what that is an hour."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from shuttergate.bench.evaluate.clips import Watched, exposed, judged, poisson, watch
from shuttergate.board import read_board
from shuttergate.errors import PictureError
from shuttergate.gate import Rules
from shuttergate.verdict import Look, Rule, Thresholds
from shuttergate.vision.eyes import Eyes, open_eyes
from support import needs
from support.films import greys
from support.places import CLIPS

RULE = Rule({"a": Thresholds(0.5, 0.9)})
RULES = Rules(clear_frames=3, max_age_s=0.25, hold_off_s=1.0)


def before(scores: Iterable[float], step_s: float = 0.1) -> Watched:
    seen = ((number * step_s, {"a": score}) for number, score in enumerate(scores))
    return judged(seen, RULE, RULES)


def test_a_clear_video_shuts_nothing() -> None:
    found = before([0.1] * 21)
    assert found == Watched(frames=21, watched_s=pytest.approx(2.0))
    assert found.dead_share == 0


def test_one_doubt_shuts_it_for_the_hold_off_and_what_opening_takes() -> None:
    found = before([0.1] * 10 + [0.6] + [0.1] * 20)
    assert (found.frames, found.blocked, found.closings) == (31, 1, 1)
    # The hold-off of 1 s has counted the frames meanwhile, so that opening takes none of its own.
    assert found.dead_s == pytest.approx(1.0)


def test_doubts_within_one_hold_off_are_one_closing() -> None:
    assert before([0.1] * 9 + [0.6, 0.1, 0.6] + [0.1] * 20).closings == 1
    assert before([0.1] * 9 + [0.6] + [0.1] * 15 + [0.6] + [0.1] * 15).closings == 2


def test_a_video_that_begins_with_a_doubt_is_a_closing_too() -> None:
    found = before([0.6] * 20)
    assert (found.closings, found.blocked) == (1, 20)
    assert found.dead_s == pytest.approx(1.7)  # all but the three frames that opening takes
    assert before([0.6] + [0.1] * 30).closings == 1


def test_a_picture_shown_for_a_second_is_seen_as_often_as_by_a_camera() -> None:
    shown = [(4.0, {"a": 0.1}), (5.0, {"a": 0.2}), (7.0, {"a": 0.1})]
    seen = list(exposed(shown, 10.0))
    assert [time_s for time_s, _ in seen] == pytest.approx([4 + step / 10 for step in range(31)])
    assert [found["a"] for _, found in seen] == [0.1] * 10 + [0.2] * 20 + [0.1]
    slow = [(float(second), {"a": 0.1}) for second in range(6)]
    assert judged(slow, RULE, RULES).dead_s > 0, "told once, it stays shut for want of frames"
    assert judged(exposed(slow, 10.0), RULE, RULES).dead_s == 0
    assert list(exposed([], 10.0)) == []


def test_a_quick_video_is_seen_at_the_cameras_pace() -> None:
    shown = [(step / 60, {"a": step / 100}) for step in range(61)]
    assert len(list(exposed(shown, 30.0))) == 31


def test_each_picture_of_a_video_as_quick_as_the_camera_is_seen_once() -> None:
    shown = [(round(step / 30, 3), {"a": step / 100}) for step in range(100)]  # as containers do
    assert [found for _, found in exposed(shown, 30.0)] == [found for _, found in shown]


def test_videos_add_up() -> None:
    one = Watched(10, 1, 1, 0.5, 30.0)
    whole = sum([one, one], Watched())
    assert whole == Watched(20, 2, 2, 1.0, 60.0)
    assert whole.dead_share == pytest.approx(1 / 60)
    assert whole.per_hour is not None
    assert whole.per_hour[0] == 120.0
    assert Watched().per_hour is None
    assert Watched().dead_share is None


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # F. Garwood, Biometrika 28 (1936): the exact ends.
    [
        (0, 0.0, 3.689),
        (1, 0.025, 5.572),
        (2, 0.242, 7.225),
        (5, 1.623, 11.668),
        (20, 12.217, 30.888),
    ],
)
def test_the_interval_is_nearly_the_exact_one(count: int, low: float, high: float) -> None:
    found = poisson(count)
    assert found[0] == pytest.approx(low, abs=0.02)
    assert found[1] == pytest.approx(high, rel=0.02)


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    board = read_board("simulated")
    return open_eyes(board.channels.live, (), board.accelerator)


def test_a_real_video_is_watched_once_or_in_a_loop(eyes: Eyes, tmp_path: Path) -> None:
    needs.module("av").or_skip()
    path = greys(tmp_path / "grey.mp4", 30)
    rule = Rule({"consent-clean": Thresholds(1.0, 1.0), "open-nsfw": Thresholds(1.0, 1.0)})
    once = watch(path, eyes, rule, RULES)
    assert (once.frames, once.blocked) == (30, 0)
    assert once.watched_s == pytest.approx(29 / 30, abs=1e-3)
    slow = watch(greys(tmp_path / "slow.mp4", 4, rate=2), eyes, rule, RULES)
    assert (slow.frames, slow.dead_s) == (46, 0.0), "seen 30 times a second, as by a camera"
    looped = watch(path, eyes, rule, RULES, 2.5)
    assert looped.frames == 75
    nothing = Rule({name: Thresholds(1e-6, 1.0) for name in rule.limits})
    assert watch(path, eyes, nothing, RULES).closings == 1


def test_a_video_that_cannot_be_read_says_so(eyes: Eyes, tmp_path: Path) -> None:
    needs.module("av").or_skip()
    path = tmp_path / "torn.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42torn")
    with pytest.raises(PictureError, match=r"torn\.mp4: cannot be read as a video"):
        watch(path, eyes, eyes.rule(Look.LIVE, {}), RULES)


def test_shared_clips_can_be_watched(eyes: Eyes) -> None:
    needs.module("av").or_skip()
    needs.shared("data/video").or_skip()
    path = CLIPS / "bigbuckbunny.mp4"
    found = watch(path, eyes, eyes.rule(Look.LIVE, {}), RULES, 1.0)
    assert found.frames >= 24
