"""The page's server on a terminal, where somebody reads it: words instead of JSON, and any port."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import socket
import subprocess
import sys
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
