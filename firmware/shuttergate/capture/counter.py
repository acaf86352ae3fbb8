"""The gate's side of the hatch: one exchange with the publisher at a time, whoever wants one."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator

from shuttergate.capture import hatch

RECEIPT_TIMEOUT_S = 15.0
"""A publisher that is silent for so long is stuck: a slow SD card needs seconds."""


class Counter:
    """For the threads that have something to publish; the warden connects it, and hears for it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._serial = self._awaited = 0
        self._hatch: socket.socket | None = None
        self._heard: queue.SimpleQueue[hatch.Receipt | hatch.Hidden] = queue.SimpleQueue()

    def connect(self, sock: socket.socket | None) -> None:
        """Send through `sock`, and own it; None: there is no publisher to answer."""
        before, self._hatch = self._hatch, sock
        if before is not None:
            _shut(before)
        if sock is None:
            self.hear(hatch.Receipt(self._awaited, error="the publisher ended"))

    def hear(self, message: hatch.Receipt | hatch.Hidden) -> None:
        """Hear from the publisher how it stands with what it was given."""
        self._heard.put(message)

    def photo(self, taken_ms: int, photo: bytes, may: Callable[[], bool]) -> hatch.Receipt | None:
        """Have a photo kept; None where ``may()`` said no, when it was on the disk already."""
        with self._exchange() as serial:
            parcel = hatch.Parcel(serial, taken_ms, len(photo))
            return self._publish(serial, parcel, photo, may)

    def video(self, taken_ms: int) -> int:
        """Begin a video and return its number; raises OSError: there is no publisher."""
        with self._exchange() as serial:
            self._send(hatch.NewVideo(serial, taken_ms))
            return serial

    def piece(self, serial: int, content: bytes) -> None:
        """Send the next bytes of a video; raises OSError."""
        with self._turn:
            self._send(hatch.Piece(serial, len(content)), content)

    def seal(self, serial: int, may: Callable[[], bool]) -> hatch.Receipt | None:
        """Have a whole video kept; None where ``may()`` said no."""
        with self._turn:
            return self._publish(serial, hatch.Seal(serial), b"", may)

    def drop(self, serial: int) -> None:
        """Have nothing kept of a video; where there is no publisher, nothing is."""
        with self._turn, contextlib.suppress(OSError):
            self._send(hatch.Word(serial, False))

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[int]:
        with self._turn:
            self._serial += 1
            yield self._serial

    def _publish(
        self,
        serial: int,
        order: hatch.Parcel | hatch.Seal,
        payload: bytes,
        may: Callable[[], bool],
    ) -> hatch.Receipt | None:
        """The last word is the gate's, when all that a slow disk takes its time for is over."""
        if self._hatch is None:
            return hatch.Receipt(serial, error="there is no publisher; nothing is kept")
        until_s = time.monotonic() + RECEIPT_TIMEOUT_S
        self._awaited = serial
        try:
            self._send(order, payload)
            answer = self._answer(serial, until_s)
            if isinstance(answer, hatch.Hidden):
                keep = may()
                self._send(hatch.Word(serial, keep))
                if not keep:
                    return None
                answer = self._answer(serial, until_s)
            if isinstance(answer, hatch.Receipt):
                return answer
            raise OSError("it asked twice")
        except queue.Empty:
            self._give_up()
            cause = f"silent for {RECEIPT_TIMEOUT_S:.0f} s"
            return hatch.Receipt(serial, error=f"the publisher is gone ({cause})")
        except OSError as error:
            self._give_up()
            return hatch.Receipt(serial, error=f"the publisher is gone ({error})")

    def _send(self, order: hatch.ToPublisher, payload: bytes = b"") -> None:
        sock = self._hatch
        if sock is None:
            raise OSError("there is none")
        try:
            hatch.send(sock, order, payload)
        except OSError:
            self._give_up()
            raise

    def _give_up(self) -> None:
        # Half a message may lie in the hatch: nothing more may be put behind it.
        sock = self._hatch
        if sock is not None:
            _shut(sock)

    def _answer(self, serial: int, until_s: float) -> hatch.Receipt | hatch.Hidden:
        """Wait for word of this very thing; what is about an earlier one is dropped."""
        while True:
            message = self._heard.get(timeout=max(0.0, until_s - time.monotonic()))
            if message.serial == serial:
                return message


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
