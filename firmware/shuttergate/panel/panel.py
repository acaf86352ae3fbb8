"""The panel's devices through gpiozero, on real pins or on simulated wiring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from gpiozero import LED, Button, Buzzer, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from shuttergate.panel.lamps import Lamps
from shuttergate.panel.wiring import Wiring

BOUNCE_S = 0.01
"""A button's contacts chatter for some milliseconds; gpiozero ignores edges for so long."""


_Part = TypeVar("_Part", DigitalOutputDevice, Button)


class Pins(Protocol):
    """BCM numbers; None where a part is not fitted."""

    @property
    def enable(self) -> int: ...
    @property
    def shutter(self) -> int: ...
    @property
    def shutter_sense(self) -> int | None: ...
    @property
    def lamp_clear(self) -> int | None: ...
    @property
    def lamp_blocked(self) -> int | None: ...
    @property
    def lamp_wait(self) -> int | None: ...
    @property
    def buzzer(self) -> int | None: ...


class Panel:
    """What a hand and an eye meet. ``wiring`` is None on real pins.

    `permissive` is for the interlock alone. ``on_contact()`` is called when the gated pole changed,
    ``on_sense()`` when the ungated second pole did: that is for lamp, buzzer and log.
    """

    def __init__(self, pins: Pins, simulated: bool) -> None:
        factory = MockFactory() if simulated else None  # None: gpiozero's own choice, lgpio on a Pi
        self._open: list[DigitalOutputDevice | Button] = []
        self.on_contact: Callable[[], None] = lambda: None
        self.on_sense: Callable[[], None] = lambda: None
        self._shown = Lamps()
        # The copper is there before anything is plugged in.
        self.wiring = (
            None
            if factory is None
            else Wiring(factory, pins.enable, pins.shutter, pins.shutter_sense)
        )
        try:
            self._enable = self._keep(
                DigitalOutputDevice(pins.enable, initial_value=False, pin_factory=factory)
            )
            self._shutter = self._keep(_button(pins.shutter, factory))
            self._lamps = [
                None if pin is None else self._keep(LED(pin, pin_factory=factory))
                for pin in (pins.lamp_clear, pins.lamp_blocked, pins.lamp_wait)
            ]
            self._buzzer = (
                None
                if pins.buzzer is None
                else self._keep(Buzzer(pins.buzzer, pin_factory=factory))
            )
            sense = pins.shutter_sense
            self._sense = None if sense is None else self._keep(_button(sense, factory))
        except Exception:
            self.close()
            raise
        self._shutter.when_pressed = lambda: self.on_contact()
        self._shutter.when_released = lambda: self.on_contact()
        if self._sense is not None:
            self._sense.when_pressed = lambda: self.on_sense()

    def _keep(self, part: _Part) -> _Part:
        self._open.append(part)
        return part

    def permissive(self, high: bool) -> None:
        """Give the button current, or take it away."""
        self._enable.value = high

    def contact_is_down(self) -> bool:
        """Return the gated pole as it reads now."""
        return bool(self._shutter.is_pressed)

    def show(self, lamps: Lamps) -> None:
        """Switch lamps and buzzer; only what changed is written."""
        if lamps == self._shown:
            return
        self._shown = lamps
        levels = (lamps.clear, lamps.blocked, lamps.wait, lamps.buzzer)
        for device, lit in zip((*self._lamps, self._buzzer), levels, strict=True):
            if device is not None and device.value != lit:
                device.value = lit

    def close(self) -> None:
        """Line low first, then let every pin go."""
        for device in self._open:
            device.close()
        self._open.clear()


def _button(pin: int, factory: MockFactory | None) -> Button:
    # Pull-down and active high: a cut wire reads as released.
    return Button(pin, pull_up=False, bounce_time=BOUNCE_S, pin_factory=factory)
