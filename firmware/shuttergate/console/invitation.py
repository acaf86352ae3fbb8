"""The pairing code, shown to who sits at the kit and made anew in time; and word of guesses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shuttergate.console.access import Access
from shuttergate.console.hub import Hub

LOOK_S = 10.0


class Invitation:
    """``address``: of the page, for others. ``tell(event, **fields)`` writes into the log."""

    def __init__(self, access: Access, hub: Hub, address: str, tell: Callable[..., Any]) -> None:
        self._access = access
        self._hub = hub
        self._address = address
        self._tell = tell
        self._wrong = 0
        self._show()

    async def mind(self) -> None:
        """Look after it for as long as the server runs."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Show a new code where there is one, and tell how many wrong ones came."""
        if self._access.renew():
            self._show()
        if self._access.wrong != self._wrong:  # not by whom: nobody is watched
            self._tell("wrong pairing codes", count=self._access.wrong - self._wrong)
            self._wrong = self._access.wrong

    def _show(self) -> None:
        code = self._access.code
        self._tell("pairing code", code=code)
        # Who is shown it sits at the kit, or has typed it already.
        self._hub.greets(invite={"address": self._address, "code": f"{code[:4]} {code[4:]}"})
