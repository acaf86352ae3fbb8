"""The gate process put together, with a camera and models that misbehave on command."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from PIL import Image

from shuttergate import feed
from shuttergate.board import CameraPart, read_board
from shuttergate.clock import since_boot_s
from shuttergate.config import (
    Config,
    GateSettings,
    PolicySettings,
    VideoSettings,
    VisionSettings,
)
from shuttergate.faults import FaultLog
from shuttergate.feed import Total
from shuttergate.frame import Pixels
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.judging import PressJudge
from shuttergate.legible import LEGIBLE_PX, live_coverage
from shuttergate.panel.wiring import Wiring
from shuttergate.prooftest import ProofTests
from shuttergate.system.paths import share
from shuttergate.tally import Tally
from shuttergate.verdict import Agreement, Fault, Look, Reason, Thresholds
from shuttergate.vision.accelerator import Accelerator, AcceleratorState
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.head import Head
from shuttergate.vision.known import paint
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.rule import Letters, Softened
from shuttergate.vision.secondlook import SecondLook
from shuttergate.words import log_name
from support import needs
from support.kits import wait_until
from support.rig import Brain, Remembered, Rig


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(share("models") / "open-nsfw")


Build = Callable[..., Rig]
QUICK = Config(
    gate=GateSettings(clear_frames=2, hold_off_s=0.1), vision=VisionSettings(selftest_s=1.0)
)

PATIENT = Config(
    gate=GateSettings(clear_frames=2, hold_off_s=0.1, max_age_ms=2000),
    vision=VisionSettings(selftest_s=1.0),
)
"""For a press that must be taken: another program may hold up the camera for a moment."""


@pytest.fixture
def rig(tmp_path: Path, pack: Pack) -> Iterator[Build]:
    rigs: list[Rig] = []

    def build(config: Config = QUICK, rotation: int = 0) -> Rig:
        rigs.append(Rig(tmp_path, pack, config, rotation=rotation))
        assert wait_until(lambda: rigs[-1].line, 10), rigs[-1].logs
        return rigs[-1]

    yield build
    for one in rigs:
        one.close()


@pytest.mark.parametrize("mode", ["blocked", "stall", "hang", "repeat", "frozen", "shape"])
def test_whatever_the_camera_does_the_line_falls_and_recovers(rig: Build, mode: str) -> None:
    one = rig()
    one.camera.mode = mode
    assert wait_until(lambda: not one.line, 2)
    time.sleep(0.3)
    assert not one.line
    one.camera.mode = "clear"
    assert wait_until(lambda: one.line, 10)


@pytest.mark.parametrize("mode", ["stall", "repeat", "frozen", "shape"])
def test_what_is_no_frame_is_a_fault_and_not_only_silence(rig: Build, mode: str) -> None:
    one = rig()
    one.camera.mode = mode
    assert wait_until(lambda: one.appliance.interlock.state.faults == {"camera"})


def test_a_camera_that_hangs_lets_the_line_fall_in_time(rig: Build) -> None:
    one = rig()
    one.camera.mode = "hang"
    last_s = one.camera.exposed_s
    assert wait_until(lambda: not one.line, 2)
    age_s = since_boot_s() - max(last_s, one.camera.exposed_s)
    assert age_s < QUICK.gate.max_age_ms / 1000 + 0.2


def test_a_hang_stops_the_heartbeat(rig: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shuttergate.warden.HANG_S", 0.5)
    one = rig()
    one.camera.mode = "hang"
    time.sleep(1.0)
    one.status = None
    assert not wait_until(lambda: one.status is not None, 0.5)


def test_a_self_test_that_takes_long_is_no_hang(
    tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow machine asks its known answers for longer than a main thread may stand still."""
    monkeypatch.setattr("shuttergate.warden.HANG_S", 0.5)
    enough, begin = threading.Event(), ProofTests.begin

    def slowly(tests: ProofTests, turn: Callable[[], None]) -> None:
        while not enough.wait(0.05):
            turn()
        begin(tests, turn)

    monkeypatch.setattr(ProofTests, "begin", slowly)
    one = Rig(tmp_path, pack, QUICK)
    try:
        time.sleep(1.0)
        one.status = None
        assert wait_until(lambda: one.status is not None)
        enough.set()
        assert wait_until(lambda: one.line, 10), one.logs
    finally:
        enough.set()
        one.close()


