"""A stream both ways without a socket: a process that may make none can still have a child."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import time
from collections.abc import Iterator
from typing import Self

_SIZE_BYTES = 1 << 20
"""What a pipe holds, if this user may have so much: a picture goes in one piece."""


class Pipes:
    """One end of two pipes; like the socket of a pair, as far as `framing.Stream` goes.

    Another thread may close it at any time: what is asked of it then is a `ConnectionError`.
    """

    def __init__(self, reads: int, writes: int) -> None:
        """Own both descriptors."""
        self._reads = io.FileIO(reads, "r")
        self._writes = io.FileIO(writes, "w")
        self._limit_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def descriptors(self) -> tuple[int, int]:
        """What a child is to inherit: to read from, and to write to."""
        return self._reads.fileno(), self._writes.fileno()

    def settimeout(self, limit_s: float | None) -> None:
        """Have each call that lasts longer raise `TimeoutError`; None: none does."""
        self._limit_s = limit_s
        os.set_blocking(self._writes.fileno(), limit_s is None)

    def sendall(self, content: bytes | bytearray | memoryview) -> None:
        """Send all of it; raises `ConnectionError` where the other side is gone."""
        until_s = time.monotonic() + (self._limit_s or 0.0)
        rest = memoryview(content).cast("B")
        with _as_gone():
            while rest:
                sent = self._writes.write(rest)
                if sent is None:  # it is full
                    _wait(self._writes, select.POLLOUT, until_s)
                rest = rest[sent or 0 :]

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Return how many bytes came into `buffer`; 0 when the other side is gone."""
        with _as_gone():
            if self._limit_s is not None:
                _wait(self._reads, select.POLLIN, time.monotonic() + self._limit_s)
            return self._reads.readinto(buffer) or 0

    def close(self) -> None:
        """Close both; more than once does no harm."""
        self._reads.close()
        self._writes.close()


@contextlib.contextmanager
def _as_gone() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # closed by another thread
        raise ConnectionError(str(error)) from error


def _wait(pipe: io.FileIO, event: int, until_s: float) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, until_s - time.monotonic()) * 1000):
        raise TimeoutError


def pipes() -> tuple[Pipes, Pipes]:
    """Return two ends, for two processes."""
    there, back = os.pipe(), os.pipe()
    for _, writes in (there, back):
        with contextlib.suppress(OSError):
            fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, _SIZE_BYTES)
    return Pipes(back[0], there[1]), Pipes(there[0], back[1])
