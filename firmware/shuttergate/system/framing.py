"""Messages on a stream socket: a length (4 bytes, big-endian), then so many bytes."""

from __future__ import annotations

import socket
import struct

MAX_MESSAGE_BYTES = 16 * 1024
_LENGTH = struct.Struct(">I")


def framed(text: bytes) -> bytes:
    """Return `text` with its length before it."""
    return _LENGTH.pack(len(text)) + text


def message(sock: socket.socket) -> bytearray | None:
    """Return the next message, or None when the other side is gone; ValueError for a long one."""
    head = exactly(sock, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {length} bytes; at most {MAX_MESSAGE_BYTES} are allowed")
    return exactly(sock, length)


def exactly(sock: socket.socket, size: int) -> bytearray | None:
    """Return the next `size` bytes, or None when the other side is gone before that."""
    payload = bytearray(size)
    return payload if fill(sock, payload) else None


def fill(sock: socket.socket, buffer: bytearray) -> bool:
    """Fill `buffer` from `sock`; False when the other side is gone before that."""
    rest = memoryview(buffer)
    while rest:
        try:
            count = sock.recv_into(rest)
        except ConnectionError:
            count = 0
        if count == 0:
            return False
        rest = rest[count:]
    return True
