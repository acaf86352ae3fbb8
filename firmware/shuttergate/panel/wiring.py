"""The simulated wiring: copper, a button, pull-downs, and a finger.

The button's first pole lies between the permissive line and the shutter contact, so the contact
can read pressed only while the line is high. Its second pole, where fitted, is fed by the supply
and reads the finger whatever the gate says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

from gpiozero.pins.mock import MockFactory, MockPin

WirePart = Literal["line_shorted", "contact_shorted", "welded", "sense_cut"]


class _DrivenPin(MockPin):  # type: ignore[misc]
    """A pin whose level is felt at the far end of its wire."""

    wiring: Wiring | None = None

    def _get_state(self) -> bool:
        shorted = self.wiring is not None and self.wiring.line_shorted
        return shorted or bool(super()._get_state())

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self.wiring is not None:
            self.wiring.settle()
        return changed


class Wiring:
    """One button between `enable` and `shutter`, and its second pole on `sense` (BCM numbers).

    ``meter`` is told of every change of the permissive line's level. What can break: the line
    touches the supply, the contact does, the button is welded, the second pole's wire is cut.
    """

    def __init__(self, factory: MockFactory, enable: int, shutter: int, sense: int | None) -> None:
        self._finger = False
        self._shown = False
        self._lock = threading.RLock()  # an edge may move the line again
        self._moved = False
        self.meter: Callable[[bool], None] = lambda high: None
        self.line_shorted = self.contact_shorted = self.welded = self.sense_cut = False
        self._enable: Any = factory.pin(enable, pin_class=_DrivenPin)
        self._shutter: Any = factory.pin(shutter)
        self._sense: Any = None if sense is None else factory.pin(sense)
        self._enable.wiring = self

    @property
    def line_is_high(self) -> bool:
        """The permissive line's level, as a meter on the wire would show it."""
        # A line that nobody drives is an input; the pull-down holds it low.
        driven = self._enable.function == "output" and bool(self._enable.state)
        return self.line_shorted or driven

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""
        self._finger = down
        self.settle()

    def breaker(self, part: WirePart) -> Callable[[bool], None]:
        """Return the switch that breaks this part, and mends it."""

        def switch(on: bool) -> None:
            setattr(self, part, on)
            self.settle()

        return switch

    def settle(self) -> None:
        """Let the levels find their place, as current does at once, whoever moved one.

        No thread waits here for another: one that feels an edge may wait for the gate meanwhile,
        and the gate for the line. Who is at it goes round again for who came in between.
        """
        self._moved = True
        while self._moved and self._lock.acquire(blocking=False):
            try:
                self._moved = False
                self._flow()
            finally:
                self._lock.release()

    def _flow(self) -> None:
        line = self.line_is_high
        if line != self._shown:
            self._shown = line
            self.meter(line)
        if self._sense is not None:
            _drive(self._sense, self._finger and not self.sense_cut)
        _drive(self._shutter, self.contact_shorted or (line and (self._finger or self.welded)))


def _drive(pin: Any, high: bool) -> None:
    if high:
        pin.drive_high()
    else:
        pin.drive_low()
