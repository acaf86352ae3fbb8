"""What a companion of each role is shown, and that none can stall or deceive the kit."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shuttergate import companion, feed
from shuttergate.board import read_board
from shuttergate.companion import PHOTOS_KEPT, RIGHTS, Role
from shuttergate.config import Config, SceneSettings
from shuttergate.errors import ConfigError
from shuttergate.parent import seats
from shuttergate.parent.seats import MAX_SEATS, PAUSE_S, also_at
from shuttergate.parent.status_server import EVENTS_KEPT, MAX_LINE_CHARS, StatusServer
from shuttergate.verdict import Reason, Rule, Thresholds
from support.kits import wait_until
from support.looking import standing


class Kit:
    """What a status server needs of the supervisor, and what it was asked for."""

    def __init__(self) -> None:
        self.status: feed.Status | None = None
        self.is_heard = False
        self.totals: feed.Totals = {}
        self.starts = 1
        self.start_s = 0.5
        self.injected: list[str] = []
        self.scene = ""
        self.asked: list[tuple[Any, ...]] = []
        self.views = 0

    def view(self, descriptor: int) -> None:
        os.fstat(descriptor)
        self.views += 1

    def show(self, scene: str) -> None:
        self.scene = scene
        self.asked.append(("show", scene))

    def finger(self, down: bool) -> None:
        self.asked.append(("finger", down))

    def kill(self, process: str) -> None:
        self.asked.append(("kill", process))

    def inject(self, fault: str, on: bool) -> None:
        self.asked.append(("inject", fault, on))

    def learn(self, order: feed.Lesson) -> None:
        self.asked.append(("learn", order))


class Opened:
    """A status server over an album, with a door for each role, and `look` to come in."""

    def __init__(
        self, folder: Path, board: str = "simulated", config: Config | None = None
    ) -> None:
        self.album = folder / "album"
        self.album.mkdir()
        self.path = folder / "console.sock"
        self.paths = {Role.PAGE: self.path, Role.CLASS_LINK: folder / "class.sock"}
        config = config or Config()
        self.server = StatusServer(self.paths, config, read_board(board), self.album)
        self.kit = Kit()
        self.seats: list[socket.socket] = []

    def attend(self, *news: feed.News) -> None:
        self.server.attend(self.kit, news)  # type: ignore[arg-type]

    def settle(self) -> None:
        """Let the seats' threads have their turn."""
        for _ in range(3):
            time.sleep(PAUSE_S)
            self.attend()

    def look(self, role: Role = Role.PAGE) -> socket.socket:
        seat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seat.connect(str(self.paths[role]))
        seat.setblocking(False)
        self.seats.append(seat)
        self.settle()
        return seat

    def says(self, *photos: str, **changes: Any) -> None:
        """Let the gate send its status, with these names of photos."""
        status = standing(True).status
        assert status is not None
        self.attend(msgspec.structs.replace(status, photos=list(photos), **changes))

    def photo(self, *names: str) -> None:
        self.says(*names)
        self.settle()

    def publish(self, name: str) -> None:
        (self.album / name).write_bytes(b"photo of " + name.encode())

    def close(self) -> None:
        self.server.__exit__(None, None, None)
        for seat in self.seats:
            seat.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    one = Opened(tmp_path)
    yield one
    one.close()


def sights(seat: socket.socket) -> list[companion.Sight]:
    found: list[companion.Sight] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, descriptors, _, _ = socket.recv_fds(seat, companion.MAX_PACKET_BYTES, 4)
            for descriptor in descriptors:
                os.close(descriptor)
            if not packet:
                break
            found.append(companion.sights.decode(packet))
    return found


def kinds(seat: socket.socket) -> list[str]:
    return [type(sight).__name__ for sight in sights(seat)]


def is_put_out(seat: socket.socket) -> bool:
    try:
        while seat.recv(companion.MAX_PACKET_BYTES):
            pass
    except BlockingIOError:
        return False
    return True


