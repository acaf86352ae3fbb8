"""The button's ungated second pole: pure, when a press begins, from levels over time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pole:
    """Give it every level as it is read; ask as often as you like.

    What opens for less than ``settle_s`` has bounced, and what is held when it is first read was
    pressed before: neither begins a press.
    """

    settle_s: float
    _down: bool = True
    _up_since_s: float = float("inf")

    def begins(self, down: bool, now_s: float) -> bool:
        """Return whether a press begins with this level, at ``now_s``."""
        was_down, self._down = self._down, down
        if not down:
            if was_down:
                self._up_since_s = now_s
            return False
        return not was_down and now_s - self._up_since_s >= self.settle_s
