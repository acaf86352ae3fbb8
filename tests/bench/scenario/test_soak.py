"""A soak: what grows or slows down, and the same kit round after round."""

from __future__ import annotations

from pathlib import Path

from shuttergate.bench.scenario.script import Soak
from shuttergate.bench.scenario.soak import drifts
from support.scenarios import bench, samples


def test_a_soak_finds_a_leak_and_a_drift_and_no_settling() -> None:
    settling = [100.0, 120, 140, 150, 155, 158]
    steady = drifts(samples([*settling, *[160.0] * 20]), Soak())
    assert [one.held for one in steady] == [True] * 4
    leak = drifts(samples([*settling, *(160.0 + step for step in range(20))]), Soak())
    assert [str(one.must) for one in leak if not one.held] == [
        "gate: memory mb grows by no more than 8"
    ]
    assert str(leak[0].was) == "162 at first, 177 at last"
    slower = samples([160.0] * 16) + samples([160.0] * 16, 13.0)
    (late,) = [one for one in drifts(slower, Soak()) if not one.held]
    assert str(late.must) == "verdict time grows by no more than 1.5 x"
    assert drifts(samples(settling), Soak()) == []


def test_a_soak_plays_the_script_again_on_the_same_kit(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    lines = ["seconds = 3", "press = [{ at_s = 0.8 }]", 'must = [{ what = "photos", count = 1 }]']
    path.write_text("\n".join(['title = "t"', *lines]))
    done = bench(path, "--repeat", 2)
    assert done.returncode == 0, done.stdout
    assert [line[:18] for line in done.stdout.splitlines()[:2]] == [
        f"held    one round {number}"[:18] for number in (1, 2)
    ]
    assert "2 presses, 2 photos, 0 faults" in done.stdout
    assert "1 starts of the gate process" in done.stdout
