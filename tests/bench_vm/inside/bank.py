"""The bench's pins: gpio-sim's, and the copper between them."""

from __future__ import annotations

from shuttergate.bench.scenario import gpiosim

ENABLE, SHUTTER, SENSE = 17, 27, 22


class Bank(gpiosim.Bank):
    """The kernel's simulated lines."""

    def line(self) -> bool:
        """The permissive's level."""
        return self.level(ENABLE)


class Copper(gpiosim.Copper):
    """The button of the bench's kit."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank, ENABLE, SHUTTER, SENSE)
