"""Messages on a stream: whole or none, and none that would fill the memory."""

from __future__ import annotations

import socket
import threading

import pytest

from shuttergate.system import framing
from shuttergate.system.framing import MAX_MESSAGE_BYTES, exactly, framed, message


@pytest.mark.parametrize("text", [b"", b"one", bytes(MAX_MESSAGE_BYTES)])
def test_messages_come_whole_and_one_after_the_other(text: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=ours.sendall, args=(framed(text) + framed(b"next"),))
        sender.start()
        assert [message(theirs), message(theirs)] == [text, b"next"]
        sender.join()


@pytest.mark.parametrize("length", [MAX_MESSAGE_BYTES + 1, 2**32 - 1])
def test_a_message_too_long_is_refused_before_there_is_memory_for_it(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def taken(stream: framing.Stream, size: int) -> bytearray | None:
        sizes.append(size)
        return exactly(stream, size) if size < 100 else None

    monkeypatch.setattr(framing, "exactly", taken)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(length.to_bytes(4))
        with pytest.raises(ValueError, match=f"a message of {length} bytes; at most 16384 are"):
            message(theirs)
    assert sizes == [4]


@pytest.mark.parametrize("part", [b"", b"\0\0", b"\0\0\0\5", b"\0\0\0\5only"])
def test_whoever_is_gone_in_the_midst_has_said_nothing(part: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(part)
        assert message(theirs) is None
