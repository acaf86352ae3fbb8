"""The hatch between gate and publisher: a socket pair that cleared, encoded bytes go through.

Gate to publisher: a `Parcel` header and its bytes, which are a whole photo; or a `NewVideo`, then
its `Piece` headers with their bytes, then `Seal` with its head anew. Publisher to gate: `Hidden`
when all of it is on the disk, but in no folder; then the gate's `Word` whether it is kept, and a
`Receipt` for what was kept or could not be. A `Word` before that drops a video. A photo may come
between two pieces; nothing comes between a photo, or a `Seal`, and its end. `AlbumState` tells each
time the publisher looked at the album, which is also its heartbeat. Messages are JSON, framed;
bytes follow their header.
"""

from __future__ import annotations

import socket

import msgspec

from shuttergate.claims import Claims
from shuttergate.errors import Phrase
from shuttergate.feed import Said
from shuttergate.system.framing import exactly, framed, message

MAX_PARCEL_BYTES = 64 * 1024 * 1024


class Parcel(msgspec.Struct, frozen=True, tag="parcel", forbid_unknown_fields=True):
    """A photo: its number, its time (milliseconds since 1970, UTC) and its size in bytes."""

    serial: int
    taken_ms: int
    size: int
    claims: Claims = Claims()


class NewVideo(msgspec.Struct, frozen=True, tag="video", forbid_unknown_fields=True):
    """A video begins: its number, and its first frame's time (milliseconds since 1970, UTC)."""

    serial: int
    taken_ms: int
    claims: Claims = Claims()


class Piece(msgspec.Struct, frozen=True, tag="piece", forbid_unknown_fields=True):
    """The next bytes of video `serial`."""

    serial: int
    size: int


class Seal(msgspec.Struct, frozen=True, tag="seal", forbid_unknown_fields=True):
    """Video `serial` is whole, once the bytes that follow stand at its beginning anew.

    ``claims``: what it is to state in the end; None: as it began.
    """

    serial: int
    size: int = 0
    claims: Claims | None = None


class Hidden(msgspec.Struct, frozen=True, tag="hidden", forbid_unknown_fields=True):
    """Parcel or video `serial` is on the disk, has no name yet, and waits for the gate's word."""

    serial: int


class Word(msgspec.Struct, frozen=True, tag="word", forbid_unknown_fields=True):
    """Whether parcel or video `serial` is to be kept."""

    serial: int
    keep: bool


class Receipt(msgspec.Struct, frozen=True, tag="receipt", forbid_unknown_fields=True):
    """What became of parcel or video `serial`: its name in the album, or what kept it out.

    ``lacks``: why it has no credential, where it was to have one.
    """

    serial: int
    name: str = ""
    error: str = ""
    said: Said = msgspec.UNSET
    lacks: Said = msgspec.UNSET

    @property
    def cause(self) -> Phrase | str:
        """What kept it out, to be told to people."""
        return self.said or self.error


def kept_out(serial: int, cause: Phrase) -> Receipt:
    """Return the receipt for what was not kept."""
    return Receipt(serial, error=str(cause), said=cause)


class AlbumState(msgspec.Struct, frozen=True, tag="album", forbid_unknown_fields=True):
    """The album can take more (no error), or why not."""

    error: str = ""
    said: Said = msgspec.UNSET


ToPublisher = Parcel | NewVideo | Piece | Seal | Word
ToGate = Hidden | Receipt | AlbumState

_to_gate = msgspec.json.Decoder(ToGate)
_to_publisher = msgspec.json.Decoder(ToPublisher)


def send(sock: socket.socket, what: ToPublisher | ToGate, payload: bytes = b"") -> None:
    """Send one message, and its bytes; raises OSError when the other side is gone."""
    sock.sendall(framed(msgspec.json.encode(what)))
    if payload:
        sock.sendall(payload)


def receive(sock: socket.socket) -> ToGate | None:
    """Return the publisher's next message, or None when it is gone."""
    text = message(sock)
    return None if text is None else _to_gate.decode(text)


def receive_order(sock: socket.socket) -> tuple[ToPublisher, bytearray] | None:
    """Return the gate's next message and its bytes; None: the gate is gone, also in their midst."""
    text = message(sock)
    if text is None:
        return None
    order = _to_publisher.decode(text)
    if not isinstance(order, Parcel | Piece | Seal):
        return order, bytearray()
    least = 0 if isinstance(order, Seal) else 1
    if not least <= order.size <= MAX_PARCEL_BYTES:
        raise ValueError(f"a parcel of {order.size} bytes; at most {MAX_PARCEL_BYTES} may be sent")
    payload = exactly(sock, order.size)
    return None if payload is None else (order, payload)
