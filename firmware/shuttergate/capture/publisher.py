"""What the publisher does: the only process that writes files, and it never sees a camera."""

from __future__ import annotations

import functools
import select
import socket
import time
from collections.abc import Callable

import msgspec

from shuttergate.capture import hatch, mp4
from shuttergate.capture.album import VIDEO, Album, Draft
from shuttergate.capture.finish import AsItIs, Finish, Lacks
from shuttergate.errors import AlbumError, CredentialError, MisfitError, phrase

PROBE_S = 1.0
"""How often the album is tried: how soon new room is noticed."""


class PublisherSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a publisher is told when it starts: its album, and what it adds.

    ``marks``: those that programs read; ``class_file``: of the class it signs for, or none;
    ``required``: nothing is kept without a credential. Paths are bytes, as the system has them.
    """

    album: bytes
    marks: bool = True
    class_file: bytes = b""
    required: bool = True


def serve(
    sock: socket.socket,
    album: Album,
    probe_s: float = PROBE_S,
    is_same: Callable[[], bool] = lambda: True,
    finish: Finish | None = None,
) -> None:
    """Publish what comes through the hatch until the gate's end is gone.

    Or until the album's folder is not the one that this process may write, by ``is_same()``: then
    another process has to. ``finish``: what is added to photos and videos.
    """
    finish = finish or AsItIs()
    desk = _Desk(sock, album, finish)
    probe_due_s = 0.0
    try:
        while True:
            wait_s = probe_due_s - time.monotonic()
            if wait_s <= 0.0:
                if not is_same():
                    return
                hatch.send(sock, _state(album, finish))
                probe_due_s = time.monotonic() + probe_s
                continue
            if not select.select([sock], [], [], wait_s)[0]:
                continue
            received = hatch.receive_order(sock)
            if received is None:
                return
            desk.take(*received)
    finally:
        desk.drop()


class _Desk:
    """Where a photo, or one video at a time, lies until it is whole."""

    def __init__(self, sock: socket.socket, album: Album, finish: Finish) -> None:
        self._sock = sock
        self._album = album
        self._finish = finish
        self._lead = b""
        self._first = 0  # bytes of a video's first box, which its lead stands behind
        self._video: hatch.NewVideo | None = None
        self._draft: Draft | None = None

    def take(self, order: hatch.ToPublisher, content: bytearray) -> None:
        """Do what the gate asks; what an album refuses is told, and is no end."""
        try:
            match order:
                case hatch.Parcel():
                    may = functools.partial(self._may, order.serial)
                    photo, lacks = self._finish.photo(bytes(content), order.claims)
                    name = self._album.publish(order.taken_ms, photo, may)
                    self._told(order.serial, name, lacks)
                case hatch.NewVideo():
                    self.drop()
                    self._lead = self._finish.lead(order.claims)
                    self._video, self._draft = order, self._album.draft()
                case hatch.Piece() if self._draft is not None and self._is_on(order.serial):
                    self._write(self._draft, content)
                case hatch.Seal() if self._draft is not None and self._is_on(order.serial):
                    self._seal(self._draft, order, content)
                case hatch.Seal():
                    lost = hatch.kept_out(order.serial, phrase("it was given up"))
                    hatch.send(self._sock, lost)
                case hatch.Word() if self._is_on(order.serial):
                    self.drop()
        except (AlbumError, CredentialError, MisfitError) as refusal:
            if not isinstance(order, hatch.Parcel):
                self.drop()
            # The fault goes first: the gate must be closed before it hears that something is lost.
            hatch.send(self._sock, hatch.AlbumState(str(refusal), refusal.phrase))
            hatch.send(self._sock, hatch.kept_out(order.serial, refusal.phrase))

    def drop(self) -> None:
        """Let the video go that has no name yet: nothing of it remains."""
        if self._draft is not None:
            self._draft.close()
        self._video = self._draft = None
        self._first = 0

    def _is_on(self, serial: int) -> bool:
        return self._video is not None and self._video.serial == serial

    def _write(self, draft: Draft, content: bytearray) -> None:
        if self._first or not self._lead:
            draft.write(content)
            return
        self._first = mp4.first_box(content)
        draft.write(b"".join((content[: self._first], self._lead)))
        draft.write(content[self._first :])

    def _seal(self, draft: Draft, order: hatch.Seal, head: bytearray) -> None:
        assert self._video is not None
        claims, serial = order.claims or self._video.claims, order.serial
        lead = self._lead if self._first else b""
        draft.write_at(0, head[: self._first])
        draft.write_at(self._first + len(lead), head[self._first :])
        if lead:
            _move_index(draft, len(lead))
        filled, lacks = self._finish.video(draft, claims) if lead else (b"", None)
        draft.write_at(self._first, filled)
        draft.sync()
        may = self._may(serial)
        self._told(serial, draft.publish(self._video.taken_ms, VIDEO) if may else "", lacks)
        self.drop()

    def _may(self, serial: int) -> bool:
        """Ask the gate whether what is on the disk may appear."""
        hatch.send(self._sock, hatch.Hidden(serial))
        answer = hatch.receive_order(self._sock)
        word = answer[0] if answer is not None else None
        return isinstance(word, hatch.Word) and word.keep and word.serial == serial

    def _told(self, serial: int, name: str, lacks: Lacks) -> None:
        if name:  # else the gate said no, and waits for nothing more
            hatch.send(self._sock, hatch.Receipt(serial, name=name, lacks=lacks or msgspec.UNSET))


def _move_index(draft: Draft, by: int) -> None:
    """Have the index at a video's end, if there is one, know that all of it lies further back."""
    size = draft.size()
    length = mp4.index_size(draft.read_at(max(0, size - mp4.INDEX_END_BYTES), size))
    if 0 < length <= size:
        draft.write_at(size - length, mp4.moved(draft.read_at(size - length, length), by))


def _state(album: Album, finish: Finish) -> hatch.AlbumState:
    try:
        album.probe()
        finish.check()
    except (AlbumError, CredentialError) as error:
        return hatch.AlbumState(str(error), error.phrase)
    return hatch.AlbumState()
