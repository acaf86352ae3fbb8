"""The publisher process: the only one that writes files, and it never sees a camera."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from shuttergate.capture import hatch
from shuttergate.capture.album import VIDEO, Album, Draft, nobodys_to_write
from shuttergate.errors import AlbumError, phrase
from shuttergate.system import confine, spawn
from shuttergate.system.landlock import Right

PROBE_S = 1.0
"""How often the album is tried: how soon new room is noticed."""


def serve(
    sock: socket.socket,
    album: Album,
    probe_s: float = PROBE_S,
    is_same: Callable[[], bool] = lambda: True,
) -> None:
    """Publish what comes through the hatch until the gate's end is gone.

    Or until the album's folder is not the one that this process may write, by ``is_same()``: then
    another process has to.
    """
    desk = _Desk(sock, album)
    probe_due_s = 0.0
    try:
        while True:
            wait_s = probe_due_s - time.monotonic()
            if wait_s <= 0.0:
                if not is_same():
                    return
                hatch.send(sock, _state(album))
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

    def __init__(self, sock: socket.socket, album: Album) -> None:
        self._sock = sock
        self._album = album
        self._video: hatch.NewVideo | None = None
        self._draft: Draft | None = None

    def take(self, order: hatch.ToPublisher, content: bytearray) -> None:
        """Do what the gate asks; what an album refuses is told, and is no end."""
        try:
            match order:
                case hatch.Parcel():
                    may = functools.partial(self._may, order.serial)
                    self._told(order.serial, self._album.publish(order.taken_ms, content, may))
                case hatch.NewVideo():
                    self.drop()
                    self._video, self._draft = order, self._album.draft()
                case hatch.Piece() if self._draft is not None and self._is_on(order.serial):
                    self._draft.write(content)
                case hatch.Seal() if self._draft is not None and self._is_on(order.serial):
                    self._seal(self._draft, order.serial, content)
                case hatch.Seal():
                    lost = hatch.kept_out(order.serial, phrase("it was given up"))
                    hatch.send(self._sock, lost)
                case hatch.Word() if self._is_on(order.serial):
                    self.drop()
        except AlbumError as refusal:
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

    def _is_on(self, serial: int) -> bool:
        return self._video is not None and self._video.serial == serial

    def _seal(self, draft: Draft, serial: int, head: bytearray) -> None:
        assert self._video is not None
        draft.begin_with(head)
        draft.sync()
        may = self._may(serial)
        self._told(serial, draft.publish(self._video.taken_ms, VIDEO) if may else "")
        self.drop()

    def _may(self, serial: int) -> bool:
        """Ask the gate whether what is on the disk may appear."""
        hatch.send(self._sock, hatch.Hidden(serial))
        answer = hatch.receive_order(self._sock)
        word = answer[0] if answer is not None else None
        return isinstance(word, hatch.Word) and word.keep and word.serial == serial

    def _told(self, serial: int, name: str) -> None:
        if name:  # else the gate said no, and waits for nothing more
            hatch.send(self._sock, hatch.Receipt(serial, name=name))


def _state(album: Album) -> hatch.AlbumState:
    try:
        album.probe()
    except AlbumError as error:
        return hatch.AlbumState(str(error), error.phrase)
    return hatch.AlbumState()


def main(argv: list[str] | None = None) -> None:
    """Run the publisher on an inherited socket, the album's path on stdin."""
    # Writing files is its work, and all that it ever holds was cleared.
    keeps = spawn.Liberties(files=True, freed_memory=True)
    sock = spawn.begin("shuttergate-publisher", argv, keeps)
    album = Path(os.fsdecode(spawn.settings()))
    known = spawn.identity(album)

    def is_same() -> bool:
        return spawn.identity(album) in (None, known)

    nobodys_to_write(album)
    confine.enter_room({album: Right.MAKE_FILE | Right.WRITE | Right.REMOVE})
    confine.only_whole_files()
    # The gate gone: whatever was not yet whole has no name and vanishes with us.
    with contextlib.suppress(ConnectionError):
        serve(sock, Album(album), is_same=is_same)


if __name__ == "__main__":
    main()
