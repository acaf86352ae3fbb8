"""Who may see the page, and who may change anything through it.

On this computer itself everybody may look, as they may at its screen. From elsewhere (``--lan``) a
page asks for the pairing code first, and then holds a session in a cookie. Whatever changes
anything must come from our own page: its origin is compared, and it must know the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
import socket
import time
from collections import OrderedDict
from enum import StrEnum

from starlette.requests import HTTPConnection

from shuttergate.clock import Clock

COOKIE = "shuttergate"
TOKEN_HEADER = "x-shuttergate-token"
MAX_SESSIONS = 200
SESSIONS_EACH = 8
"""From one address: nobody can crowd out the others."""

CODE_DIGITS = 8
WRONG_CODE_PAUSE_S = 1.0
"""An address that gave a wrong code waits so long."""

MAX_PAUSED = 1000
"""Addresses whose pauses are remembered."""

TRIES, TRY_AGAIN_S = 20, 3.0
"""So many wrong codes may come at once, from all addresses together, and one more every so often:
28,800 a day of 100 million, whoever asks from wherever. While none is left, the right one waits."""

CODE_S = SESSION_S = 12 * 3600.0
"""A code and a session are for one day's exhibition."""

_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


_BY_PROXY = re.compile(
    r"forwarded|via|x-forwarded(-.*)?|x-original-.*|x-(real|client|cluster-client|envoy-external)-.*"
    r"|(true|cf|fastly|fly|ali-cdn)-.*-?(ip|address|ray)"
)
"""Headers that proxies add (RFC 7239, RFC 9110 7.6.3, and by custom); no browser sends any."""


class LanMay(StrEnum):
    """What whoever looks in from another device may do on a simulated kit; each includes those
    before it."""

    LOOK = "look"
    PRESS = "press"
    BREAK = "break"


class TooManyTries(Exception):
    """So many wrong codes came that no code is taken just now."""


class Access:
    """``lan``: whether other computers may come, and ``lan_may``: to do what. ``code``: the
    pairing code then, "" otherwise."""

    def __init__(
        self, lan: bool, clock: Clock = time.monotonic, lan_may: LanMay = LanMay.LOOK
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.code = ""
        self.wrong = 0  # codes that were not the right one
        self._lan = lan
        self._lan_may = lan_may
        self._clock = clock
        self._code_until_s = float("-inf")
        self._sessions: OrderedDict[str, tuple[str, float]] = OrderedDict()  # address; until when
        self._paused: OrderedDict[str, float] = OrderedDict()  # address: until when
        self._tries, self._tries_at_s = float(TRIES), clock()
        self.renew()

    def renew(self) -> bool:
        """Make a new code where the one before has served its time; return whether it has."""
        if not self._lan or self._clock() < self._code_until_s:
            return False
        self._code_until_s = self._clock() + CODE_S
        self.code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        return True

    def pair(self, code: str, address: str) -> str | None:
        """Return a new session's cookie for the right code, or None; may raise `TooManyTries`."""
        now_s = self._clock()
        if not self._lan or now_s < self._paused.get(address, 0.0):
            return None
        self._tries = min(float(TRIES), self._tries + (now_s - self._tries_at_s) / TRY_AGAIN_S)
        self._tries_at_s = now_s
        if self._tries < 1.0:
            raise TooManyTries
        is_late = now_s >= self._code_until_s
        if is_late or not hmac.compare_digest(code.replace(" ", "").encode(), self.code.encode()):
            self._refuse(address, now_s)
            return None
        own = [cookie for cookie, (holder, _) in self._sessions.items() if holder == address]
        for cookie in own[: len(own) + 1 - SESSIONS_EACH]:
            del self._sessions[cookie]
        cookie = secrets.token_urlsafe(24)
        self._sessions[cookie] = address, now_s + SESSION_S
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def _refuse(self, address: str, now_s: float) -> None:
        self.wrong += 1
        self._tries -= 1.0
        self._paused.pop(address, None)
        self._paused[address] = now_s + WRONG_CODE_PAUSE_S
        while len(self._paused) > MAX_PAUSED:
            self._paused.popitem(last=False)

    def knows_host(self, connection: HTTPConnection) -> bool:
        """Whether it was called by a name of this computer that leads the way it came.

        A foreign site whose name leads here (DNS rebinding) is sent away: who comes from this very
        computer must say localhost or a loopback address, who comes from elsewhere the address
        that it reached or this computer's own name in the local network.
        """
        found = _HOST.fullmatch(connection.headers.get("host", "").lower())
        if found is None:
            return False
        name = found["name"].strip("[]")
        if _is_local(connection):
            return name == "localhost" or _is_loopback(name)
        server = connection.scope.get("server") or ("", 0)
        return self._lan and name in (server[0], f"{socket.gethostname().lower()}.local")

    def may_look(self, connection: HTTPConnection) -> bool:
        """Whether the page may be shown."""
        if not self.knows_host(connection):
            return False
        if _is_local(connection):
            return True
        held_by = connection.client.host if connection.client is not None else ""
        address, until_s = self._sessions.get(connection.cookies.get(COOKIE, ""), ("", 0.0))
        return self._lan and bool(address) and address == held_by and self._clock() < until_s

    def may_change(self, connection: HTTPConnection) -> bool:
        """Whether a request that changes something comes from our page, by `token` too."""
        said = connection.headers.get(TOKEN_HEADER, "")
        right = hmac.compare_digest(said.encode(), self.token.encode())
        return right and same_origin(connection) and self.may_look(connection)

    def may_do(self, connection: HTTPConnection, what: LanMay) -> bool:
        """Whether the presenter lets this one do that; who sits at the kit may do all."""
        kinds = list(LanMay)
        return _is_local(connection) or kinds.index(what) <= kinds.index(self._lan_may)


def came_directly(connection: HTTPConnection) -> bool:
    """Whether no proxy passed this on, as far as it says so.

    To a proxy on the kit everybody would be this very computer, code or not. A browser's own
    requests are never HTTP/1.0, which is how nginx asks where nobody told it otherwise.
    """
    told = (name.lower() for name in connection.headers)
    is_old = connection.scope.get("http_version") == "1.0"
    return not is_old and not any(_BY_PROXY.fullmatch(name) for name in told)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the browser says that a page of this very server asks."""
    return connection.headers.get("origin") == f"http://{connection.headers.get('host', '')}"


def _is_local(connection: HTTPConnection) -> bool:
    return connection.client is not None and _is_loopback(connection.client.host)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
