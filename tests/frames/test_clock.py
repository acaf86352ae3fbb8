"""Whatever clock a camera dates its frames by, they are as old as they are."""

from __future__ import annotations

import pytest

from shuttergate.errors import CameraError
from shuttergate.frames import clock
from shuttergate.frames.clock import SensorClock, now_ns

SLEPT_NS = 3600 * 10**9


def test_both_clocks_come_to_the_one_that_counts_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here neither has slept: what counts no sleep is behind by as much as is said."""
    monkeypatch.setattr(clock, "_asleep_ns", lambda: SLEPT_NS)
    exposed_ns = now_ns()
    for behind_ns in (0, SLEPT_NS):
        found = SensorClock(exposed_ns - 1000)
        for later_ns in (0, 10**9):
            due_s = (exposed_ns + later_ns) / 1e9
            assert found.since_boot_s(exposed_ns + later_ns - behind_ns) == pytest.approx(due_s)


@pytest.mark.parametrize("behind_ns", [0, SLEPT_NS])
def test_a_frame_from_before_a_sleep_is_old_after_it(
    monkeypatch: pytest.MonkeyPatch, behind_ns: int
) -> None:
    asleep = [SLEPT_NS]
    monkeypatch.setattr(clock, "_asleep_ns", lambda: asleep[0])
    exposed_ns = now_ns()
    found = SensorClock(exposed_ns - 1000)
    found.since_boot_s(exposed_ns - behind_ns)
    asleep[0] += SLEPT_NS
    # Exposed before, handed over after it: as old as that makes it, never new.
    before_s = found.since_boot_s(exposed_ns + 10**6 - behind_ns)
    assert before_s == pytest.approx((exposed_ns + 10**6) / 1e9)
    # The next may be trusted: on either clock it comes out at its own time.
    later_ns = exposed_ns + SLEPT_NS + 2 * 10**6
    stamp_ns = later_ns if not behind_ns else exposed_ns - SLEPT_NS + 2 * 10**6
    assert found.since_boot_s(stamp_ns) == pytest.approx(later_ns / 1e9)


@pytest.mark.parametrize("off_ns", [-SLEPT_NS, -(10**9), 10 * 10**9])
def test_a_first_frame_from_before_the_start_or_from_the_future_is_refused(off_ns: int) -> None:
    start_ns = now_ns()
    with pytest.raises(CameraError, match="on no clock after its start"):
        SensorClock(start_ns).since_boot_s(start_ns + off_ns)
