"""The computer's clock, which people and networks set."""

from __future__ import annotations

import pytest

from shuttergate.clock import TimeOfDay


@pytest.mark.parametrize("by_s", [0.0, 1.0, -1.0])
def test_drift_is_no_news(by_s: float) -> None:
    now = [1000.0, 5.0]
    watch = TimeOfDay(lambda: now[0], lambda: now[1])
    now[:] = [1003.0 + by_s, 8.0]
    assert watch.set_by_s() == 0.0


@pytest.mark.parametrize("by_s", [3600.0, -3.0e8])
def test_a_clock_that_was_set_is_told_once(by_s: float) -> None:
    now = [1000.0, 5.0]
    watch = TimeOfDay(lambda: now[0], lambda: now[1])
    now[:] = [1003.0 + by_s, 8.0]
    assert watch.set_by_s() == by_s
    assert watch.set_by_s() == 0.0