@pytest.mark.parametrize("codec", ["libx264", "off"])
def test_every_status_says_whether_a_press_can_become_a_video(rig: Build, codec: Any) -> None:
    one = rig(msgspec.structs.replace(QUICK, video=VideoSettings(codec=codec)))
    one.status = None
    assert wait_until(lambda: one.status is not None)
    assert one.status is not None
    assert one.status.video is (codec != "off")
    assert bool(one.events("no video")) is (codec == "off")


def test_a_closing_gate_leaves_no_frame_behind(rig: Build) -> None:
    one = rig()
    assert wait_until(lambda: bool(one.appliance.lanes[0].shelf._frames))
    one.camera.mode = "blocked"
    assert wait_until(lambda: not one.line)
    time.sleep(0.1)
    assert not one.appliance.lanes[0].shelf._frames
    one.appliance.interlock.fault(Fault.POLES)  # which nobody mends
    one.camera.mode = "clear"
    time.sleep(0.3)
    assert not one.appliance.lanes[0].shelf._frames, "frames wait although the gate is closed"


def test_nor_one_that_was_put_there_just_as_it_closed(rig: Build) -> None:
    one = rig()
    lane, take = one.appliance.lanes[0], one.appliance.presses.take

    def closes(*offered: Any) -> None:
        take(*offered)
        one.appliance.interlock.fault(Fault.POLES)  # as another thread may at any time

    one.appliance.presses.take = closes  # type: ignore[method-assign]
    assert wait_until(lambda: Fault.POLES in one.appliance.interlock.state.faults)
    count = one.appliance.tally.frames
    assert wait_until(lambda: one.appliance.tally.frames >= count + 2)
    assert not lane.shelf._frames


def test_one_missing_score_is_a_blocked_frame(rig: Build) -> None:
    one = rig(Config(gate=GateSettings(clear_frames=2, hold_off_s=1.5)))
    one.brain.mode = "fail"
    assert wait_until(lambda: not one.line)
    one.brain.mode = "well"
    assert not wait_until(lambda: one.line, 1.0), "the hold-off was not kept"
    assert one.appliance.interlock.reason == "doubt"


def test_without_a_publisher_the_gate_never_opens(tmp_path: Path, pack: Pack) -> None:
    one = Rig(tmp_path, pack, QUICK, publisher=False)
    try:
        assert not wait_until(lambda: one.line, 1.0)
        assert one.appliance.interlock.state.faults == {"publisher"}
    finally:
        one.close()


def test_a_model_that_is_wrong_from_the_start_is_not_started(tmp_path: Path, pack: Pack) -> None:
    one = Rig(tmp_path, pack, QUICK, brain="stuck")
    one.runner.join(5)
    assert "known picture" in str(one.failure)
    one.close()


@pytest.mark.parametrize("by_order", [True, False])
def test_the_line_is_low_before_a_camera_that_is_slow_to_close(rig: Build, by_order: bool) -> None:
    one = rig()
    at_close: list[bool] = []
    one.camera.close = lambda: at_close.append(one.line)  # type: ignore[method-assign]
    if by_order:
        one.leash.send(feed.Stop())
    else:
        one.appliance.stop()
    one.runner.join(10)
    assert at_close == [False]


def test_an_order_to_stop_lowers_the_line_while_the_camera_still_hangs(rig: Build) -> None:
    one = rig(Config(gate=GateSettings(clear_frames=2, hold_off_s=0.1, max_age_ms=2000)))
    one.camera.mode = "hang"
    assert one.line
    one.leash.send(feed.Stop())
    assert wait_until(lambda: not one.line, 0.5)


class Comings:
    """As much of an accelerator as the appliance asks; what answers changes at every answer."""

    def __init__(self, brain: Brain) -> None:
        self.state, self.cause, self.generation = AcceleratorState.WORKING, "", 0
        self.restless = True
        self.answers = 0
        self._brain = brain

    def __call__(self, pixels: Pixels) -> Any:
        self.answers += 1
        self.generation += self.restless
        return self._brain(pixels)

    def wait(self, timeout_s: float) -> bool:
        return True

    def close(self) -> None:
        pass


