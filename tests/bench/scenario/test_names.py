"""A script's names stay in English, and Japanese readers are told what each means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from shuttergate.bench.scenario import faults
from shuttergate.bench.scenario.names import (
    BREAKS,
    FAULTS,
    PROCESSES,
    REASONS,
    SCENES,
    closed_for,
    named,
)
from shuttergate.bench.scenario.script import BUILT_IN
from shuttergate.bench.scenario.soak import PROCESSES as SOAKED
from shuttergate.errors import Phrase
from shuttergate.verdict import Fault, Reason
from support.japanese import english


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (SCENES, BUILT_IN),
        (REASONS, ("open", *Reason)),
        (FAULTS, Fault),
        (BREAKS, faults.KINDS),
        (PROCESSES, SOAKED),
    ],
    ids=["scenes", "reasons", "faults", "breaks", "processes"],
)
def test_every_name_of_a_script_has_a_meaning_in_japanese(
    names: Mapping[str, Phrase], known: Iterable[str]
) -> None:
    assert {*names} == {*known}
    for name, words in names.items():
        assert str(words) == name
        told = words.told("ja")
        assert list(english(told)) == [] and told.endswith(f"（{name}）"), told
    assert len({words.told("ja") for words in names.values()}) == len(names)


def test_a_name_that_a_script_gives_itself_stays() -> None:
    assert named(SCENES, "held") == "held" and named(SCENES, None) == ""


def test_a_closed_gate_says_why_and_what_is_broken() -> None:
    found = closed_for("fault", ("camera", "album"))
    assert str(found) == "fault: camera, album"
    assert isinstance(found, Phrase)
    assert found.told("ja") == "故障（fault）：カメラ（camera）、アルバム（album）"
