"""The page's server on a terminal, where somebody reads it: words instead of JSON, and any port."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from shuttergate.companion import Role
from shuttergate.parent.seats import Door, is_lived_in
from shuttergate.print import qr
from support.kits import slow_kit, wait_until
from support.screen import dark_modules


@pytest.mark.parametrize(
    ("language", "page", "code", "none"),
    [
        ("en", "the page: ", "and type the pairing code:", "No kit of this user is running. Start"),
        ("ja", "画面：", "ペアリングコードを入力：", "このユーザーのキットは動いていません。"),
    ],
)
def test_address_and_code_are_words_and_a_port_that_is_taken_is_no_hindrance(
    tmp_path: Path, language: str, page: str, code: str, none: str
) -> None:
    """Beside a demo, whose page has the usual port, a second page for phones; and without a kit."""
    ours, theirs = pty.openpty()
    text = ""
    with socket.create_server(("127.0.0.1", 0)) as demo:
        usual = demo.getsockname()[1]
        config = tmp_path / "kit.toml"
        config.write_text(f"[page]\nport = {usual}\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "console", "--lan", "--config", str(config)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                **os.environ,
                "LANGUAGE": language,
                "LANG": "C.UTF-8",
                "COLUMNS": "80",
                "XDG_RUNTIME_DIR": str(tmp_path),
            },
        )
        os.close(theirs)
        os.set_blocking(ours, False)

        def says(pattern: str) -> bool:
            nonlocal text
            with contextlib.suppress(OSError):  # nothing yet, or nobody any more
                text += os.read(ours, 65536).decode()
            return re.search(pattern, text) is not None

        try:
            own = rf"{page}http://127\.0\.0\.1:\d+/"
            for line in (code, r"  \d{4} \d{4}\r\n", own, re.escape(none)):
                assert wait_until(lambda: says(line), 20), text  # noqa: B023
        finally:
            process.terminate()
            process.wait(10)
            os.close(ours)
    ports = re.findall(rf"{page}http://127\.0\.0\.1:(\d+)/", text)
    assert len(ports) == 1 and int(ports[0]) != usual, text
    assert "{" not in text
    (digits,) = re.findall(r"  (\d{4} \d{4})\r\n", text)
    addresses = re.findall(r"http://(?!127)[\d.]+:\d+/", text)
    assert {address.split(":")[2].strip("/") for address in addresses} == set(ports)
    rows = qr.modules(f"{addresses[0]}pair#{digits.replace(' ', '')}")
    assert dark_modules(text)[:-1] == rows


def test_a_demo_is_what_a_page_of_its_own_shows(tmp_path: Path) -> None:
    """README's way to show a demo to phones, until it is gone; two demos do not part a page."""
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "LANGUAGE": "en"}
    command = [sys.executable, "-m", "shuttergate"]
    with contextlib.ExitStack() as stack:

        def started(*words: str) -> subprocess.Popen[str]:
            one = subprocess.Popen(
                [*command, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env=env,
            )
            stack.enter_context(one)
            stack.callback(one.terminate)
            return one

        def is_up() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as said:
                return b"\nshuttergate_up 1.0" in said.read()

        demos = [started("demo", "--port", "0", "--album", str(tmp_path / "album"))]
        place = tmp_path / "shuttergate-console.sock"
        assert wait_until(place.is_socket, 20)
        first = place.readlink()
        demos.append(started("demo", "--port", "0", "--album", str(tmp_path / "other")))
        page = started("console", "--port", "0")
        assert page.stdout is not None
        port = int(json.loads(page.stdout.readline())["addresses"][0].rsplit(":", 1)[1].strip("/"))
        assert wait_until(is_up, 30)
        assert place.readlink() == first
        demos[1].terminate()
        demos[1].wait(20)
        assert place.is_socket()
        demos[0].terminate()
        demos[0].wait(20)
        assert wait_until(lambda: not is_up(), 20)
        assert not place.is_symlink()


@pytest.mark.parametrize(("first", "second"), [("run", "run"), ("demo", "run"), ("run", "demo")])
def test_a_second_kit_leaves_the_first_ones_page_alone(
    tmp_path: Path, first: str, second: str
) -> None:
    """Two live processes of one user: the page of the first goes on, and the second says so."""
    config = tmp_path / "kit.toml"
    config.write_text(f'[album]\nfolder = "{tmp_path}/album"\n')
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "LANGUAGE": "en"}
    place = tmp_path / "shuttergate-console.sock"
    ways = {
        "run": ["run", "--board", slow_kit(tmp_path)[1], "--config", str(config)],
        "demo": ["demo", "--port", "0", *slow_kit(tmp_path), "--album", str(tmp_path / "album")],
    }
    with contextlib.ExitStack() as stack:

        def started(*words: str) -> subprocess.Popen[str]:
            one = subprocess.Popen(
                [sys.executable, "-m", "shuttergate", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=env,
            )
            stack.enter_context(one)
            stack.callback(one.terminate)
            return one

        def events(kit: subprocess.Popen[str], last: str) -> list[str]:
            assert kit.stdout is not None
            said: list[str] = []
            while last not in said:
                said.append(json.loads(kit.stdout.readline())["event"])
            return said

        one = started(*ways[first])
        assert wait_until(place.exists, 20)
        own = place.stat().st_ino
        other = started(*ways[second])
        if second == "run":
            _, said = other.communicate(timeout=20)
            assert other.returncode == 1
            assert said.startswith("shuttergate: ") and "Traceback" not in said
            assert "a kit of this user is running already; stop that one first" in said
            assert "RUNTIME_DIRECTORY=" in said
        else:
            assert "another kit is running" in events(other, "page")
            other.terminate()
            other.wait(20)
        assert place.stat().st_ino == own
        page = started("console", "--port", "0")
        assert page.stdout is not None
        url = json.loads(page.stdout.readline())["addresses"][0]

        def is_up() -> bool:
            with urllib.request.urlopen(f"{url}metrics", timeout=10) as said:
                return b"\nshuttergate_up 1.0" in said.read()

        assert wait_until(is_up, 30)
        one.terminate()
        one.wait(20)
        assert not place.is_symlink() and not place.exists()


def test_what_a_dead_kit_left_behind_is_no_kit(tmp_path: Path) -> None:
    left = tmp_path / "shuttergate-console.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(str(left))
    assert not is_lived_in(left) and not is_lived_in(tmp_path / "none")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as slow:
        path = str(tmp_path / "slow.sock")
        slow.bind(path)
        slow.listen(0)
        waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(path)
        assert is_lived_in(Path(path)), "a kit that has many before its door lives, too"
        for one in waiting:
            one.close()
    Door(Role.PAGE, left).close()
    assert not left.exists()
