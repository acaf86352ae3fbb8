"""The console's server from outside: what it gives, to whom, and what it bears."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shuttergate import companion, feed, viewfinder
from shuttergate.console.access import LanMay
from shuttergate.console.app import WISH_AGAIN_S, WISHES
from shuttergate.console.film import ANSWER_BYTES
from shuttergate.console.hub import AT_THE_KIT, MAX_VIEWERS
from shuttergate.console.invitation import Invite
from shuttergate.console.judge import MAX_WAITING
from shuttergate.console.protocol import PATIENCE_S
from shuttergate.console.server import settings
from shuttergate.parent.children import memory_mb
from shuttergate.words import clauses
from support import needs
from support.kits import wait_until
from support.looking import KIT, Looking, standing

JPEG = b"\xff\xd8 not a real one \xff\xd9"


class Console:
    """A console in a process of its own, and the kit it looks at."""

    def __init__(
        self, folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "shuttergate")
    ) -> None:
        self.folder = folder
        path = folder / "window.sock"
        self.scratch = folder / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.kit = Looking(path)
        self.process = subprocess.Popen(
            [sys.executable, *program, "console", "--port", "0"]
            + ["--window", str(path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self.scratch)},
        )
        self.said: list[dict[str, Any]] = []
        assert self.process.stdout is not None
        while not self.said or self.said[-1]["event"] != "page":
            self.said.append(json.loads(self.process.stdout.readline()))
        self.port = int(self.said[-1]["addresses"][0].split(":")[2].strip("/"))
        self.kit.welcome()
        assert wait_until(lambda: json.loads(self.get("/health")[2])["kit"])

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Make one request; header names with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, told)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.ask("GET", path, **headers)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def look(self, **options: Any) -> ClientConnection:
        """Connect as a page does."""
        return connect(
            f"ws://127.0.0.1:{self.port}/live", origin=options.pop("origin", self.origin), **options
        )

    def own(self, page: ClientConnection) -> dict[str, str]:
        """The headers of a request from our own page."""
        return {"X_Shuttergate_Token": hear(page)["token"], "Origin": self.origin}

    def open_files(self) -> int:
        folder = Path(f"/proc/{self.process.pid}/fd")
        needs.root(os.access(folder, os.R_OK), "looking at what a console has open").or_skip()
        return len(list(folder.iterdir()))

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()
            self.kit.close()
            for pipe in (self.process.stdout, self.process.stderr):
                assert pipe is not None
                pipe.close()


def hear(page: ClientConnection, timeout_s: float = 5.0) -> dict[str, Any]:
    """The page's next message; pictures before it are dropped."""
    while isinstance(message := page.recv(timeout_s), bytes):
        pass
    found: dict[str, Any] = json.loads(message)
    return found


def hear_until(page: ClientConnection, key: str) -> dict[str, Any]:
    while key not in (news := hear(page)):
        pass
    return news


def see(page: ClientConnection, timeout_s: float = 5.0) -> bytes:
    """The page's next picture."""
    while isinstance(message := page.recv(timeout_s), str):
        pass
    return message


def while_it_lasts(page: ClientConnection) -> None:
    """Hear what comes, for as long as nobody hangs up; a page that is kept hears two a second."""
    for _ in range(60):
        page.recv(5)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    one = Console(tmp_path_factory.mktemp("console"))
    yield one
    one.close()


@pytest.fixture
def again(console: Console) -> Iterator[Console]:
    """The same console, open again after the test whatever the test showed it."""
    yield console
    console.kit.show(standing(True))


# What it gives


@pytest.mark.parametrize("path", ["/", "/bench", "/explain", "/demands", "/ledger", "/pair"])
def test_every_view_comes_with_headers_that_keep_it_in_its_room(
    console: Console, path: str
) -> None:
    status, headers, body = console.get(path)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "trusted-types 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert b"style=" not in body and not re.search(rb"<script(?![^>]*\bsrc=)", body)


def test_a_page_is_told_all_there_is_and_then_what_is_new(again: Console) -> None:
    with again.look() as page:
        whole = hear(page)
        assert whole["kit"]["live"] == json.loads(msgspec.json.encode(KIT.live))
        assert whole["standing"]["status"]["open"] is True
        assert whole["token"] and whole["photos"] == []
        assert whole["clauses"] == {language: clauses(language) for language in ("en", "ja")}
        again.kit.show(standing(False))
        news = hear_until(page, "standing")
        assert news["standing"]["status"]["reason"] == "nudity"
        line = '{"time":"2026-11-22T00:00:00.000Z","event":"hello"}'
        again.kit.show(companion.Happened(line, feed.AlbumReady()))
        (happened,) = hear_until(page, "events")["events"]
        assert happened["line"] == json.loads(line) and happened["kind"] == "album ready"
        again.kit.picture(viewfinder.Seen(5, False, "nudity", {"a": 0.5, "b": 0.25}))
        assert hear_until(page, "seen")["seen"] == [[5, False, "nudity", [0.5, 0.25]]]


