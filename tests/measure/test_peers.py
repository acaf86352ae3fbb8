"""`make bench-peers`: the arithmetic, the words, and a process that is fed pictures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from measure import peers
from measure.peers import (
    Report,
    Row,
    Subject,
    Worker,
    rows_of,
    subjects,
    take_turns,
)
from measure.peers_table import ACCURACY, show
from measure.peers_worker import sizes_mb
from shuttergate.bench.evaluate.rivals import RIVALS
from shuttergate.errors import ShuttergateError
from support import needs
from support.places import ROOT

PICTURE = np.full((4, 6, 3), 90, np.uint8)
CORES = sorted(os.sched_getaffinity(0))[:1]
FAKE = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from measure.peers_worker import Subject, serve
def judge(picture):
    assert picture.shape == (4, 6, 3) and picture[3, 5, 2] == 90
    assert os.sched_getaffinity(0) == set(map(int, sys.argv[1].split(",")))
serve(Subject(judge), sys.stdin.buffer, sys.stdout.buffer)
"""


def fake(cores: list[int]) -> list[str]:
    return [sys.executable, "-c", FAKE, ",".join(map(str, cores))]


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    ours, theirs = [10.0, 10.0, 40.0], [20.0, 30.0, 40.0]
    (row,) = rows_of("verdict", "ms", ["shuttergate", "them"], [ours, theirs])
    assert (row.ours, row.theirs) == (10.0, 30.0)
    assert row.ratio == 2.0  # of 2, 3 and 1; the medians' own ratio would be 3
    (row,) = rows_of("verdict, p99", "ms", ["shuttergate", "them"], [ours, theirs], 1.0)
    assert row.ratio == 1.0


@pytest.mark.parametrize(
    ("unit", "ratio", "words"),
    [
        ("ms", 1.5, "1.50 times as fast"),
        ("s", 0.5, "SLOWER: takes 2.00 times as long"),
        ("MB", 2.0, "smaller: 0.50 of theirs"),
        ("MB", 0.25, "LARGER: 4.00 of theirs"),
        ("ms", 1.001, "the same"),
    ],
)
def test_the_words_say_who_wins(unit: str, ratio: float, words: str) -> None:
    assert Row("figure", unit, "them", 1.0, ratio, ratio).words == words


def test_the_table_names_losses_what_was_left_out_and_where_the_accuracy_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Row("start", "s", "them", 0.3, 0.15, 0.5), Row("start", "s", "others", 0.3, 0.6, 2.0)]
    report = Report([3], {"them": "1.0"}, 0.04, rows)
    report.skipped["it"] = "not installed: pip install it"
    show(report, Console(width=110, highlight=False))
    said = capsys.readouterr().out
    assert "bound to core 3; other programs took 0.0 of" in said
    assert "not idle" not in said
    assert "0.30 / 0.15 s" in said and "SLOWER: takes 2.00 times as long" in said
    assert "it was left out, not installed: pip install it" in said
    assert "shuttergate evaluate MANIFEST.csv --against open-nsfw,nudenet" in said


def test_a_busy_machine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    show(Report([0, 1], {}, 1.26), Console(width=110, highlight=False))
    said = capsys.readouterr().out
    assert "bound to cores 0, 1; other programs took 1.3 of" in said
    assert "The machine was not idle." in said


def test_the_accuracy_is_the_model_cards() -> None:
    root = Path(__file__).parents[2]
    card = (root / "models" / "consent-clean" / "MODEL_CARD.md").read_text()
    beside = card[card.index("## Beside the public models") :]
    lines = beside[: beside.index("On the benchmark")].splitlines()
    for name, *figures in ACCURACY:
        (line,) = [line for line in lines if line.removeprefix("| ").startswith(name + " ")]
        places = [line.index(figure) for figure in figures]
        assert places == sorted(places)


