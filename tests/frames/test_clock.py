"""Whatever clock a camera dates its frames by, they are as old as they are."""

from __future__ import annotations

import time

import pytest

from shuttergate.errors import CameraError
from shuttergate.frames import clock
from shuttergate.frames.clock import SensorClock

SLEPT_NS = 3600 * 10**9


def test_both_clocks_come_to_the_monotonic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_asleep_ns", lambda: SLEPT_NS)
    exposed_ns = time.monotonic_ns()
    for ahead_ns in (0, SLEPT_NS):
        found = SensorClock(exposed_ns - 1000)
        for later_ns in (0, 10**9):
            due_s = (exposed_ns + later_ns) / 1e9
            assert found.monotonic_s(exposed_ns + later_ns + ahead_ns) == pytest.approx(due_s)


def test_the_offset_is_measured_anew_after_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = [SLEPT_NS]
    monkeypatch.setattr(clock, "_asleep_ns", lambda: asleep[0])
    exposed_ns = time.monotonic_ns()
    found = SensorClock(exposed_ns - 1000)
    found.monotonic_s(exposed_ns + SLEPT_NS)
    asleep[0] += SLEPT_NS
    # Exposed before the sleep, handed over after it: as old as that makes it, never new.
    assert found.monotonic_s(exposed_ns + SLEPT_NS) < exposed_ns / 1e9 - 3599


@pytest.mark.parametrize("off_ns", [-SLEPT_NS, -(10**9), 10 * 10**9])
def test_a_first_frame_from_before_the_start_or_from_the_future_is_refused(off_ns: int) -> None:
    now_ns = time.monotonic_ns()
    with pytest.raises(CameraError, match="on no clock after its start"):
        SensorClock(now_ns).monotonic_s(now_ns + off_ns)
