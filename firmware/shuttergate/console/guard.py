"""What stands before every answer: who asks, and the headers that keep a browser in its room."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shuttergate.console.access import Access, came_directly, same_origin
from shuttergate.console.views import VIEWS
from shuttergate.errors import Phrase, phrase
from shuttergate.words import LANGUAGES

OPEN_PATHS = frozenset({"/pair", "/style.css", "/js/pair.js", "/js/words.js", "/icon.svg"})
"""What a page needs to ask for the pairing code; nothing of the kit is in it."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


def refusal(asked: HTTPConnection, words: Phrase, status: int) -> Response:
    """Return a refusal in the first language that the browser asks for, of those spoken here."""
    wished = [one.strip()[:2] for one in asked.headers.get("accept-language", "").split(",")]
    language = next((one for one in wished if one in LANGUAGES), "en")
    return PlainTextResponse(words.told(language) + "\n", status)


class Guard:
    """Wraps the app: nothing in it is reached by whoever `access` does not know."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, or answer 403 (a foreign name or origin) or with the pairing page."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_headed(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(HTTPConnection(scope), scope["type"] == "websocket")
        await (refusal or self._app)(scope, receive, send_headed)

    def _refusal(self, asked: HTTPConnection, is_socket: bool) -> Response | None:
        access = self._access
        if not came_directly(asked):
            words = phrase(
                "A proxy stands before this page, and none may: the page could not tell you from "
                "somebody at the kit itself. Use shuttergate console --lan and its code, or "
                "ssh -L 8080:127.0.0.1:8080."
            )
            return refusal(asked, words, 403)
        if not access.knows_host(asked):
            words = phrase(
                "This address is not the kit's own. Call it by the one that its log shows."
            )
            return refusal(asked, words, 403)
        if is_socket and not same_origin(asked):
            return refusal(asked, phrase("Only the kit's own page may listen."), 403)
        path = asked.scope["path"]  # not asked.url, which is put together from what was said
        if path in OPEN_PATHS or access.may_look(asked):
            return None
        if path in VIEWS:
            return RedirectResponse("/pair", 303)
        return refusal(asked, phrase("Pair first: open /pair and type the code."), 401)
