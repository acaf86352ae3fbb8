"""The gate's side of the hatch, and the only owner of its socket.

One exchange with the publisher at a time, whoever wants one.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto

from shuttergate.capture import hatch
from shuttergate.claims import Claims
from shuttergate.clock import Clock
from shuttergate.errors import Phrase, cause_of, phrase

RECEIPT_TIMEOUT_S = 15.0
"""A publisher that is silent for so long is stuck: a slow SD card needs seconds."""


HEAR_TIMEOUT_S = 0.1
"""A message of which only a part comes in that time is the last one."""

SEND_TIMEOUT_S = 20.0


class Heard(Enum):
    """What else than the state of its album there is to hear from a publisher."""

    NOTHING = auto()
    GONE = auto()


def gone(cause: Phrase) -> Phrase:
    """Return the words for a publisher that is there no more."""
    return phrase("the publisher is gone ({cause})", cause=cause)


class PublisherClient:
    """One thread, the warden's, connects it, hears for all and lets the publisher go.

    The others, which have something to publish, wait here for what becomes of it.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._serial = self._awaited = 0
        self._hearing: socket.socket | None = None
        self._sending: socket.socket | None = None
        self._heard: queue.SimpleQueue[hatch.Receipt | hatch.Hidden] = queue.SimpleQueue()
        self._heard_s = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether there is a publisher, as far as was heard."""
        return self._hearing is not None

    def fileno(self) -> int:
        """Return what to wait at for something to hear; raises ValueError where nobody is there."""
        if self._hearing is None:
            raise ValueError("there is no publisher to hear")
        return self._hearing.fileno()

    def connect(self, descriptor: int) -> None:
        """Take a new hatch, and own it; a publisher that was there before is let go."""
        self.disconnect()
        self._heard_s = self._clock()
        hearing = socket.socket(fileno=descriptor)
        # Sending a photo may take its time; whoever keeps time for the gate waits for nobody.
        sending = hearing.dup()
        sending.settimeout(SEND_TIMEOUT_S)
        hearing.settimeout(HEAR_TIMEOUT_S)
        self._hearing, self._sending = hearing, sending

    def disconnect(self) -> None:
        """Let the publisher go: there is nobody to answer whoever waits."""
        hearing, sending = self._hearing, self._sending
        if hearing is None or sending is None:
            return
        self._hearing = self._sending = None
        _shut(sending)
        self._heard.put(hatch.kept_out(self._awaited, phrase("the publisher ended")))
        hearing.close()

    def hear(self) -> hatch.AlbumState | Heard:
        """Read one message, which ``select`` says is there; nonsense is the end of a publisher.

        How it stands with what it was given reaches whoever waits for that, and is NOTHING here.
        Who is GONE stays connected until `disconnect`: there may be more urgent things to do.
        """
        if self._hearing is None:
            return Heard.GONE
        try:
            message = hatch.receive(self._hearing)
        except (OSError, ValueError, RecursionError):
            message = None
        self._heard_s = self._clock()
        match message:
            case None:
                return Heard.GONE
            case hatch.AlbumState():
                return message
            case hatch.Receipt() | hatch.Hidden():
                self._heard.put(message)
                return Heard.NOTHING

    def silent_s(self) -> float:
        """Return for how many seconds nothing was heard."""
        return self._clock() - self._heard_s

    def photo(
        self, taken_ms: int, photo: bytes, claims: Claims, may: Callable[[], bool]
    ) -> hatch.Receipt | None:
        """Have a photo kept; None where ``may()`` said no, when it was on the disk already."""
        with self._exchange() as serial:
            parcel = hatch.Parcel(serial, taken_ms, len(photo), claims)
            return self._publish(serial, parcel, photo, may)

    def video(self, taken_ms: int, claims: Claims) -> int:
        """Begin a video and return its number; raises OSError: there is no publisher."""
        with self._exchange() as serial:
            self._send(self._sending, hatch.NewVideo(serial, taken_ms, claims))
            return serial

    def piece(self, serial: int, content: bytes) -> None:
        """Send the next bytes of a video; raises OSError."""
        with self._turn:
            self._send(self._sending, hatch.Piece(serial, len(content)), content)

    def seal(
        self,
        serial: int,
        head: bytes,
        may: Callable[[], bool],
        claims: Claims | None = None,
    ) -> hatch.Receipt | None:
        """Have a whole video kept, with these first bytes; None where ``may()`` said no.

        ``claims``: what it is to state, if not what it began with.
        """
        with self._turn:
            return self._publish(serial, hatch.Seal(serial, len(head), claims), head, may)

    def drop(self, serial: int) -> None:
        """Have nothing kept of a video; where there is no publisher, nothing is."""
        with self._turn, contextlib.suppress(OSError):
            self._send(self._sending, hatch.Word(serial, False))

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
        sock = self._sending  # all of it goes through this one, and none to a successor
        if sock is None:
            return hatch.kept_out(serial, phrase("there is no publisher; nothing is kept"))
        until_s = self._clock() + RECEIPT_TIMEOUT_S
        self._awaited = serial
        try:
            self._send(sock, order, payload)
            answer = self._answer(serial, until_s)
            if isinstance(answer, hatch.Hidden):
                keep = may()
                self._send(sock, hatch.Word(serial, keep))
                if not keep:
                    return None
                answer = self._answer(serial, until_s)
            if isinstance(answer, hatch.Receipt):
                return answer
            raise OSError("it asked twice")
        except queue.Empty:
            _shut(sock)
            silent = phrase("silent for {s:.0f} s", s=RECEIPT_TIMEOUT_S)
            return hatch.kept_out(serial, gone(silent))
        except OSError as error:
            _shut(sock)
            return hatch.kept_out(serial, gone(cause_of(error)))

    def _send(
        self, sock: socket.socket | None, order: hatch.ToPublisher, payload: bytes = b""
    ) -> None:
        if sock is None:
            raise OSError("there is none")
        if sock is not self._sending:
            raise OSError("it ended")
        try:
            hatch.send(sock, order, payload)
        except OSError:
            _shut(sock)  # half a message may lie in it: nothing more may be put behind it
            raise

    def _answer(self, serial: int, until_s: float) -> hatch.Receipt | hatch.Hidden:
        """Wait for word of this very thing; what is about an earlier one is dropped."""
        while True:
            message = self._heard.get(timeout=max(0.0, until_s - self._clock()))
            if message.serial == serial:
                return message


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