def test_a_worker_judges_what_it_is_given_on_the_cores_it_is_bound_to() -> None:
    before = os.sched_getaffinity(0)
    with Worker("fake", fake(CORES), CORES) as worker:
        assert worker.judge(PICTURE) >= 0
        assert worker.judge(None) >= 0  # the same once more
        assert 1 < worker.peak_mb() < 1000
    assert os.sched_getaffinity(0) == before


def test_a_worker_that_fails_is_named() -> None:
    unknown = subjects()[0].command(1)
    unknown[-2] = "second-sight"
    with (
        Worker("second-sight", unknown, CORES) as worker,
        pytest.raises(ShuttergateError, match="second-sight: 'second-sight'"),
    ):
        worker.judge(PICTURE)
    with (
        Worker("mute", ["true"], CORES) as worker,
        pytest.raises(ShuttergateError, match="mute: its process ended"),
    ):
        worker.judge(PICTURE)
    with (
        Worker("chatty", ["echo", "hello"], CORES) as worker,
        pytest.raises(ShuttergateError, match="chatty: no answer"),
    ):
        worker.judge(PICTURE)


class Noted:
    """In a worker's place: notes who was asked."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self.name, self.asked = name, asked

    def judge(self, picture: object) -> float:
        self.asked.append(self.name)
        return float(len(self.asked))


def test_subjects_take_turns_and_none_is_always_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "WARM_UP", 0)
    asked: list[str] = []
    times = take_turns([Noted("a", asked), Noted("b", asked)], [PICTURE], 3)
    assert asked == ["a", "b", "b", "a", "a", "b"]
    assert times == [[1.0, 4.0, 5.0], [2.0, 3.0, 6.0]]
    assert take_turns([Noted("a", asked)], [PICTURE], 9, limit_s=-1.0) == [[7.0]]


def test_what_is_missing_or_broken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "pictures", lambda: [PICTURE])
    monkeypatch.setattr(peers, "second_look", lambda cores, runs: "a note")
    monkeypatch.setattr(peers, "MOST_CORES", 1)

    def subject(name: str, version: str | None, *command: str) -> Subject:
        start = list(command) or fake(CORES)
        return Subject(name, version, lambda threads: start, lambda: (2.0, 8.0), "pip install x")

    found = [
        subject("shuttergate", "1"),
        subject("them", "2"),
        subject("gone", None),
        subject("broken", "3", "false"),
    ]
    said: list[str] = []
    report = peers.compare(found, 2, 1, said.append)
    assert report.versions == {"shuttergate": "1", "them": "2"}
    assert report.skipped["gone"] == "not installed: pip install x"
    assert report.skipped["broken"].startswith("does not run (broken: its process ended)")
    assert {row.peer for row in report.rows} == {"them"}
    assert len(report.rows) == 6  # cost and its p99 on one core, start, memory, two sizes
    assert report.rows[-1].words == "the same"
    assert 0 <= report.others <= (os.cpu_count() or 1)
    with pytest.raises(ShuttergateError):
        peers.compare([subject("shuttergate", "1", "false")], 2, 1, said.append)


def test_the_kits_own_looks_answer() -> None:
    ours = subjects()[0]
    picture = np.full((120, 160, 3), 90, np.uint8)
    command = ours.command(2)
    for name in ("live", "second"):
        with Worker(name, [*command[:-2], name, command[-1]], CORES) as worker:
            assert 0 < worker.judge(picture) < 10_000
    models, installed = ours.sizes_mb()
    assert 5 < models < 20 and models < installed


@pytest.mark.parametrize("name", [rival.name for rival in RIVALS])
def test_a_public_model_answers_where_it_is_installed(name: str) -> None:
    (peer,) = [one for one in subjects() if one.name == name]
    assert "install" in peer.install
    needs.installed(peer.install, peer.version is not None).or_skip()
    with Worker(peer.name, peer.command(1), CORES) as worker:
        assert worker.judge(np.full((120, 160, 3), 90, np.uint8)) > 0
    models, installed = peer.sizes_mb()
    assert 1 < models < installed


def test_what_is_not_installed_has_no_size() -> None:
    assert sizes_mb("not-a-package-at-all") == (0.0, 0.0)
