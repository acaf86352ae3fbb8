"""How a run is told: in words, and as JUnit."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from shuttergate import feed
from shuttergate.bench.scenario.expectations import OnePress
from shuttergate.bench.scenario.line_expectations import LineLevel
from shuttergate.bench.scenario.record import Said, Told
from shuttergate.bench.scenario.report import detail, words, write_junit
from shuttergate.verdict import Reason
from shuttergate.words import log_fields, log_name
from support.japanese import english
from support.scenarios import a_run, record


def test_a_failure_is_told_with_what_happened_around_it() -> None:
    lines = words(a_run()).splitlines()
    assert lines[0].startswith("FAILED  promise/card: The test card")
    assert "(1 of 2 held, 6.1 s)" in lines[0]
    assert lines[1:] == [
        "    must: the line falls within 50 ms after 2.9 s",
        "    was:  it fell after 100 ms",
        "        2.900 s  bench: shows card",
        "        3.000 s  line low",
        "        3.000 s  gate says CLOSED (nudity)",
    ]
    assert "is this machine busy?" in words(a_run(overdue_ms=500.0))


def test_junit_names_every_requirement_and_why_one_failed(tmp_path: Path) -> None:
    skipped = a_run()
    skipped.record.skipped, skipped.findings = "needs \x07 root", []
    trouble = a_run()
    trouble.trouble = "the kit gave no verdict"
    write_junit([a_run(), skipped, trouble], tmp_path / "out.xml")
    suites = ElementTree.parse(tmp_path / "out.xml").getroot().findall("testsuite")
    counts = [[one.get(name) for name in ("tests", "failures", "skipped")] for one in suites]
    assert counts == [["2", "1", "0"], ["1", "0", "1"], ["3", "2", "0"]]
    failure = suites[0].find("testcase/failure")
    assert failure is not None and failure.get("message") == "it fell after 100 ms"
    assert "bench: shows card" in (failure.text or "")
    titles = [case.get("name") for suite in suites for case in suite.iter("testcase")]
    assert a_run().scenario.title in titles


def test_what_was_heard_at_once_is_told_in_the_order_in_which_it_was_said() -> None:
    found = record(said=[Said(2.0, True, "clear"), Said(2.0, False, "stale")])
    said = [
        str(what) for _at_s, what in found.timeline(1.5, 2.5) if str(what).startswith("gate says")
    ]
    assert said == ["gate says OPEN", "gate says CLOSED (stale)"]


def test_a_japanese_reader_is_told_all_of_it_in_japanese() -> None:
    refused = feed.PressRefused(Reason.NUDITY)
    said = [Told(3.0, log_name(refused), log_fields(refused), refused)]
    run = a_run(told=said)
    wanted = (OnePress("taken", 2, scene="card"), LineLevel("high", 2, 4))
    must = [one.judge(run.record) for one in wanted]
    lines = [line for one in [*run.findings, *must] for line in detail(one, run.record, "ja")]
    assert list(english("\n".join(lines))) == []
    text = "\n".join(lines)
    assert "ゲート：閉、裸の可能性（nudity）" in text and "「テストカード（card）」を見せる" in text
    assert "裸かもしれないものを、モデルが見つけました［press refused］" in text
    assert "reason" not in text and "HIGH" not in text and "low" not in text
    assert "log: press refused reason nudity" in "\n".join(detail(must[1], run.record, "en"))
