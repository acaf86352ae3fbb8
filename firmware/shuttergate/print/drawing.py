"""A board's wiring as SVG, from board.toml alone: pins by BCM and by physical number.

Black on white, one A4 sheet on its side; a unit is a quarter of a millimetre. Wires leave the
header on the right and reach their part over a vertical track each, so no two lie on one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

import msgspec

from shuttergate.board import Board
from shuttergate.lang import texts

_PINS = (
    "3V3 5V 2 5V 3 GND 4 14 GND 15 17 18 27 GND 22 23 3V3 24 10 GND "
    "9 25 11 8 GND 7 0 1 5 GND 6 12 13 GND 19 16 26 20 GND 21"
)
HEADER = tuple(_PINS.split())
"""What is on pins 1 to 40: a BCM number or a supply. Source: Raspberry Pi documentation, GPIO."""

SUPPLY_PIN, GROUND_PINS = 17, (9, 39)
"""The physical pins that feed the panel; each stands beside the signals it goes with."""

WIDTH, HEIGHT = 1188, 840
_TOP, _ROW = 132, 32  # the first row of pins, and the next
_ODD, _EVEN, _RADIUS = 280, 314, 12  # where the two columns are, and a pin's size
_TAG = 212  # a label's width
_TRACKS, _TRACK = 556, 13  # the channel between header and circuits
_LEFT = 652  # where the circuits begin
# No terminal is at the height of a wire that leaves the header (multiples of 16, plus 4).
_HEIGHTS = {
    "enable": 140,
    "shutter": 252,
    "shutter_sense": 364,
    "lamp_clear": 492,
    "lamp_blocked": 540,
    "lamp_wait": 588,
    "buzzer": 684,
}
_LAMPS = ("lamp_clear", "lamp_blocked", "lamp_wait")


def words_in(language: str) -> dict[str, str]:
    """Return what the drawing says in `language`, "ja" or else English: a part's name and more."""
    _ = texts(language)
    return {
        "wiring": _("wiring of the panel"),
        "above": _("40-pin header seen from above; pin 1 is at the corner of the board"),
        "enable": _("permissive"),
        "shutter": _("shutter contact"),
        "shutter_sense": _("sense (pole 2)"),
        "lamp_clear": _("lamp CLEAR"),
        "lamp_blocked": _("lamp BLOCKED"),
        "lamp_wait": _("lamp WAIT"),
        "buzzer": _("buzzer"),
        "pin": _("physical pin"),
        "pole 1": _("pole 1"),
        "pole 2": _("pole 2"),
        "button": _("shutter button S1, two poles"),
        "sounder": _("BZ1  buzzer, active"),
        "notes": _(
            "Gate closed: the permissive is low, the button has no current, and its contact "
            "reads low, pressed or not. Pole 2 by itself takes no photo.\n"
            "Gate open and pressed: 3.3 V × 10 kΩ / (10 kΩ + 1 kΩ) = 3.0 V at the contact, a safe "
            "high (2.0 V on a Pi 4; not published for the Pi 5).\n"
            "R1 and R4 hold a wrong short to 3.3 mA. Keep the wires of the two poles apart: a "
            "short between them would bypass the permissive.\n"
            "Lines that cross without a dot do not touch; all GND are one."
        ),
    }


def physical_pin(bcm: int) -> int:
    """Return the number on the header (1 to 40) of BCM number `bcm`; raise ValueError if none."""
    return HEADER.index(str(bcm)) + 1


