"""Clocks: the one that is passed in wherever time is read, and the computer's, which people set."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Monotonic seconds, as `time.monotonic` gives them: tests need no sleeps."""

SET_S = 2.0
"""What a network's time adds or takes at once; less is drift, which is taken out bit by bit."""


def _since_boot_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # a computer that slept has set nothing


class TimeOfDay:
    """Watches the computer's clock: a kit without a battery learns the time only from a network.

    ``of_day``: seconds since 1970; ``since_boot``: seconds on a clock that nobody sets.
    """

    def __init__(self, of_day: Clock = time.time, since_boot: Clock = _since_boot_s) -> None:
        self._of_day = of_day
        self._since_boot = since_boot
        self._offset_s = of_day() - since_boot()

    def set_by_s(self) -> float:
        """Return by how many seconds it was put on, or back (negative), since last asked."""
        before_s, self._offset_s = self._offset_s, self._of_day() - self._since_boot()
        by_s = self._offset_s - before_s
        return by_s if abs(by_s) >= SET_S else 0.0
