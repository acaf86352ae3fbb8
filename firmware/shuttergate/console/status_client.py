"""The console's side of the kit: hears how it stands, and comes back whenever it was put out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from shuttergate import companion, viewfinder
from shuttergate.console.hub import Hub

AGAIN_S = 0.5


class StatusClient:
    """Tells `hub` what the kit shows whoever comes to its socket at `path`.

    ``is_missed``: called once where none is there at the start.
    """

    def __init__(self, path: Path, hub: Hub, is_missed: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._hub = hub
        self._is_missed: Callable[[], None] | None = is_missed
        self._kit: socket.socket | None = None
        self._view: socket.socket | None = None

    async def watch(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
                    sock.setblocking(False)
                    sock.connect(str(self._path))
                    self._kit, gone = sock, asyncio.Event()
                    self._is_missed = None
                    loop.add_reader(sock, self._look, sock, gone)
                    try:
                        await gone.wait()
                    finally:
                        loop.remove_reader(sock)
                        self._kit = None
                        self._take_view(None)
                self._hub.loses()
            if self._is_missed is not None:
                self._is_missed()
                self._is_missed = None
            await asyncio.sleep(AGAIN_S)

    def wish(self, wish: companion.Wish) -> bool:
        """Ask something of the kit; False where it cannot be heard now."""
        try:
            if self._kit is not None:
                self._kit.send(msgspec.json.encode(wish))
                return True
        except OSError:
            pass
        return False

    def _look(self, sock: socket.socket, gone: asyncio.Event) -> None:
        descriptors: list[int] = []
        try:
            packet, descriptors, _, _ = socket.recv_fds(sock, companion.MAX_PACKET_BYTES, 1)
            sight = companion.sights.decode(packet) if packet else None
        except BlockingIOError:
            return
        except (OSError, ValueError, RecursionError):
            sight = None
        match sight:
            case None:
                gone.set()
            case companion.ViewSocket() | companion.AlbumFile() if not descriptors:
                pass  # no room for one more open file here
            case companion.ViewSocket():
                self._take_view(socket.socket(fileno=descriptors.pop()))
            case _:
                self._hub.sees(sight, descriptors)
        for descriptor in descriptors:  # what no kit sends, and nobody took
            os.close(descriptor)

    def _take_view(self, view: socket.socket | None) -> None:
        loop = asyncio.get_running_loop()
        if self._view is not None:
            loop.remove_reader(self._view)
            self._view.close()
        self._view = view
        if view is not None:
            view.setblocking(False)
            loop.add_reader(view, self._look_closer, view)

    def _look_closer(self, view: socket.socket) -> None:
        try:
            packet = view.recv(viewfinder.MAX_PACKET_BYTES)
            if packet:
                self._hub.shows(viewfinder.decode(packet))
                return
        except BlockingIOError:
            return
        except (OSError, ValueError, RecursionError):
            pass
        self._take_view(None)  # another comes with the next gate process
