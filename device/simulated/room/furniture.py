"""What stands in the room, and how it is painted; every position and size is in metres.

`build` numbers the solids by their order here, and the baked light goes by those numbers: whatever
moves keeps its number from frame to frame.
"""

import math
from collections.abc import Iterator

import numpy as np
from tracer import BALL, BOX, ROD, ROOM, Colour, F, Paint, Scene, Solid, mix, solid

HALF_ROOM, ROOM_CENTRE = (3.6, 3.2, 1.4), (0.0, 0.0, 1.4)
# Openings, as (axis of the wall, side, lowest corner, highest corner).
WINDOWS = (
    (1, 1, (-2.7, 3.2, 0.95), (0.1, 3.2, 2.35)),
    (0, -1, (-3.6, -1.9, 0.95), (-3.6, 0.9, 2.35)),
)
TOP = 0.755  # height of the table's upper side

WHITE, STEEL, GREY = (0.80, 0.82, 0.82), (0.55, 0.58, 0.60), (0.30, 0.33, 0.36)
DARK, NAVY, BLUE = (0.04, 0.045, 0.05), (0.06, 0.12, 0.30), (0.06, 0.25, 0.62)
TEAL, GREEN, LIME = (0.05, 0.36, 0.38), (0.16, 0.40, 0.16), (0.42, 0.58, 0.10)
YELLOW, RED, VIOLET = (0.85, 0.62, 0.06), (0.58, 0.05, 0.07), (0.22, 0.12, 0.45)
WOOD = (0.40, 0.36, 0.29)
CLOTHS = (NAVY, TEAL, GREEN, YELLOW, RED, BLUE, GREY, VIOLET, LIME, WHITE, BLUE, TEAL)


def spine(cloth: Colour) -> Paint:
    """A book: two pale bands around the cloth."""
    r, g, b = (0.45 * c + 0.4 for c in cloth)
    return lambda local, world: mix(cloth, (r, g, b), np.abs(np.abs(local[2] - 0.1) - 0.62) < 0.06)


def room_paint(local: F, world: F) -> F:
    """Oak boards below, white ceiling, blue-grey walls over a green dado with a white rail."""
    x, y, z = world
    row = np.floor(y / 0.16)
    along = x + 2.7 * np.sin(row * 12.9)
    board = np.sin(row * 78.2 + np.floor(along / 1.5) * 37.7)
    grain = np.sin(world[1] * 90 + 3 * np.sin(x * 1.7 + row)) * 0.5
    across = np.abs(y / 0.16 - row - 0.5) * 0.16
    gap = np.maximum(across - 0.0755, np.abs(along % 1.5 - 0.75) - 0.7455) / 0.003
    floor = mix((0.29, 0.255, 0.20), (0.44, 0.39, 0.31), 0.5 + 0.42 * board + 0.08 * grain)
    floor *= 1 - 0.6 * np.clip(gap, 0, 1)[:, None]
    wall = mix((0.27, 0.43, 0.40), (0.70, 0.75, 0.76), z > 0.86)
    wall[np.abs(z - 0.86) < 0.025] = WHITE
    wall[z < 0.1] = WHITE
    wall[local[2] > 0.999] = WHITE
    return np.where((local[2] < -0.999)[:, None], floor, wall)


def rug_paint(local: F, world: F) -> F:
    """Rings of teal and navy."""
    ring = np.floor(np.hypot(local[0], local[1]) * 7) % 2
    return mix((0.07, 0.20, 0.27), (0.15, 0.34, 0.39), ring)


def globe_paint(turn: float) -> Paint:
    """Green land in a blue sea, turned by radians; the light on it must not turn with it."""

    def paint(local: F, world: F) -> F:
        c, s = math.cos(turn), math.sin(turn)
        x, y, z = c * local[0] + s * local[1], c * local[1] - s * local[0], local[2]
        land = np.sin(3.1 * x + 1.3) * np.sin(2.7 * y - 0.6) + 0.5 * np.sin(4.3 * z + 2.2 * x)
        land += 0.2 * np.sin(9 * x + 4 * z) * np.sin(8 * y - 5 * z)
        colours = mix((0.05, 0.22, 0.50), (0.22, 0.46, 0.14), land * 14 - 2)
        return mix(colours, WHITE, np.abs(z) * 12 - 10.6)

    return paint


