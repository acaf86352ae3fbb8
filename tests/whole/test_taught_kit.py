"""A whole kit with a taught rule: the line falls for the object."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shuttergate.policy.rule_file import read
from support.kits import PATIENT, Kit, slow_board
from support.taught import lesson, pictures


@pytest.fixture(scope="module")
def rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rule that five views with a star and five without teach."""
    return lesson(tmp_path_factory.mktemp("lesson"), yes=5, no=5) / "star.rule"


def settings(folder: Path, rule: Path, scene: Path) -> list[str]:
    path = folder / "kit.toml"
    text = f'{PATIENT.read_text()}clear_frames = 5\n[policy]\nrules = ["{rule}"]\n'
    path.write_text(f'{text}[scene]\npath = "{scene}"\npicture_s = 2.0\n[video]\ncodec = "off"\n')
    return ["--board", str(slow_board(folder)), "--config", str(path)]


def test_the_line_falls_for_what_was_taught_and_rises_again(
    kit: Callable[..., Kit], tmp_path: Path, rule: Path
) -> None:
    (without,), (held,) = (
        pictures(tmp_path / str(star), 1, 5, star=star) for star in (False, True)
    )
    scene = tmp_path / "scene"
    scene.mkdir()
    shutil.copy(without, scene / "1.png")
    shutil.copy(held, scene / "2.png")
    told = ["--headless", "--album", str(tmp_path / "album"), "--seconds", "30"]
    one = kit("demo", *told, *settings(tmp_path, rule, scene))
    one.wait_for("gate", state="OPEN")
    closed = one.wait_for("gate", state="CLOSED", reason="taught")
    assert closed["scores"]["star"] >= read(rule).line
    assert set(closed["scores"]) == {"consent-clean", "open-nsfw", "star"}
    one.wait_for("gate", state="OPEN")
    one.wait_for("gate", state="CLOSED", reason="taught")


@pytest.mark.parametrize("damage", ["cut", "another embedder", "gone"])
def test_a_kit_whose_rule_cannot_be_read_does_not_start(
    kit: Callable[..., Kit], tmp_path: Path, rule: Path, clear_scene: Path, damage: str
) -> None:
    """Fail closed: it must not run without what it was told to refuse."""
    from dataclasses import replace

    from shuttergate.policy.rule_file import write

    own = tmp_path / "own.rule"
    if damage == "cut":
        own.write_bytes(rule.read_bytes()[:-1])
    elif damage == "another embedder":
        write(replace(read(rule), embedder="ab" * 32), own)
    given = ["--headless", "--album", str(tmp_path / "album"), "--seconds", "20"]
    one = kit("demo", *given, *settings(tmp_path, own, clear_scene))
    assert one.process.wait(30) == 2
    assert one.process.stderr is not None
    said = one.process.stderr.read().decode()
    assert {"cut": "own.rule", "another embedder": "taught with another", "gone": "own.rule"}[
        damage
    ] in said
