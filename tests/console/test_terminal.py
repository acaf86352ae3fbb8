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

from support.kits import wait_until


@pytest.mark.parametrize(
    ("language", "page", "code"),
    [
        ("en", "the page: ", "pairing code, for other devices: "),
        ("ja", "画面：", "ペアリングコード（ほかの端末用）："),
    ],
)
def test_address_and_code_are_words_and_a_port_that_is_taken_is_no_hindrance(
    tmp_path: Path, language: str, page: str, code: str
) -> None:
    """README's own way: a demo, whose page has the usual port, and a second page for phones."""
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
            env={**os.environ, "LANGUAGE": language, "LANG": "C.UTF-8"},
        )
        os.close(theirs)
        os.set_blocking(ours, False)

        def says(pattern: str) -> bool:
            nonlocal text
            with contextlib.suppress(OSError):  # nothing yet, or nobody any more
                text += os.read(ours, 65536).decode()
            return re.search(pattern, text) is not None

        try:
            for line in (rf"{code}\d{{4}} \d{{4}}", rf"{page}http://127\.0\.0\.1:\d+/"):
                assert wait_until(lambda: says(line), 20), text  # noqa: B023
        finally:
            process.terminate()
            process.wait(10)
            os.close(ours)
    ports = re.findall(rf"{page}http://127\.0\.0\.1:(\d+)/", text)
    assert len(ports) == 1 and int(ports[0]) != usual, text
    assert "{" not in text


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