def picture_paint(local: F, world: F) -> F:
    """An abstract poster: hills under a pale disc."""
    u, v = local[1], local[2]
    colours = mix((0.55, 0.68, 0.74), (0.24, 0.46, 0.60), 0.5 + 0.5 * v)
    colours[np.hypot(u - 0.3, (v - 0.35) * 1.3) < 0.28] = (0.86, 0.80, 0.42)
    colours[v < -0.1 + 0.25 * np.sin(3 * u + 1)] = (0.20, 0.44, 0.42)
    colours[v < -0.45 + 0.2 * np.sin(4 * u + 3)] = (0.07, 0.22, 0.32)
    return colours


def window_parts() -> Iterator[Solid]:
    """Frames, mullions and sills of the openings."""
    for axis, side, low, high in WINDOWS:
        centre, half = np.add(low, high) / 2, np.subtract(high, low) / 2
        along = 1 - axis
        for place, size in ((-1, 0.05), (-1 / 3, 0.02), (1 / 3, 0.02), (1, 0.05)):
            c, h = centre.copy(), half.copy()
            c[along] += place * half[along]
            c[axis], h[along], h[axis] = side * (HALF_ROOM[axis] - 0.04), size, 0.04
            yield solid(BOX, tuple(c), tuple(h), WHITE, 0.3)
        for z, size, deep in ((low[2], 0.04, 0.10), (high[2], 0.05, 0.05), (1.85, 0.02, 0.03)):
            c, h = centre.copy(), half.copy()
            c[axis], h[axis], c[2], h[2] = side * (HALF_ROOM[axis] - deep), deep, z, size
            h[along] += 0.05
            yield solid(BOX, tuple(c), tuple(h), WHITE, 0.3)


def shelf() -> Iterator[list[Solid]]:
    """A bookshelf against the back wall, then what stands in each of its bays."""
    left, right, y = 0.95, 3.05, 2.99
    boards = [solid(BOX, (x, y, 1.05), (0.02, 0.2, 1.05), WHITE, 0.2) for x in (left, 2.0, right)]
    levels = (0.08, 0.56, 1.04, 1.52)
    boards += [solid(BOX, (2.0, y, z), (1.05, 0.19, 0.016), WHITE, 0.2) for z in (*levels, 2.08)]
    yield [*boards, solid(BOX, (2.0, 3.18, 1.05), (1.05, 0.01, 1.05), (0.34, 0.46, 0.50))]
    rng = np.random.default_rng(7)  # the same books in every frame
    for z in levels:
        for start in (left + 0.03, 2.03):
            x, end, books, bay_end = start, start + rng.uniform(0.55, 0.97), [], start + 0.99
            while x < end:
                thick, tall = rng.uniform(0.016, 0.032), rng.uniform(0.11, 0.18)
                cloth = spine(CLOTHS[rng.integers(len(CLOTHS))])
                at = (x + thick, y - 0.04, z + 0.016 + tall)
                books.append(solid(BOX, at, (thick - 0.001, 0.12, tall), cloth, 0.15))
                x += 2 * thick
            if bay_end - x > 0.22:
                at = (x + 0.11, y - 0.02, z + 0.1)
                books.append(solid(BALL, at, (0.085,) * 3, CLOTHS[len(books) % 7], 0.7))
            yield books


def table() -> list[Solid]:
    """The table, in the middle of the room."""
    legs = [(0.1 + x, 0.75 + y, 0.35) for x in (-0.9, 0.9) for y in (-0.43, 0.43)]
    return [
        solid(BOX, (0.1, 0.75, 0.73), (1.0, 0.52, 0.025), WOOD, 0.6),
        *(solid(ROD, at, (0.03, 0.03, 0.355), WHITE, 0.2) for at in legs),
    ]


def blocks() -> list[Solid]:
    """A tower of blocks; a block and a steel ball lie beside it."""
    return [
        solid(BOX, (-0.42, 0.62, TOP + 0.07), (0.07, 0.07, 0.07), BLUE, 0.4, 0.3),
        solid(BOX, (-0.25, 0.70, TOP + 0.07), (0.07, 0.07, 0.07), YELLOW, 0.4, -0.2),
        solid(BOX, (-0.34, 0.66, TOP + 0.21), (0.07, 0.07, 0.07), RED, 0.4, 0.1),
        solid(ROD, (-0.34, 0.66, TOP + 0.33), (0.05, 0.05, 0.05), TEAL, 0.4),
        solid(BALL, (-0.34, 0.66, TOP + 0.43), (0.05, 0.05, 0.05), YELLOW, 0.8),
        solid(BOX, (-0.10, 0.42, TOP + 0.045), (0.045, 0.045, 0.045), LIME, 0.4, 0.7),
        solid(BALL, (0.10, 0.45, TOP + 0.075), (0.075, 0.075, 0.075), STEEL, 6.0),
    ]


