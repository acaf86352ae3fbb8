"""How a room's phones come to the page, by a scan and a tap or by a code; who shows the code."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shuttergate.print import qr
from support.browsing import (
    Demo,
    assert_no_violations,
    becomes,
    browser_only,
    comes,
    views,
)


@pytest.fixture
def lan_demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    """One that other devices may come to; a parameter is what they may do, else by default."""
    may = ["--lan-may", request.param] if hasattr(request, "param") else []
    Image.new("RGB", (640, 480), (30, 60, 160)).save(tmp_path / "blue.png")
    one = Demo(tmp_path, "--scene", str(tmp_path / "blue.png"), "--lan", *may)
    yield one
    one.close()


@pytest.fixture
def page(browser: Any, lan_demo: Demo) -> Iterator[Callable[..., Any]]:
    """Open views of the demo; what the browser complains of fails the test."""
    with views(browser, lan_demo) as show:
        yield show


class Guest:
    """Another device: whoever comes by an address of the network is no more to the kit."""

    def __init__(self, demo: Demo) -> None:
        (self.url,) = demo.others[:1]


@browser_only
def test_a_phone_joins_with_one_tap_after_the_scan(
    lan_demo: Demo, page: Callable[..., Any]
) -> None:
    link = f"pair?lang=ja#{lan_demo.code}"
    assert "参加する" in page(link, of=Guest(lan_demo)).inner_text("button")

    phone = page(f"pair#{lan_demo.code}", (390, 844), of=Guest(lan_demo))
    assert phone.input_value("#code") == f"{lan_demo.code[:4]} {lan_demo.code[4:]}"
    assert "The code came along" in phone.inner_text("#ask")
    assert phone.url.endswith("/pair"), "neither history nor a shared address has the code"
    assert_no_violations(phone)
    phone.click("button")
    becomes(phone, "open")
    assert phone.locator("#shutter").is_hidden(), "others look, and no more, unless told"

    # The presenter kills the page's process: who was let in stays in.
    assert phone.evaluate("document.cookie") == ""
    phone.evaluate("window.same = true")
    page(of=lan_demo).evaluate(
        """() => import("/js/live.js").then(({ ask, kit }) => new Promise((done) => {
          const watch = setInterval(() => {
            if (!kit.token) return;
            clearInterval(watch);
            ask("/kill", { type: "kill", process: "console" }).then(done, done);
          }, 100);
        })).then(() => null)"""
    )
    becomes(phone, "off")
    becomes(phone, "open")
    assert phone.evaluate("window.same"), "it did not even have to load again"
    page.complaints.clear()  # type: ignore[attr-defined]  # of pages that lost their server


@browser_only
@pytest.mark.parametrize("lan_demo", ["press"], indirect=True)
def test_without_a_link_the_page_says_where_the_code_is(
    lan_demo: Demo, page: Callable[..., Any]
) -> None:
    phone = page("", (390, 844), of=Guest(lan_demo))
    assert phone.url.endswith("/pair")
    assert "on the terminal" in phone.inner_text("#ask")
    assert "on the wall" in phone.inner_text("#ask")
    phone.keyboard.type(lan_demo.code)
    phone.keyboard.press("Enter")
    becomes(phone, "open")
    assert comes(phone.locator("#shutter").is_visible)


@browser_only
def test_the_kits_own_screen_shows_the_code_and_no_phone_does(
    lan_demo: Demo, page: Callable[..., Any]
) -> None:
    wall = page("stage", (1920, 1080), of=lan_demo)
    becomes(wall, "open")
    wall.keyboard.press("q")
    drawn = wall.locator(".invite svg")
    drawn.wait_for()
    told = wall.inner_text("dialog")
    assert lan_demo.code in told.replace(" ", "")
    assert lan_demo.others[0] in told
    assert "look on, and no more" in told
    assert_no_violations(wall)
    modules = qr.modules(f"{lan_demo.others[0]}pair#{lan_demo.code}")
    picture = Image.open(io.BytesIO(drawn.screenshot())).convert("L")
    side = picture.width / len(modules)
    middles = [int((place + 0.5) * side) for place in range(len(modules))]
    assert [[picture.getpixel((x, y)) < 128 for x in middles] for y in middles] == modules
    wall.keyboard.press("q")
    assert comes(lambda: wall.locator("dialog").count() == 0)

    phone = page(f"pair#{lan_demo.code}", of=Guest(lan_demo))
    phone.click("button")
    becomes(phone, "open")
    phone.goto(phone.url + "stage")
    becomes(phone, "open")
    phone.keyboard.press("q")
    phone.wait_for_timeout(500)
    assert phone.locator("dialog").count() == 0, "the wall invites, and no guest"
    assert phone.locator("[data-prop]:visible").count() == 0
    assert phone.is_disabled("#shutter")
    page.complaints.clear()  # type: ignore[attr-defined]