def test_the_feed_tells_the_level_of_the_simulated_line(rig: Build) -> None:
    one = rig()
    assert wait_until(lambda: one.status is not None and one.status.line is True)
    one.camera.mode = "blocked"
    assert wait_until(lambda: one.status is not None and one.status.line is False)


def test_each_word_tells_of_gate_and_line_at_one_moment(
    rig: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a busy machine: the gate closes while another thread is about to say how it stands."""
    one = rig()
    closer = threading.Thread(target=one.appliance.interlock.fault, args=(Fault.POLES,))
    read = Wiring.line_is_high.fget
    assert read is not None

    def late(wiring: Wiring) -> bool:
        if threading.current_thread() is threading.main_thread() and closer.ident is None:
            closer.start()
            closer.join(0.2)
        return bool(read(wiring))

    monkeypatch.setattr(Wiring, "line_is_high", property(late))
    said = one.appliance.status()
    assert closer.ident is not None
    closer.join()
    assert said.open is said.line is True
    now = one.appliance.status()
    assert now.open is now.line is False
    assert said.opened_s is not None and now.opened_s is None
    assert said.opened_s < said.at_s < now.at_s


def test_what_changes_while_it_answers_is_never_believed(tmp_path: Path, pack: Pack) -> None:
    one = Comings(Brain(pack.model(pack.content())))
    (live,), (look,) = (Channel(pack, one),), (Channel(pack, pack.model(pack.content())),)
    eyes = Eyes(
        (live,),
        (look,),
        SecondLook((look,), (224, 224)),
        (224, 224, 3),
        cast(Accelerator, one),
        True,
    )
    kit = Rig(tmp_path, pack, QUICK, eyes=eyes)
    try:
        assert wait_until(lambda: one.answers > 40, 10)
        assert not kit.line
        assert not any(one["state"] == "OPEN" for one in kit.events("gate"))
        one.restless = False
        assert wait_until(lambda: kit.line, 10)
    finally:
        kit.close()


def test_a_supervisor_that_is_gone_ends_the_gate(tmp_path: Path, pack: Pack) -> None:
    one = Rig(tmp_path, pack, QUICK)
    one.done.set()
    one.threads[0].join(5)
    one.leash.close()
    one.runner.join(5)
    assert not one.runner.is_alive()
    one.close()


def test_a_fault_during_the_second_look_voids_the_photo(rig: Build) -> None:
    one = rig(PATIENT)
    assert wait_until(one.armed)
    one.look_brain.mode = "hang"
    one.press()
    assert wait_until(lambda: one.appliance.presses.photographer.busy_s() > 0)
    one.appliance.interlock.fault(Fault.MODEL)
    one.look_brain.mode = "well"
    assert wait_until(lambda: bool(one.events("press refused")))
    assert one.events("press refused")[0]["reason"] == "closed"
    assert list(one.album.iterdir()) == []


@pytest.mark.parametrize("mode", ["stall", "repeat", "frozen", "shape"])
def test_a_camera_fault_is_told_in_a_clear_line_and_the_camera_opened_anew(
    rig: Build, mode: str
) -> None:
    one = rig()
    one.camera.mode = mode
    assert wait_until(lambda: bool(one.events("camera fault")))
    assert one.events("camera fault")[0]["error"].startswith("camera")
    one.camera.mode = "clear"
    assert wait_until(lambda: bool(one.events("camera works again")))
    assert one.camera.opened > 1


@pytest.mark.parametrize("mode", ["nan", "too high", "fail", "hang"])
def test_whatever_the_model_does_the_line_falls_and_recovers(rig: Build, mode: str) -> None:
    one = rig()
    one.brain.mode = mode
    assert wait_until(lambda: not one.line, 2)
    time.sleep(0.3)
    assert not one.line
    one.brain.mode = "well"
    assert wait_until(lambda: one.line, 10)


def test_a_stuck_model_is_caught_by_its_known_answers(rig: Build) -> None:
    one = rig()
    one.brain.mode = "stuck"
    assert wait_until(lambda: bool(one.events("self-test fault")), 2 * QUICK.vision.selftest_s)
    assert "known picture" in one.events("self-test fault")[0]["error"]
    # Some of its answers are right by chance; that must not open the gate again.
    assert not wait_until(lambda: one.line, 3 * QUICK.vision.selftest_s)
    one.brain.mode = "well"
    assert wait_until(lambda: one.line, 3 * QUICK.vision.selftest_s)


def test_a_stuck_second_look_is_caught_too(rig: Build) -> None:
    one = rig()
    one.look_brain.mode = "stuck"
    fault = "second-look self-test fault"
    assert wait_until(lambda: bool(one.events(fault)), 2 * QUICK.vision.selftest_s)
    assert not one.line


def test_a_publisher_that_ends_closes_at_once_and_its_successor_opens(rig: Build) -> None:
    one = rig()
    one.publisher_end.shutdown(socket.SHUT_RDWR)
    assert wait_until(lambda: not one.line, 1)
    assert one.appliance.interlock.state.faults == {"publisher"}
    one.connect()
    assert wait_until(lambda: one.line)


def test_a_button_held_while_the_gate_opens_does_not_fire(rig: Build) -> None:
    one = rig(PATIENT)
    one.camera.mode = "blocked"
    assert wait_until(lambda: not one.line)
    one.finger(True)
    one.camera.mode = "clear"
    assert wait_until(lambda: one.line)
    time.sleep(0.5)
    assert list(one.album.iterdir()) == []
    one.finger(False)
    assert wait_until(one.armed)
    one.press()
    assert wait_until(lambda: len(list(one.album.iterdir())) == 1)


def test_a_press_on_a_dead_button_is_told_and_never_a_photo(rig: Build) -> None:
    one = rig()
    one.camera.mode = "blocked"
    assert wait_until(lambda: not one.line)
    one.press()
    assert wait_until(lambda: bool(one.events("press refused")))
    assert one.events("press refused")[0]["reason"] == "nudity"
    assert list(one.album.iterdir()) == []


@pytest.mark.parametrize("edges", [True, False])
def test_a_press_on_a_dead_button_is_told_once_though_its_contacts_chatter_and_edges_are_lost(
    rig: Build, edges: bool
) -> None:
    one = rig()
    one.camera.mode = "blocked"
    assert wait_until(lambda: not one.line)
    if not edges:
        one.appliance._panel.on_sense = lambda: None
        one.appliance._panel.on_contact = lambda: None
    time.sleep(0.1)
    in_time = 0
    for _ in range(50):  # a busy machine may make two presses of one: of these nothing is asked
        told, moments_s = len(one.events("press refused")), [time.monotonic()]
        for down in (True, False, True, False, True):
            one.finger(down)
            time.sleep(0.015)
            moments_s.append(time.monotonic())
        time.sleep(0.15)
        one.finger(False)
        time.sleep(0.15)
        if max(np.diff(moments_s)) < GateSettings().settle_ms / 2000:
            assert wait_until(lambda: len(one.events("press refused")) > told)  # noqa: B023
            assert len(one.events("press refused")) == told + 1
            in_time += 1
        if in_time == 2:
            break
    assert in_time == 2


def test_a_press_while_another_is_looked_at_is_refused_and_becomes_no_video(rig: Build) -> None:
    one, go_on, done = rig(PATIENT), threading.Event(), list[bool]()
    presses = one.appliance.presses
    look, photo_done = presses.second_look, presses.recorder.photo_done

    def slowly(leaving: Pixels, but_for: str) -> Any:
        go_on.wait(600)
        return look(leaving, but_for)

    def note(pressed_s: float, is_kept: bool) -> None:
        done.append(is_kept)
        photo_done(pressed_s, is_kept)

    def refused() -> str:
        one.finger(False)
        assert wait_until(lambda: one.appliance.interlock.state.armed, 30)
        count = len(one.events("press refused"))
        one.finger(True)
        assert wait_until(lambda: len(one.events("press refused")) > count, 30)
        return str(one.events("press refused")[-1]["reason"])

    presses.second_look, presses.recorder.photo_done = slowly, note  # type: ignore[method-assign]
    try:
        assert wait_until(one.armed, 30)
        one.finger(True)
        assert wait_until(lambda: presses.photographer.busy_s() > 0, 30)
        assert any(refused() == "busy" for _ in range(10))  # or it was too late for the gate
        assert done == [False]
    finally:
        go_on.set()
        one.finger(False)


def test_a_second_look_without_a_score_keeps_neither_photo_nor_gate(rig: Build) -> None:
    one = rig(PATIENT)
    assert wait_until(one.armed)
    one.look_brain.mode = "nan"
    one.press()
    assert wait_until(lambda: bool(one.events("press refused")))
    assert one.events("press refused")[0]["reason"] == "second look"
    assert "second look" in [said["reason"] for said in one.events("gate")]
    assert list(one.album.iterdir()) == []


def number_in(photo: Path) -> tuple[int, bool]:
    """Read the frame's number (modulo 256) and whether it was a clear one, out of a photo."""
    with Image.open(photo) as image:
        luma = np.asarray(image.convert("YCbCr"))[..., 0].astype(int)
    ground = int(np.median(luma[:40]))
    marked = [luma[52:60, 12 * bit + 2 : 12 * bit + 6].mean() < ground - 16 for bit in range(8)]
    return sum(1 << bit for bit, lit in enumerate(marked) if lit), ground > 120


def test_the_photo_is_the_frame_that_was_judged(rig: Build) -> None:
    one = rig(PATIENT)
    for count in range(1, 6):
        assert wait_until(one.armed)
        one.press()
        assert wait_until(lambda: len(one.events("photo")) == count)  # noqa: B023
    for event in one.events("photo"):
        assert number_in(one.album / event["name"]) == (event["frame"] % 256, True)


@pytest.mark.parametrize(("rotation", "orientation"), [(90, 6), (180, 1), (270, 8)])
def test_a_viewer_is_told_of_a_quarter_turn_and_of_no_half_one(
    rig: Build, rotation: int, orientation: int
) -> None:
    """A camera that hangs upside down is flipped by its driver, and not by a viewer once more."""
    one = rig(PATIENT, rotation)
    assert wait_until(one.armed)
    one.press()
    assert wait_until(lambda: len(one.events("photo")) == 1)
    (photo,) = one.album.iterdir()
    with Image.open(photo) as image:
        assert image.getexif()[0x0112] == orientation
    assert one.appliance.lanes[0].viewfinder._rotation == {90: 90, 180: 0, 270: 270}[rotation]


def test_no_photo_is_ever_of_a_blocked_frame(rig: Build) -> None:
    # 28 clear frames, 12 blocked, and so on, with presses at random moments.
    one = rig(Config(gate=GateSettings(clear_frames=2, hold_off_s=0.0, settle_ms=20)))
    one.camera.mode = "mixed"
    dice = random.Random(20261121)
    for _ in range(30):
        time.sleep(dice.uniform(0.0, 0.25))
        one.press(dice.uniform(0.01, 0.05))
    assert wait_until(lambda: len(one.events("photo")) >= 3), one.status
    photos = list(one.album.iterdir())
    assert all(number_in(photo)[1] for photo in photos)
    for event in one.events("photo"):
        assert event["frame"] % 40 < 28


def test_every_buffer_comes_back(rig: Build) -> None:
    one = rig()
    one.camera.mode = "mixed"
    for _ in range(5):
        time.sleep(0.2)
        one.press()
    one.close()
    slots = [one.camera.pool.take() for _ in range(4)]
    assert all(slot is not None and not slot.main.any() for slot in slots)


@pytest.mark.parametrize(
    ("live", "besides", "is_clear"),
    [
        ({"consent-clean": 0.01}, 0.01, True),
        ({"consent-clean": 0.55}, 0.01, True),
        ({"consent-clean": 0.01}, 0.9, True),
        ({"consent-clean": 0.55}, 0.9, False),  # neither is sure alone
        ({"consent-clean": 0.97}, 0.01, False),
        ({}, 0.01, False),
    ],
)
def test_a_page_sees_a_frame_only_by_what_all_channels_say_of_it(
    live: dict[str, float], besides: float, is_clear: bool
) -> None:
    board = read_board("simulated")
    eyes = open_eyes(["consent-clean"], (), board.accelerator, video=["open-nsfw"])
    eyes.video[0].model = lambda pixels: np.array([1 - besides, besides])
    gate = Interlock(Rules(), lambda high: None)
    proof, faults = cast(ProofTests, None), cast(FaultLog, None)
    judge = PressJudge(eyes, {}, proof, faults, gate, Tally())
    assert judge.shows(paint("green_slope", (224, 224)), live) is is_clear


@pytest.mark.parametrize(
    ("says", "ended", "faults"),
    [("nude", "nudity", []), ("nan", "fault", ["second-look self-test"])],
)
def test_the_channel_that_only_videos_have_closes_the_gate(
    tmp_path: Path, pack: Pack, says: str, ended: str, faults: list[str]
) -> None:
    needs.module("av").or_skip()
    first = read_pack(share("models") / "consent-clean")
    live, look = ((Channel(first, first.model(first.content())),) for _ in range(2))
    besides = Brain(pack.model(pack.content()))
    eyes = Eyes(
        live,
        look,
        SecondLook(look, (224, 224)),
        (224, 224, 3),
        video=(also := Channel(pack, besides),),
        film_look=SecondLook((*look, also), (224, 224), ()),
    )
    patient = GateSettings(
        clear_frames=2, hold_off_s=0.1, max_age_ms=2000
    )  # what is late closes it too
    rare = VisionSettings(
        selftest_s=3600
    )  # or a self-test meets that channel first, and says "fault"
    one = Rig(tmp_path, pack, Config(gate=patient, vision=rare), eyes=eyes)
    try:
        assert wait_until(lambda: one.line and one.armed(), 10)
        one.finger(True)
        assert wait_until(lambda: one.appliance.presses.recorder.elapsed_s is not None, 30)
        assert one.line
        besides.mode = says
        assert wait_until(lambda: not one.line, 30)
        assert one.appliance.lanes[0].viewfinder.doubts == 1
        assert wait_until(lambda: bool(one.events("video") or one.events("video lost")), 30)
        closed = [said for said in one.events("gate") if said["state"] == "CLOSED"][-1]
        assert closed["reason"] == ended
        assert closed["faults"] == faults
        if faults:  # what it saw before is not to be trusted either
            assert one.events("video lost")[0]["reason"] == "fault"
            assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]
    finally:
        besides.mode = "well"
        one.finger(False)
        one.close()


