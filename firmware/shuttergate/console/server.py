"""Runs the page's server on a socket that is already bound."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from shuttergate.config import Config
from shuttergate.console.access import Access, Codes, LanMay, is_own_name
from shuttergate.console.app import build
from shuttergate.console.hub import Hub
from shuttergate.console.invitation import Invitation, Invite
from shuttergate.console.judge import PictureJudge
from shuttergate.console.leaflet import leaflet
from shuttergate.console.protocol import Protocol, Viewing, quiet
from shuttergate.console.status_client import StatusClient
from shuttergate.errors import ConfigError, cause_of
from shuttergate.lang import _
from shuttergate.parent import log
from shuttergate.system import confine, interfaces
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
            "{asked_by}: {port} cannot be had ({cause}); stop what has it, perhaps another kit, or "
            "choose another",
            asked_by=asked_by,
            port=port,
            cause=cause_of(error),
        ) from error
    return sock


def own_address(sock: socket.socket, lan_at: str = "") -> str:
    """Return the page's address on this computer itself; of a container, on the one around it."""
    is_around = is_own_name(lan_at.partition(":")[0])
    return f"http://{lan_at if is_around else f'127.0.0.1:{sock.getsockname()[1]}'}/"


def others_addresses(sock: socket.socket, lan_at: str = "") -> list[str]:
    """Return the page's addresses for other devices, the likeliest first; ``lan_at`` as set."""
    host, port = sock.getsockname()
    if host != "0.0.0.0":
        return []
    if lan_at:
        return [f"http://{lan_at}/"]
    return [f"http://{one}:{port}/" for one in interfaces.reachable(sock)]


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
    codes: Codes | None = None,
) -> None:
    """Serve what the kit whose socket is at `kit` shows a page, until SIGTERM or SIGINT.

    ``log_to``: a descriptor. ``lan_may``: what other devices may do on a simulated kit, and
    ``codes`` what lets them in; else new ones. Gives up for good what a page does not need; before
    it, no thread may have been started. Raises `ShuttergateError` where that cannot be.
    """

    _confine()
    out = log.Writer(log_to)
    access = Access(lan, lan_may=lan_may, codes=codes, lan_at=config.page.lan_at)
    greeting: dict[str, Any] = {
        "token": access.token,
        "lan_may": lan_may,
        "contact": config.page.contact,
        "clauses": {language: clauses(language) for language in LANGUAGES},
    }
    hub = Hub(greeting)

    def now() -> Invite:
        return Invite(others_addresses(sock, config.page.lan_at), access.code, lan_may)

    def tell(event: str, **fields: Any) -> None:
        said = _in_words(event, now(), fields) if os.isatty(log_to) else log.line(event, **fields)
        out.write(said + "\n")

    invitation = Invitation(access, hub, now, tell) if lan else None
    client = StatusClient(kit, hub, lambda: tell("no kit"))
    app = build(hub, client, access, PictureJudge(config), invitation, config.policy.rules)
    server = uvicorn.Server(settings(app))
    quiet()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes them only while it runs; one that comes before must not be lost. What it
        # took it raises again when it has ended, which does nothing then.
        signal.signal(number, server.handle_exit)
    own = own_address(sock, config.page.lan_at)
    tell("page", addresses=[*dict.fromkeys((own, *others_addresses(sock, config.page.lan_at)))])
    server.run(sockets=[sock])
    out.close()


def _in_words(event: str, invite: Invite, fields: dict[str, Any]) -> str:
    """Return what the log says as JSON as people read it: on a terminal somebody sits before it."""
    match event:
        case "page":
            return _("  the page: {address}").strip().format(address=fields["addresses"][0])
        case "no kit":
            return _(
                "No kit of this user is running. Start one in another terminal, with `shuttergate "
                "demo` or `shuttergate run`; the page shows it then."
            )
        case "pairing code":
            return leaflet(invite, shutil.get_terminal_size().columns) + "\n"
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
