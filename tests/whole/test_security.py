"""SECURITY.md in both languages: every test and scenario that it names is there."""

from __future__ import annotations

import re

import pytest

from support.places import ROOT

PAGES = ("SECURITY.md", "SECURITY.ja.md")


def rows(page: str) -> list[list[str]]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in found[1:]]


def named(page: str) -> list[list[str]]:
    return [re.findall(r"`([^`]+)`", cells[2]) for cells in rows(page)]


@pytest.mark.parametrize("page", PAGES)
def test_what_the_table_names_is_there(page: str) -> None:
    for name in [name for names in named(page) for name in names]:
        file, _, test = name.partition("::")
        if file.endswith(".py"):
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert not test or f"def {test}(" in text, name
        else:
            assert (ROOT / "tests" / "scenarios" / f"{name}.toml").is_file(), name


def test_both_languages_say_the_same() -> None:
    assert named(PAGES[0]) == named(PAGES[1])


@pytest.mark.parametrize("page", PAGES)
def test_every_threat_has_something_against_it_and_something_that_shows_it(page: str) -> None:
    for threat, mitigation, shown in rows(page):
        assert threat.startswith("**") or (mitigation and shown), threat


def test_every_scenario_stands_for_a_threat_or_is_the_promise_itself() -> None:
    told = {name for names in named(PAGES[0]) for name in names}
    there = {
        path.relative_to(ROOT / "tests" / "scenarios").as_posix().removesuffix(".toml")
        for path in (ROOT / "tests" / "scenarios").rglob("*.toml")
    }
    itself = {"1-fail-closed/card", "1-fail-closed/one-exposure", "1-fail-closed/doubt"}
    itself |= {
        "1-fail-closed/bounce",
        "2-judged-frame/clock",
        "2-judged-frame/card-at-the-press",
        "3-never-leaves/video",
    }
    assert there - told == itself
