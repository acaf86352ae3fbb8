"""The page's voice in a real browser: off by default, a word when the kit stands otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from shuttergate.config import Config, GateSettings
from shuttergate.vision.known import paint
from shuttergate.voice.spoken import Spoken, Tongue, read_sound
from support.browsing import becomes, browser_only, comes, views
from support.staged import Staged

# What is played is told by how long it is, and whether one was begun before the other's end.
LISTEN = """() => {
  window.played = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...rest) {
    window.played.push([this.buffer.duration, this.context.currentTime]);
    return start.apply(this, rest);
  };
}"""

HIDE = """(hidden) => Object.defineProperty(
  document, "hidden", { get: () => hidden, configurable: true })"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    card = Image.fromarray(paint("test_card", (224, 224))).resize((448, 448))
    scenes = {"blue": Image.new("RGB", (640, 480), (30, 60, 160)), "card": card}
    config = Config(gate=GateSettings(clear_frames=3, hold_off_s=0.5, max_age_ms=2000))
    one = Staged(tmp_path_factory.mktemp("kit"), scenes, config)
    yield one
    one.close()


@pytest.fixture
def page(browser: Any, kit: Staged) -> Iterator[Callable[..., Any]]:
    kit.show("blue")
    with views(browser, kit) as show:

        def opened(path: str = "") -> Any:
            one = show(path)
            one.evaluate(LISTEN)
            becomes(one, "open", 30)
            return one

        yield opened


def heard(one: Any, tongue: Tongue) -> list[Spoken]:
    lengths = {word: read_sound(tongue, word).seconds for word in Spoken}
    return [
        min(lengths, key=lambda word: abs(lengths[word] - played))
        for played, _ in one.evaluate("window.played")
    ]


def press(one: Any) -> None:
    one.keyboard.down(" ")
    one.wait_for_timeout(100)
    one.keyboard.up(" ")


@browser_only
def test_it_is_silent_until_it_is_switched_on(page: Callable[..., Any], kit: Staged) -> None:
    one = page()
    assert one.inner_text("#voice") == "Voice: off"
    one.click("body", position={"x": 5, "y": 300})  # a browser would let it sound from here on
    kit.show("card")
    becomes(one, "blocked")
    press(one)
    assert comes(lambda: "Press refused" in one.inner_text("#pressed"))
    one.wait_for_timeout(1500)
    assert one.evaluate("window.played") == []


@browser_only
def test_it_says_ready_then_refused_in_the_pages_language(
    page: Callable[..., Any], kit: Staged
) -> None:
    one = page("?lang=ja")
    one.click("#voice")
    assert comes(lambda: heard(one, Tongue.JA) == [Spoken.READY])
    kit.show("card")
    becomes(one, "blocked")
    assert comes(lambda: heard(one, Tongue.JA) == [Spoken.READY, Spoken.REFUSED])
    for _ in range(3):  # within two seconds a refusal is said once
        press(one)
    assert comes(lambda: len(heard(one, Tongue.JA)) >= 3)
    one.wait_for_timeout(500)
    assert heard(one, Tongue.JA)[2:] in ([Spoken.REFUSED], [Spoken.REFUSED] * 2)
    played = one.evaluate("window.played")
    for (length_s, began_s), (_, then_s) in itertools.pairwise(played):
        assert then_s >= began_s + length_s - 0.02, "never two at once"
    one.click("#voice")
    assert one.evaluate("localStorage.getItem('voice')") is None


@browser_only
def test_a_tab_that_nobody_sees_says_nothing(page: Callable[..., Any], kit: Staged) -> None:
    one = page()
    one.click("#voice")
    assert comes(lambda: heard(one, Tongue.EN) == [Spoken.READY])
    one.evaluate(HIDE, True)
    kit.show("card")
    becomes(one, "blocked")
    one.wait_for_timeout(1500)
    one.evaluate(HIDE, False)
    kit.show("blue")
    becomes(one, "open", 30)
    assert comes(lambda: heard(one, Tongue.EN) == [Spoken.READY] * 2)
    one.goto(one.url + "stage")
    assert one.get_attribute("#voice", "aria-pressed") == "true", "the wish is remembered"


# In place of live.js: how the kit stands is what the test says, to the millisecond.
STUB = """
export const kit = {
  connected: true, clauses: {}, contact: "", kit: null, standing: null,
  photos: [], events: [], seen: [],
};
const listeners = { change: [], event: [] };
export const on = (name, listener) => (listeners[name] ??= []).push(listener);
export const may = () => false;
export const newest = () => undefined;
export const standing = () => ({ mark: "off", title: "kit.off", also: [] });
export const connect = () => {};
export const ask = async () => {};
window.tells = (event) => {
  for (const listener of listeners.event) listener(event);
};
window.stands = (open, reason = "waiting", recording_s = null, question = null) => {
  const rest = { timings: {}, fps: 30, runs_on: "cpu", faults: [], question };
  kit.standing = { status: { open, reason, recording_s, ...rest } };
  for (const listener of listeners.change) listener();
};
"""


@browser_only
def test_a_gate_that_flickers_does_not_stammer(page: Callable[..., Any]) -> None:
    one = page()
    one.route(
        "**/js/live.js", lambda route: route.fulfill(body=STUB, content_type="text/javascript")
    )
    one.reload()
    one.evaluate(LISTEN)
    one.click("#voice")
    one.evaluate(
        """async () => {
          for (let turn = 0; turn < 10; turn++) {
            window.stands(turn % 2 === 0, "nudity");
            await new Promise((go) => setTimeout(go, 300));
          }
        }"""
    )
    assert one.evaluate("window.played") == [], "neither stood for a second"
    stand = """async (said) => {
      for (let turn = 0; turn < 15; turn++) {
        window.stands(...said);
        await new Promise((go) => setTimeout(go, 100));
      }
    }"""
    one.evaluate(stand, [True])
    assert comes(lambda: heard(one, Tongue.EN) == [Spoken.READY])
    one.evaluate(stand, [False, "stale"])
    one.evaluate(stand, [True])
    assert comes(lambda: heard(one, Tongue.EN) == [Spoken.READY] * 2)
    one.evaluate("window.stands(true, 'waiting', 0.1)")
    told = [Spoken.READY] * 2 + [Spoken.RECORDING]
    assert comes(lambda: heard(one, Tongue.EN) == told), "a recording is told at once"


@browser_only
def test_a_question_is_put_and_nothing_is_said_over_it(page: Callable[..., Any]) -> None:
    one = page()
    one.route(
        "**/js/live.js", lambda route: route.fulfill(body=STUB, content_type="text/javascript")
    )
    one.reload()
    one.evaluate(LISTEN)
    one.click("#voice")
    one.evaluate(
        """async () => {
          const question = { left_s: 10, answer_s: 10, hold_s: 3, held_s: null };
          window.stands(false, "taught", null, question);
          window.tells({ kind: "asked", words: { en: "", ja: "" } });
          for (let turn = 0; turn < 15; turn++) {
            window.stands(false, "taught", null, question);
            await new Promise((go) => setTimeout(go, 100));
          }
        }"""
    )
    assert comes(lambda: heard(one, Tongue.EN) == [Spoken.ASKED])
    one.wait_for_timeout(500)
    assert heard(one, Tongue.EN) == [Spoken.ASKED]
