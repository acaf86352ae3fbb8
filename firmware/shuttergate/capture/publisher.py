"""The publisher process: the only one that writes files, and it never sees a camera."""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import select
import signal
import socket
import sys
from pathlib import Path

from shuttergate import confine
from shuttergate.capture import hatch
from shuttergate.capture.album import Album
from shuttergate.errors import AlbumError

PROBE_S = 1.0
"""How often the album is tried while no photo comes: how soon new room is noticed."""


def serve(sock: socket.socket, album: Album, probe_s: float = PROBE_S) -> None:
    """Publish what comes through the hatch until the gate's end is gone."""
    while True:
        hatch.send(sock, hatch.Album(_error(album)))
        if not select.select([sock], [], [], probe_s)[0]:
            continue
        received = hatch.receive_parcel(sock)
        if received is None:
            return
        parcel, photo = received
        try:
            name = album.publish(parcel.taken_ms, photo, functools.partial(_may, sock, parcel))
            if not name:
                continue  # the gate said no, and waits for nothing more
            receipt = hatch.Receipt(parcel.serial, name=name)
        except AlbumError as refusal:
            # The fault goes first: the gate must be closed before it hears that a photo is lost.
            hatch.send(sock, hatch.Album(str(refusal)))
            receipt = hatch.Receipt(parcel.serial, error=str(refusal))
        hatch.send(sock, receipt)


def _may(sock: socket.socket, parcel: hatch.Parcel) -> bool:
    """Ask the gate whether a photo that is on the disk may appear."""
    hatch.send(sock, hatch.Hidden(parcel.serial))
    word = hatch.receive_word(sock)
    return word is not None and word.keep and word.serial == parcel.serial


def _error(album: Album) -> str:
    try:
        album.probe()
    except AlbumError as error:
        return str(error)
    return ""


def main(argv: list[str] | None = None) -> None:
    """Run the publisher on an inherited socket, the album's path on stdin."""
    parser = argparse.ArgumentParser(prog="shuttergate-publisher")
    parser.add_argument("--hatch", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(argv)
    # Ctrl-C reaches the whole terminal group: the supervisor decides when the publisher ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine.die_with_parent(options.parent)
    confine.no_dumps()
    confine.no_network()
    album = Path(os.fsdecode(sys.stdin.buffer.read()))
    sock = socket.socket(fileno=options.hatch)
    # The gate gone: whatever was not yet whole has no name and vanishes with us.
    with contextlib.suppress(ConnectionError):
        serve(sock, Album(album))


if __name__ == "__main__":
    main()
