"""What the guides name is there, and what there is they name: paths, commands, rooms, words."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command

import test_house
from shuttergate.bench.evaluate.fhibe import COLUMNS
from shuttergate.bench.scenario.faults import KINDS
from shuttergate.board import board_names
from shuttergate.cli import app
from shuttergate.companion import Role
from support.places import ROOT

DESIGNS = ["docs/design.md", "docs/design.ja.md"]
CONTRIBUTINGS = ["CONTRIBUTING.md", "CONTRIBUTING.ja.md"]
GUIDES = [*DESIGNS, *CONTRIBUTINGS]
ASKING = ["README.md", *(f"docs/{one}.md" for one in ("boards", "commands", "measured"))]
WRITTEN = [*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")]
PAGES = sorted(
    {str(path.relative_to(ROOT)) for path in WRITTEN if ROOT / "build" not in path.parents}
)
LANGUAGES = ["", ".ja"]
PACKAGE = ROOT / "firmware" / "shuttergate"
PLACES = [
    *(ROOT, PACKAGE, PACKAGE / "console" / "pages" / "js"),
    *(ROOT / "tests", ROOT / "tests" / "support"),
]
"""A path in running text begins at one of them."""


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


IN_JAPANESE = {
    "Companions and roles": "コンパニオンと役割",
    "Processes, and what each may do": "プロセスと、それぞれに許していること",
    "The checks": "検査",
    "The rooms": "部屋",
    "The rules of the house": "決まり",
}


def section(page: str, heading: str) -> str:
    """Return the section of second rank under `heading`, in the page's language."""
    if page.endswith(".ja.md"):
        heading = IN_JAPANESE[heading]
    _before, _heading, after = text_of(page).partition(f"\n## {heading}\n")
    assert after, f"{page} has no section {heading!r}"
    return after.partition("\n## ")[0]


def in_ticks(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {slug(head) for head in heads}


def slug(heading: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def is_path(word: str) -> bool:
    """Whether a word in ticks means a file or folder here; <…> and NAME stand for any."""
    if re.search(r"[<…=\"() ]|NAME|^shuttergate$", word):
        return False
    return "/" in word or bool(re.search(r"\.(py|toml|md|js|po|csv)$", word))


def lost_paths(words: list[str], places: list[Path]) -> list[str]:
    return [one for one in words if is_path(one) and not any((at / one).exists() for at in places)]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = text_of(page)
    found = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)", text)
    assert found
    found += [(picture, "") for picture in re.findall(r' src="([^"]+)"', text)]
    for target, anchor in found:
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


@pytest.mark.parametrize("page", GUIDES)
def test_paths_in_the_text_are_there(page: str) -> None:
    # Those of a kit's folder beside its board or pack are in each of them.
    places = [*PLACES, ROOT / "device" / "pi-cpu", ROOT / "models" / "consent-clean"]
    assert lost_paths(in_ticks(text_of(page)), places) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_measures_elsewhere_is_led_right(language: str) -> None:
    text = text_of(f"docs/evaluate-elsewhere{language}.md")
    for target in re.findall(r"\]\((?!https:)([^)#]*)\)", text):
        assert (ROOT / "docs" / target).exists(), target
    options = get_command(app).commands["evaluate"].params  # type: ignore[attr-defined]
    known = {name for option in options for name in option.opts}
    assert set(re.findall(r"--[a-z]+", in_commands(text, "evaluate"))) <= known
    assert {f"`{column}`" for column in COLUMNS} <= set(re.findall(r"`[^`\n]+`", text))
    for word in ("RLIMIT_FSIZE=0", "seccomp", "unshare -rn", "swapoff -a", "`auc`"):
        assert word in text


def in_commands(text: str, word: str) -> str:
    """Return the lines of code blocks that have `word` in them."""
    return "\n".join(re.findall(rf"^ {{4,}}.*\b{word}\b.*$", text, re.MULTILINE))


def test_both_languages_give_the_same_commands_for_elsewhere() -> None:
    blocks = [
        re.findall(r"^ {4,}(?=[A-Zpgka]).*$", text_of(f"docs/evaluate-elsewhere{one}.md"), re.M)
        for one in LANGUAGES
    ]
    assert len(blocks[0]) > 10 and blocks[0] == blocks[1]


def test_a_path_that_is_gone_is_seen() -> None:
    words = ["tests/gone.py", "gone.toml", "cli.py", "models/<pack>/gone.md", "feed.Totals", "run"]
    assert lost_paths(words, PLACES) == ["tests/gone.py", "gone.toml"]


@pytest.mark.parametrize("page", PAGES)
def test_what_make_is_asked_for_is_in_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text_of("Makefile"), re.MULTILINE))
    asked = set(re.findall(r"(?:`| {4})make ([a-z0-9-]+)", text_of(page)))
    assert asked <= targets and (asked or page not in [*GUIDES, *ASKING])


@pytest.mark.parametrize("page", CONTRIBUTINGS)
def test_every_check_of_the_makefile_is_in_the_table_of_checks(page: str) -> None:
    targets = re.findall(r"^([a-z0-9-]+):.*## ", text_of("Makefile"), re.MULTILINE)
    others = {"menu", "setup", "video", "heif", "credentials", "demo", "clean"}
    told = set(re.findall(r"`make ([a-z0-9-]+)", section(page, "The checks")))
    assert told == set(targets) - others


