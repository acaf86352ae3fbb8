"""Runs the page's server on a socket that is already bound."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from shuttergate.config import Config
from shuttergate.console.access import Access, LanMay
from shuttergate.console.app import build
from shuttergate.console.hub import Hub
from shuttergate.console.invitation import Invitation
from shuttergate.console.judge import PictureJudge
from shuttergate.console.protocol import Protocol, Viewing, quiet
from shuttergate.console.status_client import StatusClient
from shuttergate.errors import ConfigError, cause_of
from shuttergate.lang import _
from shuttergate.parent import log
from shuttergate.system import confine
from shuttergate.system.landlock import Right
from shuttergate.words import LANGUAGES, clauses

STOP_S = 2
"""Viewers have so long to leave; without a limit one of them would keep the server for ever."""

STALLED_MS = 15_000
"""A viewer whose kernel took nothing for so long is gone."""

SEND_BUFFER_BYTES = 256 * 1024


def listen(port: int, lan: bool, asked_by: str = "page.port") -> socket.socket:
    """Return a listening socket, for this computer alone or for the local network too.

    Raises `ConfigError` where the port cannot be had; ``asked_by``: the option or setting with it.
    """
    host = "0.0.0.0" if lan else "127.0.0.1"
    sock = socket.socket()
    # Connections inherit these: what a stalled viewer holds is bounded, and not for long.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ConfigError(
            "{asked_by}: {port} cannot be had ({cause}); choose another",
            asked_by=asked_by,
            port=port,
            cause=cause_of(error),
        ) from error
    return sock


def addresses(sock: socket.socket) -> list[str]:
    """Return the page's addresses, this computer's own name for it first."""
    host, port = sock.getsockname()
    found = [f"http://127.0.0.1:{port}/"]
    if host == "0.0.0.0":
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it tells which address would be used
            found.append(f"http://{probe.getsockname()[0]}:{port}/")
    return found


def settings(app: ASGIApp) -> uvicorn.Config:
    """Return how requests are read and answered; the fuzzer is given the same."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws=Viewing,
        ws_max_size=1024,
        ws_per_message_deflate=False,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=16 * 1024,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=STOP_S,
    )


def serve(
    config: Config,
    kit: Path,
    sock: socket.socket,
    lan: bool,
    log_to: int,
    lan_may: LanMay = LanMay.LOOK,
) -> None:
    """Serve what the kit whose socket is at `kit` shows a page, until SIGTERM or SIGINT.

    ``log_to``: a descriptor. ``lan_may``: what other devices may do on a simulated kit. Gives up
    for good what a page does not need; before it, no thread may have been started. Raises
    `ShuttergateError` where that cannot be.
    """

    urls = addresses(sock)
    _confine()
    out = log.Writer(log_to)
    access = Access(lan, lan_may=lan_may)
    greeting: dict[str, Any] = {
        "token": access.token,
        "lan_may": lan_may,
        "contact": config.page.contact,
        "clauses": {language: clauses(language) for language in LANGUAGES},
    }
    hub = Hub(greeting)

    say = _in_words if os.isatty(log_to) else log.line

    def tell(event: str, **fields: Any) -> None:
        out.write(say(event, **fields) + "\n")

    besides = [Invitation(access, hub, urls[-1], tell).mind] if lan else []
    app = build(hub, StatusClient(kit, hub), access, PictureJudge(config), *besides)
    server = uvicorn.Server(settings(app))
    quiet()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes them only while it runs; one that comes before must not be lost. What it
        # took it raises again when it has ended, which does nothing then.
        signal.signal(number, server.handle_exit)
    tell("page", addresses=urls)
    server.run(sockets=[sock])
    out.close()


def _in_words(event: str, **fields: Any) -> str:
    """Return what the log says as JSON as people read it: on a terminal somebody sits before it."""
    match event:
        case "page":
            said = _("  the page: {address}").strip()
            return "\n".join(said.format(address=one) for one in fields["addresses"])
        case "pairing code":
            code = f"{fields['code'][:4]} {fields['code'][4:]}"
            return _("pairing code, for other devices: {code}").format(code=code)
        case "wrong pairing codes":
            return _("wrong pairing codes typed: {count}").format(**fields)
    return log.line(event, **fields)


def _confine() -> None:
    confine.no_dumps()
    confine.no_peeking()
    # The child that judges says there that it may go first where memory is short.
    confine.enter_room({Path("/proc"): Right.WRITE})
    confine.no_files(devices=True)
    confine.only_local()
