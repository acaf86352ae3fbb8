"""The supervisor's side of companions: shows each what its role may see, and does what it may wish.

State, events with their log lines, each published photo and video as an open file, and a way of its
own for what the gate's viewfinder shows; `companion.Rights` says who gets what.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import stat
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import msgspec

from shuttergate import __version__, feed, injection, props
from shuttergate.board import Board
from shuttergate.companion import (
    PHOTOS_KEPT,
    AlbumFile,
    Bring,
    ExampleAnswer,
    Happened,
    Kill,
    Kit,
    Role,
    Sight,
    Standing,
    SwitchFault,
    ViewSocket,
    Wish,
)
from shuttergate.config import Config
from shuttergate.parent import log
from shuttergate.parent.seats import MAX_SEATS, Door, Seat
from shuttergate.parent.supervisor import Supervisor

MAX_LINE_CHARS = 4096

EVENTS_KEPT = 100
"""So many of the newest events go to a companion that comes late."""

NAMES_KEPT = 100
"""So many names are remembered, more than any status lists: none is shown twice."""

_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class StatusServer:
    """Listens at one path for each role; looks into `album` for what the gate names, alone."""

    def __init__(
        self, paths: Mapping[Role, Path], config: Config, board: Board, album: Path
    ) -> None:
        self._album = album
        self._kit = Kit(
            version=__version__,
            board=board.name,
            title=board.title,
            simulated=board.gpio.is_simulated,
            rules=msgspec.structs.asdict(config.gate),
            faults=[str(fault) for fault in injection.offered(board)],
            props=[str(prop) for prop in props.offered(board, config)],
        )
        self._starts = 0
        self._standing: Standing | None = None
        self._names: deque[str] = deque(maxlen=NAMES_KEPT)  # of photos and videos
        self._events: deque[Happened] = deque(maxlen=EVENTS_KEPT)
        self._seats: list[Seat] = []
        self._doors: list[Door] = []
        try:
            for role, path in paths.items():
                self._doors.append(Door(role, path))
        except BaseException:
            self._close_doors()
            raise
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # A disk that hangs must hold up nobody but who wants to see its photos.
        self._opener = ThreadPoolExecutor(1, "album")
        self._opened: queue.SimpleQueue[tuple[str, int, list[Seat]]] = queue.SimpleQueue()

    def __enter__(self) -> StatusServer:
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
        self._close_doors()

    def _close_doors(self) -> None:
        for door in self._doors:
            door.close()

    @property
    def sources(self) -> list[socket.socket | int]:
        """What to wait for besides the kit's own."""
        return [self._bell, *(source for door in self._doors for source in door.sources)]

    def attend(self, kit: Supervisor, news: Sequence[feed.News]) -> None:
        """Show what is new, do what a page may wish, and let in who waits outside."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        if kit.starts != self._starts:
            self._starts = kit.starts
            for seat in self._seats:
                self._give_view(seat, kit)
        for item in news:
            self._take(item)
        for event in log.logged(news):
            line = log.line_of(event)
            if len(line) < MAX_LINE_CHARS:
                self._events.append(Happened(line, event))
                self._show(self._events[-1])
        standing = _standing(kit)
        if standing != self._standing:
            self._standing = standing
            self._show(standing)
        for seat in self._seats:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._obey(seat.wishes.get_nowait(), kit)
        self._give_opened()
        for door in self._doors:
            if (sock := door.knock()) is not None:
                self._welcome(sock, door.role, kit)
        for seat in [seat for seat in self._seats if seat.is_gone]:
            self._seats.remove(seat)
            seat.leave()

    def _take(self, item: feed.News) -> None:
        match item:
            case feed.Ready():
                self._kit = msgspec.structs.replace(
                    self._kit,
                    camera=item.camera,
                    live=item.live,
                    look=item.look,
                    embedder=item.embedder,
                )
                self._show(self._kit)
            case feed.RulesChanged():
                self._kit = msgspec.structs.replace(self._kit, live=item.live, look=item.look)
                self._show(self._kit)
            case feed.ExampleTaken():
                self._show(ExampleAnswer(item.number, item.views, item.embeddings))
            case feed.ExampleRefused():
                self._show(ExampleAnswer(item.number, reason=item.reason))
            case feed.Status():
                if item.video != self._kit.video:
                    self._kit = msgspec.structs.replace(self._kit, video=item.video)
                    self._show(self._kit)
                # Not from the log, of which a busy kit may lose a line: the next status has it too.
                for name in item.photos[-PHOTOS_KEPT:]:
                    if name not in self._names:
                        self._names.append(name)
                        self._open(name, list(self._seats))

    def _welcome(self, sock: socket.socket, role: Role, kit: Supervisor) -> None:
        seat = Seat(sock, role, self._kit.simulated, self._ring)
        if sum(one.role is role for one in self._seats) == MAX_SEATS:
            seat.leave()
            return
        self._seats.append(seat)
        seat.show(self._kit)
        seat.show(self._standing or _standing(kit))
        for happened in self._events:
            seat.show(happened)
        for name in list(self._names)[-PHOTOS_KEPT:]:
            self._open(name, [seat])
        self._give_view(seat, kit)

    def _open(self, name: str, seats: list[Seat]) -> None:
        seats = [seat for seat in seats if seat.rights.files]
        if Path(name).name == name and seats:
            self._opener.submit(self._open_now, name, seats)

    def _open_now(self, name: str, seats: list[Seat]) -> None:
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

    def _give_view(self, seat: Seat, kit: Supervisor) -> None:
        if not seat.rights.pictures:
            return
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
            case feed.TakeExample() | feed.Try() | feed.Enforce() | feed.Lift():
                kit.learn(wish)
            case Bring() if self._kit.props and wish.prop in ("", *self._kit.props):
                kit.show(wish.prop)


def _standing(kit: Supervisor) -> Standing:
    status = kit.status if kit.is_heard else None
    return Standing(status, kit.totals, kit.starts, kit.injected, kit.scene)