def robot() -> list[Solid]:
    """A toy robot, turned a little to the side: its arms and legs follow the turn."""
    eyes = ((-0.055, -0.003), (0.017, -0.025))
    limbs = (
        (-0.05, 0.025, (0.035, 0.06, 0.025), GREY),
        (0.05, 0.025, (0.035, 0.06, 0.025), GREY),
        (-0.125, 0.17, (0.02, 0.03, 0.08), YELLOW),
        (0.125, 0.17, (0.02, 0.03, 0.08), YELLOW),
    )
    return [
        solid(BOX, (0.32, 0.85, TOP + 0.16), (0.10, 0.07, 0.11), TEAL, 0.4, -0.3),
        solid(BOX, (0.32, 0.85, TOP + 0.355), (0.075, 0.065, 0.06), WHITE, 0.4, -0.3),
        *(
            solid(BALL, (0.32 + x, 0.80 + y, TOP + 0.37), (0.02, 0.02, 0.02), DARK, 1.0)
            for x, y in eyes
        ),
        solid(ROD, (0.32, 0.85, TOP + 0.45), (0.006, 0.006, 0.05), STEEL, 0.5),
        solid(BALL, (0.32, 0.85, TOP + 0.51), (0.018, 0.018, 0.018), RED, 0.8),
        *(
            solid(BOX, (0.32 + x, 0.85 - 0.31 * x, TOP + z), half, colour, 0.3, -0.3)
            for x, z, half, colour in limbs
        ),
    ]


def cup() -> list[Solid]:
    """A cup on three books; three small boxes are its handle."""
    return [
        solid(BOX, (0.72, 0.62, TOP + 0.02), (0.17, 0.12, 0.02), NAVY, 0.2, 0.2),
        solid(BOX, (0.71, 0.62, TOP + 0.06), (0.15, 0.11, 0.02), LIME, 0.2, -0.1),
        solid(BOX, (0.72, 0.63, TOP + 0.095), (0.14, 0.10, 0.015), RED, 0.2, 0.35),
        solid(ROD, (0.72, 0.63, TOP + 0.155), (0.042, 0.042, 0.045), WHITE, 0.8),
        solid(ROD, (0.72, 0.63, TOP + 0.1995), (0.036, 0.036, 0.001), DARK, 0.8),
        solid(BOX, (0.772, 0.63, TOP + 0.13), (0.018, 0.006, 0.005), WHITE, 0.6),
        solid(BOX, (0.772, 0.63, TOP + 0.18), (0.018, 0.006, 0.005), WHITE, 0.6),
        solid(BOX, (0.79, 0.63, TOP + 0.155), (0.005, 0.006, 0.03), WHITE, 0.6),
    ]


def globe(turn: float) -> list[Solid]:
    """The globe on its foot. Only its paint turns, once a loop: see `globe_paint`."""
    return [
        solid(ROD, (-0.62, 0.95, TOP + 0.012), (0.10, 0.10, 0.012), DARK, 0.6),
        solid(ROD, (-0.62, 0.95, TOP + 0.05), (0.012, 0.012, 0.05), STEEL, 0.6),
        solid(BALL, (-0.62, 0.95, TOP + 0.25), (0.17, 0.17, 0.17), globe_paint(turn), 0.7),
        solid(ROD, (-0.62, 0.95, TOP + 0.43), (0.008, 0.008, 0.02), STEEL, 0.6),
    ]


def leaf(z: float, yaw: float, lean: float, green: Colour) -> Solid:
    """A leaf that grows from the plant's stem at a height."""
    out, up = 0.22 * math.cos(lean), 0.22 * math.sin(lean)
    at = (-2.55 - out * math.sin(yaw), 2.45 + out * math.cos(yaw), z + up)
    return solid(BALL, at, (0.07, 0.22, 0.012), green, 0.3, yaw, lean)


def plant() -> list[Solid]:
    """A plant by the window; the leaves wind up the stem and grow paler."""
    return [
        solid(ROD, (-2.55, 2.45, 0.2), (0.19, 0.19, 0.2), WHITE, 0.5),
        solid(ROD, (-2.55, 2.45, 0.395), (0.17, 0.17, 0.01), DARK),
        solid(ROD, (-2.55, 2.45, 0.6), (0.018, 0.018, 0.25), (0.20, 0.26, 0.12)),
        *(
            leaf(0.62 + 0.022 * i, 2.4 * i, 0.55 + 0.12 * (i % 4), (0.06, 0.235 + 0.0072 * i, 0.07))
            for i in range(16)
        ),
    ]


