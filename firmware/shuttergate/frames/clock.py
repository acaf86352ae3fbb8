"""When a frame was exposed, on the clock that everything else here goes by."""

from __future__ import annotations

import time

from shuttergate.errors import CameraError


class SensorClock:
    """Brings libcamera's timestamps to the monotonic clock.

    libcamera's control_ids document ``SensorTimestamp`` as CLOCK_BOOTTIME; its Raspberry Pi and
    virtual pipelines pass on what the kernel's driver or they themselves took, CLOCK_MONOTONIC. The
    two differ by the time spent suspended. Which one it is shows the first frame: it was exposed
    after ``started_ns`` (monotonic) and before now. Where both fit, it is taken for the older.
    """

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._counts_sleep: bool | None = None

    def monotonic_s(self, stamp_ns: int) -> float:
        """Return the moment in seconds of CLOCK_MONOTONIC; the offset is measured each time.

        Raises `CameraError` where the first frame is dated neither way.
        """
        # A thread may be held up between the two readings: the smallest of some is the nearest.
        asleep_ns = min(_asleep_ns() for _ in range(3))
        if self._counts_sleep is None:
            now_ns = time.monotonic_ns()
            for counts_sleep in (True, False):
                if self._started_ns <= stamp_ns - asleep_ns * counts_sleep <= now_ns:
                    self._counts_sleep = counts_sleep
                    break
            else:
                raise CameraError(
                    "camera dates its first frame {stamp_s:.3f} s, which is on no "
                    "clock after its start at {started_s:.3f} s; it is opened anew",
                    stamp_s=stamp_ns / 1000000000.0,
                    started_s=self._started_ns / 1000000000.0,
                )
        return (stamp_ns - asleep_ns * self._counts_sleep) / 1e9


def _asleep_ns() -> int:
    now_ns = time.monotonic_ns()
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - now_ns