@pytest.mark.parametrize("page", GUIDES)
def test_names_in_the_text_are_the_codes(page: str) -> None:
    """Each name with a capital or an underscore stands somewhere in the program or its tests."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *PACKAGE.rglob("*.js")]
    code = "\n".join(path.read_text("utf-8") for path in files if path.name != "test_docs.py")
    known = set(re.findall(r"\w+", code))
    names = [one for one in in_ticks(text_of(page)) if re.fullmatch(r"[A-Za-z_][\w.]*", one)]
    names = [one for one in names if re.search(r"[A-Z_]", one) and not is_path(one)]
    lost = [one for one in names if not set(one.split(".")) <= known]
    assert sorted(set(lost) - {"CLEAR", "OPEN", "PACK", "NOTICE"}) == []


@pytest.mark.parametrize("page", DESIGNS)
def test_every_room_and_flat_module_has_its_word(page: str) -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    flat = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert rooms | flat <= set(in_ticks(section(page, "The rooms")))


@pytest.mark.parametrize("page", DESIGNS)
def test_the_rules_are_those_of_the_house(page: str) -> None:
    rules = section(page, "The rules of the house")
    only, apart = {
        "docs/design.md": (r"Only (.+?) know several", r"^- (.+?) do not know one another"),
        "docs/design.ja.md": (r"知っているのは(.+?)だけです", r"^- (.+?) は互いを知りません"),
    }[page]
    (few,) = re.findall(only, rules, re.DOTALL)
    assert set(in_ticks(few)) == test_house.KNOW_SEVERAL
    (strangers,) = re.findall(apart, rules, re.MULTILINE)
    there = {one for one in test_house.STRANGERS if (PACKAGE / one).is_dir()}
    assert set(in_ticks(strangers)) == there


@pytest.mark.parametrize("page", DESIGNS)
def test_every_process_and_every_role_has_its_row(page: str) -> None:
    processes = section(page, "Processes, and what each may do")
    code = PACKAGE.rglob("*.py")
    begun = [path for path in code if re.search(r"spawn\.begin\w*\(", path.read_text("utf-8"))]
    for path in begun:
        if path != PACKAGE / "console" / "process.py":  # its server stands for both ways to start
            assert f"/{path.relative_to(PACKAGE)})" in processes, path
    roles = re.findall(r"^\| `([^`]+)` \|", section(page, "Companions and roles"), re.MULTILINE)
    assert sorted(roles) == sorted(Role)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_board_and_every_pack_has_its_place(language: str) -> None:
    boards, limits = (text_of(f"docs/{one}{language}.md") for one in ("boards", "limits"))
    for name in board_names():
        assert f"`{name}`" in boards or f"device/{name}/README{language}.md" in boards, name
    for path in (ROOT / "models").glob("*/model.toml"):
        assert f"models/{path.parent.name}/MODEL_CARD{language}.md" in limits, path.parent.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_leads_to_every_guide_and_stays_short(language: str) -> None:
    text = text_of(f"README{language}.md")
    targets = set(re.findall(r"\]\(([^)#]+)", text))
    guides = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    guides |= {path.name for path in ROOT.glob("*.md")} - {"README.md", "README.ja.md"}
    ours = {one for one in guides if one.endswith(".ja.md") == bool(language)}
    assert ours - {"docs/glossary.md"} <= targets and "docs/glossary.md" in targets
    assert len(text.splitlines()) <= 75


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_in_the_table_of_commands(language: str) -> None:
    told = set(
        re.findall(r"^\| `shuttergate ([a-z]+)", text_of(f"docs/commands{language}.md"), re.M)
    )
    assert told == {name for name, one in get_command(app).commands.items() if not one.hidden}  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_of_scenarios_is_told_as_it_is(language: str) -> None:
    number = len([*(ROOT / "tests" / "scenarios").rglob("*.toml")])
    text = text_of(f"docs/measured{language}.md")
    told = re.findall(r"\[(\d+)[^\]]+\]\(\.\./tests/scenarios\)", text)
    assert told == [str(number)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_script_can_break_is_in_its_table(language: str) -> None:
    heading = {"": "### What can be broken", ".ja": "### 壊せるもの"}[language]
    table = text_of(f"docs/bench{language}.md").partition(heading)[2].partition("\n### ")[0]
    told, first = set(), ""
    for word in in_ticks("\n".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))):
        first = word.rpartition(" ")[0] or first  # `disk full`, `removed` …
        told.add(word if " " in word else f"{first} {word}")
    assert told == {str(kind) for kind in KINDS}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs").glob("*-*.*.png")), ids=lambda path: path.name
)
def test_a_picture_of_a_page_shows_the_state_that_its_name_says(path: Path) -> None:
    """They are taken of a kit that runs: one was once of a gate that a busy machine had closed."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    green, red = (
        int((np.abs(pixels - colour).max(axis=1) < 16).sum())
        for colour in ((0x3D, 0xDC, 0x84), (0xFF, 0x8A, 0x7A))
    )
    if "-open." in path.name:
        assert green > 10 * red
    elif "-closed." in path.name or "-refused." in path.name:
        assert red > 10 * green
