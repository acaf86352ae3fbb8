"""Drive the permissive line low and let it go; systemd runs this when the service has ended.

A Raspberry Pi kernel may keep the output of a process that was killed at the level it had.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gpiozero import DigitalOutputDevice

from shuttergate.config import read_config, read_kit
from shuttergate.errors import ConfigError


def main(argv: list[str] | None = None) -> None:
    """Exit status: 0 low, 2 the configuration does not say which pin."""
    parser = argparse.ArgumentParser(prog="shuttergate-release")
    parser.add_argument("--config", type=Path)
    options = parser.parse_args(argv)
    try:
        board = read_kit(read_config(options.config), options.config)
    except ConfigError as error:
        sys.exit(f"shuttergate-release: {error}")
    if board.gpio.driver != "mock":
        DigitalOutputDevice(board.pins.enable, initial_value=False).close()


if __name__ == "__main__":
    main()
