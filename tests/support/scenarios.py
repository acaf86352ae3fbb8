"""What the tests of the bench share: records and runs made by hand, and a bench to run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from shuttergate import feed
from shuttergate.bench.scenario import invariants
from shuttergate.bench.scenario.album_expectations import PhotoCount
from shuttergate.bench.scenario.expectation import Finding
from shuttergate.bench.scenario.line_expectations import Falls
from shuttergate.bench.scenario.names import SCENES
from shuttergate.bench.scenario.record import AlbumPicture, Done, PressRecord, Record, Said, Told
from shuttergate.bench.scenario.report import Run
from shuttergate.bench.scenario.run import read_scenario
from shuttergate.bench.scenario.soak import Sample
from shuttergate.bench.scenario.vitals import Vitals
from shuttergate.errors import phrase
from support.looking import standing
from support.places import ROOT

LIBRARY = ROOT / "tests" / "scenarios"

LEAST = 'title = "t"\nseconds = 5\nmust = [{ what = "photos", count = 1 }]\n'


def record(**more: Any) -> Record:
    """A run of 5 s: the line high from 1 to 3 s, CLOSED for nudity from 3 s on."""
    found = Record(
        levels=[(0.0, False), (1.0, True), (3.0, False)],
        said=[Said(0.5, False, "waiting"), Said(1.0, True, "clear"), Said(3.0, False, "nudity")],
        told=[Told(2.1, "photo", {"name": "a.jpg", "ms": 80.0})],
        presses=[
            PressRecord(2.0, "taken", "", "a.jpg", 80.0, felt_s=2.01, outcomes=1),
            PressRecord(4.0, "refused", "nudity", outcomes=1),
        ],
        page_pictures=[(0.5, 60), (1.5, 58), (4.0, 176)],
        pictures=[AlbumPicture("a.jpg", "clear", 1.98)],
        ended_s=5.0,
        starts=1,
        oldest_ms=40.0,
        stopped=True,
        gate_wrote_bytes=4096,
        gate_sockets=[],
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def a_run(**more: Any) -> Run:
    """That run, judged: the line fell too late, and one photo is there."""
    scenario = read_scenario(LIBRARY / "1-fail-closed" / "card.toml")
    found = record(done=[Done(2.9, phrase("shows {scene}", scene=SCENES["card"]))], **more)
    wanted = [Falls(2.9, 50), PhotoCount(1)]
    return Run("promise/card", scenario, found, [one.judge(found) for one in wanted], "", 6.1)


def samples(memory_mb: Sequence[float], verdict_ms: float = 8.0) -> list[Sample]:
    """What a soak sampled of a gate process, every 20 s."""
    return [
        Sample(20.0 * number, {"gate": Vitals(one, 30, 9)}, {"verdict": verdict_ms})
        for number, one in enumerate(memory_mb)
    ]


def word(at_s: float, opened_s: float | None = None, line: bool | None = None) -> feed.Status:
    """The gate's word of a moment; without ``line`` that is as it should be."""
    status = standing(opened_s is not None).status
    assert status is not None
    line = opened_s is not None if line is None else line
    return msgspec.structs.replace(status, at_s=at_s, opened_s=opened_s, line=line)


def never_high(found: Record) -> Finding:
    """Whether the line was ever high while the gate said CLOSED."""
    must = "1: the line is never high while the gate says CLOSED"
    (one,) = [one for one in invariants.findings(found, 1 / 30) if str(one.must) == must]
    return one


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command, as a person does."""
    command = [sys.executable, "-m", "shuttergate", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
