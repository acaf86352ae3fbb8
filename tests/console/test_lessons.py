"""What pages may ask for teaching, by whom, and what is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from shuttergate import companion, feed
from shuttergate.config import Config
from shuttergate.console.access import Access, LanMay
from shuttergate.console.app import build
from shuttergate.console.hub import Hub
from shuttergate.console.judge import PictureJudge
from shuttergate.console.status_client import StatusClient
from shuttergate.policy.pairs import in_japanese, pairs
from shuttergate.policy.rule_file import MAX_BYTES, from_bytes
from shuttergate.rulebook import pack
from support.looking import KIT

OTHERS = "192.168.0.9"


class Kit(StatusClient):
    """A kit whose camera is taught: it gives the numbers of a blue thing and of a grey one."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.wished: list[companion.Wish] = []
        self.taken = 0

    def wish(self, wish: companion.Wish) -> bool:
        self.wished.append(wish)
        if isinstance(wish, feed.TakeExample):
            self.taken += 1
            views = embedding(self.taken)
            answer = companion.ExampleAnswer(wish.number, 1, views)
            asyncio.get_running_loop().call_soon(self.hub.sees, answer, [])
        return True

    async def watch(self) -> None:
        await asyncio.Event().wait()


def embedding(number: int) -> bytes:
    """Return numbers of consent-clean's width: the first five are of one thing, all others not."""
    row = np.abs(np.random.default_rng(number).normal(0, 1, 1280)).astype("<f4")
    row[7 if number <= 5 else 9] += 60
    return row.tobytes()


class Page:
    """The app as a page asks it, from the kit itself or from another device."""

    def __init__(self, lan_may: LanMay = LanMay.LOOK) -> None:
        self.access = Access(True, lan_may=lan_may)
        hub = Hub({})
        self.kit = Kit(hub)
        self.hub = hub
        self.app = build(hub, self.kit, self.access, PictureJudge(Config()))
        embedder = pack("consent-clean").manifest.sha256
        self.known = companion.Kit("0", "simulated", {}, True, {}, live=KIT.live, embedder=embedder)

    async def ask(
        self, path: str, body: Any = None, method: str = "POST", **changes: Any
    ) -> tuple[int, bytes]:
        client = changes.get("client", "127.0.0.1")
        host = b"localhost" if client == "127.0.0.1" else b"192.168.0.1"
        headers = [
            (b"host", host),
            (b"origin", b"http://" + host),
            (b"x-shuttergate-token", changes.get("token", self.access.token).encode()),
            (b"cookie", self._cookie(client)),
        ]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": (client, 5000),
            "server": (host.decode(), 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        said: list[Any] = []
        gives = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def receive() -> Any:
            return next(gives, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        answer = b"".join(one.get("body", b"") for one in said)
        return said[0]["status"], answer

    def _cookie(self, client: str) -> bytes:
        if client == "127.0.0.1":
            return b""
        return f"shuttergate={self.access.pair(self.access.code, client)}".encode()


def play(lesson: Callable[[Page], Awaitable[None]], lan_may: LanMay = LanMay.LOOK) -> Page:
    async def whole() -> Page:
        page = Page(lan_may)
        page.hub.sees(page.known, [])
        await asyncio.wait_for(lesson(page), 60)
        return page

    return asyncio.run(whole())


async def taught(page: Page) -> list[str]:
    """Teach a rule of five examples and five of the other; return their words."""
    assert (await page.ask("/teach/begin", {"name": " my  star "}))[0] == 204
    words = []
    for number in range(10):
        status, answer = await page.ask("/teach/example", {"yes": number < 5})
        assert status == 200
        receipt = json.loads(answer)
        assert receipt["word"] in pairs() and receipt["ja"] == in_japanese(receipt["word"])
        words.append(receipt["word"])
    return words


def test_a_rule_is_taught_put_in_force_kept_and_made_anew() -> None:
    async def lesson(page: Page) -> None:
        words = await taught(page)
        assert (await page.ask("/teach/enforce", {"on": True}))[0] == 204
        enforced = [one for one in page.kit.wished if isinstance(one, feed.Enforce)]
        assert [one.rule.name for one in enforced] == ["my star"]
        status, content = await page.ask("/teach/rule", method="GET")
        assert status == 200 and from_bytes(content, "").words == words
        out = {"name": "my star", "word": in_japanese(words[0])}
        status, answer = await page.ask("/teach/withdraw", out)
        said = json.loads(answer)
        assert status == 200 and set(said["after"]) == set(words) and said["word"] == words[0]
        status, answer = await page.ask("/teach/withdraw", out)
        assert status == 409 and b"has no such contribution" in answer
        status, content = await page.ask("/teach/rule", method="GET")
        assert from_bytes(content, "").words == words[1:]
        assert (await page.ask("/teach/rule", content))[0] == 204
        assert (await page.ask("/teach/enforce", {"on": False}))[0] == 204
        assert page.kit.wished[-1] == feed.Lift("my star")

    play(lesson)


def test_where_no_rule_is_left_that_is_the_answer() -> None:
    async def lesson(page: Page) -> None:
        await page.ask("/teach/begin", {"name": "star"})
        word = json.loads((await page.ask("/teach/example", {"yes": True}))[1])["word"]
        status, answer = await page.ask("/teach/withdraw", {"name": "star", "word": word})
        assert (status, json.loads(answer)) == (200, None)

    play(lesson)


ASKED: list[tuple[str, Any, str]] = [
    ("/teach/begin", {"name": "star"}, "POST"),
    ("/teach/example", {"yes": True}, "POST"),
    ("/teach/enforce", {"on": True}, "POST"),
    ("/teach/withdraw", {"name": "star", "word": "blue heron"}, "POST"),
    ("/teach/rule", b"", "POST"),
    ("/teach/rule", b"", "GET"),
]


@pytest.mark.parametrize("lan_may", LanMay)
def test_from_elsewhere_teaches_whom_the_presenter_lets(lan_may: LanMay) -> None:
    async def lesson(page: Page) -> None:
        for path, body, method in ASKED:
            status, answer = await page.ask(path, body, method, client=OTHERS)
            is_let = lan_may is not LanMay.LOOK
            assert (status == 403) is not is_let, path
            assert is_let or b"--lan-may teach" in answer

    play(lesson, lan_may)


def test_no_foreign_page_teaches() -> None:
    async def lesson(page: Page) -> None:
        for path, body, method in ASKED:
            if method == "POST":
                assert (await page.ask(path, body, token="guessed"))[0] == 403

    play(lesson)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/teach/begin", {"name": "<b>"}, 409),
        ("/teach/begin", {"name": ""}, 409),
        ("/teach/begin", {"name": 7}, 400),
        ("/teach/begin", {"name": "star", "more": 1}, 400),
        ("/teach/begin", {"name": "x" * 2000}, 413),
        ("/teach/begin", b"[" * 1000, 400),
        ("/teach/example", {}, 400),
        ("/teach/example", {"yes": True}, 409),
        ("/teach/enforce", {"on": True}, 409),
        ("/teach/withdraw", {"name": "star", "word": "x"}, 409),
        ("/teach/rule", b"rubbish", 409),
        ("/teach/rule", b"x" * (MAX_BYTES + 1), 413),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(path: str, body: Any, status: int) -> None:
    async def lesson(page: Page) -> None:
        got, answer = await page.ask(path, body)
        assert got == status and answer.endswith(b"\n")

    play(lesson)
