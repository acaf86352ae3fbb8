"""A held press to a video in the album: what is in it, what never is, and what is said of it."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import av
import pytest

from shuttergate.capture import client, delivery, recorder
from shuttergate.capture.video import LIMIT, RELEASED
from shuttergate.config import VideoSettings
from shuttergate.frame import Pixels
from shuttergate.verdict import Decision, Fault, Reason, Verdict
from support.darkroom import (
    FPS,
    GOP_S,
    HOLD_S,
    LEAD_S,
    PREROLL_S,
    RULES,
    SIZE,
    Darkroom,
    begin,
    decoded,
    end,
    record,
)
from support.kits import wait_until

FRAME_S = 1 / FPS


def test_a_held_press_becomes_a_video_that_begins_before_it(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    room.frames(3.0)
    pressed_s = room.now_s
    room.finger(True)
    room.frames(2.0)
    released_s = room.now_s
    end(room)
    (video,) = room.videos()
    exposed_s = [room.numbers_s[number] for number, _, _ in video]
    assert pressed_s - PREROLL_S - GOP_S <= exposed_s[0] <= pressed_s - PREROLL_S + FRAME_S
    assert released_s - FRAME_S <= exposed_s[-1] <= released_s + FRAME_S
    assert [number for number, _, _ in video] == list(
        range(video[0][0], video[0][0] + len(video))
    ), "a frame is missing, or comes twice"
    for (_, _, time_s), exposure_s in zip(video, exposed_s, strict=True):
        assert abs(time_s - (exposure_s - exposed_s[0])) < FRAME_S / 2
    (outcome,) = room.outcomes
    assert outcome.ended == RELEASED and outcome.reason is Reason.CLEAR
    assert outcome.pictures == len(video)
    assert abs(outcome.seconds - len(video) / FPS) < 1e-6
    assert [path.name for path in room.album.iterdir()] == [outcome.name]
    # By the press: the second before it would have it stand before the photo of the same press.
    with av.open(room.album / outcome.name) as file:
        began = datetime.fromisoformat(file.metadata["creation_time"])
    named = datetime.strptime(outcome.name, "%Y%m%dT%H%M%S.%fZ.mp4").replace(tzinfo=UTC)
    later_s = (named - began).total_seconds() - (pressed_s - exposed_s[0])
    assert -0.01 < later_s < 1.01  # a file dates itself in whole seconds


def test_a_short_press_makes_none(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    record(room, HOLD_S - 0.1)
    assert room.outcomes == [] and room.videos() == []


def test_a_block_ends_it_and_nothing_of_its_lead_is_kept(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 2.0)
    blocked_s = room.now_s
    room.frame(card=True)
    assert room.recorder is not None and room.recorder._gops.is_empty, "at once"
    assert room.recorder._encoder is None, "of its last pictures the encoder remembers some"
    room.settle()
    (video,) = room.videos()
    last_s = room.numbers_s[video[-1][0]]
    assert blocked_s - LEAD_S - GOP_S - FRAME_S <= last_s <= blocked_s - LEAD_S + 1e-6
    assert not any(card for _, card, _ in video)
    assert room.outcomes[0].ended == Reason.NUDITY


def test_a_block_in_the_lead_after_the_release_takes_the_end_with_it(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 2.0)
    released_s = room.now_s
    room.finger(False)
    room.frames(0.2)
    room.frame(card=True)
    room.settle()
    (video,) = room.videos()
    assert room.numbers_s[video[-1][0]] <= released_s + 0.2 - LEAD_S + 2 * FRAME_S
    assert room.outcomes[0].ended == RELEASED


def test_a_block_before_anything_could_be_kept_leaves_nothing(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    room.frames(0.4)  # the gate has just opened: no lead before, no pre-roll
    room.finger(True)
    room.frames(HOLD_S + 0.1)
    room.frame(card=True)
    room.settle()
    assert room.videos() == []
    assert [one.reason for one in room.outcomes] == [Reason.NUDITY]


def test_a_frame_that_waits_while_the_gate_closes_is_not_encoded(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    room.frames(2.0)
    room.work, work = (lambda: None), room.work  # type: ignore[method-assign]
    room.frame()  # CLEAR, and waits for the recorder
    assert room.recorder is not None
    room.interlock.fault(Fault.CAMERA)
    events = room.recorder._events
    shot, closed = events.get(), events.get()
    events.put(closed)  # as if it had overtaken
    events.put(shot)
    work()
    assert room.recorder._gops.is_empty and room.recorder._encoder is None


def test_the_longest_time_ends_it_while_the_button_is_held(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom(settings=VideoSettings(max_s=2.0))
    begin(room, 4.0)
    room.settle()
    (video,) = room.videos()
    assert abs(len(video) / FPS - 2.0) < 2 * FRAME_S
    assert room.outcomes[0].ended == LIMIT
    room.frames(3.0)  # still held: one press makes one video
    room.settle()
    assert len(room.outcomes) == 1


def test_another_press_makes_another(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    record(room, 1.5)
    record(room, 1.5, before_s=2.0)
    first, second = room.videos()
    assert second[0][0] > first[-1][0]


def test_a_fault_while_recording_leaves_nothing_at_all(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 3.0)
    room.interlock.fault(Fault.SELF_TEST)
    room.work()
    room.settle()
    assert [one.reason for one in room.outcomes] == [Reason.FAULT]
    assert wait_until(lambda: list(room.album.iterdir()) == [])


def test_a_fault_while_it_is_being_brought_to_the_disk_leaves_nothing(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = darkroom()
    fsync = os.fsync

    def slow(file: int) -> None:
        room.interlock.fault(Fault.SELF_TEST)
        fsync(file)

    monkeypatch.setattr(os, "fsync", slow)
    record(room, 1.5)
    assert [one.reason for one in room.outcomes] == [Reason.FAULT]
    assert list(room.album.iterdir()) == []


def test_a_fault_is_known_at_once_of_a_video_on_its_way(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher may ask for the last word before the recorder has heard of the closing."""
    on_its_way = threading.Event()
    fsync = os.fsync

    def slow(file: int) -> None:
        on_its_way.wait(5)
        fsync(file)

    monkeypatch.setattr(os, "fsync", slow)
    room = darkroom()
    begin(room, 2.0)
    room.finger(False)
    room.frames(LEAD_S + 0.2)
    assert room.recorder is not None
    video = room.recorder._delivered
    assert video is not None
    room.interlock.fault(Fault.SELF_TEST)
    assert video.is_doubted
    on_its_way.set()
    room.settle()
    assert list(room.album.iterdir()) == []


