"""Drive the permissive line low and let it go; systemd runs this when the service has ended.

A Raspberry Pi kernel may keep the output of a process that was killed at the level it had.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gpiozero import DigitalOutputDevice

from shuttergate.config import read_config, read_kit
from shuttergate.errors import ConfigError, PanelError
from shuttergate.panel.chip import open_chip, why_no_line


def release(pin: int) -> None:
    """Drive one line low, then let it go; raise `PanelError` where it cannot be had."""
    # Nothing but this line: whoever holds a lamp must not keep it from being lowered.
    chip = open_chip()
    try:
        DigitalOutputDevice(pin, initial_value=False, pin_factory=chip).close()
    except Exception as error:  # lgpio's errors share no class with gpiozero's
        raise PanelError.of(why_no_line(chip.chip, "enable", pin, error)) from error
    finally:
        chip.close()


def main(argv: list[str] | None = None) -> None:
    """Exit status: 0 low, 1 the pin cannot be had, 2 the configuration does not say which."""
    parser = argparse.ArgumentParser(prog="shuttergate-release")
    parser.add_argument("--config", type=Path)
    options = parser.parse_args(argv)
    try:
        board = read_kit(read_config(options.config), options.config)
    except ConfigError as error:
        print(f"shuttergate-release: {error}", file=sys.stderr)
        sys.exit(2)
    if board.gpio.is_simulated:
        return
    try:
        release(board.pins.enable)
    except PanelError as error:
        sys.exit(f"shuttergate-release: {error}")


if __name__ == "__main__":
    main()
