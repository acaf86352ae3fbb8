"""What must hold in every run: each promise, broken in a record made by hand, is found."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shuttergate.bench.scenario import invariants
from shuttergate.bench.scenario.record import AlbumPicture, PressRecord, Record, Said, Told
from shuttergate.bench.scenario.report import words
from support.scenarios import a_run, never_high, record

BROKEN: list[tuple[dict[str, Any], str]] = [
    (
        {"levels": [(0.0, False), (1.0, True), (3.0, False), (4.95, True)]},
        "1: the line is low when the kit has ended",
    ),
    (
        {"levels": [(0.0, False), (1.0, True), (4.0, False)]},
        "1: the line is never high while the gate says CLOSED",
    ),
    (
        {"levels": [(0.0, False), (0.999, True), (3.0, False)]},
        "1: the line is never high while the gate says CLOSED",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.98, "says GPSInfo")]},
        "3: every file in the album is whole, and says nothing but the picture",
    ),
    ({"pictures": []}, "3: the album holds what the log tells of, and nothing else"),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.98), AlbumPicture("b.mp4", None, None)]},
        "3: the album holds what the log tells of, and nothing else",
    ),
    (
        {"presses": []},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"presses": [PressRecord(2.0, "taken", "", "a.jpg", 80.0, felt_s=2.01, outcomes=2)]},
        "1: a press comes to one thing: a photo, a refusal or a question",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 2.1)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.9)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", None)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    ({"gate_wrote_bytes": 1 << 20}, "3: the gate process writes no picture to any file"),
    ({"gate_sockets": ["socket 7"]}, "4: the gate process has no socket but to its own kit"),
    (
        {"told": [Told(2.1, "photo", {"name": "a.jpg", "pixels": "0" * 3000})]},
        "4: the log tells no name of a computer or a person, and holds no picture",
    ),
    (
        {"told": [Told(2.1, "photo", {"name": "a.jpg", "path": f"{Path.home()}/x"})]},
        "4: the log tells no name of a computer or a person, and holds no picture",
    ),
]


def test_what_could_not_be_looked_at_is_not_held() -> None:
    unseen = record(gate_wrote_bytes=None, gate_sockets=None)
    found = invariants.findings(unseen, 1 / 30)
    assert len(found) == len(invariants.findings(record(), 1 / 30)) - 2
    run = a_run()
    run.record.gate_sockets = None
    assert "not looked at: the gate process's sockets and writes" in words(run)


def test_pulses_while_the_gate_says_closed_are_found() -> None:
    pulses = [(0.0, False)]
    for step in range(10):
        pulses += [(5.0 + 0.5 * step, True), (5.0 + 0.5 * step + 0.06, False)]
    said = [Said(0.5, False, "nudity")]
    one = never_high(record(levels=pulses, said=said, ended_s=12.0, presses=[]))
    assert not one.held and str(one.was) == "it was high from 5.000 to 5.060 s"


def test_nothing_said_is_no_crash() -> None:
    assert invariants.findings(Record(), 1 / 30)


def test_every_run_is_asked_for_the_four_promises() -> None:
    found = invariants.findings(record(), 1 / 30)
    assert [str(one.must) for one in found if not one.held] == []
    assert {str(one.must)[0] for one in found} == set("1234")


@pytest.mark.parametrize(("changed", "broken"), BROKEN)
def test_a_promise_that_is_broken_is_found(changed: dict[str, Any], broken: str) -> None:
    if "path" in str(changed) and str(Path.home()) == "/":
        pytest.skip("this user's home folder is the root: its name tells nothing")
    found = invariants.findings(record(**changed), 1 / 30)
    assert [str(one.must) for one in found if not one.held] == [broken]


@pytest.mark.parametrize(("host", "held"), [("kit-7", False), ("shuttergate", True)])
def test_a_computer_may_be_called_what_the_log_says_anyhow(
    monkeypatch: pytest.MonkeyPatch, host: str, held: bool
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    told = Told(2.0, "album fault", {"error": f"/var/lib/{host}/album is full"})
    *_, last = invariants.findings(record(told=[told]), 1 / 30)
    assert last.held == held


ASKED = Told(4.0, "asked", {"answer_s": 10.0, "hold_s": 3.0})
CURRENT = [(0.0, False), (8.0, True), (8.02, False)]


@pytest.mark.parametrize(
    ("told", "levels", "held"),
    [
        ([ASKED], CURRENT, True),
        ([], CURRENT, False),  # nobody was asked
        ([replace(ASKED, at_s=5.5)], CURRENT, False),  # nobody can have held it for so long
        ([replace(ASKED, at_s=-5.0)], CURRENT, False),  # too late
        ([ASKED], [(0.0, False), (8.0, True), (8.6, False)], False),  # too long
        ([ASKED], [*CURRENT, (9.0, True), (9.02, False)], False),  # twice
        ([ASKED, replace(ASKED, at_s=9.0)], [*CURRENT, (13.0, True), (13.02, False)], True),
    ],
)
def test_the_line_may_rise_once_for_a_yes_and_not_for_long(
    told: list[Told], levels: list[tuple[float, bool]], held: bool
) -> None:
    said = [Said(0.5, False, "taught")]
    found = record(levels=levels, said=said, told=told, ended_s=15.0, presses=[], pictures=[])
    assert never_high(found).held is held