def test_a_video_is_filmed_by_the_second_looks_lines_while_one_doubt_leaves_the_gate_open(
    tmp_path: Path, pack: Pack
) -> None:
    needs.module("av").or_skip()
    first = read_pack(share("models") / "consent-clean")
    channels = tuple(Channel(one, one.model(one.content())) for one in (first, pack))
    lines = {one.name: one.limits for one in (first, pack)}
    soft = Softened(
        Look.LIVE,
        Agreement({first.name: 0.5, pack.name: 0.9}),
        {pack.name: Thresholds(1.0, 1.0)},
    )
    eyes = Eyes(
        channels,
        channels[:1],
        SecondLook(channels[:1], (224, 224)),
        (224, 224, 3),
        film_look=SecondLook(channels, (224, 224), ()),
        letters=Letters(lines, (), (soft,)),
    )
    patient = GateSettings(clear_frames=2, hold_off_s=0.1, max_age_ms=2000)
    one = Rig(
        tmp_path, pack, Config(gate=patient, vision=VisionSettings(selftest_s=3600)), eyes=eyes
    )
    try:
        assert wait_until(lambda: one.line and one.armed(), 10)
        one.finger(True)
        assert wait_until(lambda: one.appliance.presses.recorder.elapsed_s is not None, 30)
        channels[1].model = lambda pixels: np.array([0.04, 0.96])
        assert wait_until(lambda: not one.line, 30)
        assert one.appliance.lanes[0].viewfinder.doubts >= 1
        assert wait_until(lambda: bool(one.events("video") or one.events("video lost")), 30)
        one.finger(False)
        assert wait_until(lambda: one.line and one.armed(), 10)  # alone it is no reason
        one.finger(True)
        assert wait_until(lambda: len(one.events("photo")) == 2, 30)
        assert not wait_until(lambda: one.appliance.presses.recorder.elapsed_s is not None, 0.5)
    finally:
        one.finger(False)
        one.close()


