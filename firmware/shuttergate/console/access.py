"""Who may see the page, and who may change anything through it.

On this computer itself everybody may look, as they may at its screen. From elsewhere (``--lan``) a
page asks for the pairing code first, and then holds a session in a cookie. Whatever changes
anything must come from our own page: its origin is compared, and it must know the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

COOKIE = "shuttergate"
TOKEN_HEADER = "x-shuttergate-token"
MAX_SESSIONS = 200
WRONG_CODES = 5
"""After so many wrong codes there is a new one: a guess is right once in 200 000 such rounds."""

WRONG_CODE_PAUSE_S = 1.0


class Access:
    """``lan``: whether other computers may come. ``on_code(code)`` is told each pairing code."""

    def __init__(
        self,
        lan: bool,
        on_code: Callable[[str], None] = lambda code: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.code = ""
        self._lan = lan
        self._on_code = on_code
        self._clock = clock
        self._sessions: OrderedDict[str, None] = OrderedDict()
        self._wrong = 0
        self._pause_until_s = 0.0
        if lan:
            self._new_code()

    def pair(self, code: str) -> str | None:
        """Return a new session's cookie for the right code, or None."""
        now_s = self._clock()
        if not self._lan or now_s < self._pause_until_s:
            return None
        if not hmac.compare_digest(code.replace(" ", "").encode(), self.code.encode()):
            self._pause_until_s = now_s + WRONG_CODE_PAUSE_S
            self._wrong += 1
            if self._wrong >= WRONG_CODES:
                self._new_code()
            return None
        cookie = secrets.token_urlsafe(24)
        self._sessions[cookie] = None
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def knows_host(self, connection: HTTPConnection) -> bool:
        """Whether it was called by a name of this computer.

        A foreign site whose name leads here (DNS rebinding) is sent away. From elsewhere only an
        address or a name within the local network will do.
        """
        name = _host_name(connection)
        if name == "localhost" or _is_loopback(name):
            return _is_local(connection)
        return self._lan and (_is_address(name) or name.endswith(".local"))

    def may_look(self, connection: HTTPConnection) -> bool:
        """Whether the page may be shown."""
        if _is_local(connection) and self.knows_host(connection):
            return True
        return self._lan and connection.cookies.get(COOKIE, "") in self._sessions

    def may_change(self, connection: HTTPConnection) -> bool:
        """Whether a request that changes something comes from our page, by `token` too."""
        said = connection.headers.get(TOKEN_HEADER, "")
        right = hmac.compare_digest(said.encode(), self.token.encode())
        return right and same_origin(connection) and self.may_look(connection)

    def _new_code(self) -> None:
        self._wrong = 0
        self.code = f"{secrets.randbelow(1_000_000):06d}"
        self._on_code(self.code)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the browser says that a page of this very server asks."""
    return connection.headers.get("origin") == f"http://{connection.headers.get('host', '')}"


def _host_name(connection: HTTPConnection) -> str:
    host = connection.headers.get("host", "").lower()
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return name.strip("[]")


def _is_local(connection: HTTPConnection) -> bool:
    return connection.client is not None and _is_loopback(connection.client.host)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback
