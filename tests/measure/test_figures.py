"""A model card's tables: the worst comes first, and whose world a set is from is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.figures import area_table, disturbance_table, group_tables
from shuttergate.bench.evaluate.evaluation import Hands, Summary, evaluate
from shuttergate.bench.evaluate.looks import kit_looks
from shuttergate.bench.evaluate.manifest import Manifest, read_manifest
from shuttergate.board import read_board
from shuttergate.verdict import Look


@pytest.fixture
def manifest(clear_scene: Path, blocked_scene: Path) -> Manifest:
    """What the pictures show is no matter here: the labels are only labels."""
    folder = clear_scene.parent
    for source, name in ((clear_scene, "a.png"), (blocked_scene, "b.png")):
        (folder / name).write_bytes(source.read_bytes() + b"\0")  # the same picture, other bytes
    (folder / "list.csv").write_text(
        "path,label,set\n"
        f"{clear_scene.name},safe,plain\n"
        f"{blocked_scene.name},safe,painted\n"
        "a.png,nude,seen\n"
        "b.png,nude,missed\n"
    )
    return read_manifest(folder / "list.csv")


@pytest.fixture
def summary(manifest: Manifest) -> Summary:
    return evaluate(manifest, kit_looks(read_board("simulated"), {}, (Look.LIVE,)), [], Hands())


def rows(lines: list[str], first: str) -> list[str]:
    """The first cells of a table's rows."""
    start = lines.index(first) + 4
    return [line.split("|")[1].strip() for line in lines[start : lines.index("", start)]]


def test_groups_stand_worst_first(summary: Summary) -> None:
    lines = list(group_tables(summary, ["painted"]))
    assert rows(lines, "Undressed, blocked, by set") == ["seen", "missed"]
    assert rows(lines, "Harmless, wrongly blocked, by set") == ["painted †", "plain"]
    assert any("| 1/1 (20.7–100.0 %) |" in line for line in lines)


def test_the_set_that_is_told_worst_stands_first(summary: Summary) -> None:
    lines = list(area_table(summary, []))
    assert rows(lines, "Area under the ROC curve, all undressed against each set")[0] == "painted"


def test_disturbances_stand_worst_first(manifest: Manifest) -> None:
    clear, blocked = dict.fromkeys(Look, 0.1), dict.fromkeys(Look, 0.9)
    found = {"as it is": [clear, clear, blocked, blocked], "far": [clear, None, clear, blocked]}
    lines = list(disturbance_table(manifest, found))
    first = "Disturbed: undressed blocked, harmless wrongly blocked"
    assert rows(lines, first) == ["far", "as it is"]
    assert "| far | 1/2 (9.5–90.5 %) | 0/1 (0.0–79.3 %) |" in lines[4]
