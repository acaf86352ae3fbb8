"""Whose pictures: the page in a real browser, before a kit that was taught a star."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shuttergate.config import Config, CredentialSettings, PolicySettings
from shuttergate.policy.pairs import in_japanese
from shuttergate.policy.rule_file import read
from shuttergate.system.paths import share
from shuttergate.vision.known import paint
from support import signing, taught
from support.browsing import (
    Demo,
    assert_no_violations,
    becomes,
    browser_only,
    comes,
    views,
)
from support.japanese import english
from support.staged import Staged

PHONE, DESK = (390, 844), (1280, 800)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of a star and without, and the rule that comes of them."""
    return taught.lesson(tmp_path_factory.mktemp("lesson"), yes=6, no=6)


@pytest.fixture(scope="module")
def words(lesson: Path) -> list[str]:
    return read(lesson / "star.rule").words


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory, lesson: Path) -> Iterator[Staged]:
    scene = Image.fromarray(paint("violet_and_green", (224, 224))).resize((640, 480))
    folder = tmp_path_factory.mktemp("kit")
    signs = CredentialSettings(str(signing.new_class(folder)) if signing.WANTS_EXTRA.is_met else "")
    rules = PolicySettings([str(lesson / "star.rule")])
    scenes = {"scene": scene, "blue": Image.new("RGB", (640, 480), (30, 60, 160))}
    one = Staged(folder, scenes, Config(policy=rules, credentials=signs))
    yield one
    one.close()


@pytest.fixture
def page(browser: Any, kit: Staged) -> Iterator[Callable[..., Any]]:
    with views(browser, kit) as show:

        def open_page(address: str = "", size: tuple[int, int] = DESK, **options: Any) -> Any:
            one = show(f"ledger{address}", size, **options)
            one.wait_for_selector("body:not([data-mark=off])")
            one.wait_for_selector("[data-rule=star] li")
            one.wait_for_selector("#packs article")
            return one

        open_page.complaints = show.complaints  # type: ignore[attr-defined]
        yield open_page


def searched(one: Any, said: str) -> Any:
    """Search as people do; return what was found, once it is there."""
    one.fill("#asked", said)
    one.keyboard.press("Enter")
    first = one.locator("#found .find").first
    assert comes(lambda: said in first.inner_text() and "searching" not in first.inner_text())
    return first


def dropped(one: Any, file: Path) -> Any:
    one.set_input_files("#files", str(file))
    first = one.locator("#found .find").first
    busy = ("searching", "探しています")
    assert comes(lambda: not any(word in first.inner_text() for word in busy), 30)
    return first


@browser_only
def test_a_contribution_is_found_by_word_and_by_picture_and_is_taken_out(
    page: Callable[..., Any], lesson: Path, words: list[str]
) -> None:
    """The whole of the third demand, on a rule that is in force."""
    one = page("?lang=en")
    rows = one.locator("[data-rule=star] li")
    assert rows.count() == len(words)
    assert one.inner_text("#said") == ""
    assert "in force" in one.inner_text("[data-rule=star] h3")

    found = searched(one, in_japanese(words[0]))
    assert words[0] in found.inner_text() and "an example of the rule “star”" in found.inner_text()

    assert one.inner_text("#said") == f"{in_japanese(words[0])}: found 1"

    found = dropped(one, lesson / "yes" / "1.png")
    assert one.inner_text("#said").startswith("1.png: found ")
    said = found.locator("article").first.inner_text()
    assert "This was used, or one much like it, by contribution" in said
    (word,) = (known for known in words if known in said)

    before = rows.filter(has_text=word).inner_text()
    found.locator("button", has_text="Take out").first.click()
    dialog = one.locator("dialog.take")
    assert word in dialog.inner_text() and "nobody can bring them back" in dialog.inner_text()
    assert_no_violations(one)
    dialog.locator("button", has_text="Take it out").click()
    assert comes(lambda: "was made anew" in dialog.inner_text())
    table = dialog.locator("tbody tr")
    assert table.count() == len(words)
    changed = [row.split("\t") for row in table.all_inner_texts()]
    assert any(old != new for _word, old, new in changed), "the scores are those of another rule"
    assert "Harmless pictures that the rule would refuse" in dialog.inner_text()
    assert_no_violations(one)
    one.keyboard.press("Escape")

    assert comes(lambda: rows.count() == len(words) - 1)
    assert word not in one.inner_text("[data-rule=star]") and before
    assert comes(lambda: word not in one.locator("#found .find").first.inner_text())
    found = searched(one, word)
    assert "no rule that is known here has one with it" in found.inner_text()
    found = dropped(one, lesson / "yes" / "1.png")
    assert word not in found.inner_text()


