"""The meter on simulated wires, whose words may be lost or overtaken."""

from __future__ import annotations

from typing import Any, cast

from shuttergate import feed
from shuttergate.bench.scenario.hookup import Simulated
from support.scenarios import word


def test_a_change_of_level_that_was_lost_is_made_up_for_by_the_next_word() -> None:
    one = Simulated(cast(Any, None))
    assert one.levels([word(4.0, 3.9), word(4.1, 3.9)]) == [(4.0, True)]
    assert one.levels([feed.Level(True, 3.9)]) == []
    assert one.levels([feed.Level(False, 5.0)]) == [(5.0, False)]


def test_a_word_from_before_a_change_of_level_undoes_it_not() -> None:
    """It tells of the line as it was, and is heard after the meter's own word of the change."""
    one = Simulated(cast(Any, None))
    assert one.levels([feed.Level(True, 4.0), word(3.99), word(4.01, 3.999)]) == [(4.0, True)]
    assert one.levels([feed.Level(False, 5.0), word(4.999, line=True)]) == [(5.0, False)]
