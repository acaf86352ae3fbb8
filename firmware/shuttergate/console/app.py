"""The page's routes: its views, one socket that feeds them, and the few things they may ask."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from shuttergate import companion, feed
from shuttergate.capture.album import VIDEO
from shuttergate.console import thumbnails
from shuttergate.console.access import (
    COOKIE,
    Access,
    LanMay,
    Pace,
    TooManyTries,
    is_local,
    same_origin,
)
from shuttergate.console.asking import MAX_WORDS_BYTES, NotGiven, body_of, changing, decoded
from shuttergate.console.film import Film
from shuttergate.console.guard import Guard, refusal
from shuttergate.console.hub import Hub, Viewer
from shuttergate.console.invitation import Invitation
from shuttergate.console.judge import MAX_PICTURE_BYTES, MAX_WAITING, PictureJudge
from shuttergate.console.ledgers import Ledgers, given_by
from shuttergate.console.lessons import Lessons
from shuttergate.console.metrics import exposition
from shuttergate.console.notebook import Notebook
from shuttergate.console.status_client import StatusClient
from shuttergate.console.views import VIEWS, read_views
from shuttergate.errors import Busy, JudgeError, phrase

WISHES, WISH_AGAIN_S = 8, 0.25
"""So many wishes are taken at once from one other device, and one more every so often: a press and
its release twice a second."""

ALL_WISHES, ALL_AGAIN_S = 12, 1 / 12
"""The same from all of them: the kit hears 20 a second, and whoever sits at it must be heard."""

SIGN_S = 0.5
"""A page hears something this often: one that hears nothing says that it has lost the kit."""


class _Console:
    def __init__(
        self,
        hub: Hub,
        status: StatusClient,
        access: Access,
        judge: PictureJudge,
        invitation: Invitation | None,
        lessons: Lessons,
    ) -> None:
        self._invitation = invitation
        self._lessons = lessons
        self._hub = hub
        self._status = status
        self._access = access
        self._judge = judge
        self._pages = read_views()
        self._small: dict[str, bytes] = {}
        self._finger_is_down = False
        self._judging = 0
        self._paces = Pace(WISHES, WISH_AGAIN_S), Pace(ALL_WISHES, ALL_AGAIN_S)

    async def file(self, request: Request) -> Response:
        """One of our own files; whatever was not read at the start is not there."""
        path = request.scope["path"]
        found = self._pages.get(VIEWS.get(path, path.removeprefix("/")))
        if found is None:
            return refusal(request, phrase("There is no such page."), 404)
        kind, content = found
        return Response(content, media_type=kind)

    async def watch(self, socket: WebSocket) -> None:
        """Tell one viewer everything, until it leaves."""
        if self._hub.is_full_for(is_local(socket)):
            words = phrase("Too many are looking. Close a page elsewhere.")
            await socket.send_denial_response(refusal(socket, words, 503))
            return
        await socket.accept()
        with self._hub.viewer(is_local(socket)) as viewer:
            tasks = [
                asyncio.create_task(work) for work in (self._tell(socket, viewer), _listen(socket))
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if self._finger_is_down and not self._hub.viewers:
            self._finger_is_down = False
            self._status.wish(feed.Finger(False))  # whoever held the button down is gone

    async def _tell(self, socket: WebSocket, viewer: Viewer) -> None:
        until_s = self._access.may_look_until(socket)
        while not self._access.is_over(until_s):
            texts, picture = self._hub.news(viewer)
            for text in texts:
                await socket.send_text(text.decode())
            if picture:
                await socket.send_bytes(picture)
            try:
                await asyncio.wait_for(viewer.news.wait(), SIGN_S)
            except TimeoutError:
                await socket.send_text("{}")
        await socket.close(1008)  # it asks for the code again

    async def photo(self, request: Request) -> Response:
        """A photo that was published, whole or (``?small``) small; or a video, never small."""
        name = request.path_params["name"]
        descriptor = self._hub.photos.get(name)
        is_video, is_small = name.endswith(VIDEO), "small" in request.query_params
        if descriptor is None or (is_video and is_small):
            self._small.pop(name, None)
            return refusal(request, phrase("That photo is not to be had here."), 404)
        if is_video:
            return Film(descriptor)
        if not is_small:
            photo = await asyncio.to_thread(thumbnails.read, os.dup(descriptor))
        elif name in self._small:
            photo = self._small[name]
        else:
            photo = await asyncio.to_thread(thumbnails.small, os.dup(descriptor))
            self._small[name] = photo
            for gone in self._small.keys() - set(self._hub.photos.names):
                del self._small[gone]
        return Response(photo, media_type="image/jpeg")

    async def press(self, request: Request) -> Response:
        """Press or release the simulated button; the wiring still decides."""
        return await self._wish(request, feed.Finger, LanMay.PRESS)

    async def fault(self, request: Request) -> Response:
        """Break something, or mend it, on a simulated board."""
        return await self._wish(request, companion.SwitchFault, LanMay.BREAK)

    async def kill(self, request: Request) -> Response:
        """End a process, on a simulated board."""
        return await self._wish(request, companion.Kill, LanMay.BREAK)

    async def bring(self, request: Request) -> Response:
        """Bring something before the camera of the built-in room."""
        return await self._wish(request, companion.Bring, LanMay.PRESS)

    async def _wish(self, request: Request, kind: type[Any], needed: LanMay) -> Response:
        body = await changing(self._access, request, MAX_WORDS_BYTES)
        if not self._access.may_do(request, needed):
            words = phrase(
                "The presenter has not allowed that from other devices (--lan-may {needed}).",
                needed=needed,
            )
            raise NotGiven(403, words)
        if self._hub.kit is None or not self._hub.kit.simulated:
            words = phrase("Only a simulated kit can be pressed or broken from a page.")
            raise NotGiven(409, words)
        wish = decoded(body, kind)
        if self._is_too_much(request, wish):
            raise NotGiven(429, phrase("The kit cannot be heard just now."))
        if len(msgspec.json.encode(wish)) > companion.MAX_WISH_BYTES:  # the kit would hang up on us
            raise NotGiven(413, phrase("That is more than {n} bytes.", n=companion.MAX_WISH_BYTES))
        if not self._status.wish(wish):
            raise NotGiven(503, phrase("The kit cannot be heard just now."))
        if isinstance(wish, feed.Finger):
            self._finger_is_down = wish.down
        return Response(status_code=204)

    def _is_too_much(self, request: Request, wish: companion.Wish) -> bool:
        """Whether others ask so often that nobody else would be heard; a release always is."""
        if is_local(request) or (self._finger_is_down and wish == feed.Finger(False)):
            return False
        address = request.client.host if request.client is not None else ""
        each, all_of_them = self._paces
        return not (each.takes(address) and all_of_them.takes(""))

    async def judge(self, request: Request) -> Response:
        """Judge a person's own picture, in memory; nothing of it is kept."""
        if self._judging > MAX_WAITING:  # before a byte of it is taken
            words = phrase("Other pictures are being judged. Try again in a moment.")
            raise NotGiven(429, words)
        self._judging += 1
        try:
            found = await self._judge.judge(
                await changing(self._access, request, MAX_PICTURE_BYTES)
            )
        except JudgeError as error:
            raise NotGiven(429 if isinstance(error, Busy) else 503, error.phrase) from error
        finally:
            self._judging -= 1
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def pair(self, request: Request) -> Response:
        """Take a pairing code; the right one gives a session."""
        if not same_origin(request):
            raise NotGiven(403, phrase("Only the kit's own page may pair."))
        body = await body_of(request, MAX_WORDS_BYTES)
        address = request.client.host if request.client is not None else ""
        try:
            cookie = self._access.pair(body.decode(errors="replace"), address)
        except TooManyTries:
            words = phrase("Too many wrong codes came. Try again in a minute.")
            raise NotGiven(429, words) from None
        if cookie is None:
            raise NotGiven(403, phrase("That is not the code."))
        response = Response(status_code=204)
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict")
        return response

    async def invite(self, request: Request) -> Response:
        """What lets other devices in, for the page that the presenter shows the room."""
        if not is_local(request):
            raise NotGiven(403, phrase("Only the kit's own screen shows the invitation."))
        if self._invitation is None:
            words = phrase("Nobody else can look in: this page was started without --lan.")
            raise NotGiven(404, words)
        return JSONResponse(self._invitation.drawn())

    async def log(self, request: Request) -> Response:
        """The log as far as it is kept here, as JSON lines."""
        return Response(
            "".join(line + "\n" for line in self._hub.lines),
            media_type="application/jsonl",
            headers={"content-disposition": 'attachment; filename="shuttergate.jsonl"'},
        )

    async def metrics(self, request: Request) -> Response:
        """For Prometheus."""
        kind, text = exposition(self._hub)
        return Response(text, headers={"content-type": kind})

    async def health(self, request: Request) -> Response:
        """Whether the page hears the kit, and whether there is room for one more viewer."""
        is_full = self._hub.is_full_for(is_local(request))
        return JSONResponse({"kit": self._hub.standing is not None, "full": is_full})

    @contextlib.asynccontextmanager
    async def life(self, app: Starlette) -> AsyncIterator[None]:
        """Look at the kit for as long as the server runs."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._status.watch(), self._hub.mind_album(), self._lessons.begin())
        ]
        if self._invitation is not None:
            tasks.append(asyncio.create_task(self._invitation.mind()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._judge.close()


def build(
    hub: Hub,
    status: StatusClient,
    access: Access,
    judge: PictureJudge,
    invitation: Invitation | None = None,
    rules: Sequence[str] = (),
) -> ASGIApp:
    """Return the whole app, guarded.

    ``invitation``: where other devices may come. ``rules``: files of the kit's settings.
    """

    def tell(told: dict[str, Any]) -> None:
        hub.greets(teaching=told)
        judge.teach(notebook.in_force)

    notebook = Notebook(status.wish, tell)
    hub.hears = notebook.hears
    lessons = Lessons(notebook, access, rules)
    ledgers = Ledgers(
        access,
        judge,
        lambda: given_by(notebook),
        lambda: "" if invitation is None else invitation.address,
    )
    console = _Console(hub, status, access, judge, invitation, lessons)

    async def refuse(request: Request, refused: Exception) -> Response:
        assert isinstance(refused, NotGiven)
        return refusal(request, refused.words, refused.status)

    routes = [
        WebSocketRoute("/live", console.watch),
        Route("/press", console.press, methods=["POST"]),
        Route("/fault", console.fault, methods=["POST"]),
        Route("/bring", console.bring, methods=["POST"]),
        Route("/kill", console.kill, methods=["POST"]),
        Route("/judge", console.judge, methods=["POST"]),
        Route("/pair", console.pair, methods=["POST"]),
        *lessons.routes,
        *ledgers.routes,
        Route("/photo/{name}", console.photo),
        Route("/invitation.json", console.invite),
        Route("/log.jsonl", console.log),
        Route("/metrics", console.metrics),
        Route("/health", console.health),
        Route("/{path:path}", console.file),
    ]
    app = Starlette(routes=routes, lifespan=console.life, exception_handlers={NotGiven: refuse})
    return Guard(app, access)


async def _listen(socket: WebSocket) -> None:
    """Wait for the viewer to leave; whatever it says instead ends it too."""
    with contextlib.suppress(WebSocketDisconnect):
        await socket.receive_text()
        await socket.close(1008)