def test_a_video_that_is_on_its_way_for_too_long_at_the_end_is_not_kept(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody watches over it any more."""
    ended, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (ended.wait(60), fsync(file)))
    room = darkroom()
    begin(room, 2.0)
    room.finger(False)
    room.frames(LEAD_S + 0.2)
    assert room.recorder is not None and room.recorder._delivered is not None
    room.recorder.stop()
    ended.set()
    room.recorder._delivered.wait(60)
    assert list(room.album.iterdir()) == []


def test_the_end_of_the_program_is_no_fault_and_keeps_what_was_cleared(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 3.0)
    room.interlock.fault(Fault.STOPPING)
    room.work()
    room.settle()
    assert len(room.videos()) == 1


@pytest.mark.parametrize("photo", [False, None])
def test_without_its_photo_there_is_no_video(
    darkroom: Callable[..., Darkroom], photo: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look that was not clear, or that has not ended in time."""
    monkeypatch.setattr(recorder, "RECEIPT_TIMEOUT_S", 0.1)
    room = darkroom()
    room.frames(3.0)
    room.finger(True, photo=None)
    room.frames(2.0)
    if photo is not None:
        assert room.recorder is not None and room.recorder._video is not None
        room.recorder.photo_done(room.recorder._video.pressed_s, False)
    end(room)
    assert [one.reason for one in room.outcomes] == [Reason.NO_PHOTO]
    assert list(room.album.iterdir()) == []


def test_a_press_that_was_refused_records_nothing(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    room.frames(3.0)
    room.finger(True, photo=False)
    room.frames(2.0)
    assert room.recorder is not None and room.recorder.elapsed_s is None
    end(room)
    assert room.outcomes == [] and room.videos() == []


def test_a_disk_that_is_too_slow_loses_the_video_and_no_memory(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_WAITING_BYTES", 1_000_000)
    room = darkroom(publishing=False, noise=True)
    ours, theirs = socket.socketpair()  # nobody reads
    monkeypatch.setattr(client, "SEND_TIMEOUT_S", 0.5)
    room.client.connect(ours.detach())
    room.frames(3.0)
    room.finger(True)
    for _ in range(20):
        room.frames(1.0)
        if room.outcomes:
            break
    assert [one.reason for one in room.outcomes] == [Reason.SLOW]
    assert str(room.outcomes[0].detail) == "disk"
    theirs.close()


def test_an_encoder_that_is_too_slow_loses_the_video_and_no_frame_of_the_gate(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 2.0)
    assert room.recorder is not None
    room.work, work = (lambda: None), room.work  # type: ignore[method-assign]
    room.frames(recorder.GAP_S + 0.2)  # four of them wait, the rest is left out
    assert room.interlock.state.is_open
    assert room.recorder._events.qsize() == recorder.CANVASES
    room.work = work  # type: ignore[method-assign]
    room.frames(0.2)
    room.settle()
    assert [(one.reason, str(one.detail)) for one in room.outcomes] == [(Reason.SLOW, "encoder")]
    assert wait_until(lambda: list(room.album.iterdir()) == [])


def test_a_publisher_that_is_gone_loses_the_video(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom(publishing=False)
    record(room, 1.5)
    assert [one.reason for one in room.outcomes] == [Reason.FAULT]
    assert "publisher is gone" in str(room.outcomes[0].detail)


def test_a_channel_that_does_not_look_live_judges_every_frame_of_a_video(
    darkroom: Callable[..., Darkroom],
) -> None:
    seen: list[float] = []
    doubtful: set[float] = set()

    def judge(picture: Pixels, exposed_s: float) -> bool:
        seen.append(exposed_s)
        if exposed_s in doubtful:
            room.interlock.judged(Verdict(Decision.BLOCKED, Reason.NUDITY, exposed_s))
            return False
        return True

    room = darkroom(judge=judge)
    room.frames(3.0)
    assert seen == [], "nobody presses: it costs nothing"
    pressed_s = room.now_s
    room.finger(True)
    room.frames(2.0)
    end(room)
    (video,) = room.videos()
    exposed_s = [room.numbers_s[number] for number, _, _ in video]
    assert set(exposed_s) <= set(seen)
    assert exposed_s[0] >= pressed_s + LEAD_S
    room.frames(1.5)
    room.finger(True)
    room.frames(2.0)
    doubtful.add(room.now_s + FRAME_S)
    room.frame()
    room.settle()
    assert not room.interlock.state.is_open
    assert room.outcomes[-1].ended == Reason.NUDITY
    last = room.videos()[-1]
    assert room.numbers_s[last[-1][0]] <= max(doubtful) - LEAD_S


def test_nothing_stays_of_what_such_a_channel_was_shown(darkroom: Callable[..., Darkroom]) -> None:
    shown: list[Pixels] = []

    def judge(picture: Pixels, exposed_s: float) -> bool:
        assert picture.all()
        shown.append(picture)
        return len(shown) < 20

    begin(darkroom(judge=judge), 1.0)
    assert len(shown) >= 20
    assert not any(picture.any() for picture in shown)


def test_a_picture_of_another_size_ends_a_recording(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    begin(room, 1.5)
    assert room.recorder is not None
    room.recorder._settings = VideoSettings(longest_side=SIZE[0])  # as it is
    from support import darkroom as module

    size, module.SIZE = module.SIZE, (256, 144)
    try:
        numbered = module.numbered
        module.numbered = lambda number, card: numbered(number, card, (288, 180))
        room.frames(0.2)
    finally:
        module.SIZE, module.numbered = size, numbered
    room.settle()
    assert [one.reason for one in room.outcomes] == [Reason.FAULT]
    assert "size" in str(room.outcomes[0].detail)


def test_a_frame_that_comes_just_too_late_ends_a_recording(
    darkroom: Callable[..., Darkroom],
) -> None:
    """Else the release of a button would go unseen: it belongs to another opening."""
    room = darkroom()
    begin(room, 2.0)
    exposed_s = room.now_s + RULES.max_age_s - 0.01
    room.now_s += RULES.max_age_s + 0.01
    room.interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, exposed_s))
    room.frames(1.0)
    room.settle()
    assert [one.ended for one in room.outcomes] == [Reason.WAITING]  # for a run of clear frames
    assert len(room.videos()) == 1


def test_a_disk_that_falls_behind_at_the_end_spoils_no_later_video(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = darkroom()
    for limit in (1, 1 << 30):  # bytes
        monkeypatch.setattr(delivery, "MOST_WAITING_BYTES", 1 << 30)
        room.frames(3.0)
        room.finger(True)
        room.frames(1.0)
        room.finger(False)
        monkeypatch.setattr(delivery, "MOST_WAITING_BYTES", limit)
        room.frames(LEAD_S + 0.2)
        room.settle()
    assert [one.reason for one in room.outcomes] == [Reason.SLOW, Reason.CLEAR]


def test_an_end_that_finds_no_room_is_not_left_off(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = darkroom()
    begin(room, 3.0)
    monkeypatch.setattr(delivery, "MOST_WAITING_BYTES", 1)
    room.frame(card=True)
    room.settle()
    assert [one.reason for one in room.outcomes] == [Reason.SLOW]
    assert wait_until(lambda: list(room.album.iterdir()) == [])


def test_a_button_that_stays_down_fills_no_memory(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom(settings=VideoSettings(max_s=1.0))
    begin(room, 20.0)
    assert room.recorder is not None
    assert sum(len(gop.pictures) for gop in room.recorder._gops._gops) < 60


@pytest.mark.parametrize("when", ["begins", "ends"])
def test_a_fault_at_the_very_moment_when_it_begins_or_ends_leaves_nothing(
    darkroom: Callable[..., Darkroom], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    room = darkroom()
    assert room.recorder is not None
    name = "_begin" if when == "begins" else "_begin_anew"
    real = getattr(room.recorder, name)
    faulted: list[str] = []

    def meanwhile(*arguments: Any) -> None:
        if (when == "begins" or room.recorder._delivered is not None) and not faulted:  # type: ignore[union-attr]
            faulted.append(when)
            room.interlock.fault(Fault.SELF_TEST)
        real(*arguments)

    monkeypatch.setattr(room.recorder, name, meanwhile)
    begin(room, 2.0)
    room.finger(False)
    room.frames(LEAD_S + 0.3)
    room.settle()
    assert faulted
    assert room.videos() == []


def test_a_tap_after_the_release_leaves_the_video_its_photo(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    begin(room, 2.0)
    room.finger(False)
    room.frames(0.2)
    room.finger(True, photo=False)  # refused: the one before is still in work
    room.frames(0.1)
    end(room)
    assert [one.reason for one in room.outcomes] == [Reason.CLEAR]


def test_two_hundred_random_timings_let_no_card_into_any_video(
    darkroom: Callable[..., Darkroom],
) -> None:
    """The card comes and goes, fingers press and let go, frames are late: at random."""
    dice = random.Random(20261122)
    room = darkroom(settings=VideoSettings(max_s=2.5))
    with_card: set[int] = set()
    for _ in range(200):
        pressed = dice.randint(0, 60)
        released = pressed + dice.randint(5, 110)
        card = dice.randint(0, 200)
        gone = card + dice.randint(1, 12)
        for step in range(released + 20):
            if step in (pressed, released):
                room.finger(step == pressed)
            if dice.random() < 0.005:
                room.now_s += dice.uniform(0.0, 0.6)  # something hangs
                room.interlock.tick()
            room.frame(card=card <= step < gone)
            if card <= step < gone:
                with_card.add(room.number)
    room.frame(card=True)
    room.settle()
    blocked_s = sorted(room.numbers_s[number] for number in with_card)
    videos = room.videos()
    assert len(videos) > 20, "too few to prove anything"
    assert {one.ended for one in room.outcomes} >= {RELEASED, LIMIT, "nudity"}
    for video in videos:
        numbers = [number for number, _, _ in video]
        assert all(b - a > 0 for a, b in pairwise(numbers))
        for number, shows_card, _ in video:
            exposed_s = room.numbers_s[number]
            assert not shows_card and number not in with_card
            assert all(abs(exposed_s - at_s) >= LEAD_S - 1e-6 for at_s in blocked_s)


def test_half_a_minute_of_video_leaves_no_more_memory_than_a_second(
    darkroom: Callable[..., Darkroom],
) -> None:
    room = darkroom()
    room.frames(3.0)
    room.finger(True)
    held = []
    for _ in range(30):
        room.frames(1.0)
        assert room.recorder is not None
        gops = room.recorder._gops
        held.append(sum(len(gop.pictures) for gop in gops._gops) + len(gops._clear))
    assert max(held) <= 60


def test_what_was_let_go_is_wiped_too(darkroom: Callable[..., Darkroom]) -> None:
    room = darkroom()
    begin(room, 1.0)
    assert room.recorder is not None
    pictures = [one for gop in room.recorder._gops._gops for one in gop.pictures]
    room.frames(2.0)
    assert len(pictures) > 10
    assert not any(one.content.any() for one in pictures)
    assert not any(
        plane.any() for canvas in room.recorder._canvases._free for plane in canvas._planes
    )
    room.finger(False)
    room.frames(1.0)
    room.settle()
    assert len(decoded(next(room.album.iterdir()))) > 30
