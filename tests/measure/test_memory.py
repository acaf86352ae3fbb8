"""What the gate process keeps, part by part: bytes, which no load on the machine changes."""

from __future__ import annotations

import pytest

from measure.memory import BUFFERS, MODELS, Kinds, measured_parts
from shuttergate.board import read_board
from shuttergate.lane import POOL_FRAMES
from shuttergate.system.paths import share
from shuttergate.vision.pack import read_pack


@pytest.fixture(scope="module")
def parts() -> dict[str, Kinds]:
    return measured_parts()


def test_each_model_is_held_once(parts: dict[str, Kinds]) -> None:
    channels = read_board("simulated").channels
    packs = [read_pack(share("models") / name) for name in {*channels.live, *channels.look}]
    files_mb = sum(pack.file.stat().st_size for pack in packs) / 1e6
    _, anonymous, _, _ = parts[MODELS]
    # The file, XNNPACK's own form of it, and room to compute in: 3.2 times the file. Another copy
    # of the files, or other interpreters for the second look, would be over this.
    assert files_mb < anonymous < 3.8 * files_mb


def test_there_are_as_many_frame_buffers_as_are_said(parts: dict[str, Kinds]) -> None:
    width, height = read_board("simulated").camera.main_size
    each_mb = (width * height * 3 // 2 + 224 * 224 * 3) / 1e6
    resident, _, shared, _ = parts[BUFFERS]
    assert shared == pytest.approx(POOL_FRAMES * each_mb, rel=0.02)
    assert resident == pytest.approx(shared, abs=1.0)