def test_after_a_second_looks_refusal_no_page_sees_a_frame_until_one_clears(
    tmp_path: Path, pack: Pack
) -> None:
    rare = msgspec.structs.replace(PATIENT, vision=VisionSettings(selftest_s=3600))
    one = Rig(tmp_path, pack, rare)
    try:
        assert wait_until(lambda: one.line and one.armed(), 10)
        finder = one.appliance.lanes[0].viewfinder
        one.appliance._proof._look_due_s = float("inf")  # its known answers would be wrong, too
        one.look_brain.mode = "nude"
        one.finger(True)
        assert wait_until(lambda: bool(one.events("press refused")))
        one.finger(False)
        assert finder.is_doubted
        assert wait_until(lambda: one.line, 10), "alone the live look opens it again"
        assert not wait_until(lambda: not finder.is_doubted, 1.5)
        one.look_brain.mode = "well"
        assert wait_until(lambda: not finder.is_doubted, 10)
        assert [path.suffix for path in tmp_path.iterdir()] == []
    finally:
        one.close()


@pytest.mark.parametrize("says", ["nude", "fail"])
def test_so_does_the_refusal_of_a_look_that_nobody_pressed_for(
    tmp_path: Path, pack: Pack, says: str
) -> None:
    one, (ours, theirs) = Rig(tmp_path, pack, PATIENT), feed.pair()
    turns: list[None] = []
    try:
        assert wait_until(lambda: one.line, 10)
        # Its known answers would be wrong, too: none is asked any more, and none is being asked.
        one.appliance.presses.between_presses = lambda: turns.append(None)  # type: ignore[method-assign]
        assert wait_until(lambda: bool(turns))
        one.look_brain.mode = says
        assert not one.appliance.lanes[0].viewfinder.is_doubted, "there is no page to look for"
        one.appliance.view(ours)
        assert wait_until(lambda: one.appliance.lanes[0].viewfinder.is_doubted, 30)
        assert one.events("press refused") == []
    finally:
        one.close()
        theirs.close()


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("size", [(1408, 1056), (1280, 720), (1872, 1052), (640, 480)])
def test_a_film_shows_nothing_that_the_look_at_it_could_not_tell(
    size: tuple[int, int], rotation: int
) -> None:
    board = read_board("simulated")
    eyes = open_eyes(
        board.channels.live,
        board.channels.look,
        board.accelerator,
        views=board.views,
        rotation=rotation,
    )
    proof, faults = cast(ProofTests, None), cast(FaultLog, None)
    judge = PressJudge(eyes, {}, proof, faults, Interlock(Rules(), lambda high: None), Tally())
    upright = size[::-1] if rotation else size
    assert not judge.looks_at_films
    factor = judge.film_reduction(size, 1280)
    assert live_coverage(upright) * upright[1] / factor <= LEGIBLE_PX


