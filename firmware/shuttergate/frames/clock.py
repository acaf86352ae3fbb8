"""When a frame was exposed, on the clock that everything else here goes by."""

from __future__ import annotations

import time

from shuttergate.errors import CameraError


class SensorClock:
    """Brings a camera's timestamps to `clock.since_boot_s`.

    libcamera's control_ids document ``SensorTimestamp`` as CLOCK_BOOTTIME; its Raspberry Pi and
    virtual pipelines pass on what the kernel's driver or they themselves took, CLOCK_MONOTONIC. The
    two differ by the time spent suspended. Which one it is shows the first frame: it was exposed
    after ``started_ns`` (since boot) and before now. Where both fit, it is taken for the older.
    """

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._asleep_ns = _asleep_ns()
        self._counts_sleep: bool | None = None

    def since_boot_s(self, stamp_ns: int) -> float:
        """Return the moment in seconds since boot.

        What does not count sleep gets as much as had been slept at the frame before: after a sleep
        the first frame is dated too early, for it may be one from before. Raises `CameraError`
        where the first frame of all is dated neither way.
        """
        before_ns = self._asleep_ns
        self._asleep_ns = _asleep_ns()
        asleep_ns = min(before_ns, self._asleep_ns)
        if self._counts_sleep is None:
            for counts_sleep in (True, False):
                date_ns = stamp_ns + asleep_ns * (not counts_sleep)
                if self._started_ns <= date_ns <= now_ns():
                    self._counts_sleep = counts_sleep
                    break
            else:
                raise CameraError(
                    "camera dates its first frame {stamp_s:.3f} s, which is on no "
                    "clock after its start at {started_s:.3f} s; it is opened anew",
                    stamp_s=stamp_ns / 1000000000.0,
                    started_s=self._started_ns / 1000000000.0,
                )
        return (stamp_ns + asleep_ns * (not self._counts_sleep)) / 1e9


def now_ns() -> int:
    """Return nanoseconds since boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _asleep_ns() -> int:
    # A thread may be held up between the two readings: the smallest of some is the nearest.
    return min(-time.monotonic_ns() + now_ns() for _ in range(3))