def test_its_group_alone_may_look_in(opened: Opened) -> None:
    for path in opened.paths.values():
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_who_comes_late_is_told_what_there_is(opened: Opened) -> None:
    for number in range(PHOTOS_KEPT + 2):
        opened.publish(f"{number}.jpg")
        opened.says(*(f"{earlier}.jpg" for earlier in range(number + 1)))
    for _ in range(EVENTS_KEPT):
        opened.attend(feed.Stderr("gate", "a" * 200))
    told = Counter(kinds(opened.look()))
    assert told == Counter(
        Kit=1, Standing=1, Happened=EVENTS_KEPT, AlbumFile=PHOTOS_KEPT, ViewSocket=1
    )


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4"])
def test_what_was_published_comes_as_an_open_file_to_read(opened: Opened, name: str) -> None:
    seat = opened.look()
    sights(seat)
    opened.publish(name)
    opened.photo(name)
    packet, (descriptor,), _, _ = socket.recv_fds(seat, companion.MAX_PACKET_BYTES, 1)
    assert companion.sights.decode(packet) == companion.AlbumFile(name)
    assert os.pread(descriptor, 100, 0) == b"photo of " + name.encode()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"x")
    os.close(descriptor)


def names(seat: socket.socket) -> list[str]:
    return [sight.name for sight in sights(seat) if isinstance(sight, companion.AlbumFile)]


def test_a_photo_comes_by_the_status_when_its_log_line_was_lost(opened: Opened) -> None:
    """The gate's link drops what the supervisor is too busy to take; the next status says it."""
    ours, theirs = feed.pair()
    gate, leash = feed.Link(ours), feed.Leash(theirs)
    seat = opened.look()
    opened.publish("a.jpg")
    for _ in range(1000):
        gate.send(feed.Stderr("gate", "a" * 500))
    gate.send(feed.Photo("a.jpg", 1, {}, 90.0))
    heard = list(iter(leash.receive, None))
    assert {type(item) for item in heard} == {feed.Stderr}
    status = standing(True).status
    assert status is not None
    gate.send(msgspec.structs.replace(status, photos=["a.jpg"]))
    opened.attend(*iter(leash.receive, None))
    opened.settle()
    assert names(seat) == ["a.jpg"]
    leash.close()
    ours.close()


def test_photos_keep_their_order_and_come_once_also_after_a_new_gate(opened: Opened) -> None:
    seat = opened.look()
    for name in ("b.jpg", "a.mp4", "c.jpg", "d.jpg"):
        opened.publish(name)
    opened.photo("b.jpg", "a.mp4")
    opened.photo("b.jpg", "a.mp4", "c.jpg")
    opened.photo("b.jpg", "a.mp4", "c.jpg")
    opened.kit.starts += 1
    opened.photo()  # it knows of none
    opened.photo("c.jpg", "d.jpg")  # a name that is known is known whoever says it
    assert names(seat) == ["b.jpg", "a.mp4", "c.jpg", "d.jpg"]
    assert names(opened.look()) == ["b.jpg", "a.mp4", "c.jpg", "d.jpg"]


def test_the_log_alone_opens_no_file(opened: Opened) -> None:
    seat = opened.look()
    opened.publish("a.jpg")
    opened.attend(feed.Photo("a.jpg", 1, {}, 90.0))
    opened.settle()
    assert names(seat) == []


def test_what_happened_comes_as_the_event_and_as_the_logs_line(opened: Opened) -> None:
    seat = opened.look()
    news = [
        feed.Ready("a camera", start_s=0.5),
        feed.Photo("a.jpg", 1, {}, 90.0),
        feed.AlbumReady(),
    ]
    opened.attend(*news, feed.Stderr("gate", "a" * MAX_LINE_CHARS), feed.Refused("a cause"))
    found = [one for one in sights(seat) if isinstance(one, companion.Happened)]
    assert [one.event for one in found] == [*news, feed.Refused("a cause")]
    lines = [msgspec.json.decode(one.line) for one in found]
    names = [line["event"] for line in lines]
    assert names == ["ready", "photo", "album ready", "refused to start"]
    assert lines[1].keys() - {"time"} == {"event", "name", "frame", "scores", "ms"}


