"""How runs are told on a page."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from shuttergate.bench.scenario import page
from shuttergate.bench.scenario.script import Soak
from shuttergate.bench.scenario.soak import Soaked, drifts
from support.japanese import english
from support.places import ROOT
from support.scenarios import a_run, samples


def test_the_page_shows_each_run_and_needs_nothing_else() -> None:
    skipped = a_run()
    skipped.name, skipped.record.skipped, skipped.findings = "other", "needs root", []
    text = page.render([a_run(), skipped], "On the bench")
    assert text.count("<svg") == 1
    assert "0 of 2 scenarios held, 1 not run" in text and "Not run: needs root" in text
    assert "must: the line falls within 50 ms after 2.9 s" in text
    assert "1. Fail closed" in text and "2. The saved frame" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text) and "<script" not in text


def test_the_page_of_a_soak_shows_what_grew() -> None:
    soaked = Soaked(rounds=2, samples=samples([160.0] * 20), seconds=400.0)
    soaked.drifts = drifts(soaked.samples, Soak())
    text = page.render([], "An hour", soaked)
    assert text.count("<svg") == 1
    assert "2 of 2 rounds held, in 6.7 min" in text
    assert "gate: threads grows by no more than 0" in text


def test_a_japanese_reader_gets_the_page_in_japanese() -> None:
    text = subprocess.run(
        [
            sys.executable,
            "-c",
            "from support.scenarios import *; from shuttergate.bench.scenario import"
            " page; print(page.render([a_run()], 'ベンチ'))",
        ],
        env={**os.environ, "LANGUAGE": "ja", "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert a_run().scenario.title not in text and a_run().scenario.title_ja in text
    drawn = re.findall(r"<text[^>]*>([^<]+)</text>", text)
    assert "裸の可能性（nudity）" in "".join(drawn)
    assert list(english("\n".join(drawn))) == []
