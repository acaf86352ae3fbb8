"""Connections that may not dawdle or flood: uvicorn's own, with an end to patience."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_CONNECTIONS = 256
"""More are hung up on at once; what one holds is some kilobytes."""

CONNECTIONS_EACH = 24
"""From one other computer: nobody there can keep the others, or the kit itself, from its page."""

PATIENCE_S = 5.0
"""So long a request's head may take to come; uvicorn itself would wait for ever (slow loris)."""


class Protocol(H11Protocol):
    """Hangs up on whoever has sent no whole request head after ``PATIENCE_S``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let in, or hang up where too many are in."""
        super().connection_made(transport)
        self._seen: Any = None
        self._timer: asyncio.TimerHandle | None = None
        clients: list[tuple[str, int] | None] = [
            getattr(other, "client", None) for other in self.connections
        ]
        of = Counter(client[0] for client in clients if client is not None)
        address = self.client[0] if self.client is not None else ""
        is_local = address.startswith("127.")
        if len(self.connections) > MAX_CONNECTIONS or (
            not is_local and (of[address] > CONNECTIONS_EACH or of.total() > MAX_CONNECTIONS - 32)
        ):
            transport.abort()
            return
        self._timer = self.loop.call_later(PATIENCE_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that it was no request, or hang up where an answer went out before."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # whoever works on the one before need not answer it
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.abort()

    def _look(self) -> None:
        # One look a request: a second one on the same connection has as long again.
        idle = self.cycle is None or self.cycle.response_complete
        if self.transport.get_protocol() is not self:
            return  # it is a viewer now
        if idle and self.cycle is self._seen:
            self.transport.abort()
            return
        self._seen = self.cycle
        self._timer = self.loop.call_later(PATIENCE_S, self._look)


class Viewing(WebSocketsSansIOProtocol):
    """Hangs up on whoever pings: no page does, and answers to a flood of them fill the memory."""

    def handle_ping(self) -> None:
        """Hang up."""
        self.transport.abort()


def quiet() -> None:
    """Keep out of stderr what any stranger can bring about: a page refused, a request cut short."""

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        refused = "without completing handshake" in record.getMessage()
        return not refused and not isinstance(error, asyncio.CancelledError)

    logging.getLogger("uvicorn.error").addFilter(is_ours)