@browser_only
def test_a_picture_nobody_used_is_said_to_be_none(page: Callable[..., Any], tmp_path: Path) -> None:
    one = page("?lang=en")
    assert "picture here, or a kit’s video" in one.inner_text("#drop")
    found = dropped(one, share("models") / "testcard" / "card.png")
    assert "Nothing found, neither byte for byte nor by its looks." in found.inner_text()
    assert "the nudity rule does not clear it" in found.inner_text()
    text = tmp_path / "text.png"
    text.write_text("no picture")
    found = dropped(one, text)
    assert "Only its bytes were compared: this is no picture known here." in found.inner_text()
    said = found.locator("[data-stated]").inner_text()
    if signing.WANTS_EXTRA.is_met:
        assert "No credential can be read of it. (is neither a JPEG nor an MP4)" in said
    else:
        assert "credentials need c2pa-python: run make credentials" in said
    large = tmp_path / "large.png"
    large.write_bytes(bytes(17 << 20))
    found = dropped(one, large)
    assert "the file is larger than 16 MiB" in found.inner_text()
    assert "was cut, mirrored, turned, painted over or drawn anew" in one.inner_text("main")
    one.click("#clear")
    assert one.locator("#found .find").count() == 0


@browser_only
def test_a_photo_that_the_kit_took_says_by_what_it_was_cleared(
    browser: Any, page: Callable[..., Any], kit: Staged, tmp_path: Path
) -> None:
    """Pressed, kept, signed, dropped on the page; then changed, signed by others, and a film."""
    signing.skip_without_extra()
    before = {*kit.album.glob("*.jpg")}
    with views(browser, kit) as show:
        camera = show("")
        kit.show("blue")
        becomes(camera, "open", 30)
        camera.click("#shutter", delay=150)
        assert comes(lambda: len({*kit.album.glob("*.jpg")} - before) == 1, 30)
    (photo,) = {*kit.album.glob("*.jpg")} - before
    one = page("?lang=en")
    found = dropped(one, photo).locator("[data-stated=valid]").inner_text()
    assert "Signed by a kit of class “room 3b”, and unchanged since." in found
    for said in ("consent-clean", "open-nsfw", "star", "the live look, the second look"):
        assert said in found
    assert "For training\nnot allowed" in found
    assert "Taken by\nno camera: a simulated one showed what it was given" in found
    assert "a screen can be photographed" in found
    assert "Signed by a kit of class “room 3b”" in one.inner_text("#said")
    assert not {"trusted", "true"} & {*found.lower().replace(".", " ").split()}
    assert_no_violations(one)

    changed = tmp_path / "changed.jpg"
    changed.write_bytes(signing.flipped(photo.read_bytes(), photo.stat().st_size - 9, 0))
    found = dropped(one, changed).locator("[data-stated=changed]").inner_text()
    assert "Changed since it was signed. (the photo or video itself is not what" in found
    assert "consent-clean" not in found

    other = signing.kit(signing.new_class(tmp_path, "another"))
    (tmp_path / "other.mp4").write_bytes(signing.video(other, tmp_path))
    found = dropped(one, tmp_path / "other.mp4").inner_text()
    assert "Only its bytes were compared" in found and "nobody here knows who" in found
    assert "Not signed by the class “room 3b” that is known here; no other is." in found
    assert "consent-clean" not in found
    (tmp_path / "plain.jpg").write_bytes(signing.jpeg())
    found = dropped(one, tmp_path / "plain.jpg").locator("[data-stated]").inner_text()
    assert "It has no credential." in found and "That proves nothing" in found
    ja = page("?lang=ja")
    found = dropped(ja, photo).locator("[data-stated=valid]").inner_text()
    assert "クラス「room 3b」のキットが署名し、その後は変わっていません。" in found
    assert "常時の確認、撮影時の再確認" in found and "ディスプレイも撮影できる" in found


