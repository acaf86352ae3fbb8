"""The 40-pin header with a board's pins, as text: BCM and physical numbers side by side."""

from __future__ import annotations

import msgspec
from gpiozero.pins.mock import MockFactory

from shuttergate.board import Board
from shuttergate.columns import columns
from shuttergate.lang import LANGUAGE, _
from shuttergate.print.drawing import GROUND_PINS, SUPPLY_PIN, words_in

_INPUTS = ("shutter", "shutter_sense")


def draw(board: Board) -> str:
    """Return the drawing: a line a pair of pins, those in use named by what they are for."""
    words = words_in(LANGUAGE)
    pins = msgspec.structs.asdict(board.pins)
    used = {f"GPIO{pin}": part for part, pin in pins.items() if pin is not None}
    factory = MockFactory()
    header = factory.board_info.headers["J8"]
    lines = [
        _("{name}: {title}").format(name=board.name, title=words["above"]),
        "",
        " " * 39 + _("odd  even"),
    ]
    for row in range(1, header.rows + 1):
        left, right = header.pins[2 * row - 1], header.pins[2 * row]
        odd, even = _label(left.name, used, words), _label(right.name, used, words, turned=True)
        lines.append(
            f"{' ' * (38 - columns(odd))}{odd} ({left.number:>2}) ({right.number:>2}) "
            f"{even}".rstrip()
        )
    physical = {pin.name: number for number, pin in header.pins.items()}
    lines += ["", f"{'[pins]':<15}BCM  " + _("physical  what it is")]
    for name, part in sorted(used.items(), key=lambda item: physical[item[0]]):
        way = _("input: {part}") if part in _INPUTS else _("output: {part}")
        said = way.format(part=words[part])
        lines.append(f"{part:<15}{name[4:]:>3}  {physical[name]:>8}  {said}")
    first, second = GROUND_PINS
    lines += [
        "",
        _("This is the header only; do not wire from it."),
        _(
            "R1 to R10, Q1, 3V3 (pin {supply}) and ground (pins {first} and {second}) are in the "
            "drawing,"
        ).format(supply=SUPPLY_PIN, first=first, second=second),
        _("which the same command writes with --svg FILE."),
    ]
    return "\n".join(lines)


def _label(name: str, used: dict[str, str], words: dict[str, str], turned: bool = False) -> str:
    part = used.get(name)
    bcm = name.replace("GPIO", "BCM ")
    if part is None:
        return bcm
    said = part.replace("_", " ").upper() if LANGUAGE == "en" else words[part]
    return f"{bcm} ◀ {said}" if turned else f"{said} ▶ {bcm}"
