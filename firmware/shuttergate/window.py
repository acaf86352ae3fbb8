"""The window through which pages see the kit: the supervisor's side of a local socket.

Whoever may open the socket (mode 0660) may look in: state, log lines, each published photo as an
open file, and a way of its own for what the gate's viewfinder shows. Nothing here waits for the
other side: a console that does not keep up is put out, and comes back.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from shuttergate import __version__, feed, injection, log
from shuttergate.board import Board
from shuttergate.config import Config
from shuttergate.errors import ConfigError
from shuttergate.share import tilde
from shuttergate.supervisor import Supervisor

SERVICE_SOCKET = Path("/run/shuttergate/console.sock")
MAX_PACKET_BYTES = 64 * 1024
MAX_SEATS = 4
PHOTOS_KEPT = 12
LINES_KEPT = 100
"""So many of the newest photos and log lines are handed to a console that comes late."""

_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kit(msgspec.Struct, frozen=True, tag="kit"):
    """What is looked at; said first, and again when the gate process has started anew.

    ``simulated``: the button is not a real one, so a page may press it and break things.
    ``faults``: the fault switches that it has, none on a board with real pins.
    """

    version: str
    board: str
    title: dict[str, str]
    simulated: bool
    rules: dict[str, float]
    camera: str = ""
    limits: dict[str, tuple[float, float]] = {}
    look_limits: dict[str, tuple[float, float]] = {}
    faults: list[str] = []


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """How it stands; without a `status` there is no gate process to be heard.

    ``totals`` (frames, clear, blocked, taken) and ``refused`` (by reason) count over all lives of
    the gate process, ``starts`` counts these lives. ``injected``: the fault switches that are on.
    """

    status: feed.Status | None
    totals: dict[str, int]
    refused: dict[str, int]
    starts: int
    injected: list[str] = []


class Line(msgspec.Struct, frozen=True, tag="line"):
    """One line of the log: JSON with ``time`` and ``event``."""

    text: str


class Photo(msgspec.Struct, frozen=True, tag="photo"):
    """A photo that was published; its file, open for reading, comes with the packet."""

    name: str


class View(msgspec.Struct, frozen=True, tag="view"):
    """The way for pictures comes with the packet; it takes the place of the one before."""


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """End ``gate``, ``publisher`` or ``console``, as an accident would; on a simulated board only.

    The console can be ended where it is the kit's own child, as in the demo.
    """

    process: str


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """Switch one of ``Kit.faults`` on or off; any other name does nothing."""

    name: str
    on: bool


Sight = Kit | Standing | Line | Photo | View
Wish = feed.Finger | Kill | Fault

sights = msgspec.json.Decoder(Sight)
_wishes = msgspec.json.Decoder(Wish)


def socket_path() -> Path:
    """Return where the socket is, for the service as for a kit started by hand."""
    if folder := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(folder, "console.sock")
    if folder := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(folder, "shuttergate-console.sock")
    return Path.home() / ".cache" / "shuttergate" / "console.sock"


def console_socket() -> Path:
    """Return where a console looks: at the installed kit, or at one of its own user."""
    return SERVICE_SOCKET if SERVICE_SOCKET.exists() else socket_path()


class Window:
    """Listens at `path`; looks into `album` for the photos that the gate names, and no others."""

    def __init__(self, path: Path, config: Config, board: Board, album: Path) -> None:
        self._path = path
        self._album = album
        self._kit = Kit(
            version=__version__,
            board=board.name,
            title=board.title,
            simulated=board.gpio.driver == "mock",
            rules=msgspec.structs.asdict(config.gate),
            faults=injection.offered(board),
        )
        self._starts = 0
        self._standing: Standing | None = None
        self._photos: deque[str] = deque(maxlen=PHOTOS_KEPT)
        self._lines: deque[Line] = deque(maxlen=LINES_KEPT)
        self._seats: list[socket.socket] = []
        self._listener = _listener(path)

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for seat in [*self._seats, self._listener]:
            seat.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    @property
    def sources(self) -> list[socket.socket]:
        """What to wait for besides the kit's own."""
        return [self._listener, *self._seats]

    def attend(self, kit: Supervisor, news: Sequence[feed.News]) -> None:
        """Show what is new, do what a page may wish, and let in who waits outside."""
        if kit.starts != self._starts:
            self._starts = kit.starts
            for seat in list(self._seats):
                self._give_view(seat, kit)
        for item in news:
            self._show_news(item)
        for text in log.lines(news, kit.start_s):
            self._lines.append(Line(text))
            self._show(self._lines[-1])
        standing = _standing(kit)
        if standing != self._standing:
            self._standing = standing
            self._show(standing)
        for seat in list(self._seats):
            self._hear(seat, kit)
        with contextlib.suppress(BlockingIOError):
            self._welcome(self._listener.accept()[0], kit)

    def _show_news(self, item: feed.News) -> None:
        match item:
            case feed.Ready():
                self._kit = msgspec.structs.replace(
                    self._kit,
                    camera=item.camera,
                    limits=item.limits,
                    look_limits=item.look_limits,
                )
                self._show(self._kit)
            case feed.Log(event="photo", fields={"name": str(name)}):
                self._photos.append(name)
                for seat in list(self._seats):
                    self._give_photo(seat, name)

    def _welcome(self, seat: socket.socket, kit: Supervisor) -> None:
        if len(self._seats) == MAX_SEATS:
            seat.close()
            return
        seat.setblocking(False)
        self._seats.append(seat)
        self._send(seat, self._kit)
        self._send(seat, self._standing or _standing(kit))
        for line in self._lines:
            self._send(seat, line)
        for name in self._photos:
            self._give_photo(seat, name)
        self._give_view(seat, kit)

    def _give_photo(self, seat: socket.socket, name: str) -> None:
        if Path(name).name != name:
            return
        with contextlib.suppress(OSError):  # its owner may have taken it away meanwhile
            file = os.open(self._album / name, _TO_READ)
            try:
                if stat.S_ISREG(os.fstat(file).st_mode):
                    self._send(seat, Photo(name), file)
            finally:
                os.close(file)

    def _give_view(self, seat: socket.socket, kit: Supervisor) -> None:
        ours, theirs = feed.pair()
        with ours, theirs:
            kit.view(ours.fileno())
            self._send(seat, View(), theirs.fileno())

    def _show(self, sight: Sight) -> None:
        for seat in list(self._seats):
            self._send(seat, sight)

    def _send(self, seat: socket.socket, sight: Sight, *descriptors: int) -> None:
        try:
            socket.send_fds(seat, [msgspec.json.encode(sight)], descriptors)
        except OSError:  # gone, or too slow
            self._put_out(seat)

    def _put_out(self, seat: socket.socket) -> None:
        if seat in self._seats:
            self._seats.remove(seat)
            seat.close()

    def _hear(self, seat: socket.socket, kit: Supervisor) -> None:
        try:
            packet = seat.recv(MAX_PACKET_BYTES)
            wish = _wishes.decode(packet) if packet else None
        except BlockingIOError:
            return
        except (OSError, msgspec.DecodeError):
            wish = None
        match wish:
            case feed.Finger() if self._kit.simulated:
                kit.finger(wish.down)
            case Kill() if self._kit.simulated:
                kit.kill(wish.process)
            case Fault() if wish.name in self._kit.faults:
                kit.inject(wish.name, wish.on)
            case None:
                self._put_out(seat)


def _standing(kit: Supervisor) -> Standing:
    count = kit.totals
    totals = {
        "frames": count.frames,
        "clear": count.clear,
        "blocked": count.blocked,
        "taken": count.taken,
    }
    status = kit.status if kit.is_heard else None
    return Standing(status, totals, dict(count.refused), kit.starts, kit.injected)


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(MAX_SEATS)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"{tilde(path)}: the window for pages cannot be opened there ({error.strerror}); "
            "set RUNTIME_DIRECTORY to a folder that may be written"
        ) from error
    listener.setblocking(False)
    return listener
