"""The stage before a simulated camera."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from shuttergate.errors import CameraError
from shuttergate.frames import marks
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens, Scene
from shuttergate.frames.stage import Stage, Stagehand


def test_a_stage_shows_what_it_is_told_for_as_many_exposures(tmp_path: Path) -> None:
    for name, colour in (("clear", (30, 60, 160)), ("card", (200, 200, 200))):
        Image.new("RGB", (640, 480), colour).save(tmp_path / f"{name}.png")
    file = tmp_path / "stage.toml"
    file.write_text('[scenes]\nclear = "clear.png"\ncard = "card.png"\n')
    lens = Lens((640, 480), (224, 224))

    def open_one(path: Path) -> Scene:
        return open_scene(path, lens, 1.0, pytest.fail)

    hand = Stagehand()
    stage = Stage(file, open_one, hand)

    def shown() -> int:
        return marks.read(stage.at(0.0).main[:480])[0]

    assert [shown() for _ in range(2)] == [0, 0]
    hand.show("card", 2)
    assert [shown() for _ in range(4)] == [1, 1, 0, 0]
    hand.show("card", 0)
    hand.show("clear", 1)
    assert [shown() for _ in range(3)] == [0, 1, 1]
    hand.show("garden", 0)
    with pytest.raises(CameraError, match="has no scene 'garden'; it has clear, card"):
        stage.at(0.0)
    stage.close()
    file.write_text("scenes = 3")
    with pytest.raises(CameraError, match=r"stage\.toml"):
        Stage(file, open_one, hand)
