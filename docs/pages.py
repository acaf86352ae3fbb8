"""Photograph the pages in a real browser, with the demo behind them: page-*.png, stage-*.png.

Run it at the root of the checkout with the project's own Python (`make test` makes it) and Debian's
chromium and fonts-noto-cjk: .venv/bin/python docs/pages.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
PATIENT = DOCS.parent / "tests" / "support" / "patient.toml"
WALL = (1280, 720)
COLOURS = 256
"""Enough for a page, and half of the bytes."""


def take(page: Any, name: str) -> None:
    for mark in ("open", "refused", "closed"):
        if f"-{mark}." in name:  # on a busy machine it may have changed meanwhile
            wait(page, "open" if mark == "open" else "blocked")
    file = DOCS / f"{name}.png"
    page.screenshot(path=str(file))
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size // 1024} kB")


def view(browser: Any, address: str, size: tuple[int, int]) -> Any:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", locale="en-GB"
    )
    page.goto(address)
    return page


def wait(page: Any, mark: str) -> None:
    page.wait_for_selector(f'body[data-mark="{mark}"]', timeout=40_000)


def photograph(url: str) -> None:
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        stages = {
            language: view(browser, f"{url}?lang={language}", WALL) for language in ("en", "ja")
        }
        wait(stages["en"], "open")
        stages["en"].wait_for_timeout(4000)
        for _ in range(2):
            stages["en"].keyboard.down(" ")
            stages["en"].wait_for_timeout(150)
            stages["en"].keyboard.up(" ")
            stages["en"].wait_for_timeout(3000)
            wait(stages["en"], "open")
        for language, stage in stages.items():
            take(stage, f"page-open.{language}")
        for language, stage in stages.items():
            wait(stage, "blocked")
            stage.wait_for_timeout(700)
            take(stage, f"page-closed.{language}")
        walls = {
            language: view(browser, f"{url}stage?lang={language}", WALL)
            for language in ("en", "ja")
        }
        walls["en"].keyboard.press("2")
        wait(walls["en"], "open")
        walls["en"].wait_for_timeout(4000)
        walls["en"].keyboard.press("PageDown")
        walls["en"].wait_for_timeout(8000)
        for language, wall in walls.items():
            take(wall, f"stage-open.{language}")
        walls["en"].keyboard.press("3")
        for language, wall in walls.items():
            wait(wall, "blocked")
            wall.wait_for_timeout(1500)
            take(wall, f"stage-refused.{language}")
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as album:
        demo = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "demo", "--port", "0", "--album", album]
            + ["--config", str(PATIENT)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert demo.stdout is not None
        for line in demo.stdout:
            said = json.loads(line)
            if said["event"] == "page":
                photograph(said["addresses"][0])
                break
        demo.terminate()
        demo.wait(10)


if __name__ == "__main__":
    main()