class Lesson:
    """A rig that was taught a star, which stands before its camera, and that asks."""

    def __init__(self, album: Path, pack: Pack) -> None:
        self.shown, self.nude = True, False
        limits = Thresholds(0.5, 0.5, Reason.TAUGHT)
        star = Head("star", limits, lambda embedding: 0.9 if self.shown else 0.1)
        self.brain = Brain(Remembered(pack.model(pack.content())))
        live = (Channel(pack, self.brain, [star]),)
        self.look_brain = Brain(Remembered(pack.model(pack.content())))
        look = (Channel(pack, self.look_brain, [star]),)
        eyes = Eyes(live, look, SecondLook(look, (224, 224)), (224, 224, 3))
        asks = PolicySettings(ask=True, answer_s=5.0, hold_s=0.5)
        config = msgspec.structs.replace(
            PATIENT,
            policy=asks,
            video=VideoSettings(codec="off"),
            vision=VisionSettings(selftest_s=60.0),  # which would notice models that are told lies
        )
        self.rig = Rig(album, pack, config, eyes=eyes)
        self.interlock = self.rig.appliance.interlock
        assert wait_until(lambda: self.interlock.reason is Reason.TAUGHT, 10), self.rig.logs
        assert wait_until(lambda: self.interlock.asking.but.is_open, 10)

    def ask(self) -> None:
        """Press once, and let go."""
        self.rig.press(0.2)
        assert wait_until(lambda: len(self.rig.events("asked")) == 1, 5), self.rig.logs
        time.sleep(0.2)

    def outcomes(self) -> list[str]:
        names = "photo", "press refused"
        return [log_name(one) for one in self.rig.logs if log_name(one) in names]