def test_a_kit_that_makes_no_videos_says_so_until_it_can(opened: Opened) -> None:
    seat = opened.look()
    opened.says(video=False)
    told = [*sights(seat), *sights(opened.look())]
    assert [one.video for one in told if isinstance(one, companion.Kit)] == [True, False, False]
    opened.kit.starts += 1
    opened.says(video=True)
    assert [one.video for one in sights(seat) if isinstance(one, companion.Kit)] == [True]


def test_a_class_link_is_told_the_state_and_nothing_else(opened: Opened) -> None:
    status = standing(True).status
    assert status is not None
    opened.kit.status, opened.kit.is_heard = msgspec.structs.replace(status, photos=["a.jpg"]), True
    opened.publish("a.jpg")
    opened.photo("a.jpg")
    page, link = opened.look(), opened.look(Role.CLASS_LINK)
    opened.publish("b.jpg")
    opened.attend(feed.Ready("a camera"), feed.AlbumReady(), feed.ExampleTaken(1, 2, b"numbers"))
    opened.photo("a.jpg", "b.jpg")
    opened.kit.starts += 1  # a new way for pictures, for those who get one
    opened.settle()
    told = sights(link)
    assert {type(one) for one in told} == {companion.Kit, companion.Standing}
    said = [one.status for one in told if isinstance(one, companion.Standing)]
    assert said and [status.photos for status in said if status is not None] == [[]] * len(said)
    shown = sights(page)
    assert {type(one) for one in shown} == set(companion.Sight.__args__)
    assert any(one.status.photos for one in shown if isinstance(one, companion.Standing))
    assert opened.kit.views == 2  # both for the page


@pytest.mark.parametrize(
    "wish", [feed.Finger(True), companion.Kill("gate"), companion.SwitchFault("disk full", True)]
)
def test_a_class_link_may_ask_for_nothing(opened: Opened, wish: companion.Wish) -> None:
    link, page = opened.look(Role.CLASS_LINK), opened.look()
    link.send(msgspec.json.encode(wish))
    opened.settle()
    assert opened.kit.asked == []
    assert is_put_out(link)
    page.send(msgspec.json.encode(wish))
    opened.settle()
    assert len(opened.kit.asked) == 1


def test_what_is_in_a_packet_makes_nobody_a_page(opened: Opened) -> None:
    link = opened.look(Role.CLASS_LINK)
    link.send(b'{"type":"finger","down":true,"role":"page"}')
    opened.settle()
    assert opened.kit.asked == []
    assert is_put_out(link)