def test_a_picture_is_for_an_open_gate_only(again: Console) -> None:
    cells = bytes(range(108)) * 3
    with again.look() as page:
        again.kit.picture(viewfinder.Picture(1, JPEG))
        assert see(page) == b"P" + JPEG
        again.kit.show(standing(False))
        hear_until(page, "standing")
        with again.look() as late, pytest.raises(TimeoutError):
            see(late, 0.3)  # nor does it see what was cleared before it came
        again.kit.picture(viewfinder.Picture(2, JPEG))
        again.kit.picture(viewfinder.Mosaic(3, 12, 9, cells))
        assert see(page) == b"M\x0c\x09" + cells
    with again.look() as late:
        assert see(late)[:1] == b"M", "who comes while it is closed sees no earlier picture"


def test_photos_are_those_that_were_published(again: Console) -> None:
    name = "20261122T010203.004Z.jpg"
    with again.look() as page:
        whole = again.kit.photo(again.folder, name)
        while hear_until(page, "photos")["photos"] != [name]:
            pass
    status, headers, body = again.get(f"/photo/{name}")
    assert (status, headers["content-type"], body) == (200, "image/jpeg", whole)
    status, _, small = again.get(f"/photo/{name}?small")
    assert status == 200 and len(small) < len(whole)
    assert again.get("/photo/20261122T010203.005Z.jpg")[0] == 404


@pytest.mark.parametrize("way", ["deleted", "moved away", "renamed", "only its other name left"])
def test_a_photo_that_was_taken_out_of_the_album_is_gone_from_the_page_too(
    again: Console, way: str
) -> None:
    name = f"20261122T010203.{len(way):03}Z.jpg"
    again.kit.photo(again.folder, name)
    photo, trash = again.folder / name, again.folder / "trash"
    trash.mkdir(exist_ok=True)
    assert wait_until(lambda: again.get(f"/photo/{name}?small")[0] == 200)
    match way:
        case "deleted":
            photo.unlink()
        case "moved away":
            photo.rename(trash / name)
        case "renamed":
            photo.rename(photo.with_name("mine.jpg"))
        case _:
            (trash / f"other-{name}").hardlink_to(photo)
            photo.unlink()
    assert again.get(f"/photo/{name}?small")[0] == again.get(f"/photo/{name}")[0] == 404
    with again.look() as page:
        assert name not in hear_until(page, "photos")["photos"]


def test_a_page_is_told_when_a_photo_was_taken_out_of_the_album(again: Console) -> None:
    """Whoever is in it need not wait for the next one, or for a page to be loaded anew."""
    names = ["20261122T000102.123Z.jpg", "20261122T000103.123Z.jpg"]
    with again.look() as page:
        for name in names:
            again.kit.photo(again.folder, name)
        while hear_until(page, "photos")["photos"][-2:] != names:
            pass
        (again.folder / names[0]).unlink()
        assert hear_until(page, "photos")["photos"][-1:] == names[1:]
        (again.folder / names[1]).unlink()
        assert names[1] not in hear_until(page, "photos")["photos"]


def test_no_browser_keeps_a_photo(again: Console) -> None:
    name = "20261122T010203.007Z.jpg"
    again.kit.photo(again.folder, name)
    for path in (f"/photo/{name}", f"/photo/{name}?small"):
        assert wait_until(lambda path=path: again.get(path)[0] == 200)  # type: ignore[misc]
        assert again.get(path)[1]["cache-control"] == "no-store"


VIDEO = bytes(range(256)) * 4096 * 3  # three of the answers to a range without an end


def show_video(console: Console, name: str, content: bytes = VIDEO) -> str:
    """Publish a file that a player would not take; return its path on the page."""
    (console.folder / name).write_bytes(content)
    console.kit.hand(console.folder / name)
    path = f"/photo/{name}"
    assert wait_until(lambda: console.ask("HEAD", path)[0] == 200)
    return path


@pytest.fixture(scope="module")
def video(console: Console) -> str:
    return show_video(console, "20261122T020304.005Z.mp4")