def tripod() -> list[Solid]:
    """A camera on a tripod."""
    legs = [
        ((-1.45 - 0.19 * math.sin(yaw), 1.05 + 0.19 * math.cos(yaw), 0.53), yaw)
        for yaw in (0.4, 2.5, 4.6)
    ]
    return [
        *(solid(ROD, at, (0.014, 0.014, 0.56), DARK, 0.4, yaw, 0.34) for at, yaw in legs),
        solid(ROD, (-1.45, 1.05, 1.10), (0.02, 0.02, 0.08), STEEL, 0.5),
        solid(BOX, (-1.45, 1.05, 1.25), (0.13, 0.06, 0.08), DARK, 0.4, 0.5),
        solid(BOX, (-1.45, 1.05, 1.345), (0.045, 0.045, 0.02), STEEL, 0.4, 0.5),
        solid(ROD, (-1.40, 0.96, 1.25), (0.055, 0.055, 0.06), GREY, 0.6, 0.5, math.pi / 2),
        solid(BALL, (-1.377, 0.915, 1.25), (0.043, 0.043, 0.025), NAVY, 2.0, 0.5, math.pi / 2),
    ]


def stool() -> list[Solid]:
    """A stool with a ball on it."""
    legs = [
        ((1.75 + 0.13 * math.sin(yaw), 1.35 - 0.13 * math.cos(yaw), 0.22), yaw)
        for yaw in (0.2, 1.8, 3.3, 4.9)
    ]
    return [
        solid(ROD, (1.75, 1.35, 0.46), (0.19, 0.19, 0.02), TEAL, 0.4),
        *(solid(ROD, at, (0.014, 0.014, 0.23), WHITE, 0.3, yaw, 0.12) for at, yaw in legs),
        solid(BALL, (1.75, 1.35, 0.60), (0.12, 0.12, 0.12), BLUE, 0.9),
    ]


def poster() -> list[Solid]:
    """A framed poster on the left wall."""
    return [
        solid(BOX, (-3.58, 1.95, 1.65), (0.02, 0.42, 0.55), DARK, 0.3),
        solid(BOX, (-3.57, 1.95, 1.65), (0.02, 0.38, 0.51), picture_paint, 0.2),
    ]


def mobile(turn: float) -> list[Solid]:
    """Balls on three bars that turn under the ceiling, whole turns a loop so that it closes."""
    x, y, z = 0.3, 1.35, 2.26

    def bar(x: float, y: float, z: float, half: float, angle: float) -> list[Solid]:
        drop = solid(ROD, (x, y, z + 0.1), (0.003, 0.003, 0.1), GREY)
        return [drop, solid(BOX, (x, y, z), (half, 0.006, 0.006), STEEL, 0.5, angle)]

    parts = [solid(ROD, (x, y, 2.63), (0.003, 0.003, 0.17), GREY), *bar(x, y, z, 0.5, turn)]
    colours = ((YELLOW, BLUE), (RED, TEAL))
    for side, pair in zip((1, -1), colours, strict=True):
        ax, ay = x + side * 0.5 * math.cos(turn), y + side * 0.5 * math.sin(turn)
        angle = 0.8 - 2 * turn * side
        parts += bar(ax, ay, z - 0.2, 0.26, angle)
        for end, colour, radius in zip((1, -1), pair, (0.075, 0.06), strict=True):
            bx, by = ax + end * 0.26 * math.cos(angle), ay + end * 0.26 * math.sin(angle)
            parts.append(solid(ROD, (bx, by, z - 0.26), (0.003, 0.003, 0.06), GREY))
            parts.append(solid(BALL, (bx, by, z - 0.32 - radius), (radius,) * 3, colour, 0.8))
    return parts


def build(phase: float) -> Scene:
    """The room at a phase of the loop, in [0, 1). Solids keep their numbers from frame to frame."""
    turn = 2 * math.pi * phase
    scene = Scene([solid(ROOM, ROOM_CENTRE, HALF_ROOM, room_paint)])
    scene.group(list(window_parts()))
    for bay in shelf():
        scene.group(bay)
    scene.group(table())
    scene.group([solid(ROD, (0.1, 0.6, 0.008), (1.75, 1.75, 0.008), rug_paint)])
    for solids in (blocks(), robot(), cup(), globe(turn), plant(), tripod(), stool(), poster()):
        scene.group(solids)
    scene.group(mobile(turn))
    return scene
