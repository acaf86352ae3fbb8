"""What a stand hears, and when it was: a busy machine hears late."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from shuttergate import feed
from shuttergate.bench.scenario.hookup import Simulated
from shuttergate.bench.scenario.record import Record
from shuttergate.bench.scenario.run import read_scenario
from shuttergate.bench.scenario.stand import Stand
from support.scenarios import LIBRARY, never_high, word


def heard(tmp_path: Path, *news: feed.News) -> Record:
    """What a stand records of this, all heard at once, and 5 s late."""
    stand = Stand(read_scenario(LIBRARY / "1-fail-closed" / "card.toml"), tmp_path)
    stand.kit = cast(Any, SimpleNamespace(start_s=0.5, starts=1))
    stand.hookup = Simulated(stand.kit)
    found = stand.begin()
    found.began_s -= 5.0

    def late(one: feed.News) -> feed.News:
        times = {name: getattr(one, name, None) for name in ("at_s", "opened_s")}
        given = {name: at_s + found.began_s for name, at_s in times.items() if at_s is not None}
        return msgspec.structs.replace(one, **given)

    stand._take([late(one) for one in news])
    found.ended_s = 5.0
    return found


def test_an_opening_that_is_told_of_late_was_told_of(tmp_path: Path) -> None:
    """A busy machine: the line rises at 1 s, and 101 ms and more go by before a word is heard."""
    rise, fall = feed.Level(True, 1.0), feed.Level(False, 1.101)
    on_time = [word(0.5), rise, word(1.0, 0.999), fall, word(1.102)]
    found = heard(tmp_path, *on_time)
    assert [round(one.at_s, 3) for one in found.said] == [0.5, 1.0, 1.102]
    assert never_high(found).held
    late = [word(0.5), rise, fall, word(1.102), word(1.1, 0.999)]
    assert [one.is_open for one in heard(tmp_path, *late).said] == [False, True, False]
    assert never_high(heard(tmp_path, *late)).held


def test_an_opening_that_nobody_tells_of_is_found_however_late_words_are(tmp_path: Path) -> None:
    pulse = [word(0.5), feed.Level(True, 1.0), feed.Level(False, 1.101), word(1.102)]
    one = never_high(heard(tmp_path, *pulse))
    assert not one.held and str(one.was) == "it was high from 1.000 to 1.101 s"
    early = [word(0.5), feed.Level(True, 1.0), word(1.102, 1.101)]
    one = never_high(heard(tmp_path, *early))
    assert not one.held and str(one.was) == "it was high from 1.000 to 1.101 s"
    long = [word(0.5, 0.4), feed.Level(True, 0.41), word(1.0, line=True), feed.Level(False, 1.101)]
    one = never_high(heard(tmp_path, *long))
    assert not one.held and str(one.was) == "it was high from 1.025 to 1.101 s"
