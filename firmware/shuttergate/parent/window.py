"""The window through which pages see the kit: the supervisor's side of a local socket.

Whoever may open the socket (mode 0660) may look in: state, log lines, each published photo and
video as an open file, and a way of its own for what the gate's viewfinder shows. Nothing here waits
for the other side: a console that does not keep up is put out, and comes back.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import stat
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import msgspec

from shuttergate import __version__, feed, injection
from shuttergate.board import Board
from shuttergate.config import Config
from shuttergate.errors import ConfigError
from shuttergate.parent import log
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system.paths import tilde

SERVICE_SOCKET = Path("/run/shuttergate/console.sock")
MAX_PACKET_BYTES = 64 * 1024
MAX_WISH_BYTES = 512
MAX_LINE_CHARS = 4096
MAX_SEATS = 4

PAUSE_S = 0.05
"""Between two wishes of one who looks in, and between two who come: a flood costs little."""

PHOTOS_KEPT = 12
LINES_KEPT = 100
"""So many of the newest photos and videos, and log lines, go to a console that comes late."""

_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kit(msgspec.Struct, frozen=True, tag="kit"):
    """What is looked at; said first, and again when the gate process has started anew.

    ``simulated``: the button is not a real one, so a page may press it and break things.
    ``faults``: the fault switches that it has, none on a board with real pins. ``video``: whether a
    press that is held can become one.
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
    video: bool = True


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """How it stands; without a `status` there is no gate process to be heard.

    ``totals`` count over all lives of the gate process, ``starts`` counts these lives.
    ``injected``: the fault switches that are on.
    """

    status: feed.Status | None
    totals: feed.Totals
    starts: int
    injected: list[str] = []


class LogLine(msgspec.Struct, frozen=True, tag="line"):
    """One line of the log: JSON with ``time`` and ``event``."""

    text: str


class AlbumFile(msgspec.Struct, frozen=True, tag="photo"):
    """A photo or video that was published; its file, open for reading, comes with the packet."""

    name: str


class ViewSocket(msgspec.Struct, frozen=True, tag="view"):
    """The way for pictures comes with the packet; it takes the place of the one before."""


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """End ``gate``, ``publisher`` or ``console``, as an accident would; on a simulated board only.

    The console can be ended where it is the kit's own child, as in the demo.
    """

    process: str


class SwitchFault(msgspec.Struct, frozen=True, tag="fault"):
    """Switch one of ``Kit.faults`` on or off; any other name does nothing."""

    name: str
    on: bool


Sight = Kit | Standing | LogLine | AlbumFile | ViewSocket
Wish = feed.Finger | Kill | SwitchFault

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


class _Seat:
    """One who looks in. It is heard, and its end closed, in a thread of its own.

    A packet may carry descriptors of others' sockets, whose last closing can take as long as their
    owner likes: the kernel does that in whoever receives the packet, or closes the seat.
    """

    def __init__(self, sock: socket.socket, may_wish: bool, ring: Callable[[], None]) -> None:
        self.wishes: queue.Queue[Wish] = queue.Queue(8)
        self.is_gone = False
        self._sock = sock
        self._may_wish = may_wish
        self._ring = ring
        self._left = threading.Event()
        threading.Thread(target=self._hear, name="seat", daemon=True).start()

    def show(self, sight: Sight, *descriptors: int) -> None:
        """Send without waiting; who is gone, or does not keep up, is to be put out."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        try:
            # Not socket.send_fds, which takes flags and leaves them out.
            self._sock.sendmsg(
                [msgspec.json.encode(sight)], rights if descriptors else [], socket.MSG_DONTWAIT
            )
        except OSError:
            self.is_gone = True

    def leave(self) -> None:
        """Put it out."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._left.set()

    def _hear(self) -> None:
        with contextlib.suppress(OSError, ValueError, RecursionError, queue.Full):
            while packet := self._sock.recv(MAX_WISH_BYTES):
                if not self._may_wish:
                    break
                self.wishes.put_nowait(_wishes.decode(packet))
                self._ring()
                time.sleep(PAUSE_S)
        self.is_gone = True
        self._ring()
        self._left.wait()  # until nobody sends to it any more
        self._sock.close()


