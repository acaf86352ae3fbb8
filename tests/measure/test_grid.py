"""The grid of alternative rules: read from an evaluation, one line a rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from measure import grid


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    def one(label: str, kind: str, first: float, second: float) -> dict[str, object]:
        scores = {"consent-clean": first, "open-nsfw": second}
        return {"label": label, "set": kind, "looks": {"live": {"scores": scores}}}

    judged = [
        one("nude", "x", 0.95, 0.5),
        one("nude", "x", 0.45, 0.9),
        one("safe", "y", 0.1, 0.1),
        one("safe", "mannequin-clothed", 0.3, 0.91),
    ]
    judged.append({"label": "safe", "set": "y", "looks": {"live": {"scores": {}}}})  # unreadable
    path = tmp_path / "e.json"
    path.write_text(json.dumps({"judged": judged}))
    return path


def test_every_rule_has_its_line(evaluation: Path) -> None:
    lines = list(grid.rows(grid.read(evaluation)))
    assert lines[0].startswith("| alone | together | live: mannequin-clothed | live: nude |")
    assert len(lines) == 2 + len(list(grid.rules()))
    found = {line.split(" |")[0] + line.split(" |")[1]: line for line in lines[2:]}
    assert "| 0/1 | 1/2 | 0/1 | 0.7500 |" in found["| 0.5 –"]
    assert "| 0/1 | 2/2 | 0/1 |" in found["| 0.5 2 : 1 from 1"]
    assert "| 1/1 | 2/2 | 0/1 |" in found["| 0.5 2 : 1 from 0"]


def test_what_is_no_evaluation_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "e.json").write_text("{}")
    monkeypatch.setattr("sys.argv", ["grid", str(tmp_path / "e.json")])
    assert grid.main() == 2
    assert "evaluate --json" in capsys.readouterr().err
