"""HTTP connections that may not dawdle: uvicorn's own, with an end to patience."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256
"""More are hung up on at once; what one holds is some kilobytes."""

PATIENCE_S = 5.0
"""So long a request's head may take to come; uvicorn itself would wait for ever (slow loris)."""


class Protocol(H11Protocol):
    """Hangs up on whoever has sent no whole request head after ``PATIENCE_S``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let in, or hang up where too many are in."""
        super().connection_made(transport)
        self._seen: Any = None
        self._timer: asyncio.TimerHandle | None = None
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._timer = self.loop.call_later(PATIENCE_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

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