def test_a_role_that_may_wish_some_things_may_wish_no_others(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {**RIGHTS, Role.CLASS_LINK: companion.Rights(wishes=(feed.Finger,))}
    monkeypatch.setattr(seats, "RIGHTS", some)
    link = opened.look(Role.CLASS_LINK)
    link.send(msgspec.json.encode(feed.Finger(True)))
    opened.settle()
    link.send(msgspec.json.encode(companion.Kill("gate")))
    opened.settle()
    assert opened.kit.asked == [("finger", True)]
    assert is_put_out(link)


def test_a_crowd_of_class_links_keeps_no_page_out(opened: Opened) -> None:
    links = [opened.look(Role.CLASS_LINK) for _ in range(MAX_SEATS + 1)]
    assert [is_put_out(link) for link in links] == [False] * MAX_SEATS + [True]
    assert "Kit" in kinds(opened.look())


EVERY_SIGHT = (
    companion.Kit("0", "simulated", {}, True, {}),
    standing(True),
    companion.Happened("{}", feed.AlbumReady()),
    companion.AlbumFile("a.jpg"),
    companion.ViewSocket(),
    companion.ExampleAnswer(1, 2, b"numbers"),
)


def test_every_role_says_what_it_may() -> None:
    assert set(RIGHTS) == set(Role)
    assert RIGHTS[Role.CLASS_LINK] == companion.Rights()
    assert {type(sight) for sight in EVERY_SIGHT} == set(companion.Sight.__args__)
    page, link = RIGHTS[Role.PAGE], RIGHTS[Role.CLASS_LINK]
    assert [page.shown(sight) for sight in EVERY_SIGHT] == list(EVERY_SIGHT)
    assert [link.shown(sight) for sight in EVERY_SIGHT] == [*EVERY_SIGHT[:2], *[None] * 4]


def test_for_a_class_link_not_even_a_file_is_opened(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(opened.server, "_open_now", lambda name, seats: asked.append(name))
    opened.publish("a.jpg")
    opened.look(Role.CLASS_LINK)
    opened.photo("a.jpg")
    opened.look(Role.CLASS_LINK)
    assert asked == []
    opened.look()
    assert wait_until(lambda: asked == ["a.jpg"])


def test_a_door_is_there_only_where_it_was_asked_for(tmp_path: Path) -> None:
    paths = {Role.PAGE: tmp_path / "page.sock"}
    with StatusServer(paths, Config(), read_board("simulated"), tmp_path):
        assert list(tmp_path.iterdir()) == [tmp_path / "page.sock"]
    assert list(tmp_path.iterdir()) == []


def test_lost_recordings_are_counted_by_reason(opened: Opened) -> None:
    opened.kit.totals = {feed.Total.LOST: {"no frame": 3}}
    (found,) = (sight for sight in sights(opened.look()) if isinstance(sight, companion.Standing))
    assert found.totals == {"lost": {"no frame": 3}}


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link.jpg", "gone.jpg", "", ".."])
def test_only_photos_in_the_album_are_handed_out(opened: Opened, name: str) -> None:
    (opened.album.parent / "secret").write_text("secret")
    (opened.album / "link.jpg").symlink_to(opened.album.parent / "secret")
    seat = opened.look()
    sights(seat)
    opened.photo(name)
    assert "AlbumFile" not in kinds(seat)


def test_one_who_does_not_read_is_put_out_and_may_come_again(opened: Opened) -> None:
    seat = opened.look()
    for _ in range(5000):
        opened.attend(feed.Stderr("gate", "a" * 500))
    assert opened.server._seats == []
    assert is_put_out(seat)
    assert "Kit" in kinds(opened.look())


def test_a_fifth_is_not_let_in(opened: Opened) -> None:
    seats = [opened.look() for _ in range(MAX_SEATS + 1)]
    assert [is_put_out(seat) for seat in seats] == [False] * MAX_SEATS + [True]
    seats[0].close()
    opened.settle()
    assert "Kit" in kinds(opened.look())


def test_wishes_reach_a_simulated_kit(opened: Opened) -> None:
    seat = opened.look()
    wishes = [feed.Finger(True), companion.Kill("gate"), companion.SwitchFault("disk full", True)]
    for wish in wishes:
        seat.send(msgspec.json.encode(wish))
        opened.settle()
    assert opened.kit.asked == [("finger", True), ("kill", "gate"), ("inject", "disk full", True)]


LESSONS = [
    feed.TakeExample(1),
    feed.Try(None),
    feed.Enforce(feed.TaughtHead("star", "ab" * 32, b"\0" * 5120, 0.0, 0.5, "cd" * 32)),
    feed.Lift("star"),
]


@pytest.mark.parametrize("board", ["simulated", "pi-cpu"])
def test_every_kit_can_be_taught(tmp_path: Path, board: str) -> None:
    """A rule can only close, so real pins are no hindrance."""
    one = Opened(tmp_path, board)
    try:
        seat = one.look()
        for lesson in LESSONS:
            seat.send(msgspec.json.encode(lesson))
            one.settle()
        assert one.kit.asked == [("learn", lesson) for lesson in LESSONS]
        link = one.look(Role.CLASS_LINK)
        link.send(msgspec.json.encode(LESSONS[0]))
        one.settle()
        assert is_put_out(link) and len(one.kit.asked) == len(LESSONS)
    finally:
        one.close()


def test_pages_are_told_of_other_rules_at_once(opened: Opened) -> None:
    seat = opened.look()
    opened.attend(feed.Ready("a camera", embedder="ab" * 32))
    rule = Rule({"star": Thresholds(0.5, 0.5, Reason.TAUGHT)})
    opened.attend(feed.RulesChanged(rule, rule, ["star"]))
    kits = [sight for sight in sights(seat) if isinstance(sight, companion.Kit)]
    assert kits[-2].live == Rule({}) and kits[-1].live == kits[-1].look == rule
    assert kits[-1].embedder == "ab" * 32


def test_an_answer_without_numbers_says_why(opened: Opened) -> None:
    seat = opened.look()
    opened.attend(feed.ExampleRefused(7, Reason.NUDITY))
    told = [sight for sight in sights(seat) if isinstance(sight, companion.ExampleAnswer)]
    assert told == [companion.ExampleAnswer(7, reason=Reason.NUDITY)]


def test_a_prop_is_brought_before_the_built_in_room_and_told_to_all(opened: Opened) -> None:
    seat = opened.look()
    for name in ("far card", "elephant", ""):
        seat.send(msgspec.json.encode(companion.Bring(name)))
        opened.settle()
    assert opened.kit.asked == [("show", "far card"), ("show", "")]
    told = [sight.prop for sight in sights(seat) if isinstance(sight, companion.Standing)]
    assert told[-2:] == ["far card", ""]


def test_before_a_scene_of_the_users_nothing_is_brought(tmp_path: Path) -> None:
    settings = Config(scene=SceneSettings(path=str(tmp_path)))
    one = Opened(tmp_path, "simulated", settings)
    try:
        seat = one.look()
        assert [sight.props for sight in sights(seat) if isinstance(sight, companion.Kit)] == [[]]
        seat.send(msgspec.json.encode(companion.Bring("card")))
        one.settle()
        assert one.kit.asked == []
    finally:
        one.close()


def test_a_kit_with_real_pins_grants_no_wish(tmp_path: Path) -> None:
    one = Opened(tmp_path, "pi-cpu")
    try:
        seat = one.look()
        assert any(sight.simulated is False for sight in sights(seat) if hasattr(sight, "board"))
        seat.send(msgspec.json.encode(companion.Kill("gate")))
        one.settle()
        assert one.kit.asked == []
        assert is_put_out(seat)
    finally:
        one.close()


@pytest.mark.parametrize(
    "wish",
    [
        feed.Finger(True),
        companion.Kill("gate"),
        companion.SwitchFault("disk full", True),
        companion.Bring("card"),
    ],
)
def test_nor_does_it_obey_one_that_got_past_the_seat(tmp_path: Path, wish: companion.Wish) -> None:
    one = Opened(tmp_path, "pi-cpu")
    one.server._obey(wish, one.kit)  # type: ignore[arg-type]
    one.close()
    assert one.kit.asked == []


@pytest.mark.parametrize(
    "packet",
    [
        b"nonsense", b'{"type":"stop"}', b'{"type":"hatch"}', b"{}", b"\xff" * 1000,
        b'{"type":"kill","process":"\xff"}', b'{"type":"kill","x":' + b"[" * 60000,
    ],
)  # fmt: skip
def test_who_talks_nonsense_is_put_out(opened: Opened, packet: bytes) -> None:
    seat = opened.look()
    seat.send(packet)
    opened.settle()
    assert opened.kit.asked == []
    assert is_put_out(seat)


def test_a_new_gate_process_gets_a_new_way_for_pictures(opened: Opened) -> None:
    seat = opened.look()
    assert opened.kit.views == 1
    sights(seat)
    opened.kit.starts += 1
    opened.attend()
    assert opened.kit.views == 2
    assert "ViewSocket" in kinds(seat)


def test_what_a_silent_gate_said_no_longer_counts(opened: Opened) -> None:
    opened.kit.is_heard = False
    opened.kit.status = object()  # type: ignore[assignment]
    told = [sight for sight in sights(opened.look()) if isinstance(sight, companion.Standing)]
    assert [standing.status for standing in told] == [None]


def test_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    paths = {Role.PAGE: tmp_path / "page", Role.CLASS_LINK: tmp_path / "file" / "console.sock"}
    with pytest.raises(ConfigError, match=r"file/console\.sock: the socket .* cannot be opened"):
        StatusServer(paths, Config(), read_board("simulated"), tmp_path)
    assert not (tmp_path / "page").exists()


def test_a_kit_is_found_where_pages_look_also_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a socket under /tmp and $XDG_RUNTIME_DIR, which is a file system of its own."""
    path, place = tmp_path / "own" / "console.sock", tmp_path / "run" / "kit.sock"
    path.parent.mkdir()
    replace = os.replace

    def between_disks(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace(source, target)

    monkeypatch.setattr(os, "replace", between_disks)
    with also_at(place, path) as is_taken:
        assert not is_taken and place.readlink() == path
        assert list(place.parent.iterdir()) == [place] and not list(path.parent.iterdir())
    assert list(place.parent.iterdir()) == []


def test_a_flood_of_wishes_is_heard_slowly(opened: Opened) -> None:
    seat = opened.look()
    for number in range(100):
        seat.send(msgspec.json.encode(feed.Finger(number % 2 == 0)))
    began_s = time.monotonic()
    opened.settle()
    took_s = time.monotonic() - began_s
    assert 1 <= len(opened.kit.asked) <= took_s / PAUSE_S + 2


def test_those_who_come_again_and_again_are_let_in_slowly(opened: Opened) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(str(opened.path))
            opened.attend()
    assert opened.kit.views <= 3


def test_closing_what_a_packet_carries_holds_up_nobody(opened: Opened) -> None:
    """The last closing of a socket that lingers blocks whoever does it for as long as it says."""
    listener = socket.create_server(("127.0.0.1", 0))
    far = socket.create_connection(listener.getsockname())
    near, _ = listener.accept()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 4))
    far.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            far.send(bytes(65536))
    seat = opened.look()
    socket.send_fds(seat, [msgspec.json.encode(feed.Finger(True))], [far.fileno()])
    far.close()
    began_s = time.monotonic()
    opened.settle()
    assert time.monotonic() - began_s < 2
    near.close()
    listener.close()


def test_nothing_can_be_sent_to_the_gate_by_the_way_of_pictures(opened: Opened) -> None:
    gate: list[int] = []  # which holds its end, or nothing could be sent for that alone
    opened.kit.view = lambda descriptor: gate.append(os.dup(descriptor))  # type: ignore[method-assign]
    seat = opened.look()
    while True:
        packet, descriptors, _, _ = socket.recv_fds(seat, companion.MAX_PACKET_BYTES, 1)
        if isinstance(companion.sights.decode(packet), companion.ViewSocket):
            break
    with socket.socket(fileno=descriptors[0]) as view, pytest.raises(BrokenPipeError):
        view.send(b"anything")
    os.close(*gate)


def test_no_thread_is_left_of_who_has_left(opened: Opened) -> None:
    before = threading.active_count()
    for _ in range(5):
        opened.look().close()
        opened.settle()
    assert threading.active_count() <= before + 1  # the album's opener
