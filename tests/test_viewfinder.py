"""What leaves the gate process for a page: no uncleared frame, and nobody is waited for."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate import companion, feed, viewfinder
from shuttergate.companion import Role
from shuttergate.config import AlbumSettings, Config, GateSettings, SceneSettings, read_kit
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.pictures import lores_of, main_of
from shuttergate.gate import State
from shuttergate.legible import LIVE_FILL
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from shuttergate.verdict import Decision, Reason, Verdict
from shuttergate.viewfinder import Mosaic, Picture, Seen, Viewfinder, mosaic
from shuttergate.vision.known import paint
from support.kits import wait_until

CLEAR = Verdict(Decision.CLEAR, Reason.CLEAR, 0.0, {"one": 0.1})
BLOCKED = Verdict(Decision.BLOCKED, Reason.NUDITY, 0.0, {"one": 0.99})

OPEN: Any = SimpleNamespace(state=State(opened_s=0.0))
CLOSED: Any = SimpleNamespace(state=State())

LARGEST_MOSAIC_BYTES = 600
"""12 x 12 cells of three bytes, and some words: no picture fits."""


def frame(number: int = 1, size: tuple[int, int] = (1920, 1080)) -> Frame:
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    return Frame(number, 0.0, main_of(image, size), lores_of(image, (224, 224)), lambda: None)


@pytest.fixture
def seen() -> Iterator[tuple[Viewfinder, socket.socket]]:
    """A viewfinder that a page looks through, while the gate stays open."""
    ours, theirs = feed.pair()
    one = Viewfinder(0, OPEN)
    one.start()
    one.connect(ours)
    theirs.settimeout(5)
    yield one, theirs
    one.stop()
    theirs.close()


def packets(sock: socket.socket, count: int) -> list[viewfinder.Shown]:
    return [viewfinder.decode(sock.recv(viewfinder.MAX_PACKET_BYTES)) for _ in range(count)]


def test_a_cleared_frame_is_shown_small(seen: tuple[Viewfinder, socket.socket]) -> None:
    one, page = seen
    one.show(frame(7), CLEAR, True)
    said, picture = packets(page, 2)
    assert said == Seen(7, True, "clear", {"one": 0.1})
    assert isinstance(picture, Picture) and picture.frame == 7
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert image.size == (80, 44)
        assert not image.getexif()


def test_a_page_sees_no_figure_sharper_than_the_look_that_cleared_it() -> None:
    """Neither by the live look, nor, less small, by a second look."""
    for height in (480, 720, 1080, 1056, 3040):
        for told in (LIVE_FILL, 0.09):
            factor = viewfinder.reduction(height, told)
            assert told * height / factor <= viewfinder.LEGIBLE_PX
            assert factor == 1 or told * height / (factor - 1) > viewfinder.LEGIBLE_PX


def test_what_a_second_look_cleared_is_shown_sharper(
    seen: tuple[Viewfinder, socket.socket],
) -> None:
    one, page = seen
    one.show_looked(7, frame(7, (1408, 1056)).main, 0.09, one.doubts)
    (picture,) = packets(page, 1)
    assert isinstance(picture, Picture) and picture.sharp
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert image.size == (352, 264)


@pytest.mark.parametrize(
    "size", [(1408, 1056), (1280, 720), (1872, 1052), (640, 480), (1056, 1408), (64, 48), (322, 34)]
)
def test_no_byte_beside_the_picture_gets_into_it(
    seen: tuple[Viewfinder, socket.socket], size: tuple[int, int]
) -> None:
    one, page = seen
    jpegs = []
    for beside in (0, 255):
        whole = np.full(size[0] * size[1] * 3 // 2 * 2, beside, np.uint8)
        main = whole[: size[0] * size[1] * 3 // 2].reshape(size[1] * 3 // 2, size[0])
        main[:] = np.random.default_rng(1).integers(0, 256, main.shape, np.uint8)
        one.show_looked(1, main, 0.09, one.doubts)
        (picture,) = packets(page, 1)
        assert isinstance(picture, Picture)
        jpegs.append(picture.jpeg)
        with Image.open(io.BytesIO(picture.jpeg)) as image:
            assert image.width % 2 == image.height % 2 == 0
    assert jpegs[0] == jpegs[1]


def test_a_camera_so_narrow_that_nothing_is_left_shows_nothing(
    seen: tuple[Viewfinder, socket.socket],
) -> None:
    one, page = seen
    one.show(frame(3, (32, 2048)), CLEAR, True)
    packets(page, 1)
    page.settimeout(0.2)
    with pytest.raises(TimeoutError):
        page.recv(viewfinder.MAX_PACKET_BYTES)


def test_after_a_doubt_no_picture_leaves_until_a_look_has_cleared_one(
    seen: tuple[Viewfinder, socket.socket],
) -> None:
    one, page = seen
    one.doubt()
    for number in range(3):
        one.show(frame(number), CLEAR, True)
    assert not [item for item in packets(page, 4) if isinstance(item, Picture)]
    one.show_looked(7, frame(7).main, 0.09, one.doubts)
    assert isinstance(packets(page, 1)[0], Picture)
    one._picture_due_s = 0.0
    one.show(frame(8), CLEAR, True)
    assert [type(item) for item in packets(page, 2)] == [Seen, Picture]


def test_a_look_begun_before_a_doubt_ends_none(seen: tuple[Viewfinder, socket.socket]) -> None:
    one, page = seen
    before = one.doubts
    one.doubt()
    one.show_looked(7, frame(7).main, 0.09, before)
    assert one.is_doubted
    page.settimeout(0.2)
    with pytest.raises(TimeoutError):
        page.recv(viewfinder.MAX_PACKET_BYTES)


def test_a_doubt_keeps_the_picture_that_is_just_made() -> None:
    ours, theirs = feed.pair()
    one = Viewfinder(0, OPEN, lambda lores, scores: (one.doubt(), True)[1])
    one.start()
    one.connect(ours)
    one.show(frame(), CLEAR, True)
    assert wait_until(lambda: one.is_doubted and one._number < 0)
    one.stop()
    with theirs:
        assert all(isinstance(item, Seen) for item in drained_until_closed(theirs))


def test_a_frame_that_not_every_channel_clears_is_not_shown() -> None:
    asked: list[float] = []

    def clears(lores: Pixels, scores: Mapping[str, float]) -> bool:
        asked.append(float(lores.mean()))
        return False

    ours, theirs = feed.pair()
    one = Viewfinder(0, OPEN, clears)
    one.start()
    one.connect(ours)
    shot = frame()
    one.show(shot, CLEAR, True)
    assert wait_until(lambda: bool(asked) and one._number < 0)
    one.stop()
    with theirs:
        assert all(isinstance(item, Seen) for item in drained_until_closed(theirs))
    assert asked == [pytest.approx(shot.lores.mean())]
    assert not one._lores.any(), "the copy is wiped"


@pytest.mark.parametrize("verdict", [CLEAR, BLOCKED], ids=["clear, gate closed", "blocked"])
def test_any_other_frame_is_a_mosaic_too_small_for_a_picture(
    seen: tuple[Viewfinder, socket.socket], verdict: Verdict
) -> None:
    one, page = seen
    one.show(frame(), verdict, False)
    packets(page, 1)
    packet = page.recv(viewfinder.MAX_PACKET_BYTES)
    assert len(packet) < LARGEST_MOSAIC_BYTES
    shown = viewfinder.decode(packet)
    assert isinstance(shown, Mosaic)
    assert (shown.columns, shown.rows) == (12, 7)
    assert len(set(shown.cells)) <= viewfinder.LEVELS


def test_mosaics_come_once_a_second_and_at_once_when_it_closes(
    seen: tuple[Viewfinder, socket.socket],
) -> None:
    one, page = seen
    now_s = 100.0
    one._clock = lambda: now_s
    for number in range(30):
        one.show(frame(number, (640, 480)), BLOCKED, False)
        now_s += 1 / 30
    page.setblocking(False)
    shown = list(drained(page))
    assert sum(isinstance(item, Mosaic) for item in shown) == 1
    now_s += 1
    one.show(frame(31, (640, 480)), CLEAR, True)
    one.show(frame(32, (640, 480)), BLOCKED, False)
    assert any(isinstance(item, Mosaic) and item.frame == 32 for item in drained(page))


def test_nobody_gets_more_mosaics_by_coming_again() -> None:
    one = Viewfinder(0, OPEN, clock=lambda: 100.0)
    found = []
    for number in range(20):
        ours, theirs = feed.pair()
        one.connect(ours)
        one.show(frame(number, (640, 480)), BLOCKED, False)
        theirs.setblocking(False)
        found += [item for item in drained(theirs) if isinstance(item, Mosaic)]
        theirs.close()
    assert len(found) == 20 and {item.frame for item in found} == {0}
    one.stop()


def test_who_comes_while_it_is_open_sees_no_mosaic_of_before(
    seen: tuple[Viewfinder, socket.socket],
) -> None:
    one, _ = seen
    one.show(frame(1), BLOCKED, False)
    one.show(frame(2), CLEAR, True)
    ours, theirs = feed.pair()
    one.connect(ours)
    one.stop()
    with theirs:
        assert not [item for item in drained_until_closed(theirs) if not isinstance(item, Picture)]


def test_only_so_many_look_at_a_time(seen: tuple[Viewfinder, socket.socket]) -> None:
    one, first = seen
    others = [feed.pair() for _ in range(viewfinder.MAX_VIEWS)]
    for ours, _ in others:
        one.connect(ours)
    assert first.recv(100) == b"", "the oldest has made room"
    assert len(one._seats) == viewfinder.MAX_VIEWS
    for _, theirs in others:
        theirs.close()


class Watched(socket.socket):
    """A page's end that notes whether the seats were locked whenever it was sent to or closed."""

    def __init__(self, end: socket.socket, lock: threading.Lock) -> None:
        super().__init__(fileno=end.detach())
        self.lock, self.uses = lock, list[tuple[str, bool]]()

    def send(self, *packet: Any) -> int:
        self.uses.append(("sent", self.lock.locked()))
        return super().send(*packet)

    def close(self) -> None:
        self.uses.append(("closed", self.lock.locked()))
        super().close()