def draw_svg(board: Board, language: str = "en") -> str:
    """Return the drawing of `board` as an SVG document in `language`: "ja", or else English."""
    words = words_in(language)
    fitted = {
        part: pin for part, pin in msgspec.structs.asdict(board.pins).items() if pin is not None
    }
    title = texts(language)("{name}: {title}").format(name=board.name, title=words["wiring"])
    list_of_pins = "; ".join(
        f"{words[part]}: BCM {pin}, {words['pin']} {physical_pin(pin)}"
        for part, pin in fitted.items()
    )
    body = [
        _text(40, 46, title, "h"),
        _text(40, 72, board.title.get(language, board.title.get("en", ""))),
        _text(40, 94, words["above"], "s"),
        *_header(fitted, words),
        *_wires(fitted),
        *_button("shutter_sense" in fitted, words),
        *(part for lamp in _LAMPS if lamp in fitted for part in _lamp(lamp, words)),
        *(_buzzer(words) if "buzzer" in fitted else ()),
        *(_text(40, 776 + 16 * row, note, "s") for row, note in enumerate(_lines(words["notes"]))),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="297mm" height="210mm" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" xml:lang="{"ja" if language == "ja" else "en"}" '
            'role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="14">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(list_of_pins)}. {escape(" ".join(_lines(words["notes"])))}'
            "</desc>",
            "<style>.h{font-size:22px;font-weight:bold}.b{font-weight:bold}.s{font-size:13px}"
            ".p{font-size:12px}.w{fill:none;stroke:#000;stroke-width:1.6}"
            ".o{fill:#fff;stroke:#000;stroke-width:1.6}.u{fill:#e4e4e4;stroke:#000;stroke-width:2}"
            ".n{fill:#fff;stroke:#888}.d{stroke-dasharray:5 4}.g{fill:#555}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _place(pin: int) -> tuple[int, int, bool]:
    """Return x and y of physical pin `pin`, and whether it is in the even column."""
    row, even = divmod(pin - 1, 2)
    return _EVEN if even else _ODD, _TOP + _ROW * row, bool(even)


def _header(fitted: dict[str, int], words: dict[str, str]) -> Iterable[str]:
    """Both columns: the number in the pin, its name beside it, a frame around what is used."""
    used = {physical_pin(pin): (words[part], f"BCM {pin}") for part, pin in fitted.items()}
    used |= dict.fromkeys(GROUND_PINS, ("", "GND")) | {SUPPLY_PIN: ("", "3V3")}
    bottom = _TOP + _ROW * (len(HEADER) // 2 - 1)
    yield (
        f'<rect x="{_ODD - 18}" y="{_TOP - 18}" width="{_EVEN - _ODD + 36}" '
        f'height="{bottom - _TOP + 36}" rx="6" class="o"/>'
    )
    for pin, name in enumerate(HEADER, 1):
        x, y, even = _place(pin)
        kind = "u" if pin in used else "n"
        shape = (
            f'<rect x="{x - _RADIUS}" y="{y - _RADIUS}" width="{2 * _RADIUS}" '
            f'height="{2 * _RADIUS}" class="{kind}"/>'  # pin 1 is square on the board, too
            if pin == 1
            else f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" class="{kind}"/>'
        )
        yield shape + _text(x, y + 4, str(pin), "p b" if pin in used else "p g", "middle")
        end, anchor = (_EVEN + 28, "start") if even else (_ODD - 28, "end")
        if pin in used:
            left = end - 6 if even else end + 6 - _TAG
            yield f'<rect x="{left}" y="{y - 12}" width="{_TAG}" height="24" rx="4" class="o"/>'
            part, name = used[pin]
            far = (left + _TAG - 6, "end") if even else (left + 6, "start")
            yield _text(end, y + 5, name, "b", anchor) + _text(far[0], y + 5, part, "b", far[1])
        else:
            label = f"BCM {name}" if name.isdigit() else name
            yield _text(end, y + 4, label, "p g", anchor)


def _wires(fitted: dict[str, int]) -> Iterable[str]:
    """A wire a part, from its pin to its terminal.

    Of those that rise the topmost, of those that fall the lowest, takes the track next to the
    header: then no two cross where parts stand in the order of their pins.
    """
    starts: dict[str, tuple[str, int]] = {}
    for part, bcm in fitted.items():
        x, y, even = _place(physical_pin(bcm))
        if even:
            starts[part] = (f"M{_EVEN + 22 + _TAG},{y}", y)
        else:  # out between the columns, then between two rows, clear of the other column
            starts[part] = (f"M{x + _RADIUS},{y} H{(_ODD + _EVEN) // 2} V{y + 16}", y + 16)
    rising = sorted((p for p in starts if _HEIGHTS[p] < starts[p][1]), key=lambda p: starts[p][1])
    falling = sorted((p for p in starts if p not in rising), key=lambda p: -starts[p][1])
    for track, part in enumerate(rising + falling):
        begin, _ = starts[part]
        yield _wire(f"{begin} H{_TRACKS + _TRACK * track} V{_HEIGHTS[part]} H{_LEFT}", part)


def _button(sense: bool, words: dict[str, str]) -> Iterable[str]:
    """Pole 1 between permissive and shutter contact; pole 2, where read, fed by the supply."""
    high, low, x = _HEIGHTS["enable"], _HEIGHTS["shutter"], 1060
    yield _text(_LEFT, high - 12, words["enable"], "b")
    yield _text(_LEFT, low - 12, words["shutter"], "b")
    yield from _to_ground(_LEFT + 40, high, "R2 10 kΩ")
    yield from _resistor(_LEFT + 160, high, "R1 1 kΩ")
    yield from _to_ground(_LEFT + 40, low, "R3 10 kΩ")
    yield _wire(f"M{_LEFT},{high} H{_LEFT + 160} M{_LEFT + 210},{high} H{x} V{high + 34}")
    yield _wire(f"M{x},{low - 34} V{low} H{_LEFT}")
    yield from _pole(x, high + 34, low - 34, words["pole 1"])
    yield _text(1150, high - 22, words["button"], "b", "end")
    if not sense:
        return
    feed, read = 308, _HEIGHTS["shutter_sense"]
    yield _text(_LEFT, read - 12, words["shutter_sense"], "b")
    yield from _to_ground(_LEFT + 40, read, "R5 10 kΩ")
    yield from _supply(_LEFT + 200, feed)
    yield from _resistor(_LEFT + 250, feed, "R4 1 kΩ")
    yield _wire(f"M{_LEFT + 200},{feed} h50 m50,0 H{x} V{feed + 8}")
    yield _wire(f"M{x},{read - 8} V{read} H{_LEFT}")
    yield from _pole(x, feed + 8, read - 8, words["pole 2"])
    middle = (feed + read) // 2
    yield f'<path d="M{x + 11},{(high + low) // 2} h49 V{middle} h-49" class="w d"/>'


def _pole(x: int, top: int, bottom: int, name: str) -> Iterable[str]:
    """A contact drawn open: two dots and a lever."""
    yield _wire(f"M{x},{bottom} L{x + 22},{top}")
    for y in (top, bottom):
        yield f'<circle cx="{x}" cy="{y}" r="4" class="o"/>'
    yield _text(x - 14, (top + bottom) // 2 + 5, name, "s", "end")


def _lamp(part: str, words: dict[str, str]) -> Iterable[str]:
    """Series resistor, light-emitting diode, ground."""
    y, x, number = _HEIGHTS[part], _LEFT + 160, _LAMPS.index(part)
    yield _wire(f"M{_LEFT},{y} h40 m50,0 H{x} m20,0 h50 v10")
    yield from _resistor(_LEFT + 40, y, f"R{6 + number} 470 Ω")
    yield f'<path d="M{x},{y - 10} V{y + 10} L{x + 20},{y} Z M{x + 20},{y - 10} v20" class="o"/>'
    yield _wire(f"M{x + 6},{y - 14} l8,-8 m-5,0 h5 v5 M{x + 16},{y - 14} l8,-8 m-5,0 h5 v5")
    yield from _ground(x + 70, y + 10)
    yield _text(x + 96, y + 5, f"D{1 + number}  {words[part]}", "b")


def _buzzer(words: dict[str, str]) -> Iterable[str]:
    """An NPN transistor switches the buzzer; a pin alone may not give its current."""
    y, x = _HEIGHTS["buzzer"], _LEFT + 190  # x: the transistor's base
    yield from _resistor(_LEFT + 40, y, "R9 2.2 kΩ")
    yield _wire(f"M{_LEFT},{y} h40 m50,0 H{x}")
    yield from _to_ground(_LEFT + 130, y, "R10 10 kΩ", before=True)
    yield f'<circle cx="{x + 10}" cy="{y}" r="22" class="w"/>'
    yield _wire(f"M{x},{y - 14} v28 M{x},{y - 6} l20,-12 V{y - 38} H{x + 60}")
    yield _wire(f"M{x},{y + 6} l20,12 V{y + 40} M{x + 11},{y + 18} l9,0 l-4,-8")
    yield from _ground(x + 20, y + 40)
    yield _text(x + 40, y + 6, "Q1 NPN", "s")
    yield f'<path d="M{x + 60},{y - 54} v32 a32,16 0 0 0 0,-32" class="o"/>'
    yield _wire(f"M{x + 92},{y - 38} h38")
    yield _text(x + 100, y - 42, "+", "b") + _text(x + 50, y - 42, "−", "b", "end")
    yield from _supply(x + 130, y - 38)
    yield _text(x + 150, y - 33, words["sounder"], "b")


def _to_ground(x: int, y: int, name: str, before: bool = False) -> Iterable[str]:
    """A node, and a resistor from it to ground; its name stands `before` it or after."""
    yield f'<circle cx="{x}" cy="{y}" r="3.5"/>'
    yield f'<rect x="{x - 7}" y="{y + 14}" width="14" height="40" class="o"/>'
    yield _wire(f"M{x},{y} v14 m0,40 v10")
    yield from _ground(x, y + 64)
    yield _text(x - 14 if before else x + 14, y + 39, name, "s", "end" if before else "start")


def _resistor(x: int, y: int, name: str) -> Iterable[str]:
    """A resistor of 50 units that lies, from `x` to the right."""
    yield f'<rect x="{x}" y="{y - 7}" width="50" height="14" class="o"/>'
    yield _text(x + 25, y - 12, name, "s", "middle")


def _ground(x: int, y: int) -> Iterable[str]:
    yield _wire(f"M{x - 12},{y} h24 m-20,5 h16 m-12,5 h8")


def _supply(x: int, y: int) -> Iterable[str]:
    yield _wire(f"M{x},{y} v-14 m-8,0 h16")
    yield _text(x, y - 19, "3V3", "s", "middle")


def _wire(path: str, part: str | None = None) -> str:
    name = "" if part is None else f' id="wire-{part}"'
    return f'<path d="{path}" class="w"{name}/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    kind = f' class="{kind}"' if kind else ""
    side = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}"{kind}{side}>{escape(text)}</text>'