@pytest.fixture
def lesson(tmp_path: Path, pack: Pack) -> Iterator[Lesson]:
    found = Lesson(tmp_path, pack)
    yield found
    found.rig.close()


def test_a_yes_is_one_photo_and_the_line_is_low_before_it_and_after(
    lesson: Lesson, tmp_path: Path
) -> None:
    one = lesson.rig
    lesson.ask()
    status = one.appliance.status()
    assert status.question is not None and status.question.held_s is None
    one.finger(True)
    time.sleep(0.25)
    assert not one.line
    held = one.appliance.status().question
    assert held is not None and held.held_s is not None and held.hold_s == 0.5
    assert wait_until(lambda: len(list(tmp_path.glob("*.jpg"))) == 1, 10), one.logs
    time.sleep(0.7)
    one.finger(False)
    time.sleep(0.2)
    assert lesson.outcomes() == ["photo"] and not one.line
    assert one.appliance.status().question is None
    assert one.appliance.tally._totals[Total.ASKED] == {feed.PUT: 1, feed.YES: 1}
    (photo,) = one.events("photo")
    assert photo["scores"]["star"] == 0.9
    shelf = one.appliance.lanes[0].spared
    assert wait_until(lambda: not shelf._frames), "nothing is kept for another"


def test_left_alone_nothing_is_taken_and_no_frame_is_kept(lesson: Lesson, tmp_path: Path) -> None:
    lesson.ask()
    assert not lesson.rig.appliance.lanes[0].spared._frames
    assert wait_until(lambda: lesson.interlock.asking.question is None, 10)
    assert list(tmp_path.glob("*.jpg")) == [] and lesson.outcomes() == []


