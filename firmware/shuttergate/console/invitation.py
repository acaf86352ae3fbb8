"""What brings other devices to the page: its addresses and the pairing code, as long as each holds.

Shown to who sits at the kit, and made anew in time; and word of guesses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shuttergate.console.access import Access, LanMay, is_own_name
from shuttergate.console.hub import Hub
from shuttergate.print import qr

LOOK_S = 10.0
"""A code that was changed, or a network that was joined, is shown within this time."""


class Invite(msgspec.Struct, frozen=True):
    """``addresses``: of the page, for others, the likeliest first; there may be none."""

    addresses: list[str]
    code: str
    lan_may: LanMay

    @property
    def spoken(self) -> str:
        """The code as people read it."""
        return f"{self.code[:4]} {self.code[4:]}"

    @property
    def for_phones(self) -> list[str]:
        """The addresses that do not lead every device to itself, as a container's port may."""
        return [one for one in self.addresses if not is_own_name(urlsplit(one).hostname or "")]

    def link(self, address: str) -> str:
        """Return the link that a QR code has: what stands after # reaches no server and no log."""
        return f"{address}pair#{self.code}"

    def told(self) -> dict[str, Any]:
        """Return what the log says of it."""
        return {"code": self.code, "addresses": self.addresses}

    def drawn(self) -> dict[str, Any]:
        """Return all a page needs to show it, as JSON has it.

        ``ways``: of each address its QR code, a square of ``size`` modules with the quiet zone, the
        dark ones as ``path`` of an SVG.
        """
        rows = {address: qr.modules(self.link(address)) for address in self.for_phones}
        return {
            "code": self.spoken,
            "lan_may": self.lan_may,
            "ways": [
                {"address": address, "size": len(own), "path": qr.path(own)}
                for address, own in rows.items()
            ],
        }


class Invitation:
    """``now``: says what it is. ``tell(event, **fields)`` writes into the log."""

    def __init__(
        self, access: Access, hub: Hub, now: Callable[[], Invite], tell: Callable[..., Any]
    ) -> None:
        self._access = access
        self._hub = hub
        self._now = now
        self._tell = tell
        self._wrong = 0
        self._invite = now()
        self._number = 0
        self._drawn: dict[str, Any] | None = None
        self._show()

    async def mind(self) -> None:
        """Look after it for as long as the server runs."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    @property
    def address(self) -> str:
        """The page's likeliest address for phones; "" where none leads there."""
        return next(iter(self._invite.for_phones), "")

    def look(self) -> None:
        """Show it where it is a new one, and tell how many wrong codes came."""
        if (invite := self._now()) != self._invite:
            self._invite, self._drawn = invite, None
            self._show()
        if self._access.wrong != self._wrong:  # not by whom: nobody is watched
            self._tell("wrong pairing codes", count=self._access.wrong - self._wrong)
            self._wrong = self._access.wrong

    def drawn(self) -> dict[str, Any]:
        """Return `Invite.drawn` of what it is now."""
        self.look()
        if self._drawn is None:  # it takes its time, in which the page waits
            self._drawn = self._invite.drawn()
        return self._drawn

    def _show(self) -> None:
        self._tell("pairing code", **self._invite.told())
        # That there is another one, and no more: who was let in is not to let others in, nor the
        # next day in. A page at the kit itself asks what it says.
        addresses = self._invite.for_phones
        self._number += 1
        self._hub.greets(invite=self._number if addresses else 0)
