"""The channel for the Edge TPU, measured with the backbone's twin for the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shuttergate.bench.evaluate.rates import auc
from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.system.paths import share
from shuttergate.vision import pack as packs
from shuttergate.vision.channel import Channel
from shuttergate.vision.pack import read_pack
from shuttergate.vision.selftest import SelfTest
from support import needs
from support.places import CORAL

TIGHT, LOOSE = "mannequin-clothed", "mannequin-loose"


@pytest.fixture(scope="module")
def channel() -> Channel:
    needs.shared("data/coral").or_skip()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "weights", lambda pack, name: [CORAL / name])
        pack = read_pack(share("models") / "consent-clean-coral")
        return Channel(pack, pack.model(pack.content()))


@pytest.fixture(scope="module")
def scored(channel: Channel, eval_rows: list[dict[str, str]]) -> list[tuple[dict[str, str], float]]:
    pictures = (read_picture(Path(row["path"])) for row in eval_rows)
    return [
        (row, channel.score(lores_of(picture, channel.lores_size)))
        for row, picture in zip(eval_rows, pictures, strict=True)
    ]


def test_it_knows_its_known_answers(channel: Channel) -> None:
    SelfTest([channel]).ask_all()


def test_it_is_for_the_live_look_only(channel: Channel) -> None:
    assert channel.close is None


def test_it_blocks_undressed_mannequins_and_few_others(
    channel: Channel, scored: list[tuple[dict[str, str], float]]
) -> None:
    def blocked(*sets: str, safe: bool = False) -> float:
        found = [
            score >= channel.heads[0].limits.clear_below
            for row, score in scored
            if row["set"] in sets or (safe and not row["set"].startswith("mannequin"))
        ]
        assert len(found) >= 36
        return float(np.mean(found))

    assert blocked("mannequin-nude") >= 0.99
    assert blocked(safe=True) <= 0.02
    assert blocked(LOOSE) <= 0.03
    assert blocked(TIGHT) <= 14 / 36  # a linear head tells suits from skin badly


def test_it_ranks_undressed_above_safe(scored: list[tuple[dict[str, str], float]]) -> None:
    nude = [score for row, score in scored if row["label"] == "nude"]
    safe = [score for row, score in scored if row["label"] == "safe"]
    area = auc(nude, safe)
    assert area is not None and area >= 0.985


def test_the_pack_says_which_rows_chose_its_threshold() -> None:
    chosen = read_pack(share("models") / "consent-clean-coral").manifest.thresholds.chosen
    assert "even rows" in chosen
