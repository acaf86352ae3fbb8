"""Are you sure? On the page, in a real browser: what is asked, the way out first, what a yes is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from shuttergate.config import Config, GateSettings, PageSettings, PolicySettings
from shuttergate.voice.spoken import Spoken, Tongue
from support.browsing import assert_no_violations, browser_only, comes, views
from support.kits import takes
from support.staged import Staged
from support.star import PLACE
from whole.test_stage import OUTSIDE, SIZES
from whole.test_voice_page import LISTEN, heard

CONTACT = "Ask at the desk."


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    config = Config(
        gate=GateSettings(clear_frames=3, hold_off_s=0.5, max_age_ms=2000),
        page=PageSettings(contact=CONTACT),
        policy=PolicySettings(rules=[str(PLACE / "star.rule")], ask=True, answer_s=60.0),
    )
    with Image.open(PLACE / "star.jpg") as star:
        one = Staged(tmp_path_factory.mktemp("kit"), {"star": star}, config)
    yield one
    one.close()


@pytest.fixture
def page(browser: Any, kit: Staged) -> Iterator[Callable[..., Any]]:
    with views(browser, kit) as show:
        yield show


def mark(view: Any) -> str:
    found: str = view.locator("body").get_attribute("data-mark")
    return found


def tap(view: Any) -> None:
    view.keyboard.down("Space")
    view.wait_for_timeout(400)
    view.keyboard.up("Space")


def asked(view: Any) -> None:
    """Press until the kit asks.

    A question that still stands, from a test before, is answered first: a short press is a no. A
    press that comes before enough frames were clear but for the rule is refused, and no more.
    """
    assert comes(lambda: mark(view) in ("ask", "blocked"), 30), view.inner_text("#title")
    if mark(view) == "ask":
        tap(view)
    for _ in range(6):
        if comes(lambda: mark(view) == "blocked", 20):
            view.wait_for_timeout(1000)
            tap(view)
        if comes(lambda: mark(view) == "ask", 5):
            return
    pytest.fail(f"nobody was asked: {view.inner_text('#title')}")


@browser_only
@pytest.mark.parametrize(
    ("language", "question", "way_out", "yes"),
    [
        ("en", "Are you sure?", "Do nothing, and no picture is taken.", "hold the shutter for 3 "),
        (
            "ja",
            "ほんとにいいの？",
            "何もしなければ、写真は撮られません",
            "シャッターを3秒間押し続けて",
        ),
    ],
)
def test_the_question_says_how_to_leave_it_then_how_to_say_yes_then_whom_to_talk_to(
    page: Callable[..., Any], language: str, question: str, way_out: str, yes: str
) -> None:
    view = page(f"?lang={language}")
    asked(view)
    assert view.inner_text("#title") == question
    assert comes(lambda: view.locator("#asked").is_visible())
    why = view.inner_text("#why")
    assert 0 <= why.index(way_out) < why.index(yes)
    assert view.inner_text("#contact") == CONTACT
    heard = view.locator("#spoken").text_content()
    assert heard.startswith(question) and heard.endswith(CONTACT)
    assert_no_violations(view)


@browser_only
@pytest.mark.parametrize("language", ["en", "ja"])
def test_on_the_wall_the_question_is_the_word_and_nothing_is_cut_off(
    page: Callable[..., Any], language: str
) -> None:
    view = page(f"stage?lang={language}")
    asked(view)
    assert view.inner_text("#title") == {"en": "ARE YOU SURE?", "ja": "ほんとにいいの？"}[language]
    assert view.inner_text("#why").endswith(CONTACT)
    for width, height in SIZES:
        view.set_viewport_size({"width": width, "height": height})
        view.wait_for_timeout(100)
        assert view.get_attribute("body", "data-mark") == "ask"
        assert view.evaluate(OUTSIDE) == [], (width, height)


@browser_only
def test_held_on_the_page_for_three_seconds_it_is_one_photo(
    page: Callable[..., Any], kit: Staged
) -> None:
    view = page("")
    before = len(list(kit.album.glob("*.jpg")))
    for _ in takes(3):
        asked(view)
        view.hover("#shutter")
        view.mouse.down()
        held = comes(lambda: view.locator("#asked").get_attribute("data-held") == "true", 5)
        taken = held and comes(lambda: len(list(kit.album.glob("*.jpg"))) > before, 10)
        view.mouse.up()
        if taken:
            break
    assert len(list(kit.album.glob("*.jpg"))) == before + 1
    assert comes(lambda: view.locator("#asked").is_hidden())


@browser_only
def test_a_page_that_speaks_puts_the_question_aloud(page: Callable[..., Any]) -> None:
    view = page("")
    view.evaluate(LISTEN)
    view.click("#voice")
    for _ in takes(3):
        asked(view)
        if comes(lambda: Spoken.ASKED in heard(view, Tongue.EN), 8):
            break
    assert Spoken.ASKED in heard(view, Tongue.EN)
