"""The page's server in this process, without a network: bytes in, and what it did with them."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from pathlib import Path
from typing import Any, cast

import seeds
from PIL import Image
from uvicorn.server import ServerState

from shuttergate import companion
from shuttergate.console.access import Access, Codes
from shuttergate.console.app import build
from shuttergate.console.hub import Hub
from shuttergate.console.judge import PictureJudge, UnreadablePicture
from shuttergate.console.protocol import Protocol, quiet
from shuttergate.console.server import settings
from shuttergate.console.status_client import StatusClient

LOCAL, LAN = "127.0.0.1", "192.0.2.7"
HANG_S = 5.0
_HEAD_END = b"\r\n\r\n"


class _Wire(asyncio.Transport):
    """A connection whose other side reads everything at once."""

    def __init__(self, peer: str) -> None:
        server = seeds.HOST if peer == LOCAL else seeds.LAN_HOST
        super().__init__({"peername": (peer, 4711), "sockname": (server.partition(":")[0], 8080)})
        self.written = bytearray()
        self.protocol: asyncio.BaseProtocol | None = None
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def is_closing(self) -> bool:
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class _Complaints(logging.Handler):
    """What would stand in the console's stderr, where no stranger may write."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


class _Told(Codes, frozen=True):
    """A code that the seeds know."""

    def at(self, now_s: float) -> str:
        return "12345678"


class _Deaf:
    """A kit that hears every wish, and a judge that can read no picture."""

    def wish(self, wish: companion.Wish) -> bool:
        return True

    async def judge(self, picture: bytes | bytearray) -> UnreadablePicture:
        return UnreadablePicture("not a picture")

    print = verify = judge


class Page:
    """The real app behind the real protocol, with a photo and a film to be seen."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._failed)
        self._complaints = _Complaints()
        quiet()
        logging.getLogger("uvicorn.error").addHandler(self._complaints)
        # Ticks that are longer than the pause after a wrong code: every code is compared.
        access = Access(True, itertools.count(0.0, 2.0).__next__, codes=_Told(b"", 0.0))
        access.token = seeds.TOKEN
        hub = Hub({"token": access.token})
        self.loop.run_until_complete(_show(hub, folder))
        deaf = _Deaf()
        self._config = settings(
            build(hub, cast(StatusClient, deaf), access, cast(PictureJudge, deaf))
        )
        self._config.load()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._complaints.texts.append(f"{context['message']}: {context.get('exception')!r}")

    def talk(self, said: bytes, peer: str) -> bytes:
        """Say all of it, hang up, and return the answers; AssertionError for what went wrong."""
        self._complaints.texts.clear()
        answers = self.loop.run_until_complete(self._talk(said, peer))
        assert not self._complaints.texts, self._complaints.texts[0]
        return answers

    async def _talk(self, said: bytes, peer: str) -> bytes:
        state, wire = ServerState(), _Wire(peer)
        first = Protocol(self._config, state, {}, self.loop)
        wire.set_protocol(first)
        first.connection_made(wire)
        head, end, rest = said.partition(_HEAD_END)
        for part in (head + end, rest):
            await asyncio.sleep(0)
            if part and not wire.is_closing():
                cast(asyncio.Protocol, wire.protocol).data_received(part)
        is_gone = False
        while state.tasks:
            # A page that was let in stays, and a body that is not whole is waited for: time to go.
            is_waiting = wire.protocol is not first or first.cycle.more_body
            for _ in range(8):
                await asyncio.sleep(0)
            if is_waiting and not is_gone and state.tasks:
                is_gone = True
                cast(asyncio.Protocol, wire.protocol).connection_lost(None)
            if state.tasks:
                done, _ = await asyncio.wait(
                    state.tasks, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED
                )
                assert done, f"nothing came of it within {HANG_S:.0f} s"
        if not is_gone:
            cast(asyncio.Protocol, wire.protocol).connection_lost(None)
        await asyncio.sleep(0)
        return bytes(wire.written)


async def _show(hub: Hub, folder: Path) -> None:
    """Let the hub see an open, simulated kit, and what it published."""
    for packet in seeds.sights():
        if b'"type":"kit"' in packet and b"\n" not in packet:
            hub.sees(companion.sights.decode(packet), [])
    Image.radial_gradient("L").convert("RGB").save(folder / seeds.PHOTO, "JPEG")
    (folder / seeds.FILM).write_bytes(bytes(range(256)) * 512)
    for name in (seeds.PHOTO, seeds.FILM):
        hub.sees(companion.AlbumFile(name), [os.open(folder / name, os.O_RDONLY)])
