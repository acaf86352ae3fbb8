"""The stage in a real browser: a talk's page, before the built-in room."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from shuttergate.console.views import PAGES
from shuttergate.props import Prop
from shuttergate.verdict import Fault
from support import talk
from support.browsing import (
    Demo,
    assert_no_violations,
    becomes,
    browser_only,
    comes,
    views,
)
from support.japanese import english

WALL = (1920, 1080)
LEAST_PX = 40.0
"""No smaller words stand on a wall of that size."""

SIZES = (WALL, (1366, 768), (390, 844), (844, 390))

READ = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement;
    const isAway = one.closest(".away, .controls, noscript, script");
    if (!node.data.trim() || isAway || !one.checkVisibility()) continue;
    found.push([node.data.trim(), parseFloat(getComputedStyle(one).fontSize)]);
  }
  return found;
}"""

OUTSIDE = """() => {
  const found = [];
  const inner = ["brought", "cause-words", "photos", "bars", "mends"];
  for (const id of ["title", "why", "mark", "shutter", ...inner]) {
    const one = document.getElementById(id);
    if (!one.checkVisibility()) continue;
    const box = one.getBoundingClientRect();
    const hides = getComputedStyle(one).overflow === "hidden";
    const isCut = hides && one.scrollHeight > one.clientHeight + 2;
    if (box.right > innerWidth + 1 || box.left < -1 || isCut) found.push(id);
    if (innerWidth > innerHeight && box.bottom > innerHeight + 1) found.push(`${id} below`);
  }
  const [title, wire] = ["#title", ".wire"].map((one) => document.querySelector(one));
  const range = document.createRange();
  range.selectNodeContents(title);
  const [a, b] = [range.getBoundingClientRect(), wire.getBoundingClientRect()];
  if (a.right > b.left && a.bottom > b.top && a.top < b.bottom) found.push("title over wire");
  return found;
}"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    one = Demo(tmp_path_factory.mktemp("kit"))
    yield one
    one.close()


@pytest.fixture
def stage(browser: Any, kit: Demo) -> Iterator[Callable[..., Any]]:
    with views(browser, kit) as show:

        def open_stage(language: str = "en", size: tuple[int, int] = WALL, **options: Any) -> Any:
            one = show(f"stage?lang={language}", size, **options)
            one.wait_for_selector("body:not([data-mark=off])")
            one.keyboard.press("1")
            becomes(one, "open", 30)
            return one

        open_stage.complaints = show.complaints  # type: ignore[attr-defined]
        yield open_stage


def breaks(page: Any, switch: str, on: bool) -> None:
    page.evaluate(
        "([name, on]) => import('/js/live.js').then(({ ask }) => ask('/fault', { name, on }))",
        [switch, on],
    )


def test_for_each_fault_a_helper_is_told_what_to_do() -> None:
    """Starting and stopping are none: they pass."""
    text = (PAGES / "js" / "words.js").read_text()
    told = re.findall(r'^  "mend\.([^"]+)":', text, re.M)
    others = ["title", "more", "injected"]
    faults = [str(one) for one in Fault if one not in (Fault.STARTING, Fault.STOPPING)]
    assert sorted(told) == sorted([*others, *faults] * 2)


def test_each_prop_has_its_words_and_its_key() -> None:
    text = (PAGES / "js" / "words.js").read_text()
    props = [str(one) for one in Prop]
    assert re.findall(r'^  "prop\.([^"]+)":', text, re.M) == props * 2
    script = (PAGES / "js" / "stage.js").read_text()
    assert f"const PROPS = [{', '.join(f'{chr(34)}{one}{chr(34)}' for one in props)}];" in script


@browser_only
def test_a_clicker_takes_a_photo_and_brings_the_card_and_takes_it_away(
    stage: Callable[..., Any],
) -> None:
    one = stage()
    before = one.locator("#photos li").count()
    one.keyboard.press("PageDown")
    assert comes(lambda: one.locator("#photos li").count() == before + 1)
    assert comes(lambda: "saved" in one.inner_text("#came") or "Photo" in one.inner_text("#came"))
    one.keyboard.press("PageUp")
    becomes(one, "blocked")
    assert one.inner_text("#title") == "REFUSED"
    assert comes(lambda: "In view: the test card" in one.inner_text("#cause"))
    assert one.locator(".cause img").evaluate("one => one.naturalWidth") > 100
    one.keyboard.press("PageDown")
    assert comes(lambda: one.inner_text("#came") == "Pressed: nothing was taken")
    one.keyboard.press("PageUp")
    becomes(one, "open", 30)
    assert one.locator("#photos li").count() == before + 1
    assert not one.is_visible("#cause")


@browser_only
def test_a_photo_that_was_deleted_is_gone_from_the_wall(
    stage: Callable[..., Any], kit: Demo
) -> None:
    one = stage()
    before = one.locator("#photos li").count()
    one.keyboard.press("PageDown")
    assert comes(lambda: one.locator("#photos li").count() == min(before + 1, 4))
    one.locator("#photos button").first.click()
    one.locator("dialog.photo img").wait_for()
    one.evaluate(
        """() => Element.prototype.animate = function () { document.body.dataset.flew = "true"; }"""
    )
    for photo in kit.album.glob("*.jpg"):
        photo.unlink()
    assert comes(lambda: one.locator("#photos li, dialog").count() == 0)
    assert one.locator("body[data-flew]").count() == 0


@browser_only
def test_a_colleague_is_taken_and_the_far_card_is_refused_at_the_press(
    stage: Callable[..., Any],
) -> None:
    one = stage()
    one.keyboard.press("2")
    assert comes(lambda: one.inner_text("#brought") == "A colleague")
    one.wait_for_timeout(1500)
    becomes(one, "open")
    before = one.locator("#photos li").count()
    one.keyboard.press("ArrowRight")
    assert comes(lambda: one.locator("#photos li").count() == before + 1)
    one.keyboard.press("4")
    assert comes(lambda: one.inner_text("#brought") == "The test card, far away")
    one.wait_for_timeout(1500)
    becomes(one, "open")
    one.keyboard.press("ArrowRight")
    becomes(one, "blocked")
    assert "part by part" in one.inner_text("#why")
    one.keyboard.press("1")
    becomes(one, "open", 30)
    assert one.locator("#photos li").count() == before + 1


@browser_only
def test_nothing_is_pressed_behind_a_black_wall(stage: Callable[..., Any]) -> None:
    one = stage()
    asked: list[str] = []
    one.on("request", lambda request: asked.append(request.url))
    one.keyboard.press("b")
    assert one.is_visible("#black")
    for key in ("PageDown", "3", "Space", "t"):
        one.keyboard.press(key)
    one.wait_for_timeout(500)
    assert [url for url in asked if url.endswith(("/press", "/bring"))] == []
    assert one.evaluate("document.documentElement.dataset.theme") == "dark"
    one.keyboard.press(".")
    assert not one.is_visible("#black")
    one.keyboard.press("b")
    one.keyboard.press("Escape")
    assert not one.is_visible("#black")


@browser_only
def test_nothing_stands_before_a_black_wall_and_nothing_is_focused_behind_it(
    stage: Callable[..., Any],
) -> None:
    one = stage()
    one.keyboard.press("?")
    one.locator("dialog").wait_for()
    one.keyboard.press("b")
    middle = "document.elementFromPoint(innerWidth / 2, innerHeight / 2).id"
    assert comes(lambda: one.evaluate(middle) == "black")
    one.keyboard.press("b")

    asked: list[str] = []
    one.on("request", lambda request: asked.append(request.url))
    one.focus("[data-prop=card]")
    one.keyboard.press("b")
    for key in ("Enter", "Space", "Tab", "Enter"):
        one.keyboard.press(key)
    one.wait_for_timeout(500)
    assert asked == []
    one.keyboard.press("b")


@browser_only
def test_a_finger_is_lifted_also_behind_a_black_wall(stage: Callable[..., Any]) -> None:
    one = stage()
    said: list[str | None] = []
    one.on("request", lambda asked: asked.method == "POST" and said.append(asked.post_data))
    one.keyboard.down(" ")
    one.keyboard.press("b")
    one.keyboard.up(" ")
    one.keyboard.press("b")
    assert comes(lambda: one.is_hidden("#black") and len(said) == 2)
    assert said == ['{"down":true}', '{"down":false}']


@browser_only
@pytest.mark.parametrize("language", ["__proto__", "constructor"])
def test_a_language_that_is_none_is_not_spoken(stage: Callable[..., Any], language: str) -> None:
    one = stage(language)
    assert one.evaluate("document.documentElement.lang") == "en"
    assert one.inner_text("#title") == "READY"


@browser_only
def test_the_presenters_controls_go_and_come_with_the_mouse_and_by_the_keyboard(
    stage: Callable[..., Any],
) -> None:
    one = stage()
    seen = "getComputedStyle(document.getElementById('controls')).opacity"
    assert comes(lambda: one.evaluate(seen) == "0")
    one.mouse.move(300, 300)
    assert comes(lambda: one.evaluate(seen) == "1")
    assert comes(lambda: one.evaluate(seen) == "0")
    for _ in range(3):
        one.keyboard.press("Tab")
    assert comes(lambda: one.evaluate(seen) == "1")
    one.keyboard.press("?")
    assert "Page ↑" in one.inner_text("dialog")
    one.keyboard.press("Escape")
    assert comes(lambda: one.locator("dialog").count() == 0)


@browser_only
@pytest.mark.parametrize("language", ["en", "ja"])
def test_from_the_last_row_all_is_read_and_nothing_is_cut_off(
    stage: Callable[..., Any], language: str
) -> None:
    one = stage(language, reduced_motion="reduce")

    def check(state: str) -> None:
        for size in SIZES:
            one.set_viewport_size({"width": size[0], "height": size[1]})
            one.wait_for_timeout(100)
            assert one.evaluate(OUTSIDE) == [], (state, size)
        one.set_viewport_size({"width": WALL[0], "height": WALL[1]})
        one.wait_for_timeout(100)
        small = [text for text, px in one.evaluate(READ) if px < LEAST_PX]
        assert small == [], state
        if language == "ja":
            own = {"open-nsfw", "consent-clean"}
            texts = [text for text, px in one.evaluate(READ)]
            assert [line for text in texts for line in english(text) if line not in own] == []
        for theme in ("light", "dark"):
            one.keyboard.press("t")
            assert one.evaluate("document.documentElement.dataset.theme") == theme
            assert_no_violations(one)

    check("open")
    one.keyboard.press("3")
    becomes(one, "blocked")
    one.keyboard.press("PageDown")
    assert comes(lambda: one.is_visible("#came"))
    check("blocked")
    one.keyboard.press("1")
    breaks(one, "camera stalled", on=True)
    becomes(one, "fault", 30)
    check("fault")
    breaks(one, "camera stalled", on=False)
    becomes(one, "open", 30)


SLOW = """() => {
  const decode = createImageBitmap;
  window.createImageBitmap = async (...what) => {
    const image = await decode(...what);
    await new Promise((resolve) => setTimeout(resolve, window.slow_ms ?? 0));
    return image;
  };
}"""


@browser_only
def test_a_picture_that_is_decoded_late_never_comes_over_what_hides_it(
    browser: Any, kit: Demo
) -> None:
    """A second look has refused the scene, and the gate is open: a slow browser showed it again."""
    one = browser.new_page(viewport={"width": 1280, "height": 720})
    told: list[Any] = []
    one.route_web_socket("**/live", lambda socket: told.append(socket))
    one.add_init_script(f"({SLOW})()")
    one.goto(f"{kit.url}stage")
    assert comes(lambda: one.wait_for_timeout(20) or told)

    def tell(message: str | bytes, wait_ms: int) -> str | None:
        told[0].send(message)
        one.wait_for_timeout(wait_ms)
        return one.evaluate("document.body.dataset.finder")

    status = {"open": True, "reason": "clear", "faults": [], "recording_s": None, "photos": []}
    whole = {"token": "t", "standing": {"status": status}, "photos": [], "clauses": {}}
    red = io.BytesIO()
    Image.new("RGB", (64, 36), (255, 0, 0)).save(red, "JPEG")
    picture, hidden = b"P" + red.getvalue(), b"M\x01\x01\x00\x00\xff"
    seen = "[...document.getElementById('finder').getContext('2d').getImageData(9, 9, 1, 1).data]"
    tell(json.dumps(whole), 1000)  # a gate that opens is believed a little late
    assert tell(picture, 300) == "picture"
    one.evaluate("window.slow_ms = 500")
    tell(picture, 50)
    assert tell(hidden, 50) == "mosaic"
    assert tell("{}", 800) == "mosaic"
    assert one.evaluate(seen) == [0, 0, 255, 255]
    one.close()


@browser_only
def test_out_of_order_a_helper_reads_what_broke_and_what_to_do(stage: Callable[..., Any]) -> None:
    one = stage()
    breaks(one, "camera stalled", on=True)
    becomes(one, "fault", 30)
    told = one.inner_text("#mend")
    assert "The camera gives no pictures" in told
    assert "Switch it back there" in told
    assert not one.is_visible("#cause")
    breaks(one, "camera stalled", on=False)
    becomes(one, "open", 30)
    assert not one.is_visible("#mend")


def test_the_talk_calls_the_wall_what_the_wall_says() -> None:
    text = (PAGES / "js" / "words.js").read_text()
    keys = {"READY": "open", "REFUSED": "blocked", "OUT OF ORDER": "fault", "RECORDING": "rec"}
    for wall in talk.Wall:
        if wall is not talk.Wall.BLACK:
            said = re.findall(rf'^  "stage\.{keys[wall]}": "([^"{{]+)', text, re.M)
            assert [one.strip() for one in said] == [wall, talk.JAPANESE[wall]]


@browser_only
def test_the_talk_can_be_given_as_it_is_written(stage: Callable[..., Any]) -> None:
    """Step by step, without the pauses in which somebody speaks."""
    one = stage(size=(1280, 720))
    done = []
    for step in talk.Stage(one).plays(talk.steps(talk.EN)):
        if step.wall is not talk.Wall.BLACK:
            assert one.inner_text("#title") == step.wall, step
        done.append(step)
    assert done == talk.steps(talk.EN)
