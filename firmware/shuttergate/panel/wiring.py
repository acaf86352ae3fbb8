"""The simulated wiring: copper, a button, pull-downs, and a finger.

The button's first pole lies between the permissive line and the shutter contact, so the contact
can read pressed only while the line is high. Its second pole, where fitted, is fed by the supply
and reads the finger whatever the gate says.
"""

from __future__ import annotations

from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin


class _DrivenPin(MockPin):  # type: ignore[misc]
    """A pin whose level is felt at the far end of its wire."""

    wiring: Wiring | None = None

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self.wiring is not None:
            self.wiring.settle()
        return changed


class Wiring:
    """One button between `enable` and `shutter`, and its second pole on `sense` (BCM numbers)."""

    def __init__(self, factory: MockFactory, enable: int, shutter: int, sense: int | None) -> None:
        self._finger = False
        self._enable: Any = factory.pin(enable, pin_class=_DrivenPin)
        self._shutter: Any = factory.pin(shutter)
        self._sense: Any = None if sense is None else factory.pin(sense)
        self._enable.wiring = self

    @property
    def line_is_high(self) -> bool:
        """The permissive line's level, as a meter on the wire would show it."""
        # A line that nobody drives is an input; the pull-down holds it low.
        return self._enable.function == "output" and bool(self._enable.state)

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""
        self._finger = down
        self.settle()

    def settle(self) -> None:
        """Let the levels find their place, as current does at once."""
        if self._sense is not None:
            _drive(self._sense, self._finger)
        _drive(self._shutter, self._finger and self.line_is_high)


def _drive(pin: Any, high: bool) -> None:
    if high:
        pin.drive_high()
    else:
        pin.drive_low()
