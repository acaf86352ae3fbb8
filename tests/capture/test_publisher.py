"""The publisher: what it keeps of what comes through the hatch, and what it says of it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from shuttergate.capture import hatch
from shuttergate.capture.album import Album
from shuttergate.capture.publisher import PublisherSettings, serve
from shuttergate.claims import Claims
from shuttergate.system import spawn
from support.studio import Studio, clear

Build = Callable[..., Studio]


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


def test_a_photo_may_come_between_two_pieces_of_a_video(studio: Build, tmp_path: Path) -> None:
    kit = studio(clear)
    serial = kit.client.video(1_000, Claims())
    kit.client.piece(serial, b"one ")
    assert kit.press().name
    kit.client.piece(serial, b"two")
    receipt = kit.client.seal(serial, b"ON", lambda: True)  # its head anew
    assert receipt is not None and receipt.name.endswith(".mp4")
    assert (tmp_path / receipt.name).read_bytes() == b"ONe two"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("end", ["dropped", "another"])
def test_a_video_that_the_publisher_gave_up_is_answered_and_not_waited_for(
    studio: Build, tmp_path: Path, end: str
) -> None:
    kit = studio(clear)
    serial = kit.client.video(1_000, Claims())
    kit.client.piece(serial, b"one")
    if end == "dropped":
        kit.client.drop(serial)
    else:
        kit.client.video(2_000, Claims())
    receipt = kit.client.seal(serial, b"", lambda: True)
    assert receipt is not None and receipt.error == "it was given up"
    assert kit.press().name, "the hatch is as good as before"
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]


def test_a_video_without_the_gates_yes_leaves_nothing(studio: Build, tmp_path: Path) -> None:
    kit = studio(clear)
    serial = kit.client.video(1_000, Claims())
    kit.client.piece(serial, b"one")
    assert kit.client.seal(serial, b"", lambda: False) is None
    assert kit.press().name
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpg"]


@pytest.mark.parametrize("is_there", [True, False], ids=["another's place", "missing at first"])
def test_an_album_that_is_another_folder_is_for_another_process(
    tmp_path: Path, is_there: bool
) -> None:
    album = tmp_path / "album"
    if is_there:
        album.mkdir()
    settings = msgspec.json.encode(PublisherSettings(os.fsencode(album), marks=False))
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        first = spawn.start("shuttergate.publisher_process", theirs.fileno(), settings=settings)
        told = hatch.receive(ours)
        assert isinstance(told, hatch.AlbumState) and bool(told.error) is not is_there
        if is_there:
            album.rename(tmp_path / "unplugged")
        album.mkdir()
        assert first.wait(20) == 0
        second = spawn.start("shuttergate.publisher_process", theirs.fileno(), settings=settings)
        theirs.close()
        while hatch.receive(ours) != hatch.AlbumState(""):
            pass
        hatch.send(ours, hatch.Parcel(1, 1, 5), b"whole")
        while hatch.receive(ours) != hatch.Hidden(1):
            pass
        hatch.send(ours, hatch.Word(1, True))
        while not isinstance(receipt := hatch.receive(ours), hatch.Receipt):
            pass
        ours.close()
        assert second.wait(20) == 0
    assert (album / receipt.name).read_bytes() == b"whole"


def test_what_an_album_refuses_is_told_as_its_fault_before_anything_is_lost(
    tmp_path: Path,
) -> None:
    gate_end, publisher_end = socket.socketpair()

    def publish() -> None:
        with publisher_end, contextlib.suppress(ConnectionError):
            serve(publisher_end, Album(tmp_path / "gone"), probe_s=3600.0)

    worker = threading.Thread(target=publish)
    worker.start()
    fault = hatch.receive(gate_end)  # as it finds it when it begins
    assert isinstance(fault, hatch.AlbumState) and "is missing; plug the disk in" in fault.error
    hatch.send(gate_end, hatch.Parcel(5, 1, 5), b"whole")
    assert hatch.receive(gate_end) == fault
    receipt = hatch.receive(gate_end)
    assert isinstance(receipt, hatch.Receipt) and not receipt.name
    assert (receipt.error, receipt.said) == (fault.error, fault.said)
    gate_end.close()
    worker.join(5)
    assert not worker.is_alive()


def test_photos_of_an_older_release_are_nobodys_to_write_from_now_on(tmp_path: Path) -> None:
    """It left them 0600, and the gate process is the same user."""
    (tmp_path / "album").mkdir()
    modes = {"a.jpg": 0o600, "b.mp4": 0o640, "c.jpg": 0o444, "an owner's own.txt": 0o600}
    for name, mode in modes.items():
        (tmp_path / "album" / name).touch(mode)
        (tmp_path / "album" / name).chmod(mode)
    (tmp_path / "album" / "link.jpg").symlink_to(tmp_path / "album" / "an owner's own.txt")
    (tmp_path / "album" / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "album" / "fifo.jpg")
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with ours, theirs:
        settings = msgspec.json.encode(PublisherSettings(os.fsencode(tmp_path / "album")))
        process = spawn.start("shuttergate.publisher_process", theirs.fileno(), settings=settings)
        theirs.close()
        assert hatch.receive(ours) == hatch.AlbumState("")
        ours.close()
    assert process.wait(20) == 0
    found = {name: (tmp_path / "album" / name).stat().st_mode & 0o777 for name in modes}
    assert found == {"a.jpg": 0o400, "b.mp4": 0o440, "c.jpg": 0o444, "an owner's own.txt": 0o600}
