"""A demo as people start it, and pages of a kit in a real browser, whose complaints fail a test."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from support import needs
from support.kits import slow_kit, wait_until

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

needs.module("playwright").or_skip()
needs.module("axe_playwright_python", "axe-playwright-python").or_skip()
playwright = importlib.import_module("playwright.sync_api")
Axe = importlib.import_module("axe_playwright_python.sync_playwright").Axe
browser_only = needs.program("chromium", str(CHROMIUM)).mark


class Served(Protocol):
    """Whatever has a page at `url`."""

    url: str


class Demo:
    """The demo with its page, as people start it; ``options`` as on the command line.

    ``settings``: sections of its settings.
    """

    def __init__(self, folder: Path, *options: str, settings: str = "") -> None:
        self.album = folder / "album"
        self.code = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "demo", "--port", "0"]
            + ["--album", str(self.album), *options, *slow_kit(folder, settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        while True:
            line = self.process.stdout.readline()
            assert line, self.process.stderr and self.process.stderr.read()
            said = json.loads(line)
            if said["event"] == "pairing code":
                self.code = said["code"]
            if said["event"] == "page":
                self.url, *self.others = said["addresses"]
                return

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(10) == 0
        finally:
            self.process.kill()
            self.process.communicate()


@contextmanager
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        one = engine.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield one
        one.close()


@contextmanager
def views(browser: Any, kit: Served) -> Iterator[Callable[..., Any]]:
    """Give what opens a view; what the browser complains of, or asks elsewhere, fails the block."""
    complaints: list[str] = []
    contexts = []

    def complain(text: str) -> None:
        # Of pages that came without TLS, as to other devices.
        if not text.startswith("The Cross-Origin-Opener-Policy header has been ignored"):
            complaints.append(text)

    def show(
        path: str = "", size: tuple[int, int] = (1280, 720), of: Served = kit, **options: Any
    ) -> Any:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            base_url=of.url,
            locale="en-GB",
            **options,
        )
        contexts.append(context)
        one = context.new_page()
        one.on("pageerror", lambda error: complaints.append(str(error)))
        one.on("console", lambda said: said.type == "error" and complain(said.text))
        one.on(
            "request",
            lambda asked: (
                asked.url.startswith((of.url, "blob:", f"ws{of.url[4:]}"))
                or complaints.append(f"asks elsewhere: {asked.url}")
            ),
        )
        one.goto(of.url + path)
        return one

    show.complaints = complaints  # type: ignore[attr-defined]
    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def comes(true: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """Wait as `becomes` does: a browser on a busy machine takes its time."""
    return wait_until(true, timeout_s)


def becomes(page: Any, mark: str, timeout_s: float = 15.0) -> None:
    page.wait_for_selector(f'body[data-mark="{mark}"]', timeout=timeout_s * 1000)


def assert_no_violations(page: Any) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
