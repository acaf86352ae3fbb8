"""The panel's devices through gpiozero, on real pins or on simulated wiring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from gpiozero import LED, Button, Buzzer, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from shuttergate.errors import PanelError
from shuttergate.panel.chip import open_chip, why_no_line
from shuttergate.panel.lamps import Lamps
from shuttergate.panel.wires import Reading
from shuttergate.panel.wiring import Wiring

BOUNCE_S = 0.01
"""A button's contacts chatter for some milliseconds; gpiozero ignores edges for so long."""


_Part = TypeVar("_Part", DigitalOutputDevice, Button)


class PanelPins(Protocol):
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
    """What a hand and an eye meet. ``wiring`` is None on real pins, which are reached by lgpio.

    `permissive` is for the interlock alone. ``on_contact()`` is called when the gated pole changed,
    ``on_sense()`` when the ungated second pole did: for lamp, buzzer, log, and a question. Levels
    can be read at any time; an edge that lgpio's thread lost must not be a press that nobody felt.
    """

    def __init__(self, pins: PanelPins, simulated: bool) -> None:
        self._factory: Any = MockFactory() if simulated else open_chip()
        self._open: list[DigitalOutputDevice | Button] = []
        self.on_contact: Callable[[], None] = lambda: None
        self.on_sense: Callable[[], None] = lambda: None
        self._shown = Lamps()
        self._high = False
        # The copper is there before anything is plugged in.
        self.wiring = (
            Wiring(self._factory, pins.enable, pins.shutter, pins.shutter_sense)
            if simulated
            else None
        )
        try:
            self._enable = self._fit(_output, "enable", pins.enable)
            self._shutter = self._fit(_button, "shutter", pins.shutter)
            sense = pins.shutter_sense
            self._sense = None if sense is None else self._fit(_button, "shutter_sense", sense)
            self._lamps = [
                None if pin is None else self._fit(kind, part, pin)
                for kind, part, pin in (
                    (LED, "lamp_clear", pins.lamp_clear),
                    (LED, "lamp_blocked", pins.lamp_blocked),
                    (LED, "lamp_wait", pins.lamp_wait),
                    (Buzzer, "buzzer", pins.buzzer),
                )
            ]
        except Exception:
            self.close()
            raise
        self._shutter.when_pressed = lambda: self.on_contact()
        self._shutter.when_released = lambda: self.on_contact()
        if self._sense is not None:
            self._sense.when_pressed = lambda: self.on_sense()
            self._sense.when_released = lambda: self.on_sense()

    def _fit(self, kind: Callable[..., _Part], name: str, pin: int) -> _Part:
        try:
            part = kind(pin, pin_factory=self._factory)
        except Exception as error:  # lgpio's errors share no class with gpiozero's
            chip = getattr(self._factory, "chip", -1)
            raise PanelError.of(why_no_line(chip, name, pin, error)) from error
        self._open.append(part)
        return part

    def permissive(self, high: bool) -> None:
        """Give the button current, or take it away."""
        self._high = high
        self._enable.value = high

    def contact_is_down(self) -> bool:
        """Return the gated pole as it reads now."""
        return bool(self._shutter.is_pressed)

    def sense_is_down(self) -> bool:
        """Return the ungated second pole as it reads now; released, where there is none."""
        return self._sense is not None and bool(self._sense.is_pressed)

    def read(self) -> Reading | None:
        """Return all levels as they are now, or None where the line was moved meanwhile."""
        written = self._high
        line = bool(self._enable.pin.state)
        contact = self.contact_is_down()
        sense = None if self._sense is None else self.sense_is_down()
        return Reading(written, line, contact, sense) if written == self._high else None

    def show(self, lamps: Lamps) -> None:
        """Switch lamps and buzzer; only what changed is written."""
        if lamps == self._shown:
            return
        self._shown = lamps
        levels = (lamps.clear, lamps.blocked, lamps.wait, lamps.buzzer)
        for device, lit in zip(self._lamps, levels, strict=True):
            if device is not None and device.value != lit:
                device.value = lit

    def close(self) -> None:
        """Line low first, then let every pin go."""
        for device in self._open:
            # The kernel's input keeps the level at which it was let go, where nothing pulls.
            if isinstance(device, DigitalOutputDevice):
                device.off()
            device.close()
        self._open.clear()
        self._factory.close()


def _output(pin: int, pin_factory: Any) -> DigitalOutputDevice:
    return DigitalOutputDevice(pin, initial_value=False, pin_factory=pin_factory)


def _button(pin: int, pin_factory: Any) -> Button:
    # Pull-down and active high: a cut wire reads as released.
    return Button(pin, pull_up=False, bounce_time=BOUNCE_S, pin_factory=pin_factory)