def test_no_page_is_sent_to_and_none_closed_but_by_who_holds_the_seats() -> None:
    """A socket that another thread closed meanwhile may have lent its number to the hatch."""
    one, ends = Viewfinder(0, OPEN), [feed.pair() for _ in range(viewfinder.MAX_VIEWS + 1)]
    seats = [Watched(ours, one._seating) for ours, _ in ends]
    one.connect(seats[0])
    one.show(frame(1), BLOCKED, False)
    one.show_looked(2, frame(2).main, 0.09, one.doubts)
    for seat in seats[1:]:
        one.connect(seat)
    one.stop()
    for _, theirs in ends:
        theirs.close()
    own = ["sent", "sent", "sent", "closed"]  # verdict, mosaic, picture; and made room
    assert seats[0].uses == [(what, True) for what in own]
    for seat in seats[1:]:
        assert seat.uses == [("sent", True), ("closed", True)]


def drained(page: socket.socket) -> Iterator[viewfinder.Shown]:
    try:
        while True:
            yield packets(page, 1)[0]
    except BlockingIOError:
        return


def test_a_gate_that_closed_while_the_picture_was_encoded_keeps_it() -> None:
    ours, theirs = feed.pair()
    one = Viewfinder(0, CLOSED)
    one.start()
    one.connect(ours)
    one.show(frame(), CLEAR, True)
    assert wait_until(lambda: one._number < 0)
    one.stop()
    with theirs:
        assert all(isinstance(item, Seen) for item in drained_until_closed(theirs))
    assert all(not plane.any() for plane in one._small), "the copy is wiped"


