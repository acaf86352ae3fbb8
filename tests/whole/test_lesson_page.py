"""Part two of the lesson on the page: the biased set before the camera, taught, and in force."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.browsing import Demo, becomes, browser_only, comes, views
from test_cli import asked
from test_lesson_two import DUCK, answer, lines

pytestmark = browser_only
PICTURE_S = 3.0
ROUND_S = 12 * PICTURE_S
GLANCE_S = 0.15


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page that teaches, of a demo before the pictures of first/, one after the other."""
    settings = f"[scene]\npicture_s = {PICTURE_S}\n"
    kit = Demo(tmp_path, "--scene", str(DUCK / "first"), settings=settings)
    try:
        with views(browser, kit) as show:
            one = show("teach?lang=en", (1366, 900), accept_downloads=True)
            one.wait_for_selector("#naming:not([hidden])", timeout=30_000)
            becomes(one, "open", 30)
            yield one
    finally:
        kit.close()


def small(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image.convert("RGB").resize((32, 24)), np.float32)


def seen(page: Any, pictures: dict[Path, np.ndarray[Any, Any]]) -> Path | None:
    """Return which of the pictures the viewfinder shows, where it is one for sure."""
    data = page.evaluate("() => document.getElementById('finder').toDataURL('image/png')")
    with Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))) as image:
        shown = small(image)
    apart = sorted((float(np.abs(one - shown).mean()), file) for file, one in pictures.items())
    return apart[0][1] if apart[0][0] < apart[1][0] / 2 else None


def test_the_set_is_taught_on_the_page_and_fails_alike(page: Any, tmp_path: Path) -> None:
    pictures = {}
    for file in sorted((DUCK / "first").rglob("*.jpg")):
        with Image.open(file) as image:
            pictures[file] = small(image)
    page.fill("#name", "duck")
    page.press("#name", "Enter")
    page.wait_for_selector("#sides:not([hidden])")
    rows = page.locator("#examples li")
    left, before = set(pictures), seen(page, pictures)
    for _ in range(round(5 * ROUND_S / GLANCE_S)):
        now = seen(page, pictures)
        if now in left and before not in (now, None):  # it has just come, and stays a while
            page.click(f"#{now.parent.name}:not([disabled])")
            had = len(pictures) - len(left)
            assert comes(lambda had=had: rows.count() == had + 1), page.inner_text("#stands")
            left.discard(now)
        if not left:
            break
        before = now
        page.wait_for_timeout(1000 * GLANCE_S)
    assert not left
    with page.expect_download() as saving:
        page.click("#save")
    saving.value.save_as(tmp_path / "duck.rule")
    kinds = [kind for kind, *_ in lines(asked("rule", "show", tmp_path / "duck.rule").stdout)]
    assert (kinds.count("example"), kinds.count("counter-example")) == (6, 6)
    page.click("#enforce")
    becomes(page, "blocked", 2 * ROUND_S)
    becomes(page, "open", 2 * ROUND_S)

    page.goto(page.url.replace("teach", "explain"))
    page.set_input_files("#files", [str(one) for one in sorted((DUCK / "test").glob("*.jpg"))])
    verdicts = page.locator("#dropped .verdict")
    assert comes(lambda: verdicts.count() == 2 * 18, 90)  # of both looks
    blocked = set()
    for row in page.locator("#dropped li").all():
        if row.locator('[data-clear="false"]').count() == 2:
            blocked |= set(re.findall(r"(?:duck|none)-\d+", row.inner_html()))
    assert blocked == set(re.findall(r"(?:duck|none)-\d+", answer("en", 2)))