def test_a_video_is_given_whole_to_whoever_asks_for_all_of_it(console: Console, video: str) -> None:
    status, headers, body = console.get(video)
    assert (status, headers["content-type"], body) == (200, "video/mp4", VIDEO)
    assert headers["accept-ranges"] == "bytes"
    assert "media-src 'self'" in headers["content-security-policy"]
    status, headers, body = console.ask("HEAD", video)
    assert (status, headers["content-length"], body) == (200, str(len(VIDEO)), b"")
    assert console.get(f"{video}?small")[0] == 404
    assert console.get(video, Range="seconds=1-2")[2] == VIDEO, "a unit that nobody knows"
    assert console.get(video, Range="bytes=1-2", If_Range='"v1"')[2] == VIDEO


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("0-0", 0, 1), ("0-1", 0, 2), ("5-99999", 5, 100_000), ("-7", len(VIDEO) - 7, len(VIDEO)),
        ("-99999999", 0, len(VIDEO)), (f"100-{2**63 - 1}", 100, len(VIDEO)),
        ("0-", 0, ANSWER_BYTES), ("3000000-", 3_000_000, len(VIDEO)), (" 5-6", 5, 7),
    ],
)  # fmt: skip
def test_a_part_of_a_video_is_given(
    console: Console, video: str, asked: str, begin: int, end: int
) -> None:
    status, headers, body = console.get(video, Range=f"bytes={asked}")
    assert status == 206
    assert headers["content-range"] == f"bytes {begin}-{end - 1}/{len(VIDEO)}"
    assert (headers["content-length"], body) == (str(end - begin), VIDEO[begin:end])


@pytest.mark.parametrize(
    "asked",
    [
        "", "-", "-0", "5-4", f"{len(VIDEO)}-", "9" * 18 + "-", "9" * 30 + "-", "0-1,5-6", "0-1-2",
        "a-b", "--1", "+1-2", "1_0-2", "0x1-2", "1.5-2", "\xb2-", ",".join(["0-"] * 1000),
    ],
)  # fmt: skip
def test_a_part_that_is_not_to_be_had_is_refused(console: Console, video: str, asked: str) -> None:
    status, headers, body = console.get(video, Range=f"bytes={asked}")
    assert (status, body) == (416, b"")
    assert headers["content-range"] == f"bytes */{len(VIDEO)}"


def test_a_video_that_is_on_its_way_arrives_whatever_becomes_of_it(again: Console) -> None:
    path = show_video(again, "20261122T020304.006Z.mp4", VIDEO * 4)
    with slow_reader(again, path) as sock:
        start = sock.recv(4096)
        for number in range(companion.PHOTOS_KEPT):
            again.kit.photo(again.folder, f"20261122T020305.{number:03}Z.jpg")
        (again.folder / path.rpartition("/")[2]).unlink()
        assert wait_until(lambda: again.get(path)[0] == 404)
        while more := sock.recv(1 << 20):
            start += more
    assert start.partition(b"\r\n\r\n")[2] == VIDEO * 4


def test_a_video_that_was_deleted_is_gone_from_the_page_too(again: Console) -> None:
    path = show_video(again, "20261122T020304.007Z.mp4")
    (again.folder / path.rpartition("/")[2]).unlink()
    assert again.get(path)[0] == again.get(path, Range="bytes=0-1")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../console/app.py", "/..%2fapp.py", "/js/../../app.py", "/js/%2e%2e/%2e%2e/app.py",
        "//etc/passwd", "/photo/../../../etc/passwd", "/photo/..%2f..%2fetc%2fpasswd",
        "/photo/%2fetc%2fpasswd", "/js", "/js/", "/pages/", "/.git/config", "/stage.html%00.js",
    ],
)  # fmt: skip
def test_nothing_else_is_there(console: Console, path: str) -> None:
    status, headers, body = console.get(path)
    assert status == 404
    assert b"import" not in body and b"root:" not in body
    assert "content-security-policy" in headers


@pytest.mark.parametrize(
    "header",
    [
        *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"),
        *("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Ray"),
        *("X-Original-URL", "Fly-Client-IP"),
    ],
)
def test_nobody_comes_through_a_proxy(console: Console, header: str) -> None:
    for path in ("/", "/log.jsonl", "/metrics", "/photo/x.jpg", "/pair", "/style.css"):
        status, _, body = console.get(path, **{header: "203.0.113.9"})
        assert status == 403 and body.startswith(b"A proxy stands before this page")
    with pytest.raises(InvalidStatus), console.look(additional_headers={header: "203.0.113.9"}):
        pass


def test_what_a_proxy_says_of_an_address_never_gets_into_its_place() -> None:
    """Not even before the guard looks at it: uvicorn would believe who comes from this computer."""
    came: list[tuple[str, int]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        came.append(scope["client"])

    served = settings(app)
    served.load()
    said = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    asked = {"type": "http", "scheme": "http", "client": ("127.0.0.1", 9), "headers": said}
    asyncio.run(served.loaded_app(asked, None, None))
    assert came == [("127.0.0.1", 9)]


def test_nor_by_a_protocol_that_no_browser_speaks(console: Console) -> None:
    with socket.create_connection(("127.0.0.1", console.port)) as sock:
        sock.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{console.port}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sock.recv(4096), b""))
    assert b" 403 " in answer.splitlines()[0] and b"A proxy stands before" in answer


