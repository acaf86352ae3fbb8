"""The fault switches: each closes the gate with its own name, and taken back it opens again."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import msgspec
import numpy as np
import pytest
from PIL import Image

from shuttergate import feed, injection
from shuttergate.board import board_names, read_board
from shuttergate.capture.album import Album
from shuttergate.companion import (
    Companion,
    Happened,
    Kill,
    Kit,
    Role,
    Sight,
    Standing,
    SwitchFault,
    Wish,
    sights,
)
from shuttergate.config import Config, GateSettings, SceneSettings, VisionSettings
from shuttergate.errors import (
    AcceleratorError,
    AlbumError,
    CameraError,
    PackError,
    ScoreError,
    phrase,
)
from shuttergate.frames.buffers import Pool
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens
from shuttergate.frames.simulated import SimulatedCamera, Trouble
from shuttergate.injection import FaultSwitch, Injection
from shuttergate.panel.panel import Panel
from shuttergate.parent.seats import PAUSE_S
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from shuttergate.switches import DAMAGES, fault_switches
from shuttergate.system.paths import share
from shuttergate.verdict import Fault
from shuttergate.vision.channel import Channel
from shuttergate.vision.known import paint
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.runtime import Model
from shuttergate.vision.selftest import SelfTest
from shuttergate.vision.spoiler import Damage, Spoiler, corrupted
from support.kits import takes, wait_until
from support.rig import Rig

EVERY = [
    FaultSwitch.CAMERA_STALLED,
    FaultSwitch.ACCELERATOR_UNPLUGGED,
    FaultSwitch.MODEL_CORRUPTED,
    FaultSwitch.DISK_FULL,
]
CARD = paint("test_card", (224, 224))


def pack_named(name: str) -> Pack:
    return read_pack(share("models") / name)


def channel(name: str) -> Channel:
    pack = pack_named(name)
    return Channel(pack, pack.model(pack.content()))


# Each switch by itself.


def test_only_boards_without_real_pins_have_switches() -> None:
    boards = {name: read_board(name) for name in board_names()}
    assert injection.offered(boards["simulated"]) == EVERY
    assert injection.offered(boards["webcam"]) == EVERY[1:]
    kits = [board for board in boards.values() if not board.gpio.is_simulated]
    assert len(kits) >= 3
    assert not any(injection.offered(board) or injection.possible(board) for board in kits)


def test_every_switch_is_somebodys() -> None:
    inside = [*injection.CAMERA, *injection.MODELS, *injection.WIRES]
    assert sorted([*inside, FaultSwitch.DISK_FULL]) == sorted(FaultSwitch)


def test_every_switch_of_a_camera_makes_a_trouble_of_its_own() -> None:
    trouble, eyes = Trouble(), cast(Any, SimpleNamespace(live=[]))
    wiring = cast(Any, SimpleNamespace(breaker=lambda part: part))
    board = read_board("simulated")
    switches = fault_switches(board, eyes, trouble, wiring, 1.0)
    assert set(switches) == set(injection.possible(board))
    ails: list[str] = []
    for fault in injection.CAMERA:
        switches[fault](True)
        ails += [name for name, on in asdict(trouble).items() if on]
        switches[fault](False)
    assert sorted(ails) == sorted(asdict(Trouble()))


@pytest.mark.parametrize("name", ["consent-clean", "open-nsfw"])
def test_a_corrupted_model_runs_and_is_found_out_by_its_known_answers(name: str) -> None:
    pack = pack_named(name)
    content = pack.content()
    spoilt = corrupted(content)
    assert len(spoilt) == len(content)
    changed = np.flatnonzero(np.frombuffer(spoilt, np.uint8) != np.frombuffer(content, np.uint8))
    assert changed[-1] - changed[0] + 1 == len(changed)  # one table, and nothing else
    one = Channel(pack, Model(spoilt))
    wrong = []
    for known in pack.manifest.known_answers:
        off = abs(one.score(paint(known.picture, one.lores_size)) - known.score)
        wrong.append(off > known.tolerance + 0.03)
    assert sum(wrong) >= 3
    assert all(wrong) or name != "consent-clean"  # the one that is corrupted on the boards
    # The fault that matters: it finds everything clear.
    assert one.score(CARD) < pack.limits.clear_below / 10


def test_what_holds_no_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SimpleNamespace(get_tensor_details=list)
    monkeypatch.setattr("shuttergate.vision.spoiler.interpreter", lambda *_: nothing)
    with pytest.raises(PackError, match="nothing was corrupted"):
        corrupted(b"")


def test_every_fault_of_a_model_is_a_damage_of_its_own() -> None:
    assert set(DAMAGES) == set(injection.MODELS)
    assert sorted(DAMAGES.values()) == sorted(get_args(Damage))


def test_the_spoiler_puts_back_what_it_took() -> None:
    channels = [channel("consent-clean"), channel("open-nsfw")]
    good = [one.model for one in channels]
    spoiler = Spoiler(channels, 1)
    corrupt, unplug = spoiler.switch("corrupted"), spoiler.switch("unplugged")
    corrupt(True)
    assert [one.model is model for one, model in zip(channels, good, strict=True)] == [False, True]
    unplug(True)
    for one in channels:
        with pytest.raises(AcceleratorError, match="pulled it out"):
            one.score(CARD)
    corrupt(False)
    with pytest.raises(AcceleratorError):
        channels[0].score(CARD)
    corrupt(True)
    unplug(False)
    assert channels[0].score(CARD) < 0.1
    corrupt(False)
    assert [one.model for one in channels] == good


def test_the_self_test_asks_the_channels_by_turns() -> None:
    asked: list[str] = []

    class Asked:
        def __init__(self, name: str, model: Model) -> None:
            self.name, self.model = name, model

        def __call__(self, pixels: Any) -> Any:
            asked.append(self.name)
            return self.model(pixels)

        def with_map(self, pixels: Any) -> Any:
            asked.append(self.name)
            return self.model.with_map(pixels)

    names = ["consent-clean", "open-nsfw"]
    packs = [pack_named(name) for name in names]
    channels = [Channel(one, Asked(one.name, one.model(one.content()))) for one in packs]
    test = SelfTest(channels)
    test.ask_all()
    assert test.passed
    assert len(asked) == sum(len(one.known_answers) for one in channels)
    first, second = (len(one.known_answers) for one in channels)
    assert asked == names * first + names[1:] * (second - first)


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        ("failing", ScoreError, "delegate failed"),
        ("unplugged", AcceleratorError, "pulled it out"),
    ],
)
def test_an_accelerator_in_trouble_gives_no_score(
    damage: Damage, error: type[Exception], says: str
) -> None:
    one = channel("consent-clean")
    switch = Spoiler([one], 1).switch(damage)
    switch(True)
    with pytest.raises(error, match=says):
        one.score(CARD)
    with pytest.raises(error, match=says):
        one.embedder.with_map(CARD)  # as the self-test asks
    switch(False)
    assert one.score(CARD) > 0.9
    one.embedder.with_map(CARD)


def test_a_model_that_hangs_goes_on_when_its_switch_is_off() -> None:
    one = channel("consent-clean")
    switch = Spoiler([one], 1).switch("hanging")
    switch(True)
    timer = threading.Timer(0.2, switch, (False,))
    began_s = time.monotonic()
    timer.start()
    assert one.score(CARD) > 0.9
    assert time.monotonic() - began_s >= 0.2


def test_a_swapped_model_is_found_out_by_its_known_answers() -> None:
    channels = [channel("consent-clean"), channel("open-nsfw")]
    test = SelfTest(channels)
    switch = Spoiler(channels, 1).switch("swapped")
    switch(True)
    with pytest.raises(ScoreError, match="the model failed"):
        test.ask_all()
    switch(False)
    test.ask_all()
    assert test.passed


@pytest.mark.parametrize(
    ("ails", "says"),
    [("frozen", "is frozen"), ("repeating", "repeated"), ("misshapen", "planar YUV")],
)
def test_a_camera_in_trouble_is_found_out(clear_scene: Path, ails: str, says: str) -> None:
    scene = open_scene(clear_scene, Lens((640, 480), (224, 224), False), 1.0, pytest.fail)
    trouble = Trouble()
    camera = SimulatedCamera(scene, 60, Pool(2, 640 * 480 * 3 // 2, 224 * 224 * 3), trouble)
    inspector = Inspector((224, 224, 3), (640, 480))

    def give(frames: int) -> None:
        for _ in range(frames):
            frame = camera.next(1.0)
            try:
                inspector.inspect(frame)
            finally:
                frame.release()

    give(5)
    setattr(trouble, ails, True)
    with pytest.raises(CameraError, match=says):
        give(5)
    setattr(trouble, ails, False)
    give(5)
    camera.close()


def test_a_stalled_camera_waits_its_time_out_and_comes_back(clear_scene: Path) -> None:
    trouble = Trouble()
    scene = open_scene(clear_scene, Lens((640, 480), (224, 224), False), 1.0, pytest.fail)
    pool = Pool(2, 640 * 480 * 3 // 2, 224 * 224 * 3)
    seen = set()
    for _ in range(2):  # the switch outlives the camera
        camera = SimulatedCamera(scene, 60, pool, trouble)
        trouble.stalled = False
        frame = camera.next(1.0)
        seen.add(frame.lores.tobytes())
        frame.release()
        trouble.stalled = True
        began_s = time.monotonic()
        with pytest.raises(CameraError, match=r"no frame within 0\.2 s; switch its fault off"):
            camera.next(0.2)
        assert time.monotonic() - began_s >= 0.2
    camera.close()
    assert len(seen) == 2  # opened anew, it does not look frozen


ONE, GONE = FaultSwitch.MODEL_CORRUPTED, FaultSwitch.MODEL_SWAPPED


def test_switches_do_nothing_before_the_start_is_over_and_each_says_one_line() -> None:
    done: list[tuple[str, bool]] = []
    logs: list[feed.Event] = []

    def fail(on: bool) -> None:
        raise PackError("it is gone")

    one = Injection(
        {ONE: lambda on: done.append((ONE, on)), GONE: fail},
        logs.append,
    )
    one(ONE, True)
    time.sleep(0.1)
    assert done == logs == []
    one.begin()
    assert wait_until(lambda: len(logs) == 1)
    for number, (fault, on) in enumerate([(ONE, True), (GONE, True), ("no", True)], 1):
        one(fault, on)
        assert wait_until(lambda number=number: len(logs) == number)  # type: ignore[misc]
    one(ONE, False)
    assert wait_until(lambda: len(logs) == 4)
    assert done == [(ONE, True), (ONE, False)]
    said = "this board has no such switch"
    assert logs == [
        feed.Switch(ONE, True),
        feed.SwitchRefused(GONE, "it is gone", phrase("it is gone")),
        feed.SwitchRefused("no", said, phrase(said)),
        feed.Switch(ONE, False),
    ]


def test_of_a_flood_of_switches_the_last_word_counts() -> None:
    done: list[bool] = []

    def slowly(on: bool) -> None:
        time.sleep(0.02)
        done.append(on)

    one = Injection({ONE: slowly}, lambda event: None)
    one.begin()
    for number in range(1001):
        one(ONE, number % 2 == 0)
    assert wait_until(lambda: len(done) >= 1 and done[-1] is True)
    time.sleep(0.2)
    assert done[-1] is True and len(done) < 20


def test_a_file_size_limit_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(AlbumError, match=r"takes no more bytes \(file size limit\); raise the"):
        Album(tmp_path).probe()


# The order, in a gate process's own threads.


@pytest.fixture
def quick() -> Config:
    return Config(
        gate=GateSettings(clear_frames=2, hold_off_s=0.1), vision=VisionSettings(selftest_s=1.0)
    )


class RealPins(Panel):
    """As a board with real pins looks to the warden: there is no simulated wiring."""

    @property
    def wiring(self) -> None:  # type: ignore[override]
        return None

    @wiring.setter
    def wiring(self, wiring: Any) -> None:
        self.simulated = wiring


def test_a_board_of_real_parts_has_no_switch_and_no_stage_and_says_so_once(
    tmp_path: Path, quick: Config
) -> None:
    pins = read_board("simulated").pins
    rig = Rig(tmp_path, pack_named("open-nsfw"), quick, panel=RealPins(pins, simulated=True))
    try:
        for on in (True, False, True):
            rig.leash.send(feed.Inject(FaultSwitch.CAMERA_STALLED, on))
            rig.leash.send(feed.Show("card"))
        assert wait_until(lambda: bool(rig.events("fault refused")))
        time.sleep(0.2)
        assert rig.events("fault refused") == [
            {"fault": FaultSwitch.CAMERA_STALLED, "cause": "this board has no such switch"}
        ]
        assert wait_until(lambda: rig.appliance.interlock.state.is_open)
    finally:
        rig.close()


def test_what_answers_after_an_accelerator_was_away_is_tested_before_it_is_believed(
    tmp_path: Path, quick: Config
) -> None:
    rig = Rig(tmp_path, pack_named("open-nsfw"), quick)
    (live,) = rig.appliance._eyes.live
    try:
        assert wait_until(lambda: rig.line, 10)
        unplug = Spoiler([live], 1).switch("unplugged")
        unplug(True)
        assert wait_until(lambda: rig.appliance.interlock.state.faults == {"accelerator"})
        time.sleep(1.2)  # the self-test's own turn comes round
        assert rig.appliance.interlock.state.faults == {"accelerator"}
        rig.brain.mode = "stuck"  # and clear: 0.0 for every picture
        unplug(False)
        assert wait_until(lambda: bool(rig.events("model fault")))
        assert "known picture" in rig.events("model fault")[0]["error"]
        assert not rig.line
        rig.brain.mode = "well"
        assert wait_until(lambda: rig.line, 5)
    finally:
        rig.close()


# The whole kit in its processes, as a page sees it.


class Page:
    """A kit with its status server in this process, and a seat there like a console's."""

    def __init__(self, folder: Path, config: Config, album: Path, board: str = "simulated") -> None:
        self.album = album
        self.kit = Supervisor(config, album)
        self.server = StatusServer({Role.PAGE: folder / "sock"}, config, read_board(board), album)
        self.seat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.seat.connect(str(folder / "sock"))
        self.sights: list[Sight] = []
        self.lines: list[dict[str, Any]] = []
        self.kit.__enter__()

    def turn(self) -> None:
        news = self.kit.poll(0.02, *self.server.sources)
        self.server.attend(self.kit, news)
        while select.select([self.seat], [], [], 0)[0]:
            packet, descriptors, _, _ = socket.recv_fds(self.seat, 1 << 16, 1)
            for descriptor in descriptors:
                os.close(descriptor)
            sight = sights.decode(packet)
            self.sights.append(sight)
            if isinstance(sight, Happened):
                self.lines.append(msgspec.json.decode(sight.line))

    def until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> float:
        """Turn until `true()`; return how long it took."""
        began_s = time.monotonic()
        while not true():
            if time.monotonic() - began_s > timeout_s:
                pytest.fail(f"not within {timeout_s} s: {self.standing}, {self.lines[-8:]}")
            self.turn()
        return time.monotonic() - began_s

    def run(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.turn()

    def wish(self, wish: Wish) -> None:
        self.seat.send(msgspec.json.encode(wish))

    @property
    def standing(self) -> Standing | None:
        return next((one for one in reversed(self.sights) if isinstance(one, Standing)), None)

    @property
    def faults(self) -> list[Fault]:
        standing = self.standing
        return standing.status.faults if standing and standing.status else []

    @property
    def injected(self) -> list[str]:
        return self.standing.injected if self.standing else []

    @property
    def is_open(self) -> bool:
        standing = self.standing
        return standing is not None and standing.status is not None and standing.status.open

    def logged(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        return [
            one for one in self.lines if one["event"] == event and fields.items() <= one.items()
        ]

    def press(self) -> None:
        self.wish(feed.Finger(True))
        self.run(0.1)
        self.wish(feed.Finger(False))
        self.run(0.1)

    def press_until_taken(self) -> None:
        """Press until there is a photo.

        On a busy machine frames are judged so far apart that no cleared one may be near a press.
        """
        for others in takes(5):
            self.press()
            refused = {"event": "press refused", "reason": "no frame"}
            self.until(lambda: bool(self.logged("photo")) or len(self.logged(**refused)) > others)  # noqa: B023
            if self.logged("photo"):
                return
        pytest.fail(f"no press was taken: {self.lines[-8:]}")

    def close(self) -> None:
        self.kit.__exit__(None, None, None)
        self.server.__exit__(None, None, None)
        self.seat.close()


def blue(folder: Path) -> Path:
    path = folder / "blue.png"
    Image.new("RGB", (640, 480), (30, 60, 160)).save(path)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("kit")
    config = Config(
        gate=GateSettings(hold_off_s=0.1, max_age_ms=2000),
        scene=SceneSettings(path=str(blue(folder))),
        vision=VisionSettings(selftest_s=SELFTEST_S),
    )
    one = Page(folder, config, folder / "album")
    try:
        one.until(lambda: one.is_open, 20)
        yield one
    finally:
        one.close()


@pytest.fixture
def whole(page: Page) -> Iterator[Page]:
    """The kit with every switch off, before and after."""
    page.until(lambda: page.is_open)
    page.lines.clear()
    yield page
    for fault in page.injected:
        page.wish(SwitchFault(fault, False))
    page.until(lambda: page.is_open)


SELFTEST_S = 1.5
NAMES = {  # the fault that the gate gives as its own finding
    FaultSwitch.CAMERA_STALLED: "camera",
    FaultSwitch.ACCELERATOR_UNPLUGGED: "accelerator",
    FaultSwitch.MODEL_CORRUPTED: "self-test",
    FaultSwitch.DISK_FULL: "album",
}


def test_the_page_is_told_which_switches_there_are(page: Page) -> None:
    kit = next(one for one in page.sights if isinstance(one, Kit))
    assert kit.simulated
    assert kit.faults == EVERY


@pytest.mark.parametrize("fault", EVERY)
def test_a_fault_closes_the_gate_and_taken_back_opens_it_again(whole: Page, fault: str) -> None:
    before = set(whole.album.iterdir())
    whole.wish(SwitchFault(fault, True))
    whole.until(lambda: whole.injected == [fault], 1)
    took_s = whole.until(lambda: whole.faults == [NAMES[fault]])
    assert not whole.is_open
    assert whole.logged("gate", state="CLOSED", reason="fault", faults=[NAMES[fault]])
    if fault == FaultSwitch.MODEL_CORRUPTED:
        assert took_s < SELFTEST_S
        whole.until(lambda: bool(whole.logged("self-test fault")), 1)  # the gate closes first
        (found,) = whole.logged("self-test fault")
        assert "consent-clean gives its known picture" in found["error"]
    if fault == FaultSwitch.DISK_FULL:
        whole.until(lambda: bool(whole.logged("album fault")), 1)  # the gate closes first
        (found,) = whole.logged("album fault")
        assert "takes no more bytes (file size limit)" in found["error"]
    whole.press()
    whole.until(lambda: bool(whole.logged("press refused", reason="fault", faults=[NAMES[fault]])))
    whole.run(0.4)
    assert whole.faults == [NAMES[fault]]  # no half of it mended meanwhile
    assert set(whole.album.iterdir()) == before
    whole.wish(SwitchFault(fault, False))
    whole.until(lambda: whole.is_open)
    assert whole.injected == []
    assert len(whole.logged("fault injected")) == len(whole.logged("fault taken back")) == 1
    assert whole.logged("fault injected", fault=fault)
    whole.run(0.2)  # the button settles
    whole.press_until_taken()
    assert len(set(whole.album.iterdir()) - before) == 1


def test_a_gate_that_starts_anew_has_its_switches_as_they_were(whole: Page) -> None:
    for fault in (FaultSwitch.CAMERA_STALLED, FaultSwitch.MODEL_CORRUPTED):
        whole.wish(SwitchFault(fault, True))
        whole.run(0.1)
    whole.until(lambda: whole.faults == ["camera"])
    starts = whole.kit.starts
    whole.wish(Kill("gate"))
    whole.until(lambda: whole.kit.starts > starts and whole.faults == ["camera"])
    assert whole.injected == [FaultSwitch.CAMERA_STALLED, FaultSwitch.MODEL_CORRUPTED]
    assert not whole.logged("gate", state="OPEN")
    whole.wish(SwitchFault(FaultSwitch.CAMERA_STALLED, False))
    whole.until(lambda: whole.faults == ["self-test"])
    assert whole.kit.starts == starts + 1  # it does not fail at start, again and again
    whole.wish(SwitchFault(FaultSwitch.MODEL_CORRUPTED, False))


def test_a_publisher_that_starts_anew_finds_the_disk_as_full(whole: Page) -> None:
    whole.wish(SwitchFault(FaultSwitch.DISK_FULL, True))
    whole.until(lambda: whole.faults == ["album"])
    whole.lines.clear()
    whole.wish(Kill("publisher"))
    whole.until(lambda: bool(whole.logged("publisher ended")))
    whole.until(lambda: bool(whole.logged("album fault")) and whole.faults == ["album"])
    assert not whole.logged("gate", state="OPEN")
    assert not whole.logged("album ready")


def test_a_second_switch_the_same_way_and_a_name_unknown_do_nothing(whole: Page) -> None:
    whole.wish(SwitchFault("no such fault", True))
    for _ in range(2):
        whole.wish(SwitchFault(FaultSwitch.DISK_FULL, True))
    whole.until(lambda: FaultSwitch.DISK_FULL in whole.injected)
    whole.run(0.3)
    assert whole.injected == [FaultSwitch.DISK_FULL]
    assert len(whole.logged("fault injected")) == 1


# The status server and the supervisor alone.


@pytest.fixture
def dry(tmp_path: Path) -> Iterator[Callable[..., tuple[socket.socket, list[tuple[str, bool]]]]]:
    """A status server of the named board for a kit that only notes what it hears; and a seat."""
    closings: list[Any] = []

    def build(board: str) -> tuple[socket.socket, list[tuple[str, bool]]]:
        paths = {Role.PAGE: tmp_path / "sock"}
        server = StatusServer(paths, Config(), read_board(board), tmp_path)
        seat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        closings.extend([server.__exit__, lambda *_: seat.close()])
        kit = Supervisor(Config(), tmp_path)
        told: list[tuple[str, bool]] = []
        kit.inject = lambda fault, on: told.append((fault, on))  # type: ignore[method-assign]
        seat.connect(str(tmp_path / "sock"))
        server.attend(kit, [])
        for name in [*EVERY, "other"]:
            with contextlib.suppress(BrokenPipeError):  # a kit with real pins puts it out
                seat.send(msgspec.json.encode(SwitchFault(name, True)))
            time.sleep(2 * PAUSE_S)  # wishes are heard slowly
            server.attend(kit, [])
        return seat, told

    yield build
    for close in closings:
        close(None, None, None)


@pytest.mark.parametrize(
    ("board", "obeyed"), [("simulated", EVERY), ("webcam", EVERY[1:]), ("pi4-coral-usb", [])]
)
def test_the_status_server_passes_on_what_the_board_offers(
    dry: Any, board: str, obeyed: list[str]
) -> None:
    seat, told = dry(board)
    kit = sights.decode(seat.recv(1 << 16))
    assert isinstance(kit, Kit)
    assert kit.faults == obeyed
    assert told == [(name, True) for name in obeyed]


def test_a_switch_that_the_gate_refuses_goes_off_again(tmp_path: Path) -> None:
    kit = Supervisor(Config(), tmp_path)
    kit.inject(FaultSwitch.MODEL_CORRUPTED, True)
    assert kit.injected == [FaultSwitch.MODEL_CORRUPTED]
    news: list[feed.News] = [feed.SwitchRefused(FaultSwitch.MODEL_CORRUPTED, "gone")]
    kit._leash = cast(feed.Leash, SimpleNamespace(receive=lambda: news.pop() if news else None))
    kit._hear()
    assert kit.injected == []


def test_a_kernel_that_refuses_the_limit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("resource.prlimit", refuse)
    kit = Supervisor(Config(), tmp_path)
    kit._publisher.process = cast(Any, SimpleNamespace(pid=os.getpid()))
    kit.inject(FaultSwitch.DISK_FULL, True)
    assert kit.injected == []
    (said,) = kit._injected.news()
    assert isinstance(said, feed.SwitchRefused)
    kit._publisher.process = None


@pytest.mark.parametrize("name", ["gate", "publisher", "console"])
def test_each_process_can_be_killed_by_name(tmp_path: Path, name: str) -> None:
    kit = Supervisor(Config(), tmp_path, [Companion("console", "none", 0, b"")])
    killed: list[str] = []
    for child in kit._children:
        note = SimpleNamespace(kill=lambda child=child: killed.append(child.name))
        child.process = cast(Any, note)
    kit.kill(name)
    assert killed == [name]