@browser_only
def test_a_package_is_opted_out_by_a_command_and_a_file_and_nothing_is_written(
    page: Callable[..., Any],
) -> None:
    listed = (share("models") / "consent-clean" / "opt-out.csv").read_bytes()
    one = page("?lang=en")
    found = searched(one, "@uswds/uswds")
    assert "CC0-1.0" in found.inner_text() and "Also in\nconsent-clean-coral" in found.inner_text()
    found.locator("table button", has_text="Opt out").click()
    dialog = one.locator("dialog.out")
    said = dialog.inner_text()
    assert "The model on this kit stays as it is" in said and "This page writes nothing" in said
    assert "shuttergate ledger opt-out --package @uswds/uswds" in said
    assert "shuttergate model build consent-clean\n" in said
    assert_no_violations(one)
    with one.expect_download() as download:
        dialog.locator("a[download]").click()
    text = Path(download.value.path()).read_text()
    assert text.splitlines()[1].startswith(",,@uswds/uswds,,20")
    assert (share("models") / "consent-clean" / "opt-out.csv").read_bytes() == listed
    one.keyboard.press("Escape")
    found = searched(one, "pypi anny")
    found.locator("table button", has_text="Opt out").first.click()
    assert comes(lambda: "No build can do without anny" in one.inner_text("dialog.out"))


@browser_only
def test_a_receipt_leads_to_its_contribution(page: Callable[..., Any], words: list[str]) -> None:
    one = page("?lang=en")
    rows = one.locator("[data-rule=star] li")
    word = rows.first.locator("b[lang=en]").inner_text()
    rows.first.locator("button", has_text="Receipt").click()
    dialog = one.locator("dialog.slip")
    assert comes(lambda: dialog.count() == 1)
    assert word in dialog.inner_text() and in_japanese(word) in dialog.inner_text()
    address = f"{one.url.partition('?')[0]}#{word.replace(' ', '-')}"
    assert address in dialog.inner_text()
    assert dialog.locator("svg").get_attribute("aria-label").endswith(address)
    assert_no_violations(one)
    there = page(f"#{word.replace(' ', '-')}")
    found = there.locator("#found .find").first
    assert comes(lambda: "of the rule “star”" in found.inner_text())
    odd = page("#%E0%A4%A")  # no word, and no address of ours
    assert odd.locator("#found .find").count() == 0


@browser_only
def test_who_scans_a_receipt_types_the_code_first_and_is_led_on(
    browser: Any, tmp_path: Path
) -> None:
    demo = Demo(tmp_path, "--lan")
    try:
        with views(browser, demo) as show:
            demo.url = demo.others[0]
            one = show("ledger#blue-heron", PHONE, of=demo)
            one.wait_for_selector("#code")
            one.fill("#code", demo.code)
            one.keyboard.press("Enter")
            assert comes(lambda: "“blue heron”" in one.inner_text("body"))
            told = one.request.get("/ledger/receipt.json?word=blue%20heron").json()
            assert told["address"] == f"{demo.url}ledger#blue-heron"
            becomes(one, "open", 40)
            assert one.locator("button", has_text="Take out").count() == 0
    finally:
        demo.close()


@browser_only
@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_axe_finds_nothing_and_nothing_hangs_over_the_edge(
    page: Callable[..., Any], language: str, theme: str, size: tuple[int, int], lesson: Path
) -> None:
    how = {"reduced_motion": "reduce", "color_scheme": theme}
    one = page(f"?lang={language}#brown-pine", size, **how)
    dropped(one, lesson / "no" / "1.png")
    one.fill("#asked", "fingerpose")
    one.keyboard.press("Enter")
    assert comes(lambda: one.locator("#found .find").count() == 3)
    assert comes(lambda: one.locator("#found details").count() == 1)
    one.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    assert_no_violations(one)
    assert one.evaluate("document.documentElement.scrollWidth") <= size[0]
    box = one.locator("#found-part h2").bounding_box()
    assert box["y"] + box["height"] <= size[1], "what was found is seen without scrolling"


@browser_only
def test_in_japanese_only_what_ledgers_say_is_english(
    page: Callable[..., Any], lesson: Path
) -> None:
    one = page("?lang=ja")
    dropped(one, lesson / "no" / "1.png")
    theirs = "b[lang=en], dd, .find > h3, .hit > p:first-of-type"
    one.eval_on_selector_all(theirs, "all => all.forEach(one => one.remove())")
    own = {"English", "Show this page in English", "shuttergate"}
    own |= {"例：青いサギ、blue heron、fingerpose"}
    lines = [line for text in one.inner_text("body").splitlines() for line in english(text)]
    assert [line for line in lines if line.strip() not in own] == []


@browser_only
def test_the_words_of_the_kit_are_data_and_never_html(page: Callable[..., Any]) -> None:
    one = page("?lang=en")
    found = searched(one, "<img src=x onerror=alert(1)>")
    assert "Nothing found." in found.inner_text()
    assert found.locator("img").count() == 0
    assert json.loads(one.request.get("/ledger/search.json?q=%3Cb%3E").text())["query"] == "<b>"
