"""The pins, the copper between them, and a kit that is open: a plugin of pytest.

What came of each check is written down when it ends: the machine may be stopped before the last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bank import Bank, Copper
from service import (
    CONFIG,
    SCENE,
    UNIT,
    hold_before,
    is_active,
    main_pid,
    run,
    show,
    start,
    systemctl,
    wait_until,
)

Note = Callable[[str], None]


def pytest_runtest_logreport(report: Any) -> None:
    """Write down a check's end, and what was noted; a setup only where it went wrong."""
    if report.when == "call" or report.failed:
        row = {
            "name": report.location[2].partition("[")[0],
            "outcome": {"passed": "ok", "failed": "FAILED"}.get(report.outcome, report.outcome),
            "seconds": round(report.duration, 1),
            "note": "; ".join(value for _, value in report.user_properties),
            "why": report.longrepr.reprcrash.message if report.failed else "",
        }
        with Path("/bench/results.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")


@pytest.fixture(scope="session")
def bank() -> Bank:
    return Bank()


@pytest.fixture(scope="session")
def copper(bank: Bank) -> Iterator[Copper]:
    copper = Copper(bank)
    yield copper
    copper.close()


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Say what was measured; it stands in the table."""
    return lambda words: record_property("note", words)


@pytest.fixture
def kit(bank: Bank, copper: Copper) -> Iterator[Bank]:
    """The service runs on a clear scene and its gate is open; it is put right where it is not."""
    if not CONFIG.exists():
        pytest.fail("the kit is not installed", pytrace=False)
    copper.finger = False
    if SCENE.read_bytes() != Path("/bench/scenes/clear.jpg").read_bytes() or not is_active():
        hold_before("clear")
        systemctl("stop", UNIT)
        start()
    assert wait_until(bank.line, 30), f"the gate does not open: {show('StatusText')}"
    yield bank
    copper.finger = False
    if CONFIG.exists() and main_pid():
        run("systemctl", "kill", "--signal=CONT", UNIT)  # what a check that failed left frozen