class Window:
    """Listens at `path`; looks into `album` for what the gate names, and for nothing else."""

    def __init__(self, path: Path, config: Config, board: Board, album: Path) -> None:
        self._path = path
        self._album = album
        self._kit = Kit(
            version=__version__,
            board=board.name,
            title=board.title,
            simulated=board.gpio.is_simulated,
            rules=msgspec.structs.asdict(config.gate),
            faults=[str(fault) for fault in injection.offered(board)],
        )
        self._starts = 0
        self._standing: Standing | None = None
        self._photos: deque[str] = deque(maxlen=PHOTOS_KEPT)
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._seats: list[_Seat] = []
        self._accept_due_s = 0.0
        self._listener = _listener(path)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # A disk that hangs must hold up nobody but who wants to see its photos.
        self._opener = ThreadPoolExecutor(1, "album")
        self._opened: queue.SimpleQueue[tuple[str, int, list[_Seat]]] = queue.SimpleQueue()

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for seat in self._seats:
            seat.leave()
        self._opener.shutdown(wait=False, cancel_futures=True)
        self._listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    @property
    def sources(self) -> list[socket.socket | int]:
        """What to wait for besides the kit's own."""
        may_enter = time.monotonic() >= self._accept_due_s
        return [self._bell, *([self._listener] if may_enter else [])]

    def attend(self, kit: Supervisor, news: Sequence[feed.News]) -> None:
        """Show what is new, do what a page may wish, and let in who waits outside."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        if kit.starts != self._starts:
            self._starts = kit.starts
            self._kit = msgspec.structs.replace(self._kit, video=True)  # until it says no
            for seat in self._seats:
                self._give_view(seat, kit)
        for item in news:
            self._show_news(item)
        for text in log.lines(news):
            if len(text) < MAX_LINE_CHARS:
                self._lines.append(LogLine(text))
                self._show(self._lines[-1])
        standing = _standing(kit)
        if standing != self._standing:
            self._standing = standing
            self._show(standing)
        for seat in self._seats:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._obey(seat.wishes.get_nowait(), kit)
        self._give_opened()
        if time.monotonic() >= self._accept_due_s:
            with contextlib.suppress(OSError):
                self._welcome(self._listener.accept()[0], kit)
        for seat in [seat for seat in self._seats if seat.is_gone]:
            self._seats.remove(seat)
            seat.leave()

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
            case feed.NoVideo():
                self._kit = msgspec.structs.replace(self._kit, video=False)
                self._show(self._kit)
            case feed.Photo(name) | feed.Video(name):
                self._photos.append(name)
                self._open(name, list(self._seats))

    def _welcome(self, sock: socket.socket, kit: Supervisor) -> None:
        self._accept_due_s = time.monotonic() + PAUSE_S
        seat = _Seat(sock, self._kit.simulated, self._ring)
        if len(self._seats) == MAX_SEATS:
            seat.leave()
            return
        self._seats.append(seat)
        seat.show(self._kit)
        seat.show(self._standing or _standing(kit))
        for line in self._lines:
            seat.show(line)
        for name in self._photos:
            self._open(name, [seat])
        self._give_view(seat, kit)

    def _open(self, name: str, seats: list[_Seat]) -> None:
        if Path(name).name == name and seats:
            self._opener.submit(self._open_now, name, seats)

    def _open_now(self, name: str, seats: list[_Seat]) -> None:
        with contextlib.suppress(OSError):  # its owner may have taken it away meanwhile
            self._opened.put((name, os.open(self._album / name, _TO_READ), seats))
            self._ring()

    def _give_opened(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                name, file, seats = self._opened.get_nowait()
                if stat.S_ISREG(os.fstat(file).st_mode):
                    for seat in seats:
                        seat.show(AlbumFile(name), file)
                os.close(file)

    def _give_view(self, seat: _Seat, kit: Supervisor) -> None:
        ours, theirs = feed.pair()
        with ours, theirs:
            ours.shutdown(socket.SHUT_RD)  # nothing comes to the gate this way
            kit.view(ours.fileno())
            seat.show(ViewSocket(), theirs.fileno())

    def _show(self, sight: Sight) -> None:
        for seat in self._seats:
            seat.show(sight)

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)

    def _obey(self, wish: Wish, kit: Supervisor) -> None:
        match wish:
            case feed.Finger() if self._kit.simulated:
                kit.finger(wish.down)
            case Kill() if self._kit.simulated:
                kit.kill(wish.process)
            case SwitchFault() if wish.name in self._kit.faults:
                kit.inject(wish.name, wish.on)


def _standing(kit: Supervisor) -> Standing:
    status = kit.status if kit.is_heard else None
    return Standing(status, kit.totals, kit.starts, kit.injected)


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
