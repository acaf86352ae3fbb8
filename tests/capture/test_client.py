"""The gate's end of the hatch: what it hears, who is told, and what may still go through it."""

from __future__ import annotations

import os
import queue
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from shuttergate.capture import client, hatch
from shuttergate.capture.client import Heard, PublisherClient
from shuttergate.claims import Claims
from shuttergate.errors import phrase
from shuttergate.system.framing import framed
from shuttergate.verdict import Reason
from support.kits import wait_until
from support.studio import Studio, clear

Build = Callable[..., Studio]
NO_CLAIMS = Claims()


class Gate:
    """A client, and the far end of its hatch in the test's own hands."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.client = PublisherClient(lambda: self.now_s)
        self.far: list[socket.socket] = []
        self.receipts: queue.SimpleQueue[hatch.Receipt | None] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.connect()

    def connect(self) -> socket.socket:
        """Give it a publisher, and return that one's end."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(5.0)
        self.far.append(theirs)
        self.client.connect(ours.detach())
        return theirs

    def photo(self, may: Callable[[], bool] = lambda: True) -> int:
        """Send a photo in a thread, and return its number as the publisher has it."""

        def work() -> None:
            self.receipts.put(self.client.photo(1, b"photo", NO_CLAIMS, may))

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        received = hatch.receive_order(self.far[-1])
        assert received is not None
        order, content = received
        assert isinstance(order, hatch.Parcel) and content == b"photo"
        return order.serial

    def receipt(self) -> hatch.Receipt | None:
        """Return what became of the photo."""
        return self.receipts.get(timeout=5)

    def says(self, message: hatch.ToGate) -> hatch.AlbumState | Heard:
        """Have the publisher say something, and return what the gate hears."""
        hatch.send(self.far[-1], message)
        return self.hear()

    def hear(self) -> hatch.AlbumState | Heard:
        assert select.select([self.client], [], [], 5)[0]
        return self.client.hear()

    def close(self) -> None:
        self.client.disconnect()
        for thread in self.threads:
            thread.join(5)
        for far in self.far:
            far.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    one = Gate()
    yield one
    one.close()


def left_in(far: socket.socket) -> bytes:
    """Return what lies in an end whose other one is shut, or says nothing more."""
    far.setblocking(False)
    found = b""
    try:
        while content := far.recv(1 << 20):
            found += content
    except BlockingIOError:
        pass
    return found


def test_the_state_of_an_album_is_heard_and_receipts_are_for_those_who_wait(gate: Gate) -> None:
    assert gate.says(hatch.AlbumState("is full")) == hatch.AlbumState("is full")
    serial = gate.photo()
    assert gate.says(hatch.Hidden(serial)) is Heard.NOTHING
    assert hatch.receive_order(gate.far[0]) == (hatch.Word(serial, True), b"")
    assert gate.says(hatch.Receipt(serial, name="a.jpg")) is Heard.NOTHING
    assert gate.receipt() == hatch.Receipt(serial, name="a.jpg")


def test_a_publisher_that_goes_answers_whoever_waits(gate: Gate) -> None:
    serial = gate.photo()
    gate.far[0].close()
    assert gate.hear() is Heard.GONE
    assert gate.receipts.empty(), "the gate may have more urgent things to do first"
    gate.client.disconnect()
    assert gate.receipt() == hatch.kept_out(serial, phrase("the publisher ended"))
    assert not gate.client.is_connected
    with pytest.raises(ValueError, match="no publisher"):
        gate.client.fileno()


@pytest.mark.parametrize(
    "nonsense",
    [b"\xff\xff\xff\xff", framed(b"no JSON"), framed(b'{"type":"word","serial":1}'), b"\0\0"],
    ids=["too long", "no JSON", "not for a gate", "half a message"],
)
def test_nonsense_is_the_end_of_a_publisher(
    monkeypatch: pytest.MonkeyPatch, nonsense: bytes
) -> None:
    monkeypatch.setattr(client, "HEAR_TIMEOUT_S", 0.02)
    gate = Gate()
    gate.far[0].sendall(nonsense)
    assert gate.hear() is Heard.GONE
    gate.close()


def test_a_message_that_comes_in_two_parts_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEAR_TIMEOUT_S", 5.0)
    gate = Gate()
    said = framed(msgspec.json.encode(hatch.AlbumState("is full")))
    gate.far[0].sendall(said[:9])
    threading.Timer(0.02, gate.far[0].sendall, (said[9:],)).start()
    assert gate.hear() == hatch.AlbumState("is full")
    gate.close()


def test_silence_is_counted_from_the_last_word(gate: Gate) -> None:
    gate.now_s += 2.5
    assert gate.client.silent_s() == 2.5
    gate.says(hatch.AlbumState())
    assert gate.client.silent_s() == 0.0
    gate.now_s += 4.0
    assert gate.client.silent_s() == 4.0
    gate.connect()
    assert gate.client.silent_s() == 0.0