def test_let_go_too_early_the_press_is_refused_once(lesson: Lesson, tmp_path: Path) -> None:
    lesson.ask()
    shelf = lesson.rig.appliance.lanes[0].spared
    lesson.rig.finger(True)
    assert wait_until(lambda: len(shelf._frames) > 0, 5), "the newest, while it may be needed"
    lesson.rig.finger(False)
    assert wait_until(lambda: lesson.outcomes() == ["press refused"], 5)
    assert wait_until(lambda: not shelf._frames, 5), "and no longer"
    (refused,) = lesson.rig.events("press refused")
    assert refused["reason"] == "taught"
    time.sleep(0.5)
    assert list(tmp_path.glob("*.jpg")) == [] and lesson.outcomes() == ["press refused"]


def test_what_the_second_look_sees_besides_the_rule_is_refused(
    lesson: Lesson, tmp_path: Path
) -> None:
    lesson.ask()
    lesson.look_brain.mode = "nude"
    lesson.rig.press(0.8)
    assert wait_until(lambda: lesson.outcomes() == ["press refused"], 10), lesson.rig.logs
    (refused,) = lesson.rig.events("press refused")
    assert (refused["reason"], refused["detail"]) == ("second look", "nudity")
    assert list(tmp_path.glob("*.jpg")) == []


def test_what_the_live_look_sees_during_a_hold_ends_it(lesson: Lesson, tmp_path: Path) -> None:
    lesson.ask()
    lesson.rig.finger(True)
    time.sleep(0.2)
    lesson.brain.mode = "nude"
    assert wait_until(lambda: lesson.outcomes() == ["press refused"], 5)
    lesson.brain.mode = "well"
    time.sleep(0.8)
    lesson.rig.finger(False)
    time.sleep(0.2)
    assert list(tmp_path.glob("*.jpg")) == [] and lesson.outcomes() == ["press refused"]


def test_a_gate_that_opens_under_a_hold_takes_it_for_a_held_button(
    lesson: Lesson, tmp_path: Path
) -> None:
    lesson.ask()
    lesson.rig.finger(True)
    time.sleep(0.1)
    lesson.shown = False
    assert wait_until(lambda: lesson.rig.line, 5)
    assert wait_until(lambda: lesson.outcomes() == ["press refused"], 5)
    time.sleep(0.7)
    lesson.rig.finger(False)
    time.sleep(0.2)
    assert [one["reason"] for one in lesson.rig.events("press refused")] == ["held"]
    assert list(tmp_path.glob("*.jpg")) == []


@pytest.mark.parametrize(("is_simulated", "camera"), [(True, "simulated"), (False, "real")])
def test_what_leaves_states_whether_a_camera_took_it(
    rig: Build, monkeypatch: pytest.MonkeyPatch, is_simulated: bool, camera: str
) -> None:
    """Of a simulated one nothing else may be claimed: it shows what it was given."""
    monkeypatch.setattr(CameraPart, "is_simulated", is_simulated)
    presses = rig().appliance.presses
    assert presses.claims().camera == presses.claims(of_film=True).camera == camera
