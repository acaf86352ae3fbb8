"""The decision of both channels together, in both looks, on the shared evaluation pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from shuttergate.bench.evaluate.rates import auc
from shuttergate.board import read_board
from shuttergate.stills import Checked, check
from shuttergate.system.paths import share
from shuttergate.verdict import Look
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.pack import read_pack

Judged = dict[Look, list[tuple[dict[str, str], Checked]]]

TIGHT, LOOSE = "mannequin-clothed", "mannequin-loose"


@pytest.fixture(scope="module")
def judged(both: Eyes, judged_live: list[Checked], eval_rows: list[dict[str, str]]) -> Judged:
    files = [Path(row["path"]) for row in eval_rows]
    second = check(files, both, both.rule(Look.SECOND, {}), live=False)
    found = {Look.LIVE: judged_live, Look.SECOND: list(second)}
    return {look: list(zip(eval_rows, found[look], strict=True)) for look in Look}


def blocked_share(found: list[Checked]) -> float:
    return sum(one.verdict == "BLOCKED" for one in found) / len(found)


def of_set(judged: Judged, look: Look, *names: str) -> list[Checked]:
    return [one for row, one in judged[look] if row["set"] in names]


def test_the_board_looks_with_both_channels() -> None:
    channels = read_board("simulated").channels
    assert list(channels.live) == ["consent-clean", "open-nsfw"]
    assert list(channels.look) == ["consent-clean", "open-nsfw"]


@pytest.mark.parametrize("look", Look)
def test_undressed_mannequins_are_blocked(judged: Judged, look: Look) -> None:
    assert blocked_share(of_set(judged, look, "mannequin-nude")) >= 0.99


@pytest.mark.parametrize("look", Look)
def test_safe_pictures_are_seldom_blocked(judged: Judged, look: Look) -> None:
    safe = [
        one
        for row, one in judged[look]
        if row["label"] == "safe" and row["set"] not in (TIGHT, LOOSE)
    ]
    assert len(safe) > 200
    assert sum(one.verdict == "BLOCKED" for one in safe) <= (2 if look is Look.LIVE else 3)


@pytest.mark.parametrize("look", Look)
def test_hands_are_no_nudity(judged: Judged, look: Look) -> None:
    hands = [one for row, one in judged[look] if row["set"].startswith("neg-hands")]
    assert len(hands) >= 75
    assert sum(one.verdict == "BLOCKED" for one in hands) <= 1


@pytest.mark.parametrize("look", Look)
def test_clothes_are_told_from_bodies(judged: Judged, look: Look) -> None:
    """Tight suits on CG bodies are the price of a rule that listens to both: a quarter at most."""
    assert blocked_share(of_set(judged, look, LOOSE)) <= 1 / 36
    assert blocked_share(of_set(judged, look, TIGHT)) <= 9 / 36


@pytest.mark.parametrize("look", Look)
def test_the_joint_score_ranks_them(judged: Judged, look: Look) -> None:
    nude = [one.score for row, one in judged[look] if row["label"] == "nude"]
    safe = [one.score for row, one in judged[look] if row["label"] == "safe"]
    area = auc([score or 0.0 for score in nude], [score or 0.0 for score in safe])
    assert area is not None
    assert area >= 0.995


@pytest.mark.parametrize("look", Look)
def test_every_skin_tone_is_judged_alike(judged: Judged, look: Look) -> None:
    tones: dict[str, list[Checked]] = defaultdict(list)
    for row, one in judged[look]:
        tone = re.search(r"mst(\d\d)", row["path"])
        if row["label"] == "nude" and tone:
            tones[tone[1]].append(one)
    assert len(tones) >= 5
    mean = blocked_share([one for found in tones.values() for one in found])
    for found in tones.values():
        assert abs(blocked_share(found) - mean) <= 0.03


def test_each_channel_alone_is_worth_something(judged: Judged) -> None:
    """Neither is a passenger: each ranks undressed above safe by itself."""
    for name in ("consent-clean", "open-nsfw"):
        nude = [one.scores[name] for row, one in judged[Look.LIVE] if row["label"] == "nude"]
        safe = [one.scores[name] for row, one in judged[Look.LIVE] if row["label"] == "safe"]
        area = auc(nude, safe)
        assert area is not None
        assert area >= 0.9, name


def test_the_packs_say_how_their_thresholds_were_chosen() -> None:
    for name in ("consent-clean", "open-nsfw"):
        chosen = read_pack(share("models") / name).manifest.thresholds.chosen
        assert re.search(r"(even|odd) rows", chosen), name
