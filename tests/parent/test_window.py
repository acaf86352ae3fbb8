"""The window: what a console is shown, and that it can neither stall nor deceive the kit."""

from __future__ import annotations

import contextlib
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

from shuttergate import feed
from shuttergate.board import read_board
from shuttergate.config import Config
from shuttergate.errors import ConfigError
from shuttergate.parent import window
from shuttergate.parent.window import (
    LINES_KEPT,
    MAX_SEATS,
    PAUSE_S,
    PHOTOS_KEPT,
    Window,
)


def photo(name: str) -> feed.Photo:
    return feed.Photo(name, 1, {}, 90.0)


class Kit:
    """What a window needs of the supervisor, and what it was asked for."""

    def __init__(self) -> None:
        self.status: feed.Status | None = None
        self.is_heard = False
        self.totals = dict[feed.Total, dict[str, int]]()
        self.starts = 1
        self.start_s = 0.5
        self.injected: list[str] = []
        self.asked: list[tuple[Any, ...]] = []
        self.views = 0

    def view(self, descriptor: int) -> None:
        os.fstat(descriptor)
        self.views += 1

    def finger(self, down: bool) -> None:
        self.asked.append(("finger", down))

    def kill(self, process: str) -> None:
        self.asked.append(("kill", process))

    def inject(self, fault: str, on: bool) -> None:
        self.asked.append(("inject", fault, on))


class Opened:
    """A window over an album, with `look` to look in."""

    def __init__(self, folder: Path, board: str = "simulated") -> None:
        self.album = folder / "album"
        self.album.mkdir()
        self.path = folder / "console.sock"
        self.window = Window(self.path, Config(), read_board(board), self.album)
        self.kit = Kit()
        self.seats: list[socket.socket] = []

    def attend(self, *news: feed.News) -> None:
        self.window.attend(self.kit, news)  # type: ignore[arg-type]

    def settle(self) -> None:
        """Let the seats' threads have their turn."""
        for _ in range(3):
            time.sleep(PAUSE_S)
            self.attend()

    def look(self) -> socket.socket:
        seat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seat.connect(str(self.path))
        seat.setblocking(False)
        self.seats.append(seat)
        self.settle()
        return seat

    def photo(self, name: str) -> None:
        self.attend(photo(name))
        self.settle()

    def close(self) -> None:
        self.window.__exit__(None, None, None)
        for seat in self.seats:
            seat.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    one = Opened(tmp_path)
    yield one
    one.close()


def sights(seat: socket.socket) -> list[window.Sight]:
    found: list[window.Sight] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, descriptors, _, _ = socket.recv_fds(seat, window.MAX_PACKET_BYTES, 4)
            for descriptor in descriptors:
                os.close(descriptor)
            if not packet:
                break
            found.append(window.sights.decode(packet))
    return found


def kinds(seat: socket.socket) -> list[str]:
    return [type(sight).__name__ for sight in sights(seat)]


def is_put_out(seat: socket.socket) -> bool:
    try:
        while seat.recv(window.MAX_PACKET_BYTES):
            pass
    except BlockingIOError:
        return False
    return True


def test_its_group_alone_may_look_in(opened: Opened) -> None:
    mode = opened.path.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_who_comes_late_is_told_what_there_is(opened: Opened) -> None:
    for number in range(PHOTOS_KEPT + 2):
        (opened.album / f"{number}.jpg").write_bytes(b"photo")
        opened.attend(photo(f"{number}.jpg"))
    for _ in range(LINES_KEPT):
        opened.attend(feed.Stderr("gate", "a" * 200))
    told = Counter(kinds(opened.look()))
    assert told == Counter(
        Kit=1, Standing=1, LogLine=LINES_KEPT, AlbumFile=PHOTOS_KEPT, ViewSocket=1
    )


@pytest.mark.parametrize("event", [photo("a.jpg"), feed.Video("a.mp4", "released", 60, 2.0, 500.0)])
def test_what_was_published_comes_as_an_open_file_to_read(
    opened: Opened, event: feed.Photo | feed.Video
) -> None:
    seat = opened.look()
    sights(seat)
    (opened.album / event.name).write_bytes(b"photo")
    opened.attend(event)
    opened.settle()
    seat.recv(window.MAX_PACKET_BYTES)  # the log's line
    packet, (descriptor,), _, _ = socket.recv_fds(seat, window.MAX_PACKET_BYTES, 1)
    assert window.sights.decode(packet) == window.AlbumFile(event.name)
    assert os.pread(descriptor, 100, 0) == b"photo"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"x")
    os.close(descriptor)


def test_a_kit_that_makes_no_videos_says_so_until_it_starts_anew(opened: Opened) -> None:
    seat = opened.look()
    opened.attend(feed.NoVideo("no PyAV"))
    told = [*sights(seat), *sights(opened.look())]
    assert [sight.video for sight in told if isinstance(sight, window.Kit)] == [True, False, False]
    opened.kit.starts += 1
    opened.attend(feed.Ready("camera"))
    assert [sight.video for sight in sights(seat) if isinstance(sight, window.Kit)] == [True]


def test_lost_recordings_are_counted_by_reason(opened: Opened) -> None:
    opened.kit.totals = {feed.Total.LOST: {"no frame": 3}}
    (found,) = (sight for sight in sights(opened.look()) if isinstance(sight, window.Standing))
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
    assert opened.window._seats == []
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
    wishes = [feed.Finger(True), window.Kill("gate"), window.SwitchFault("disk full", True)]
    for wish in wishes:
        seat.send(msgspec.json.encode(wish))
        opened.settle()
    assert opened.kit.asked == [("finger", True), ("kill", "gate"), ("inject", "disk full", True)]


def test_a_kit_with_real_pins_grants_no_wish(tmp_path: Path) -> None:
    one = Opened(tmp_path, "pi-cpu")
    try:
        seat = one.look()
        assert any(sight.simulated is False for sight in sights(seat) if hasattr(sight, "board"))
        seat.send(msgspec.json.encode(window.Kill("gate")))
        one.settle()
        assert one.kit.asked == []
        assert is_put_out(seat)
    finally:
        one.close()


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
    told = [sight for sight in sights(opened.look()) if isinstance(sight, window.Standing)]
    assert [standing.status for standing in told] == [None]


def test_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/console\.sock: the window .* cannot be opened"):
        Window(tmp_path / "file" / "console.sock", Config(), read_board("simulated"), tmp_path)


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
    seat = opened.look()
    while True:
        packet, descriptors, _, _ = socket.recv_fds(seat, window.MAX_PACKET_BYTES, 1)
        if isinstance(window.sights.decode(packet), window.ViewSocket):
            break
    with socket.socket(fileno=descriptors[0]) as view, pytest.raises(BrokenPipeError):
        view.send(b"anything")


def test_no_thread_is_left_of_who_has_left(opened: Opened) -> None:
    before = threading.active_count()
    for _ in range(5):
        opened.look().close()
        opened.settle()
    assert threading.active_count() <= before + 1  # the album's opener
