"""Clocks: the one that is passed in wherever time is read, and the computer's, which people set."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds that only grow: `since_boot_s` wherever a frame's age counts, or a pairing code's, else
`time.monotonic`. Tests pass their own, and need no sleeps."""

SET_S = 2.0
"""What a network's time adds or takes at once; less is drift, which is taken out bit by bit."""


def since_boot_s() -> float:
    """Return seconds since the computer started, those that it slept too.

    Frames are dated by it. On `time.monotonic`, which stands still meanwhile, a frame from before a
    sleep would be new after it, and the gate open for what nobody has looked at.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class TimeOfDay:
    """Watches the computer's clock: a kit without a battery learns the time only from a network.

    ``of_day``: seconds since 1970; ``since_boot``: seconds on a clock that nobody sets.
    """

    def __init__(self, of_day: Clock = time.time, since_boot: Clock = since_boot_s) -> None:
        self._of_day = of_day
        self._since_boot = since_boot
        self._offset_s = of_day() - since_boot()

    def set_by_s(self) -> float:
        """Return by how many seconds it was put on, or back (negative), since last asked."""
        before_s, self._offset_s = self._offset_s, self._of_day() - self._since_boot()
        by_s = self._offset_s - before_s
        return by_s if abs(by_s) >= SET_S else 0.0
