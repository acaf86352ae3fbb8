"""Press to album in one process: the shelf, the photographer, the hatch and the publisher."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shuttergate.capture import counter, hatch
from shuttergate.capture.album import Album
from shuttergate.capture.counter import Counter
from shuttergate.capture.encode import encode
from shuttergate.capture.photographer import Outcome, Photographer, PhotoSettings
from shuttergate.capture.publisher import serve
from shuttergate.capture.shelf import Shelf
from shuttergate.errors import ScoreError
from shuttergate.frame import Frame, Pixels
from shuttergate.frames.pictures import main_of
from shuttergate.interlock import Opening
from shuttergate.verdict import Reason
from support.kits import wait_until

FRAME_S = 1 / 30
TOKYO = timezone(timedelta(hours=9))
TAKEN = datetime(2026, 11, 21, 9, 30, 0, 123_000, TOKYO)


class Tray:
    """Frames that remember whether they were released."""

    def __init__(self) -> None:
        self.released: list[float] = []
        self.noise = False

    def frame(self, exposed_s: float, level: int = 128) -> Frame:
        main = np.full((96, 64), level, np.uint8)
        if self.noise:  # a large photo
            main = np.random.default_rng(1).integers(0, 255, (1536, 1024), np.uint8)

        def release() -> None:
            main[:] = 0
            self.released.append(exposed_s)

        return Frame(int(exposed_s * 1000), exposed_s, main, np.zeros((1, 1, 3), np.uint8), release)


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


def test_exif_says_time_and_orientation_and_nothing_else() -> None:
    main = main_of(Image.new("RGB", (64, 48), "teal"), (64, 48))
    image = Image.open(io.BytesIO(encode(main, TAKEN, 90, 90)))
    exif = image.getexif()
    assert dict(exif) == {
        0x0112: 6,
        0x0131: "shuttergate",
        0x0132: "2026:11:21 09:30:00",
        0x8769: exif[0x8769],
    }
    assert dict(exif.get_ifd(0x8769)) == {
        0x9003: "2026:11:21 09:30:00",
        0x9291: "123",
    }
    assert image.size == (64, 48)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_viewer_turns_the_photo_upright(rotation: int) -> None:
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste("navy", (0, 0, 64, 24))
    as_mounted = upright.rotate(rotation, expand=True)
    main = main_of(as_mounted, (64, 64))
    from PIL import ImageOps

    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(encode(main, TAKEN, rotation, 95))))
    assert shown.size == (64, 48)
    difference = np.abs(np.asarray(shown, int) - np.asarray(upright, int))
    assert np.median(difference) <= 2


Look = Callable[[Pixels], tuple[Reason, Mapping[str, float]]]


class Studio:
    """A photographer and a publisher, with one hatch between them."""

    def __init__(self, album: Path, look: Look) -> None:
        self.tray, self.shelf = Tray(), Shelf(2)
        self.outcomes: list[Outcome] = []
        self.done = threading.Event()
        self.gate_end, publisher_end = socket.socketpair()
        self.messages: list[hatch.AlbumState | hatch.Hidden | hatch.Receipt] = []
        self.on_hidden: Callable[[], None] = lambda: None
        self.publisher = threading.Thread(
            target=self._publish, args=(publisher_end, album), daemon=True
        )
        self.open = True
        self.idle: Callable[[], None] = lambda: None
        self.counter = Counter()
        self.photographer = Photographer(
            self.shelf,
            self.counter,
            PhotoSettings(FRAME_S, 0.25, 0, 90),
            look,
            lambda opening: self.open,
            self._heard,
            lambda: self.idle(),
            0.05,
        )
        self.counter.connect(self.gate_end.dup())
        self.reader = threading.Thread(target=self._read, daemon=True)
        for thread in (self.publisher, self.reader, self.photographer):
            thread.start()

    def _publish(self, sock: socket.socket, album: Path) -> None:
        with sock, contextlib.suppress(ConnectionError):
            serve(sock, Album(album), probe_s=0.02)

    def _read(self) -> None:
        while (message := hatch.receive(self.gate_end)) is not None:
            self.messages.append(message)
            if isinstance(message, hatch.Hidden):
                self.on_hidden()
            if not isinstance(message, hatch.AlbumState):
                self.counter.hear(message)

    def _heard(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.done.set()

    def press(self, level: int = 128) -> Outcome:
        self.done.clear()
        now_s = time.monotonic()
        self.shelf.put(self.tray.frame(now_s, level))
        assert wait_until(lambda: self.photographer.press(Opening(now_s, now_s)))
        assert self.done.wait(10)
        return self.outcomes[-1]

    def close(self) -> None:
        self.photographer.stop()
        self.counter.connect(None)
        with contextlib.suppress(OSError):
            self.gate_end.shutdown(socket.SHUT_RDWR)
        self.publisher.join(5)
        self.reader.join(5)
        self.gate_end.close()


def clear(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
    return Reason.CLEAR, {"open-nsfw": 0.01}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Callable[[Look], Studio]]:
    made: list[Studio] = []

    def build(look: Look, album: Path = tmp_path) -> Studio:
        made.append(Studio(album, look))
        return made[-1]

    yield build
    for one in made:
        one.close()


def test_the_saved_frame_is_the_judged_frame(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    judged: list[Pixels] = []

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        judged.append(main.copy())
        return clear(main)

    outcome = studio(look).press(level=77)
    photo = np.asarray(Image.open(tmp_path / outcome.name).convert("YCbCr"))[..., 0]
    assert abs(int(photo.mean()) - int(judged[0][:64].mean())) <= 1


def test_nothing_is_kept_of_a_frame_that_the_second_look_blocks(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    kit = studio(lambda main: (Reason.NUDITY, {"open-nsfw": 0.9}))
    outcome = kit.press()
    assert (outcome.name, outcome.reason) == ("", Reason.SECOND_LOOK)
    assert list(tmp_path.iterdir()) == []
    assert len(kit.tray.released) == 1


def test_a_second_look_that_fails_blocks(studio: Callable[[Look], Studio], tmp_path: Path) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        raise ScoreError("open-nsfw: the model failed")

    assert studio(look).press().reason is Reason.SECOND_LOOK
    assert list(tmp_path.iterdir()) == []


def test_a_press_during_the_second_look_is_refused(studio: Callable[[Look], Studio]) -> None:
    go_on = threading.Event()

    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        go_on.wait(5)
        return clear(main)

    kit = studio(look)
    kit.shelf.put(kit.tray.frame(time.monotonic()))
    now = Opening(time.monotonic(), 0.0)
    assert kit.photographer.press(now)
    assert not kit.photographer.press(now)
    go_on.set()
    assert kit.done.wait(5)


def test_the_frame_is_wiped_before_the_photo_is_published(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    kit.press()
    assert len(kit.tray.released) == 1


def test_a_missing_album_refuses_the_photo_and_says_so_first(
    studio: Callable[[Look, Path], Studio], tmp_path: Path
) -> None:
    kit = studio(clear, tmp_path / "gone")
    outcome = kit.press()
    assert outcome.reason is Reason.FAULT
    assert "is missing; plug the disk in" in outcome.detail
    receipt = next(one for one in kit.messages if isinstance(one, hatch.Receipt))
    assert kit.messages[kit.messages.index(receipt) - 1] == hatch.AlbumState(outcome.detail)
    (tmp_path / "gone").mkdir()
    assert wait_until(lambda: kit.messages[-1] == hatch.AlbumState(""))
    assert kit.press().name


def test_a_publisher_that_ends_loses_the_photo_and_not_the_kit(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    kit.counter.connect(None)
    outcome = kit.press()
    assert outcome.reason is Reason.FAULT
    assert "no publisher" in outcome.detail


def test_half_a_parcel_is_no_photo(tmp_path: Path) -> None:
    gate_end, publisher_end = socket.socketpair()

    def publish() -> None:
        with contextlib.suppress(ConnectionError):
            serve(publisher_end, Album(tmp_path))

    worker = threading.Thread(target=publish)
    worker.start()
    assert hatch.receive(gate_end) == hatch.AlbumState("")
    hatch.send(gate_end, hatch.Parcel(1, 1, 1000), b"only half")
    gate_end.close()
    worker.join(5)
    publisher_end.close()
    assert not worker.is_alive()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, -1, hatch.MAX_PARCEL_BYTES + 1])
def test_a_parcel_of_a_senseless_size_is_refused(size: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        hatch.send(ours, hatch.Parcel(1, 1, size))
        with pytest.raises(ValueError, match="a parcel of"):
            hatch.receive_order(theirs)


@pytest.mark.parametrize("reason", [Reason.DOUBT, Reason.NUDITY])
def test_whatever_the_second_look_says_but_clear_is_refused(
    studio: Callable[[Look], Studio], tmp_path: Path, reason: Reason
) -> None:
    assert studio(lambda main: (reason, {})).press().reason is Reason.SECOND_LOOK
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_closes_during_the_second_look_voids_the_photo(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    def look(main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        kit.open = False
        return clear(main)

    kit = studio(look)
    assert kit.press().reason is Reason.CLOSED
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_closes_while_the_disk_is_slow_voids_the_photo(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    kit = studio(clear)
    kit.on_hidden = lambda: setattr(kit, "open", False)
    assert kit.press().reason is Reason.CLOSED
    assert wait_until(lambda: kit.messages[-1] == hatch.AlbumState(""))
    assert list(tmp_path.iterdir()) == []
    kit.on_hidden, kit.open = lambda: None, True
    assert kit.press().name


@pytest.mark.parametrize("last", ["gone", "no", "another's"])
def test_without_the_gates_yes_a_whole_photo_gets_no_name(tmp_path: Path, last: str) -> None:
    gate_end, publisher_end = socket.socketpair()

    def publish() -> None:
        with contextlib.suppress(ConnectionError):
            serve(publisher_end, Album(tmp_path), probe_s=0.02)

    worker = threading.Thread(target=publish)
    worker.start()
    hatch.send(gate_end, hatch.Parcel(3, 1, 5), b"whole")
    while hatch.receive(gate_end) != hatch.Hidden(3):
        pass
    assert list(tmp_path.iterdir()) == []
    if last != "gone":
        hatch.send(gate_end, hatch.Word(3, False) if last == "no" else hatch.Word(2, True))
        assert hatch.receive(gate_end) == hatch.AlbumState("")  # it goes on
    gate_end.close()
    worker.join(5)
    publisher_end.close()
    assert not worker.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_a_press_that_was_refused_for_silence_leaves_no_photo_behind(
    studio: Callable[[Look], Studio], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()
    fsync = os.fsync

    def late(file: int) -> None:
        slow.wait(5)
        fsync(file)

    monkeypatch.setattr(counter, "RECEIPT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(os, "fsync", late)
    kit = studio(clear)
    assert kit.press().reason is Reason.FAULT
    slow.set()
    assert wait_until(lambda: not kit.publisher.is_alive())
    assert list(tmp_path.iterdir()) == []


def test_a_press_takes_its_frame_before_newer_ones_push_it_off_the_shelf(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    busy, go_on = threading.Event(), threading.Event()

    def idle() -> None:  # as a self-test of the second look does
        busy.set()
        go_on.wait(5)

    kit.idle = idle
    assert busy.wait(5)
    pressed_s = time.monotonic()
    kit.shelf.put(kit.tray.frame(pressed_s))
    assert kit.photographer.press(Opening(pressed_s, pressed_s))
    for later in range(1, 5):
        kit.shelf.put(kit.tray.frame(pressed_s + later))
    go_on.set()
    assert kit.done.wait(5)
    assert kit.outcomes[-1].reason is Reason.CLEAR


def test_a_receipt_for_another_photo_is_not_taken_for_this_one(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    kit.press()
    for serial in (0, 1, 7):
        kit.counter.hear(hatch.Receipt(serial, name="stray.jpg"))
    assert kit.press().name != "stray.jpg"


def test_a_publisher_that_ends_with_a_photo_in_hand_is_noticed_at_once(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    ours, theirs = socket.socketpair()
    kit.counter.connect(ours)
    threading.Timer(0.2, lambda: kit.counter.connect(None)).start()
    began_s = time.monotonic()
    assert kit.press().detail == "the publisher ended"
    assert time.monotonic() - began_s < 2
    theirs.close()


def test_after_half_a_parcel_nothing_more_goes_through_that_hatch(
    studio: Callable[[Look], Studio],
) -> None:
    kit = studio(clear)
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    ours.settimeout(0.05)
    kit.counter.connect(ours)
    kit.tray.noise = True
    assert "the publisher is gone" in kit.press().detail
    theirs.setblocking(False)
    while theirs.recv(1 << 20):  # until the end, which must be there
        pass
    assert kit.press().reason is Reason.FAULT
    theirs.close()


def test_a_frame_that_was_taken_is_no_longer_on_the_shelf() -> None:
    tray, shelf = Tray(), Shelf(2)
    shelf.put(tray.frame(1.0))
    assert shelf.take(1.0, FRAME_S, 0.0) is not None
    assert shelf.take(1.0, FRAME_S, 0.0) is None
    shelf.clear()
    assert tray.released == []


def test_a_photo_may_come_between_two_pieces_of_a_video(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    kit = studio(clear)
    serial = kit.counter.video(1_000)
    kit.counter.piece(serial, b"one ")
    assert kit.press().name
    kit.counter.piece(serial, b"two")
    receipt = kit.counter.seal(serial, lambda: True)
    assert receipt is not None and receipt.name.endswith(".mp4")
    assert (tmp_path / receipt.name).read_bytes() == b"one two"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("end", ["dropped", "another"])
def test_a_video_that_the_publisher_gave_up_is_answered_and_not_waited_for(
    studio: Callable[[Look], Studio], tmp_path: Path, end: str
) -> None:
    kit = studio(clear)
    serial = kit.counter.video(1_000)
    kit.counter.piece(serial, b"one")
    if end == "dropped":
        kit.counter.drop(serial)
    else:
        kit.counter.video(2_000)
    receipt = kit.counter.seal(serial, lambda: True)
    assert receipt is not None and receipt.error == "it was given up"
    assert kit.press().name, "the hatch is as good as before"
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]


def test_a_video_without_the_gates_yes_leaves_nothing(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    kit = studio(clear)
    serial = kit.counter.video(1_000)
    kit.counter.piece(serial, b"one")
    assert kit.counter.seal(serial, lambda: False) is None
    assert kit.press().name
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]


def test_nothing_comes_between_a_photo_and_the_last_word_on_it(
    studio: Callable[[Look], Studio], tmp_path: Path
) -> None:
    kit = studio(clear)
    serial = kit.counter.video(1_000)
    piece = threading.Thread(target=kit.counter.piece, args=(serial, b"a piece"))

    def may() -> bool:
        piece.start()
        piece.join(0.3)
        assert piece.is_alive(), "it took another's turn"
        return True

    receipt = kit.counter.photo(2_000, b"a photo", may)
    assert receipt is not None and receipt.name and not receipt.error
    piece.join(5)
    kept = kit.counter.seal(serial, lambda: True)
    assert kept is not None
    assert (tmp_path / kept.name).read_bytes() == b"a piece"