def test_a_browsers_own_headers_are_no_proxys(console: Console) -> None:
    usual = {"Upgrade-Insecure-Requests": "1", "X-Requested-With": "x", "Client-Hints": "x"}
    assert console.get("/", **usual, DNT="1", Priority="u=0", TE="trailers")[0] == 200


def test_the_log_is_json_lines(again: Console) -> None:
    line = '{"time":"2026-11-22T00:00:00.000Z","event":"marked"}'
    again.kit.show(companion.Happened(line, feed.AlbumReady()))
    assert wait_until(lambda: b"marked" in again.get("/log.jsonl")[2])
    _, headers, body = again.get("/log.jsonl")
    assert headers["content-disposition"] == 'attachment; filename="shuttergate.jsonl"'
    assert all("event" in json.loads(line) for line in body.splitlines())


def test_figures_are_as_prometheus_reads_them(console: Console) -> None:
    status, headers, body = console.get("/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert found["shuttergate_up",] == found["shuttergate_gate_open",] == 1
    assert found["shuttergate_frames_total", "clear"] == 90
    assert found["shuttergate_presses_refused_total", "nudity"] == 2
    assert found["shuttergate_verdict_seconds_bucket", "0.02"] == 7
    assert found["shuttergate_verdict_seconds_count",] == 8
    assert found["shuttergate_verdict_seconds_sum",] == 0.1
    assert found["shuttergate_build_info", "simulated", "0"] == 1
    assert found["shuttergate_videos_total",] == 3
    assert found["shuttergate_videos_lost_total", "no frame"] == 4
    assert found["shuttergate_questions_total",] == 3
    assert found["shuttergate_questions_yes_total",] == 1
    assert found["shuttergate_recording",] == 0
    assert not any("score" in name for name, *_ in found)


# What may be asked


def test_a_press_reaches_the_contact(console: Console) -> None:
    with console.look() as page:
        own = console.own(page)
        assert console.ask("POST", "/press", b'{"down":true}', **own)[0] == 204
        assert console.kit.wish() == feed.Finger(True)
        assert console.ask("POST", "/fault", b'{"name":"disk full","on":true}', **own)[0] == 204
        assert console.kit.wish() == companion.SwitchFault("disk full", True)
        assert console.ask("POST", "/kill", b'{"process":"gate"}', **own)[0] == 204
        assert console.kit.wish() == companion.Kill("gate")
    assert console.kit.wish() == feed.Finger(False), "the last page to leave lets go"


def test_whatever_changes_anything_must_come_from_our_page(console: Console) -> None:
    with console.look() as page:
        own = console.own(page)
        foreign = [
            {},
            {"Origin": console.origin},
            {"X_Shuttergate_Token": own["X_Shuttergate_Token"]},
            own | {"Origin": "http://evil.example"},
            own | {"Origin": "null"},
            own | {"X_Shuttergate_Token": "guessed"},
        ]
        for path in ("/press", "/fault", "/kill", "/judge"):
            for headers in foreign:
                assert console.ask("POST", path, b'{"down":true}', **headers)[0] == 403
            assert console.get(path)[0] in (404, 405)
        assert console.kit.nothing_wished()
        for body in (
            b"",
            b"[]",
            b"[" * 900,
            b'{"down":"\xff"}',
            b'{"down":"yes"}',
            b'{"type":"kill","process":"gate"}',
            b"\xff",
        ):
            assert console.ask("POST", "/press", body, **own)[0] == 400
        assert console.ask("POST", "/press", b" " * 2000, **own)[0] == 413


def test_a_wish_that_the_kit_would_not_bear_is_not_passed_on(console: Console) -> None:
    """The kit hangs up on whoever says more, and then every page has lost it."""
    with console.look() as page:
        own = console.own(page)
        for path, name in (("/bring", "prop"), ("/kill", "process")):
            long = json.dumps({name: "x" * companion.MAX_WISH_BYTES})
            assert console.ask("POST", path, long.encode(), **own)[0] == 413
        assert console.kit.nothing_wished()


def test_a_real_button_cannot_be_pressed_from_a_page(again: Console) -> None:
    again.kit.show(companion.Kit("0", "pi-cpu", {"en": "", "ja": ""}, False, {}))
    with again.look() as page:
        own = again.own(page)
        for path, body in (
            ("/press", b'{"down":true}'),
            ("/fault", b'{"name":"disk full","on":true}'),
            ("/kill", b'{"process":"gate"}'),
        ):
            assert again.ask("POST", path, body, **own)[0] == 409
    assert again.kit.nothing_wished()
    again.kit.show(KIT)


def test_a_persons_own_picture_is_judged_and_kept_nowhere(console: Console) -> None:
    before = set(Path("/tmp").iterdir())
    with console.look() as page:
        own = console.own(page)
        picture = console.folder / "own.png"
        Image.new("RGB", (640, 480), (30, 60, 160)).save(picture)
        status, _, body = console.ask("POST", "/judge", picture.read_bytes(), **own)
        found = json.loads(body)
        assert (status, found["live"]["verdict"], found["look"]["verdict"]) == (
            200, "CLEAR", "CLEAR",
        )  # fmt: skip
        status, _, body = console.ask("POST", "/judge", b"no picture", **own)
        assert json.loads(body)["cause"] == "not a picture"
        assert console.ask("POST", "/judge", bytes(17 * 1024 * 1024), **own)[0] == 413
    assert list(console.scratch.iterdir()) == []
    new = set(Path("/tmp").iterdir()) - before  # other programs' as well
    assert [path for path in new if holds(path, picture.read_bytes())] == []


def holds(path: Path, data: bytes) -> bool:
    """Whether a file, or one in a folder, has these bytes in it."""
    with contextlib.suppress(OSError):  # its owner has just taken it away
        if path.is_dir():
            return any(holds(one, data) for one in path.iterdir())
        return path.is_file() and data in path.read_bytes()
    return False


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "192.168.1.5", "", "evil.local", "0.0.0.0",
        "x/style.css?.local", "127.0.0.1/", "127.0.0.1@evil.example", "localhost.", "127.0.0.1:x",
    ],
)  # fmt: skip
def test_a_foreign_name_is_sent_away(console: Console, host: str) -> None:
    # DNS rebinding: a foreign site's name that leads here.
    assert console.get("/", Host=host)[0] in (400, 403)
    with pytest.raises(InvalidStatus), console.look(origin="http://evil.example"):
        pass