def test_who_waits_for_one_that_is_silent_gives_up_and_lets_nothing_follow(gate: Gate) -> None:
    serial = gate.photo(may=lambda: setattr(gate, "now_s", gate.now_s + 15.0) or True)  # type: ignore[func-returns-value]
    gate.says(hatch.Hidden(serial))
    receipt = gate.receipt()
    assert receipt is not None and "silent for 15 s" in receipt.error
    assert gate.hear() is Heard.GONE, "its hatch is shut"
    with pytest.raises(OSError, match="descriptor"):
        gate.client.piece(serial, b"more")


def test_a_press_that_was_refused_for_silence_leaves_no_photo_behind(
    studio: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()
    fsync = os.fsync

    def late(file: int) -> None:
        slow.wait(5)
        fsync(file)

    monkeypatch.setattr(os, "fsync", late)
    times_s = iter(range(0, 1000, 16))  # a time limit is over whenever it is looked at
    kit = studio(clear, client_clock=lambda: float(next(times_s)))
    outcome = kit.press()
    assert outcome.reason is Reason.FAULT and "silent for 15 s" in str(outcome.detail)
    slow.set()
    assert wait_until(lambda: not kit.publisher.is_alive())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["in its hands", "on its disk"])
def test_a_successor_gets_nothing_of_what_the_one_before_it_had(gate: Gate, when: str) -> None:
    replaced = threading.Event()

    def may() -> bool:
        assert replaced.wait(5)
        return True

    serial = gate.photo(may)
    if when == "on its disk":
        gate.says(hatch.Hidden(serial))
    successor = gate.connect()
    replaced.set()
    receipt = gate.receipt()
    assert receipt is not None and receipt.serial == serial
    assert "ended" in receipt.error and not receipt.name
    assert left_in(gate.far[0]) == b""
    assert left_in(successor) == b""
    successor.settimeout(5.0)
    serial = gate.photo()
    gate.says(hatch.Receipt(serial, name="b.jpg"))
    assert gate.receipt() == hatch.Receipt(serial, name="b.jpg")


@pytest.mark.parametrize("what", ["photo", "piece"])
def test_after_half_a_message_nothing_more_goes_through_that_hatch(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(client, "SEND_TIMEOUT_S", 0.05)
    far = gate.connect()
    content = bytes(4 << 20)  # more than lies in a hatch that nobody empties
    if what == "photo":
        receipt = gate.client.photo(1, content, NO_CLAIMS, lambda: True)
        assert receipt is not None and "the publisher is gone" in receipt.error
    else:
        with pytest.raises(OSError, match="timed out"):
            gate.client.piece(1, content)
    far.setblocking(False)
    received = 0
    while part := far.recv(1 << 20):  # until the end, which must be there
        received += len(part)
    assert 0 < received < len(content)
    receipt = gate.client.photo(2, b"a second one", NO_CLAIMS, lambda: True)
    assert receipt is not None and "the publisher is gone" in receipt.error
    assert gate.hear() is Heard.GONE


def test_a_receipt_for_another_photo_is_not_taken_for_this_one(gate: Gate) -> None:
    gate.says(hatch.Receipt(1, name="early.jpg"))  # before there was any
    gate.client.video(1, NO_CLAIMS)
    assert hatch.receive_order(gate.far[0]) is not None
    serial = gate.photo()
    for stray in (0, serial - 1, serial + 5):
        assert gate.says(hatch.Receipt(stray, name="stray.jpg")) is Heard.NOTHING
        assert gate.says(hatch.Hidden(stray)) is Heard.NOTHING
    gate.says(hatch.Receipt(serial, name="own.jpg"))
    assert gate.receipt() == hatch.Receipt(serial, name="own.jpg")
    assert left_in(gate.far[0]) == b"", "the gate gave its word on a stray one"


def test_nothing_comes_between_a_photo_and_the_last_word_on_it(
    studio: Build, tmp_path: Path
) -> None:
    kit = studio(clear)
    serial = kit.client.video(1_000, NO_CLAIMS)
    piece = threading.Thread(target=kit.client.piece, args=(serial, b"a piece"))

    def may() -> bool:
        piece.start()
        piece.join(0.3)
        assert piece.is_alive(), "it took another's turn"
        return True

    receipt = kit.client.photo(2_000, b"a photo", NO_CLAIMS, may)
    assert receipt is not None and receipt.name and not receipt.error
    piece.join(5)
    kept = kit.client.seal(serial, b"", lambda: True)
    assert kept is not None
    assert (tmp_path / kept.name).read_bytes() == b"a piece"
