"""A script, and what a slow machine makes of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shuttergate.bench.scenario.line_expectations import Falls
from shuttergate.bench.scenario.run import read_scenario
from shuttergate.bench.scenario.script import presses, stretched
from shuttergate.board import read_board
from support.scenarios import LIBRARY


def test_a_slow_machine_gets_more_of_every_time_and_of_nothing_else() -> None:
    one = read_scenario(LIBRARY / "1-fail-closed" / "card.toml")
    twice = stretched(one, 2.0)
    assert (twice.seconds, twice.show[1].at_s, twice.press[0].hold_s) == (12, 6.0, 0.4)
    assert (twice.kit.gate.max_age_ms, twice.kit.gate.clear_frames) == (500, 5)
    assert one.must[1] == Falls(2.0, 150)
    assert twice.must[1] == Falls(4.0, 300)
    assert msgspec.structs.replace(twice.must[7]) == one.must[7]


def test_a_board_is_found_beside_its_scenario(tmp_path: Path) -> None:
    one = read_scenario(LIBRARY / "3-never-leaves" / "one-live-channel.toml")
    assert read_board(one.kit.board).channels.live == ["consent-clean"]
    text = (LIBRARY / "1-fail-closed" / "card.toml").read_text()
    (tmp_path / "named.toml").write_text(f'{text}\n[kit]\nboard = "webcam"\n')
    assert read_scenario(tmp_path / "named.toml").kit.board == "webcam"


def test_a_repeated_press_comes_as_often_as_it_says() -> None:
    one = read_scenario(LIBRARY / "2-judged-frame" / "clock.toml")
    at_s = [at for at, _press in presses(one)]
    assert len(at_s) == 10 and at_s[1] - at_s[0] == pytest.approx(1.233)