def test_a_viewer_has_nothing_to_say(console: Console) -> None:
    with console.look() as page:
        page.send("anything")
        with pytest.raises(ConnectionClosed):
            while_it_lasts(page)


# From elsewhere


def test_from_elsewhere_a_code_is_asked_for(tmp_path: Path) -> None:
    one = Console(tmp_path, "--lan")
    code = next(line["code"] for line in one.said if line["event"] == "pairing code")
    _, there = one.said[-1]["addresses"]
    address = there.split("/")[2]
    host = address.split(":")[0]
    try:
        assert re.fullmatch(r"\d{8}", code)

        def ask(method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any]:
            connection = http.client.HTTPConnection(host, one.port, timeout=10)
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status, answer.headers

        for path in ("/", "/bench", "/explain", "/demands", "/ledger"):
            status, headers = ask("GET", path)
            assert (status, headers["Location"]) == (303, "/pair")
        for path in (
            "/log.jsonl",
            "/metrics",
            "/photo/x",
            "/js/stage.js",
            "/health",
            "/demands.json",
            "/ledger/packs.json",
            "/ledger/search.json?q=x",
            "/ledger/opt-out.csv?package=anny",
            "/ledger/receipt.json?word=blue%20heron",
        ):
            assert ask("GET", path)[0] == 401
        assert ask("GET", "/invitation.json")[0] == 401
        assert ask("GET", "/pair")[0] == ask("GET", "/js/words.js")[0] == 200
        origin = f"http://{address}"
        with (
            pytest.raises(InvalidStatus, match="401"),
            connect(f"ws://{address}/live", origin=origin),
        ):
            pass
        for foreign in ("evil.example", "evil.local", "127.0.0.1", "localhost", "10.9.9.9"):
            assert ask("GET", "/pair", Host=foreign)[0] == 403
        assert ask("GET", "/log.jsonl", Host="x/style.css?.local")[0] == 403
        assert ask("POST", "/pair", code, Origin="http://evil.example")[0] == 403
        assert ask("POST", "/pair", code)[0] == 403
        wrong = "00000000" if code != "00000000" else "00000001"
        assert ask("POST", "/pair", wrong, Origin=origin)[0] == 403
        assert ask("POST", "/pair", code, Origin=origin)[0] == 403, "guessing has to wait"
        time.sleep(1.1)
        status, headers = ask("POST", "/pair", f"{code[:4]} {code[4:]}", Origin=origin)
        cookie = headers["Set-Cookie"]
        assert status == 204 and "HttpOnly" in cookie and "SameSite=strict" in cookie
        session = cookie.split(";")[0]
        assert ask("GET", "/", Cookie=session)[0] == 200
        with connect(
            f"ws://{address}/live", origin=origin, additional_headers={"Cookie": session}
        ) as page:
            whole = hear(page)
            told = json.dumps(whole)
            assert code not in told and f"{code[:4]} {code[4:]}" not in told, "nobody hands it on"
        assert ask("GET", "/", Cookie="shuttergate=guessed")[0] == 303
        assert one.get("/")[0] == 200, "on the kit itself nobody types a code"
        assert ask("GET", "/invitation.json", Cookie=session)[0] == 403, "nor invites others"
        status, _, told = one.get("/invitation.json")
        assert status == 200
        assert json.loads(told) == Invite([f"http://{address}/"], code, LanMay.LOOK).drawn()
    finally:
        one.close()


