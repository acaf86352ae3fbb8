"""The demo's page: its process and the kit's door for it, and what brings other devices there."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shuttergate.board import Board
from shuttergate.clock import Clock, since_boot_s
from shuttergate.companion import Companion, Role, socket_path
from shuttergate.config import Config
from shuttergate.console import process as console
from shuttergate.console.access import Codes, LanMay
from shuttergate.console.invitation import LOOK_S, Invite
from shuttergate.console.server import others_addresses, own_address
from shuttergate.parent.seats import also_at
from shuttergate.parent.status_server import StatusServer


@dataclass
class DemoPage:
    """``address``: on this computer. ``is_second``: another kit of this user is running.

    ``invite_now``: says what other devices are told, or is None where they may not come.
    """

    address: str
    companion: Companion
    server: StatusServer
    is_second: bool
    invite_now: Callable[[], Invite] | None
    clock: Clock = time.monotonic
    _told: Invite | None = None
    _due_s: float = 0.0

    def new_invite(self) -> Invite | None:
        """Return the invitation where it is not the one that was returned before."""
        now_s = self.clock()
        if self.invite_now is None or now_s < self._due_s:
            return None
        self._due_s = now_s + LOOK_S
        before, self._told = self._told, self.invite_now()
        return self._told if self._told != before else None


@contextlib.contextmanager
def opened(
    sock: socket.socket, config: Config, board: Board, album: Path, others: LanMay | None
) -> Iterator[DemoPage]:
    """Give the page that is to be on the listening `sock`, for as long as the block lasts.

    ``others``: what other devices may do; None: they may not come.
    """
    codes = Codes.new() if others is not None else None

    def invite_now() -> Invite:
        assert codes is not None and others is not None
        return Invite(others_addresses(sock, config.page.lan_at), codes.at(since_boot_s()), others)

    with tempfile.TemporaryDirectory(prefix="shuttergate-") as folder:
        path = Path(folder, "console.sock")
        companion = console.beside(sock.fileno(), config, path, codes, others or LanMay.LOOK)
        with (
            StatusServer({Role.PAGE: path}, config, board, album) as server,
            also_at(socket_path(), path) as is_second,  # for a page of its own
        ):
            own = own_address(sock, config.page.lan_at if codes else "")
            yield DemoPage(own, companion, server, is_second, invite_now if codes else None)
