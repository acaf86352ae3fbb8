"""A class teaches the simulated kit an object, in a real browser: the line falls for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shuttergate.policy.rule_file import from_bytes
from support.browsing import Demo, assert_no_violations, becomes, browser_only, comes, views
from support.japanese import english

pytestmark = browser_only
PATIENCE_MS = 30_000.0


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    one = Demo(tmp_path_factory.mktemp("kit"))
    yield one
    one.close()


@pytest.fixture
def open_page(browser: Any, kit: Demo) -> Iterator[Callable[..., Any]]:
    with views(browser, kit) as show:

        def opened(language: str = "en", size: tuple[int, int] = (1366, 900)) -> Any:
            one = show(f"teach?lang={language}", size, accept_downloads=True)
            one.wait_for_selector("#naming:not([hidden])", timeout=PATIENCE_MS)
            return one

        opened.complaints = show.complaints  # type: ignore[attr-defined]
        yield opened


def forgive(open_page: Callable[..., Any]) -> None:
    """Take out what the browser says of presses that came to nothing: those were made again."""
    complaints = open_page.complaints  # type: ignore[attr-defined]
    complaints[:] = [one for one in complaints if "409" not in one]


def bring(page: Any, prop: str) -> None:
    page.click(f"[data-prop={prop}]")
    page.wait_for_selector(f'[data-prop={prop}][aria-pressed="true"]')
    page.wait_for_timeout(2500)  # it comes in from the side


def press(page: Any, side: str, times: int) -> list[str]:
    """Bring so many examples; return the words of all there are."""
    rows = page.locator("#examples li")
    for _ in range(times):
        before = rows.count()
        for _ in range(4):  # 2 of 120 views of the star are doubted in part, and kept are none
            page.click(f"#{side}:not([disabled])")
            if comes(lambda had=before: rows.count() == had + 1, 10):
                break
        assert rows.count() == before + 1, page.inner_text("#stands")
        page.wait_for_timeout(700)  # the hand moves on
    return [row.get_attribute("data-word") for row in rows.all()]


def scores(page: Any) -> dict[str, str]:
    rows = page.locator("#examples li").all()
    return {row.get_attribute("data-word"): row.locator(".score").inner_text() for row in rows}


def status(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "() => import('/js/live.js').then(({ kit }) => kit.standing.status)"
    )
    return found


def test_an_object_is_taught_and_one_example_taken_out(
    open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page()
    page.fill("#name", "star")
    page.press("#name", "Enter")
    page.wait_for_selector("#sides:not([hidden])")
    assert "3 more" in page.inner_text("#stands")
    bring(page, "star")
    words = press(page, "yes", 5)
    assert page.inner_text("#receipt strong") == words[-1]
    page.click("#receipt button")
    assert comes(lambda: words[-1] in page.inner_text("dialog.slip"))
    assert f"/ledger#{words[-1].replace(' ', '-')}" in page.inner_text("dialog.slip")
    page.keyboard.press("Escape")
    bring(page, "nobody")
    words = press(page, "no", 3)
    becomes(page, "open", 30)
    # Tried, it decides nothing.
    assert comes(lambda: "it would be taken" in page.inner_text("#trial"))
    bring(page, "star")
    assert comes(lambda: "it would be refused" in page.inner_text("#trial"))
    assert page.get_attribute("#gauge", "aria-valuetext").endswith("it would be refused")
    assert status(page)["open"]
    with page.expect_download() as saving:
        page.click("#save")
    file = tmp_path / "star.rule"
    saving.value.save_as(file)
    assert saving.value.suggested_filename == "star.rule"
    assert from_bytes(file.read_bytes(), "").words == words

    page.click("#enforce")
    becomes(page, "blocked")
    assert comes(lambda: status(page)["reason"] == "taught" and status(page)["line"] is False)
    assert page.inner_text("#force") == "This camera does not take: star."
    # A gate process that starts anew closes for it, too.
    page.evaluate(
        "() => import('/js/live.js').then(({ ask }) => ask('/kill', { process: 'gate' }))"
    )
    becomes(page, "off")
    becomes(page, "blocked", 60)
    assert comes(lambda: status(page)["reason"] == "taught")
    bring(page, "nobody")
    becomes(page, "open", 30)

    before = scores(page)
    forgive(open_page)
    page.click(f'[data-word="{words[1]}"] button')
    assert comes(lambda: page.locator("#examples li").count() == 7)
    assert f"Made anew without {words[1]}." in page.inner_text("#confused")
    after = scores(page)
    assert words[1] not in after and any("→" in one for one in after.values())
    assert set(after) == set(before) - {words[1]}
    bring(page, "star")
    becomes(page, "blocked")  # the rule that was made anew is in force at once
    # Of what the nudity rule does not clear a taught rule says nothing, on any page.
    page.evaluate("() => import('/js/live.js').then(({ ask }) => ask('/bring', { prop: 'card' }))")
    assert comes(lambda: status(page)["reason"] == "nudity")
    assert comes(lambda: "star" not in status(page)["scores"])
    assert comes(lambda: "it is not asked" in page.inner_text("#trial"))
    for view, where in (("", "#channels"), ("stage", "#bars"), ("explain", "#way")):
        page.goto(f"{page.url.rpartition('/')[0]}/{view}")
        becomes(page, "blocked")
        assert comes(lambda at=where: "star" in page.inner_text(at).lower()), view
        assert "NaN" not in page.inner_text("body") and "undefined" not in page.inner_text("body")
    page.goto(f"{page.url.rpartition('/')[0]}/teach")
    bring(page, "nobody")
    page.click("#lift")
    becomes(page, "open", 30)
    assert comes(lambda: page.inner_text("#force") == "No taught rule is in force.")
    forgive(open_page)
    assert open_page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("size", [(1366, 900), (390, 844)])
def test_it_is_for_everybody(
    open_page: Callable[..., Any], language: str, size: tuple[int, int]
) -> None:
    """Whoever comes later finds the lesson as it stands; nothing is wider than the screen."""
    page = open_page(language, size)
    page.fill("#name", "moon")
    page.press("#name", "Enter")
    page.wait_for_selector("#sides:not([hidden])")
    bring(page, "star")
    press(page, "yes", 1)
    forgive(open_page)
    assert_no_violations(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    if language == "ja":
        said = page.inner_text("main")
        assert [line for line in english(said) if "lan-may" not in line] == []


def test_words_that_are_no_name_are_refused_where_one_looks(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.fill("#name", "<b>star</b>")
    page.press("#name", "Enter")
    assert comes(lambda: "no name for a rule" in page.inner_text("#stands"))
    complaints = open_page.complaints  # type: ignore[attr-defined]
    assert len(complaints) == 1 and "409" in complaints.pop()
