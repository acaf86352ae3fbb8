"""What the gate process tells its supervisor, and what it is told: one JSON message a packet.

No picture ever goes this way (pages get theirs from `viewfinder.py`), and no message is waited for:
a listener that stalls misses some, and every `Status` carries the totals, so that nothing that is
missed is lost.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import msgspec

MAX_PACKET_BYTES = 64 * 1024


class Log(msgspec.Struct, frozen=True, tag="log"):
    """One event, for the log."""

    event: str
    fields: dict[str, Any] = {}


class Timing(msgspec.Struct, frozen=True):
    """How long something took: ``counts[i]`` times below ``edges_ms[i]``, the last above all."""

    edges_ms: list[float]
    counts: list[int]
    sum_ms: float


class Status(msgspec.Struct, frozen=True, tag="status"):
    """The gate as it stands, with totals since the process began. Also its heartbeat."""

    open: bool
    reason: str
    faults: list[str]
    scores: dict[str, float]
    fps: float
    oldest_ms: float  # the greatest age that a frame had when it was judged
    frames: int
    clear: int
    blocked: int
    taken: int
    videos: int
    lost: dict[str, int]  # recordings that came to nothing, by reason
    recording_s: float | None  # how long the video in the making is
    refused: dict[str, int]
    runs_on: str  # "cpu", "edgetpu", or one of them with what is wrong with the other
    photos: list[str]  # and videos: the newest names in the album
    timings: dict[str, Timing]  # verdict, models, second look, photo; see `tally.Tally`
    tests: dict[str, int]  # known answers that came out right, and wrong
    line: bool | None = None  # the simulated line's level, by its meter


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The first verdict has been given. Thresholds by channel: (clear_below, block_at)."""

    camera: str
    limits: dict[str, tuple[float, float]] = {}
    look_limits: dict[str, tuple[float, float]] = {}


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The gate process will not start, and starting it again would not help.

    ``status`` is the command's exit status: 1 for a fault, 2 for the configuration.
    """

    cause: str
    status: int = 1


class PublisherSilent(msgspec.Struct, frozen=True, tag="silent"):
    """The publisher says nothing any more: it is to be ended, and another started."""


class Level(msgspec.Struct, frozen=True, tag="level"):
    """The simulated permissive line changed its level: what a meter on the wire would show."""

    high: bool
    at_s: float  # monotonic


class Hatch(msgspec.Struct, frozen=True, tag="hatch"):
    """A publisher is ready; its end of the hatch comes with this packet as a descriptor."""


class Finger(msgspec.Struct, frozen=True, tag="finger"):
    """Press or release the simulated button; ignored on a board with a real one."""

    down: bool


class Inject(msgspec.Struct, frozen=True, tag="inject"):
    """Switch a fault of `injection.py` on or off; refused on a board with real pins and camera."""

    fault: str
    on: bool


class Show(msgspec.Struct, frozen=True, tag="show"):
    """Show a scene of the stage to the simulated camera; for so many exposures only, unless 0."""

    scene: str
    exposures: int = 0


class View(msgspec.Struct, frozen=True, tag="view"):
    """A page is there; the way for its pictures comes with this packet as a descriptor."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Line low, and end."""


News = Log | Status | Ready | Refused | PublisherSilent | Level
Order = Hatch | Finger | Inject | Show | View | Stop

_news = msgspec.json.Decoder(News)
_orders = msgspec.json.Decoder(Order)


class Link:
    """The gate's end: sends without ever waiting, receives orders."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def send(self, news: News) -> None:
        """Send, or drop it where the supervisor does not keep up."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._sock.send(msgspec.json.encode(news))

    def log(self, event: str, **fields: Any) -> None:
        """Send one log event."""
        self.send(Log(event, fields))

    def receive(self) -> tuple[Order, list[int]] | None:
        """Return the next order and the descriptors it brought; None: the supervisor is gone.

        Raises BlockingIOError when there is none.
        """
        packet, descriptors, _, _ = socket.recv_fds(self._sock, MAX_PACKET_BYTES, 1)
        return (_orders.decode(packet), descriptors) if packet else None


class Leash:
    """The supervisor's end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def send(self, order: Order, descriptors: tuple[int, ...] = ()) -> None:
        """Send an order; one that a dead gate process cannot hear is dropped."""
        with contextlib.suppress(OSError):
            socket.send_fds(self._sock, [msgspec.json.encode(order)], descriptors)

    def receive(self) -> News | None:
        """Return the next news, or None when there is none now or never again.

        A gate process that talks nonsense must not take the supervisor along, which ends it when
        its heartbeat stays away.
        """
        try:
            packet = self._sock.recv(MAX_PACKET_BYTES)
        except (BlockingIOError, ConnectionError):
            return None
        try:
            return _news.decode(packet) if packet else None
        except (ValueError, RecursionError) as error:
            return Log("gate talks nonsense", {"error": str(error)[:200]})

    def close(self) -> None:
        """Let go."""
        self._sock.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected ends: packets arrive whole, in order, or not at all."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
