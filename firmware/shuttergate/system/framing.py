"""Messages on a stream: a length (4 bytes, big-endian), then so many bytes."""

from __future__ import annotations

import struct
from typing import Protocol

MAX_MESSAGE_BYTES = 16 * 1024
_LENGTH = struct.Struct(">I")


class Stream(Protocol):
    """A stream socket, or `pipes.Pipes`."""

    def sendall(self, content: bytes | bytearray | memoryview, /) -> None: ...
    def recv_into(self, buffer: bytearray | memoryview, /) -> int: ...


def framed(text: bytes) -> bytes:
    """Return `text` with its length before it."""
    return _LENGTH.pack(len(text)) + text


def message(stream: Stream) -> bytearray | None:
    """Return the next message, or None when the other side is gone; ValueError for a long one."""
    head = exactly(stream, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {length} bytes; at most {MAX_MESSAGE_BYTES} are allowed")
    return exactly(stream, length)


def exactly(stream: Stream, size: int) -> bytearray | None:
    """Return the next `size` bytes, or None when the other side is gone before that."""
    payload = bytearray(size)
    return payload if fill(stream, payload) else None


def fill(stream: Stream, buffer: bytearray) -> bool:
    """Fill `buffer` from `stream`; False when the other side is gone before that."""
    rest = memoryview(buffer)
    while rest:
        try:
            count = stream.recv_into(rest)
        except ConnectionError:
            count = 0
        if count == 0:
            return False
        rest = rest[count:]
    return True
