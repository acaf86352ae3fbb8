"""The 40-pin header with a board's pins, as text: BCM and physical numbers side by side."""

from __future__ import annotations

import msgspec
from gpiozero.pins.mock import MockFactory

from shuttergate.board import Board

_PARTS = {
    "enable": "permissive: feeds the button",
    "shutter": "button, gated pole",
    "shutter_sense": "button, second pole (not gated)",
    "lamp_clear": "lamp CLEAR",
    "lamp_blocked": "lamp BLOCKED",
    "lamp_wait": "lamp WAIT",
    "buzzer": "buzzer",
}


def draw(board: Board) -> str:
    """Return the drawing: a line a pair of pins, those in use named."""
    pins = msgspec.structs.asdict(board.pins)
    used = {f"GPIO{pin}": part for part, pin in pins.items() if pin is not None}
    factory = MockFactory()
    header = factory.board_info.headers["J8"]
    lines = [
        f"{board.name}: 40-pin header, seen from above; pin 1 is next to the board's corner",
        "",
        f"{'':>41} odd   even",
    ]
    for row in range(1, header.rows + 1):
        left, right = header.pins[2 * row - 1], header.pins[2 * row]
        lines.append(
            f"{_label(left.name, used):>38} ({left.number:>2}) ({right.number:>2}) "
            f"{_label(right.name, used, turned=True)}".rstrip()
        )
    physical = {pin.name: number for number, pin in header.pins.items()}
    lines += ["", f"{'part':<34}BCM  physical"]
    for name, part in sorted(used.items(), key=lambda item: physical[item[0]]):
        lines.append(f"{_PARTS[part]:<34}{name[4:]:>3}  {physical[name]:>8}")
    lines += [
        "",
        f"Button: one pole between BCM {board.pins.enable} and BCM {board.pins.shutter}, "
        f"with 10 kilohms from BCM {board.pins.shutter} to ground.",
        "Its current comes from the permissive line alone: gate closed, line low, button dead.",
    ]
    return "\n".join(lines)


def _label(name: str, used: dict[str, str], turned: bool = False) -> str:
    part = used.get(name)
    bcm = name.replace("GPIO", "BCM ")
    if part is None:
        return bcm
    words = part.replace("_", " ").upper()
    return f"{bcm} ◀ {words}" if turned else f"{words} ▶ {bcm}"