def test_where_nobody_else_may_come_there_is_no_invitation(console: Console) -> None:
    status, _, said = console.get("/invitation.json")
    assert status == 404 and b"--lan" in said


@pytest.mark.parametrize("may", LanMay)
def test_from_elsewhere_one_does_what_the_presenter_lets_one(tmp_path: Path, may: str) -> None:
    one = Console(tmp_path, "--lan", "--lan-may", may)
    code = next(line["code"] for line in one.said if line["event"] == "pairing code")
    address = one.said[-1]["addresses"][1].split("/")[2]

    def asked(path: str, body: str, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("POST", path, body, {"Origin": f"http://{address}", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.headers

    try:
        session = asked("/pair", code)[1]["Set-Cookie"].split(";")[0]
        headers = {"Cookie": session}
        origin = f"http://{address}"
        with connect(f"ws://{address}/live", origin=origin, additional_headers=headers) as page:
            whole = hear_until(page, "kit")
        assert (whole["lan_may"], whole["here"]) == (may, False)
        own = {**headers, "X-Shuttergate-Token": whole["token"]}
        wishes = [
            ("press", "/press", '{"type":"finger","down":true}'),
            ("press", "/bring", '{"type":"bring","prop":"card"}'),
            ("break", "/fault", '{"type":"fault","fault":"camera","on":true}'),
        ]
        for wish, *asking in wishes:
            is_let = list(LanMay).index(LanMay(wish)) <= list(LanMay).index(LanMay(may))
            assert (asked(*asking, **own)[0] == 403) is not is_let
        with one.look() as page:  # at the kit itself
            whole = hear_until(page, "token")
            own = {"X_Shuttergate_Token": whole["token"], "Origin": one.origin}
            assert whole["here"]
            assert one.ask("POST", "/press", b"", **own)[0] == 400  # no wish, but heard
    finally:
        one.close()


def test_a_flood_of_wishes_from_elsewhere_leaves_room_for_the_kits_own_page(
    tmp_path: Path,
) -> None:
    """The kit hears 20 a second: what came before would have to be heard first."""
    one = Console(tmp_path, "--lan", "--lan-may", "press")
    code = next(line["code"] for line in one.said if line["event"] == "pairing code")
    address = one.said[-1]["addresses"][1].split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=10)

    def asked(path: str, body: str, **headers: str) -> tuple[int, Any]:
        connection.request("POST", path, body, {"Origin": f"http://{address}", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers

    try:
        headers = {"Cookie": asked("/pair", code)[1]["Set-Cookie"].split(";")[0]}
        origin = f"http://{address}"
        with connect(f"ws://{address}/live", origin=origin, additional_headers=headers) as page:
            own = {**headers, "X-Shuttergate-Token": hear_until(page, "kit")["token"]}
            assert asked("/press", '{"down":true}', **own)[0] == 204
            began_s = time.monotonic()
            said = [asked("/bring", '{"prop":"card"}', **own)[0] for _ in range(100)]
            assert set(said) == {204, 429}
            let = said.count(204)
            assert let <= WISHES + (time.monotonic() - began_s) / WISH_AGAIN_S
            assert asked("/press", '{"down":false}', **own)[0] == 204, "a finger can be lifted"
            with one.look() as wall:
                asking = one.own(wall)
                for down in (b"true", b"false") * 10:
                    body = b'{"down":%b}' % down
                    assert one.ask("POST", "/press", body, **asking)[0] == 204
        wishes = [one.kit.wish() for _ in range(1 + let + 1 + 20)]
        assert wishes[0] == wishes[-2] == feed.Finger(True)
        assert wishes[let + 1] == wishes[-1] == feed.Finger(False)
    finally:
        connection.close()
        one.close()


def test_a_room_full_of_viewers_leaves_the_kits_own_wall_its_place(tmp_path: Path) -> None:
    one = Console(tmp_path, "--lan")
    code = next(line["code"] for line in one.said if line["event"] == "pairing code")
    address = one.said[-1]["addresses"][1].split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(MAX_VIEWERS - AT_THE_KIT):
                stack.enter_context(one.look())
            connection.request("POST", "/pair", code, {"Origin": f"http://{address}"})
            session = connection.getresponse().headers["Set-Cookie"].split(";")[0]
            asking: dict[str, Any] = {"origin": f"http://{address}"}
            asking["additional_headers"] = {"Cookie": session}
            with (
                pytest.raises(InvalidStatus, match="503"),
                connect(f"ws://{address}/live", **asking),
            ):
                pass
            with one.look() as wall:
                assert hear(wall)["kit"]
            assert json.loads(one.get("/health")[2]) == {"kit": True, "full": False}
    finally:
        connection.close()
        one.close()


SHORT = """
import sys
from shuttergate.console import access
access.SESSION_S = 3.0
from shuttergate.cli import app
app(sys.argv[1:])
"""


def test_whose_session_has_ended_is_shown_no_more(tmp_path: Path) -> None:
    """Also on a page that was open before: else it would be told the next code as well."""
    one = Console(tmp_path, "--lan", program=("-c", SHORT))
    code = next(line["code"] for line in one.said if line["event"] == "pairing code")
    address = one.said[-1]["addresses"][1].split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("POST", "/pair", code, {"Origin": f"http://{address}"})
        session = connection.getresponse().headers["Set-Cookie"].split(";")[0]
        asking: dict[str, Any] = {"origin": f"http://{address}", "ping_interval": None}
        asking["additional_headers"] = {"Cookie": session}
        with one.look() as wall, connect(f"ws://{address}/live", **asking) as phone:
            assert hear(phone)["kit"]
            with pytest.raises(ConnectionClosed, match="1008"):
                while_it_lasts(phone)
            assert isinstance(wall.recv(5), str)
        with pytest.raises(InvalidStatus, match="401"), connect(f"ws://{address}/live", **asking):
            pass
    finally:
        connection.close()
        one.close()


EARLY = """
import os, signal, sys, uvicorn
from shuttergate.cli import app
run = uvicorn.Server.run
def just_before(server, sockets):
    os.kill(os.getpid(), int(sys.argv[1]))
    run(server, sockets=sockets)
uvicorn.Server.run = just_before
app(["console", "--port", "0", "--window", "none"])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_before_it_serves_ends_it_too(number: int, tmp_path: Path) -> None:
    """Its log tells where it is to be found by then, and whoever reads that may end it."""
    command = [sys.executable, "-B", "-c", EARLY, str(int(number))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert b'"event":"page"' in done.stdout
    assert (done.returncode, done.stderr) == (0, b"")


def test_its_log_goes_into_a_file_too(tmp_path: Path) -> None:
    """It may write no file itself, and said nothing at all where its output was one."""
    path = tmp_path / "log"
    with path.open("wb") as out:
        command = [sys.executable, "-m", "shuttergate", "console", "--port", "0", "--lan"]
        process = subprocess.Popen([*command, "--window", str(tmp_path / "none")], stdout=out)
    try:
        assert wait_until(lambda: '"event":"page"' in path.read_text(), 30)
        assert '"event":"pairing code"' in path.read_text()
    finally:
        process.terminate()
        assert process.wait(10) == 0


# What it bears


def test_too_many_viewers_are_told_so(console: Console) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_VIEWERS):
            stack.enter_context(console.look())
        with pytest.raises(InvalidStatus, match="503"), console.look():
            pass
    assert wait_until(lambda: looks(console))


def slow_reader(console: Console, path: str) -> socket.socket:
    """Ask for `path`, and read nothing yet."""
    sock = socket.create_connection(("127.0.0.1", console.port), timeout=20)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\nConnection: close\r\n\r\n"
    sock.sendall(head.encode())
    return sock


def looks(console: Console) -> bool:
    try:
        with console.look():
            return True
    except InvalidStatus:
        return False


def test_stalled_viewers_cost_little_and_hold_nobody_up(again: Console) -> None:
    picture = os.urandom(60_000)
    stalled: list[socket.socket] = []
    before_mb = memory_mb(again.process.pid)
    for _ in range(MAX_VIEWERS - 1):
        sock = socket.create_connection(("127.0.0.1", again.port))
        stalled.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(
            b"GET /live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: %s\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            % (again.port, again.origin.encode())
        )
        assert sock.recv(12) == b"HTTP/1.1 101"
    with again.look() as page:
        for number in range(200):
            again.kit.picture(viewfinder.Picture(number, picture))
            time.sleep(0.005)
        while see(page) != b"P" + picture:
            pass
        again.kit.show(standing(False))
        began_s = time.monotonic()
        while hear_until(page, "standing")["standing"]["status"]["open"]:
            pass
        assert time.monotonic() - began_s < 1
        # A frame and the write buffer each, at most; it is not the 760 MB that were to be sent.
        assert memory_mb(again.process.pid) - before_mb < 30
    for sock in stalled:
        sock.close()


def test_slow_readers_of_a_long_video_cost_little(again: Console) -> None:
    file = again.folder / "20261122T020304.008Z.mp4"
    with file.open("wb") as empty:
        empty.truncate(500_000_000)
    again.kit.hand(file)
    path = f"/photo/{file.name}"
    assert wait_until(lambda: again.ask("HEAD", path)[0] == 200)
    before_mb, before = memory_mb(again.process.pid), again.open_files()
    with contextlib.ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(slow_reader(again, path))
        assert wait_until(lambda: again.open_files() > before + 280), "a socket and a file each"
        assert len(again.get(path, Range="bytes=400000000-400999999")[2]) == 1_000_000
        assert memory_mb(again.process.pid) - before_mb < 60
    assert wait_until(lambda: again.open_files() < before + 20), "who leaves lets go of the file"


@pytest.mark.parametrize("path", ["/judge", "/ledger/picture"])
def test_pictures_that_are_not_judged_are_not_taken_either(console: Console, path: str) -> None:
    with console.look() as page:
        own = console.own(page)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\n"
            f"Origin: {console.origin}\r\nX-Shuttergate-Token: {own['X_Shuttergate_Token']}\r\n"
            "Content-Length: 10000000\r\n\r\n"
        )
        socks = []
        for _ in range(MAX_WAITING + 1):
            sock = socket.create_connection(("127.0.0.1", console.port))
            sock.sendall(head.encode() + bytes(1000))
            socks.append(sock)
        assert wait_until(lambda: console.ask("POST", path, b"x", **own)[0] == 429)
        for sock in socks:
            sock.close()
        assert wait_until(lambda: console.ask("POST", path, b"x", **own)[0] == 200)


def test_who_pings_is_hung_up_on(console: Console) -> None:
    with console.look() as page:
        hear(page)
        page.ping()
        with pytest.raises(ConnectionClosed):
            while_it_lasts(page)


def test_whoever_dawdles_over_a_request_is_hung_up_on(console: Console) -> None:
    socks = [socket.create_connection(("127.0.0.1", console.port)) for _ in range(20)]
    for sock in socks:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        sock.settimeout(2 * PATIENCE_S + 2)
    assert console.get("/health")[0] == 200
    began_s = time.monotonic()
    for sock in socks:
        with contextlib.suppress(ConnectionError):
            assert sock.recv(100) == b""
        sock.close()
    assert time.monotonic() - began_s < 2 * PATIENCE_S + 2


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x00\xff\xfe" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
    ],
    ids=["long header", "two lengths", "two hosts", "no HTTP", "unknown version"],
)
def test_what_is_no_request_is_refused(console: Console, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", console.port)) as sock:
        sock.settimeout(5)
        with contextlib.suppress(ConnectionError):
            sock.sendall(request_)
            answer = sock.recv(100)
            assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403"))
    assert console.get("/health")[0] == 200


def test_it_comes_back_when_the_kit_does(tmp_path: Path) -> None:
    one = Console(tmp_path)
    try:
        with one.look() as page:
            hear(page)
            one.kit.leave()
            assert hear_until(page, "standing")["standing"] is None
            one.kit.welcome()
            while not hear_until(page, "standing")["standing"]:
                pass
            dawdler = socket.create_connection(("127.0.0.1", one.port))
            dawdler.sendall(
                b"POST /pair HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: %s\r\n"
                b"Content-Length: 6\r\n\r\n12" % (one.port, one.origin.encode())
            )
            assert one.get("/health")[0] == 200  # by then the one before is at work
            one.process.send_signal(signal.SIGTERM)
            began_s = time.monotonic()
            assert one.process.wait(10) == 0
            assert time.monotonic() - began_s < 5, "nobody must keep it from ending"
            dawdler.close()
        assert one.process.stderr is not None
        assert b"Traceback" not in one.process.stderr.read()
    finally:
        one.close()


def test_what_comes_without_its_open_file_is_passed_over(tmp_path: Path) -> None:
    """As a console gets it that can hold no more of them: what comes after it is heard."""
    one = Console(tmp_path)
    try:
        with one.look() as page:
            hear_until(page, "token")
            one.kit.show(companion.AlbumFile("20261122T010203.004Z.jpg"))
            one.kit.show(companion.ViewSocket())
            one.kit.picture(viewfinder.Picture(1, JPEG))
            assert see(page) == b"P" + JPEG, "its way for pictures is as it was"
            one.kit.show(standing(False))
            assert hear_until(page, "standing")["standing"]["status"]["open"] is False
        one.process.terminate()
        assert one.process.stderr is not None and one.process.stderr.read() == b""
    finally:
        one.close()


@pytest.mark.parametrize("by", ["--port", "page.port"])
def test_a_port_that_is_taken_is_named_by_what_asked_for_it(
    console: Console, tmp_path: Path, by: str
) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(f"[page]\nport = {console.port}\n")
    asked = [by, str(console.port)] if by == "--port" else ["--config", str(config)]
    done = subprocess.run(
        [sys.executable, "-m", "shuttergate", "console", *asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"shuttergate: {by}: {console.port} cannot be had")
