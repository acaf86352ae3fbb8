"""Who may see the page, and who may change anything through it.

On this computer itself everybody may look, as they may at its screen. From elsewhere (``--lan``) a
page asks for the pairing code first, and then holds a session in a cookie. Whatever changes
anything must come from our own page: its origin is compared, and it must know the token. Codes and
sessions follow from one secret: nothing is kept of who came.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import secrets
import socket
import time
from collections import OrderedDict
from enum import StrEnum

import msgspec
from starlette.requests import HTTPConnection

from shuttergate.clock import Clock, since_boot_s

COOKIE = "shuttergate"
TOKEN_HEADER = "x-shuttergate-token"
CODE_DIGITS = 8
WRONG_CODE_PAUSE_S = 1.0
"""An address that gave a wrong code waits so long."""

MAX_PAUSED = 1000
"""Addresses whose pauses are remembered."""

TRIES, TRY_AGAIN_S = 20, 3.0
"""So many wrong codes may come at once, from all addresses together, and one more every so often:
28,800 a day of 100 million, whoever asks from wherever. While none is left, the right one waits."""

CODE_S = SESSION_S = 12 * 3600.0
"""A code and a session are for one day's exhibition, and not for the next one because the computer
slept in between."""

_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


_BY_PROXY = re.compile(
    r"forwarded|via|x-forwarded(-.*)?|x-original-.*|x-(real|client|cluster-client|envoy-external)-.*"
    r"|(true|cf|fastly|fly|ali-cdn)-.*-?(ip|address|ray)"
)
"""Headers that proxies add (RFC 7239, RFC 9110 7.6.3, and by custom); no browser sends any."""


class LanMay(StrEnum):
    """What whoever looks in from another device may do; each includes those before it. Only a
    simulated kit is pressed or broken by anybody's page."""

    LOOK = "look"
    TEACH = "teach"
    PRESS = "press"
    BREAK = "break"


class Codes(msgspec.Struct, frozen=True):
    """The pairing codes of one secret, each for its time from ``since_s`` (since the boot) on.

    Whoever is told the secret knows the same ones: the demo, whose terminal shows them, and the
    page's process, which asks for them, also when it had to be started anew.
    """

    secret: bytes
    since_s: float

    @classmethod
    def new(cls, clock: Clock = since_boot_s) -> Codes:
        """Return those of a new secret, from now on."""
        return cls(secrets.token_bytes(32), clock())

    def at(self, now_s: float) -> str:
        """Return the code of that time."""
        seal = self.seal(f"code {int((now_s - self.since_s) // CODE_S)}")
        return f"{int.from_bytes(seal) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def seal(self, words: str) -> bytes:
        """Return what nobody without the secret could have said of these words."""
        return hmac.digest(self.secret, words.encode(), hashlib.sha256)


class Pace:
    """Lets so many (``most``) come at once from one address, and one more every ``again_s``."""

    def __init__(self, most: int, again_s: float, clock: Clock = time.monotonic) -> None:
        self._most = float(most)
        self._again_s = again_s
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # and when it was so

    def takes(self, address: str) -> bool:
        """Whether one more may come from there now."""
        now_s = self._clock()
        left, at_s = self._left.pop(address, (self._most, now_s))
        left = min(self._most, left + (now_s - at_s) / self._again_s)
        self._left[address] = (left - 1.0 if left >= 1.0 else left), now_s
        while len(self._left) > MAX_PAUSED:
            self._left.popitem(last=False)
        return left >= 1.0


class TooManyTries(Exception):
    """So many wrong codes came that no code is taken just now."""


class Access:
    """``lan``: whether other computers may come, and ``lan_may``: to do what. ``codes``: those
    that let them in; else new ones. ``lan_at``: a further name, with its port, by which they may
    call this one, as that of a container's published port."""

    def __init__(
        self,
        lan: bool,
        clock: Clock = since_boot_s,
        lan_may: LanMay = LanMay.LOOK,
        codes: Codes | None = None,
        lan_at: str = "",
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.wrong = 0  # codes that were not the right one
        self.lan_may = lan_may
        self._lan = lan
        self._also_called = lan_at.partition(":")[0]
        self._clock = clock
        self._codes = codes or Codes.new(clock)
        self._paused: OrderedDict[str, float] = OrderedDict()  # address: until when
        self._tries, self._tries_at_s = float(TRIES), clock()

    @property
    def code(self) -> str:
        """The pairing code of now; "" where there is none."""
        return self._codes.at(self._clock()) if self._lan else ""

    def pair(self, code: str, address: str) -> str | None:
        """Return a new session's cookie for the right code, or None; may raise `TooManyTries`."""
        now_s = self._clock()
        if not self._lan or now_s < self._paused.get(address, 0.0):
            return None
        self._tries = min(float(TRIES), self._tries + (now_s - self._tries_at_s) / TRY_AGAIN_S)
        self._tries_at_s = now_s
        if self._tries < 1.0:
            raise TooManyTries
        right = self._codes.at(now_s)
        if not hmac.compare_digest(code.replace(" ", "").encode(), right.encode()):
            self._refuse(address, now_s)
            return None
        return self._session(address, f"{now_s + SESSION_S:.0f}")

    def _session(self, address: str, until: str) -> str:
        """Return the cookie of a session; its time, in seconds of the clock, stands in it."""
        return f"{until}.{self._codes.seal(f'session {until} {address}').hex()}"

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
        that it reached or this computer's own name in the local network. Where the presenter gave
        another, the way leads through another computer, and whoever sits there says localhost.
        """
        found = _HOST.fullmatch(connection.headers.get("host", "").lower())
        if found is None:
            return False
        name = found["name"].strip("[]")
        if is_local(connection):
            return is_own_name(name)
        server = connection.scope.get("server") or ("", 0)
        names = (server[0], f"{socket.gethostname().lower()}.local", self._also_called)
        return self._lan and (name in names or (bool(self._also_called) and is_own_name(name)))

    def may_look(self, connection: HTTPConnection) -> bool:
        """Whether the page may be shown."""
        return not self.is_over(self.may_look_until(connection))

    def is_over(self, until_s: float) -> bool:
        """Whether that time has come."""
        return self._clock() >= until_s

    def may_look_until(self, connection: HTTPConnection) -> float:
        """Return until when the page may be shown, by the clock; a time before all where never."""
        if not self.knows_host(connection):
            return -math.inf
        if is_local(connection):
            return math.inf
        address = connection.client.host if connection.client is not None else ""
        cookie = connection.cookies.get(COOKIE, "")
        until = cookie.partition(".")[0]
        is_ours = hmac.compare_digest(cookie.encode(), self._session(address, until).encode())
        return float(until) if self._lan and is_ours else -math.inf

    def may_change(self, connection: HTTPConnection) -> bool:
        """Whether a request that changes something comes from our page, by `token` too."""
        said = connection.headers.get(TOKEN_HEADER, "")
        right = hmac.compare_digest(said.encode(), self.token.encode())
        return right and same_origin(connection) and self.may_look(connection)

    def may_do(self, connection: HTTPConnection, what: LanMay) -> bool:
        """Whether the presenter lets this one do that; who sits at the kit may do all."""
        kinds = list(LanMay)
        return is_local(connection) or kinds.index(what) <= kinds.index(self.lan_may)


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


def is_local(connection: HTTPConnection) -> bool:
    """Whether who asks sits at this very computer."""
    return connection.client is not None and _is_loopback(connection.client.host)


def is_own_name(name: str) -> bool:
    """Whether a name leads every computer to itself."""
    return name == "localhost" or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
