"""The hatch between gate and publisher: a socket pair that cleared, encoded bytes go through.

Gate to publisher: a `Parcel` header and its bytes. Publisher to gate: `Hidden` when the photo is on
the disk, but in no folder; then the gate's `Word` whether it is kept, and a `Receipt` for a parcel
that was kept or could not be. `Album` tells each time it looked at the album, which is also its
heartbeat. Messages are JSON, framed; a parcel's bytes follow its header.
"""

from __future__ import annotations

import socket

import msgspec

from shuttergate.framing import exactly, framed, message

MAX_PARCEL_BYTES = 64 * 1024 * 1024


class Parcel(msgspec.Struct, frozen=True, tag="parcel", forbid_unknown_fields=True):
    """A photo: its number, its time (milliseconds since 1970, UTC) and its size in bytes."""

    serial: int
    taken_ms: int
    size: int


class Hidden(msgspec.Struct, frozen=True, tag="hidden", forbid_unknown_fields=True):
    """Parcel `serial` is on the disk for good, has no name yet, and waits for the gate's word."""

    serial: int


class Word(msgspec.Struct, frozen=True, tag="word", forbid_unknown_fields=True):
    """Whether parcel `serial` is to be kept."""

    serial: int
    keep: bool


class Receipt(msgspec.Struct, frozen=True, tag="receipt", forbid_unknown_fields=True):
    """What became of parcel `serial`: the photo's name in the album, or what kept it out."""

    serial: int
    name: str = ""
    error: str = ""


class Album(msgspec.Struct, frozen=True, tag="album", forbid_unknown_fields=True):
    """The album can take photos (no error), or why not."""

    error: str = ""


_decoder = msgspec.json.Decoder(Hidden | Receipt | Album)
_parcel_decoder = msgspec.json.Decoder(Parcel)
_word_decoder = msgspec.json.Decoder(Word)


def send(
    sock: socket.socket, what: Parcel | Word | Hidden | Receipt | Album, payload: bytes = b""
) -> None:
    """Send one message, and a parcel's bytes; raises OSError when the other side is gone."""
    sock.sendall(framed(msgspec.json.encode(what)))
    if payload:
        sock.sendall(payload)


def receive(sock: socket.socket) -> Hidden | Receipt | Album | None:
    """Return the publisher's next message, or None when it is gone."""
    text = message(sock)
    return None if text is None else _decoder.decode(text)


def receive_word(sock: socket.socket) -> Word | None:
    """Return the gate's word, or None when the gate is gone."""
    text = message(sock)
    return None if text is None else _word_decoder.decode(text)


def receive_parcel(sock: socket.socket) -> tuple[Parcel, bytearray] | None:
    """Return the gate's next parcel, or None when the gate is gone, also in mid-parcel."""
    text = message(sock)
    if text is None:
        return None
    parcel = _parcel_decoder.decode(text)
    if not 0 < parcel.size <= MAX_PARCEL_BYTES:
        raise ValueError(f"a parcel of {parcel.size} bytes; at most {MAX_PARCEL_BYTES} may be sent")
    payload = exactly(sock, parcel.size)
    return None if payload is None else (parcel, payload)
