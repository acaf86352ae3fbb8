"""Where companions sit: a door for each role, and a seat for each who came in by it.

Nothing here waits for the other side: a companion that does not keep up is put out, and comes back.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from shuttergate import companion
from shuttergate.companion import RIGHTS, Rights, Role, Sight, Wish
from shuttergate.errors import ConfigError, KitRunning, cause_of
from shuttergate.system.paths import tilde

MAX_SEATS = 4
"""So many may sit in one role."""

PAUSE_S = 0.05
"""Between two wishes of one who looks in, and between two who come: a flood costs little."""


class Seat:
    """One who looks in. It is heard, and its end closed, in a thread of its own.

    ``may_wish``: what its role allows is granted here, and not only what teaches. A packet may
    carry descriptors of others' sockets, whose last closing can take as long as their owner likes:
    the kernel does that in whoever receives the packet, or closes the seat.
    """

    def __init__(
        self, sock: socket.socket, role: Role, may_wish: bool, ring: Callable[[], None]
    ) -> None:
        self.role = role
        self.rights: Rights = RIGHTS[role]
        self.wishes: queue.Queue[Wish] = queue.Queue(8)
        self.is_gone = False
        self._sock = sock
        self._granted = tuple(
            one for one in self.rights.wishes if may_wish or one in companion.LESSONS
        )
        self._ring = ring
        self._left = threading.Event()
        threading.Thread(target=self._hear, name="seat", daemon=True).start()

    def show(self, sight: Sight, *descriptors: int) -> None:
        """Send what its role may see of it, without waiting.

        Who is gone, or does not keep up, is to be put out.
        """
        shown = self.rights.shown(sight)
        if shown is None:
            return
        carried = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        try:
            # Not socket.send_fds, which takes flags and leaves them out.
            self._sock.sendmsg(
                [msgspec.json.encode(shown)], carried if descriptors else [], socket.MSG_DONTWAIT
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
            while packet := self._sock.recv(companion.MAX_WISH_BYTES):
                if not self._granted:
                    break
                wish = companion.wishes.decode(packet)
                if not isinstance(wish, self._granted):
                    break
                self.wishes.put_nowait(wish)
                self._ring()
                time.sleep(PAUSE_S)
        self.is_gone = True
        self._ring()
        self._left.wait()  # until nobody sends to it any more
        self._sock.close()


class Door:
    """A socket at `path` (mode 0660) by which companions of one role come in.

    Raises `KitRunning` where another kit's is, and `ConfigError` where it cannot be had.
    """

    def __init__(self, role: Role, path: Path) -> None:
        self.role = role
        if is_lived_in(path):
            raise KitRunning(
                "{path}: a kit of this user is running already; stop that one first, or give this "
                "one a folder of its own with RUNTIME_DIRECTORY=FOLDER",
                path=tilde(path),
            )
        self._path = path
        self._due_s = 0.0
        self._listener = _listener(role, path)
        self._own = path.stat().st_ino

    @property
    def sources(self) -> list[socket.socket]:
        """What to wait for."""
        return [self._listener] if time.monotonic() >= self._due_s else []

    def knock(self) -> socket.socket | None:
        """Return who waits outside, if anyone does, and not too soon after the one before."""
        if time.monotonic() < self._due_s:
            return None
        try:
            sock = self._listener.accept()[0]
        except OSError:
            return None
        self._due_s = time.monotonic() + PAUSE_S
        return sock

    def close(self) -> None:
        """Shut it, and take it away."""
        self._listener.close()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._own:  # else another kit's is there by now
                self._path.unlink()


@contextlib.contextmanager
def also_at(place: Path, path: Path) -> Iterator[bool]:
    """Have the socket at `path` be found at `place`, too, unless another kit is found there.

    Gives whether one is. Where it cannot be had, it is not: nobody who looks for it there is
    needed.
    """
    is_taken = is_lived_in(place)
    with contextlib.suppress(OSError):
        if not is_taken:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            link = place.with_name(f".{place.name}.{os.getpid()}")  # no name moves between disks
            link.unlink(missing_ok=True)
            link.symlink_to(path)
            link.replace(place)
    try:
        yield is_taken
    finally:
        with contextlib.suppress(OSError):
            if place.readlink() == path:
                place.unlink()


def is_lived_in(place: Path) -> bool:
    """Whether a kit listens at `place`, be it a slow one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as knock:
        try:
            knock.settimeout(1.0)
            knock.connect(str(place))
        except (BlockingIOError, TimeoutError):  # others wait there already
            return True
        except OSError:
            return False
    return True


def _listener(role: Role, path: Path) -> socket.socket:
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
            "{path}: the socket for the {role} cannot be opened there ({cause}); "
            "set RUNTIME_DIRECTORY to a folder that may be written",
            path=tilde(path),
            role=role,
            cause=cause_of(error),
        ) from error
    listener.setblocking(False)
    return listener