def drained_until_closed(sock: socket.socket) -> Iterator[viewfinder.Shown]:
    while packet := sock.recv(viewfinder.MAX_PACKET_BYTES):
        yield viewfinder.decode(packet)


def test_a_page_that_stalls_is_not_waited_for() -> None:
    ours, theirs = feed.pair()
    one = Viewfinder(0, OPEN)
    one.start()
    one.connect(ours)
    noise = np.random.default_rng(1).integers(0, 256, (1080 * 3 // 2, 1920), np.uint8)
    shot = Frame(1, 0.0, noise, np.zeros((224, 224, 3), np.uint8), lambda: None)
    began_s = time.monotonic()
    for _ in range(2000):
        one.show(shot, CLEAR, True)
    assert time.monotonic() - began_s < 5
    theirs.close()
    assert wait_until(lambda: (one.show(shot, CLEAR, True), one._seats)[1] == ())
    one.stop()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_what_is_shown_stands_upright(rotation: int) -> None:
    """Its picture is turned; its mosaic is of what the models see, which stands upright already."""
    scene = np.zeros((480, 640, 3), np.uint8)
    scene[:240, :320] = (255, 0, 0)  # upper left, as it should be seen
    seen = Image.fromarray(scene)
    held = Image.fromarray(np.ascontiguousarray(np.rot90(scene, rotation // 90)))
    shot = Frame(1, 0.0, main_of(held, held.size), lores_of(seen, (224, 224)), lambda: None)
    ours, theirs = feed.pair()
    one = Viewfinder(rotation, OPEN)
    one.start()
    one.connect(ours)
    with theirs:
        theirs.settimeout(5)
        one.show(shot, BLOCKED, False)
        one.show(shot, CLEAR, True)
        _, cells, _, picture = packets(theirs, 4)
        assert isinstance(cells, Mosaic) and isinstance(picture, Picture)
        assert (cells.columns, cells.rows) == (12, 9)
        assert cells.cells[0] > 200 and cells.cells[-3] < 40
        with Image.open(io.BytesIO(picture.jpeg)) as image:
            assert image.size == (80, 60)
            pixels = np.asarray(image.convert("RGB"))
        assert pixels[8, 8, 0] > 200 > 40 > pixels[-8, -8, 0]
    one.stop()


def test_cells_are_means_in_steps() -> None:
    lores = np.random.default_rng(2).integers(0, 256, (224, 224, 3), np.uint8)
    cells = mosaic(lores, 4 / 3)
    assert cells.shape == (9, 12, 3)
    first = lores[: 224 // 9, : 224 // 12].astype(np.int64)
    means = first.reshape(-1, 3).sum(0) // (first.shape[0] * first.shape[1])
    assert cells[0, 0].tolist() == [int(mean) // 16 * 16 + 8 for mean in means]


def test_no_uncleared_frame_leaves_a_running_kit(tmp_path: Path) -> None:
    """At the socket: a clear scene and the card, watched by someone who keeps every packet."""
    Image.new("RGB", (640, 480), (30, 60, 160)).save(tmp_path / "clear.png")
    card = Image.fromarray(paint("test_card", (224, 224))).resize((448, 448))
    card.save(tmp_path / "card.png")
    stage = tmp_path / "stage.toml"
    stage.write_text('[scenes]\nclear = "clear.png"\ncard = "card.png"\n')
    config = Config(
        gate=GateSettings(max_age_ms=2000),  # another program may hold it up
        scene=SceneSettings(path=str(stage)),
        album=AlbumSettings(folder=str(tmp_path / "album")),
    )
    album = tmp_path / "album"
    sizes, shown, opened = [], [], 0
    with (
        StatusServer(
            {Role.PAGE: tmp_path / "sock"}, config, read_kit(config, None), album
        ) as opening,
        Supervisor(config, album) as kit,
    ):
        page = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        page.connect(str(tmp_path / "sock"))
        page.setblocking(False)
        view: socket.socket | None = None
        until_s = time.monotonic() + 30
        orders = ["card", "clear"]
        while time.monotonic() < until_s and opened < 2:
            opening.attend(kit, kit.poll(0.02, *opening.sources))
            if len(orders) == 2 and opened and any(isinstance(one, Picture) for one in shown):
                kit.show(orders.pop(0))
            if len(orders) == 1 and isinstance(shown[-1], Mosaic):
                kit.show(orders.pop(0))
            for sight, descriptors in sights(page):
                if isinstance(sight, companion.ViewSocket):
                    view = socket.socket(fileno=descriptors[0])
                    view.setblocking(False)
                match sight:
                    case companion.Happened(event=feed.GateChanged(state="OPEN")):
                        opened += 1
            while view is not None:
                try:
                    packet = view.recv(viewfinder.MAX_PACKET_BYTES)
                except BlockingIOError:
                    break
                sizes.append(len(packet))
                shown.append(viewfinder.decode(packet))
        page.close()
        if view is not None:
            view.close()
    assert opened == 2
    cleared = {item.frame for item in shown if isinstance(item, Seen) and item.clear}
    blocked = {item.frame for item in shown if isinstance(item, Seen) and not item.clear}
    pictures = {item.frame for item in shown if isinstance(item, Picture)}
    assert blocked and pictures
    assert pictures <= cleared
    small = [size for size, item in zip(sizes, shown, strict=True) if not isinstance(item, Picture)]
    assert max(small) < LARGEST_MOSAIC_BYTES
    assert any(isinstance(item, Mosaic) for item in shown)


def sights(page: socket.socket) -> Iterator[tuple[companion.Sight, list[int]]]:
    while True:
        try:
            packet, descriptors, _, _ = socket.recv_fds(page, companion.MAX_PACKET_BYTES, 1)
        except BlockingIOError:
            return
        yield companion.sights.decode(packet), descriptors
