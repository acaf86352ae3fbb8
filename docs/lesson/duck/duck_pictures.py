"""Render a toy duck on a table, or a table without one: the pictures of part two of the lesson.

Nothing in them comes from anybody else, and nobody is in them: every object is a box, a ball or a
rod, as in the simulated camera's room, whose furniture and tracer are used. A picture is a
function of what it shows, on what, and its number. Which of them are the set is in biased_set.py.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "device" / "simulated" / "room"))

from furniture import (  # noqa: E402 - the room's recipe is in no package
    BLUE,
    DARK,
    HALF_ROOM,
    ROOM_CENTRE,
    TOP,
    WHITE,
    WOOD,
    blocks,
    cup,
    room_paint,
    shelf,
    table,
)
from light import LIFT_M, basis, spread  # noqa: E402
from render import develop  # noqa: E402
from tracer import (  # noqa: E402
    BALL,
    BOX,
    ROOM,
    TILE,
    Colour,
    F,
    Paint,
    Scene,
    Solid,
    normal_of,
    solid,
    trace,
)

WIDTH, HEIGHT, FINER = 400, 300, 2  # pixels; it is rendered so many times as large
FOCAL = 0.95  # focal length in picture widths
LAMP_RAYS, ROOM_RAYS = 4, 6
LAMP_M, LAMP_HIGH_M = 0.35, 2.7
REACH_M = 0.6  # what is nearer takes light away from a corner
APART_M = 0.28  # between the middles of two things

SQUARE_M = 0.095
YELLOW, WING, BEAK = (0.88, 0.62, 0.03), (0.80, 0.52, 0.02), (0.80, 0.22, 0.02)
WALLS = (
    *((0.70, 0.75, 0.76), (0.62, 0.60, 0.52), (0.45, 0.55, 0.60)),
    *((0.75, 0.68, 0.60), (0.50, 0.60, 0.50)),
)


def checks(cloth: Colour, white: Colour) -> Paint:
    """Checks as of woven cloth: red, white, and between both where one crosses the other."""
    shades = np.array([white, np.add(cloth, white) / 2, cloth], np.float32)
    return lambda local, world: shades[(np.floor(world[:2] / SQUARE_M) % 2).sum(0).astype(int)]


def stripes(cloth: Colour, white: Colour) -> Paint:
    """Stripes that run away from the wall with the window."""
    shades = np.array([white, cloth], np.float32)
    return lambda local, world: shades[(np.floor(world[0] / SQUARE_M) % 2).astype(int)]


CLOTH = "checked cloth"
PLAIN = ("white", "blue", "green", "wood", "dark", "yellow")
TABLES: dict[str, Paint | Colour] = {
    CLOTH: checks((0.55, 0.03, 0.04), WHITE),
    "striped cloth": stripes((0.06, 0.20, 0.50), WHITE),
    "red": (0.50, 0.03, 0.04),
    "white": WHITE,
    "blue": (0.05, 0.16, 0.45),
    "green": (0.10, 0.32, 0.12),
    "wood": WOOD,
    "dark": (0.07, 0.07, 0.08),
    "yellow": (0.72, 0.52, 0.06),
}


def duck() -> list[Solid]:
    """A bath duck, 0.34 m high: it looks along x."""
    return [
        solid(BALL, (0, 0, TOP + 0.10), (0.17, 0.12, 0.10), YELLOW, 0.5),
        solid(BALL, (0.09, 0, TOP + 0.25), (0.095, 0.09, 0.09), YELLOW, 0.5),
        solid(BALL, (0.195, 0, TOP + 0.235), (0.05, 0.045, 0.016), BEAK, 0.4),
        solid(BALL, (-0.15, 0, TOP + 0.15), (0.07, 0.05, 0.04), YELLOW, 0.5),
        *(
            part
            for side in (-1, 1)
            for part in (
                solid(BALL, (-0.01, 0.105 * side, TOP + 0.125), (0.09, 0.03, 0.055), WING, 0.4),
                solid(BALL, (0.155, 0.055 * side, TOP + 0.275), (0.017,) * 3, DARK, 1.0),
            )
        ),
    ]


def others() -> list[list[Solid]]:
    """What may stand beside it, or without it; of the room's furniture, and a ball."""
    return [
        moved(cup()[:3], (-0.72, -0.62)),
        moved(blocks()[:5], (0.34, -0.66)),
        moved(blocks()[5:6], (0.10, -0.42)),
        moved(blocks()[6:], (-0.10, -0.45)),
        [solid(BALL, (0, 0, TOP + 0.1), (0.1,) * 3, BLUE, 0.9)],
    ]


def moved(solids: Iterable[Solid], by: tuple[float, float], yaw: float = 0.0) -> list[Solid]:
    """Solids turned about the room's upright axis, in radians, then moved, in metres."""
    c, s = math.cos(yaw), math.sin(yaw)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    found = []
    for one in solids:
        axes = turn @ one.axes
        at = turn @ one.centre + np.array([*by, 0], np.float32)
        found.append(replace(one, centre=at, axes=axes, to_local=axes.T / one.half[:, None]))
    return found


@dataclass(frozen=True)
class Lamp:
    """A square lamp under the ceiling: place (3,) in metres, colour (3,); and the room's light."""

    at: F
    colour: F
    ambient: float


def furnished(
    on: str, is_there: bool, rng: np.random.Generator
) -> tuple[Scene, tuple[float, float]]:
    """The room with a table and what stands on it, and where the picture's middle is (x, y)."""
    wall = np.array(WALLS[rng.integers(len(WALLS))], np.float32)

    def paint(local: F, world: F) -> F:
        return np.where((np.abs(local[2]) < 0.999)[:, None], wall, room_paint(local, world))

    scene = Scene([solid(ROOM, ROOM_CENTRE, HALF_ROOM, paint)])
    top, *legs = table()
    scene.group([solid(BOX, tuple(top.centre), tuple(top.half), TABLES[on], 0.15), *legs])
    if rng.random() < 0.5:
        for bay in shelf():
            scene.group(bay)
    kinds = others()
    number = rng.integers(0, 3) if is_there else rng.integers(1, 4)
    chosen = [kinds[k] for k in rng.permutation(len(kinds))[:number]]
    places: list[tuple[float, float]] = []
    for thing in [duck(), *chosen] if is_there else chosen:
        wide, deep = (0.55, 0.30) if places else (0.30, 0.20)
        place = (0.0, 0.0)
        for _ in range(99):
            place = (0.1 + rng.uniform(-wide, wide), 0.75 + rng.uniform(-deep, deep))
            if all(math.dist(place, other) > APART_M for other in places):
                break
        places.append(place)
        scene.group(moved(thing, place, rng.uniform(0, 2 * math.pi)))
    return scene, places[0]


def shade(scene: Scene, lamp: Lamp, o: F, d: F, rng: np.random.Generator, mirrors: bool) -> F:
    """Colours (N, 3) that rays from o along unit vectors d, both (3, N), bring back."""
    t, number = trace(scene, o, d)
    p = o + t * d
    colours, normals = np.empty((t.size, 3), np.float32), np.empty_like(p)
    for k in np.unique(number):
        s, some = scene.solids[k], np.flatnonzero(number == k)
        local = s.to_local @ (p[:, some] - s.centre[:, None])
        colours[some], normals[:, some] = s.paint(local, p[:, some]), normal_of(s, local)
    start = p + LIFT_M * normals
    offsets = rng.random((2, t.size), np.float32)
    light, open_ = np.zeros(t.size, np.float32), np.zeros(t.size, np.float32)
    for k in range(LAMP_RAYS):
        u, v = spread(k, offsets)
        square = np.stack([2 * u - 1, 2 * v - 1, np.zeros_like(u)]) * np.float32(LAMP_M)
        to = lamp.at[:, None] + square - start
        far = np.sqrt((to**2).sum(axis=0))
        to /= far
        slant = np.maximum((to * normals).sum(axis=0), 0) * np.maximum(to[2], 0)
        is_free = trace(scene, start, to)[0] >= far - 0.01
        light += np.where(is_free, slant / far**2, 0) / LAMP_RAYS
    a, b = basis(normals)
    for k in range(ROOM_RAYS):
        u, v = spread(k + LAMP_RAYS, offsets)
        r, around = np.sqrt(u), 2 * np.float32(math.pi) * v
        to = r * (np.cos(around) * a + np.sin(around) * b) + np.sqrt(1 - u) * normals
        open_ += np.clip(trace(scene, start, to)[0] / REACH_M, 0, 1) / ROOM_RAYS
    colours *= light[:, None] * lamp.colour + lamp.ambient * open_[:, None]
    if mirrors:
        gloss = np.array([0, *(s.gloss for s in scene.solids[1:])], np.float32)[number]
        shiny = np.flatnonzero(gloss)
        n, v = normals[:, shiny], d[:, shiny]
        facing = np.clip(-(n * v).sum(axis=0), 0, 1)
        share = np.minimum((0.04 + 0.96 * (1 - facing) ** 5) * gloss[shiny], 0.6)[:, None]
        seen = shade(scene, lamp, start[:, shiny], v + 2 * facing * n, rng, False)
        colours[shiny] += (seen - colours[shiny]) * share
    return colours


def picture(is_there: bool, on: str, number: int) -> Image.Image:
    """One picture: with the duck or without, on what, and which of all such."""
    rng = np.random.default_rng([is_there, [*TABLES].index(on), number])
    scene, middle = furnished(on, is_there, rng)
    focus = np.array([*middle, TOP + 0.12]) + rng.normal(0, 0.06, 3)
    side, rise, far = rng.uniform(-0.9, 0.9), rng.uniform(0.3, 0.65), rng.uniform(1.1, 1.7)
    away = (math.sin(side) * math.cos(rise), -math.cos(side) * math.cos(rise), math.sin(rise))
    eye = (focus + far * np.array(away)).astype(np.float32)
    ahead = (focus - eye) / far
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, ahead), ahead], axis=1).astype(np.float32)
    warmth = rng.normal(0, 0.08)
    lamp = Lamp(
        np.array([rng.uniform(-1.5, 1.7), rng.uniform(-1, 1.5), LAMP_HIGH_M], np.float32),
        (rng.uniform(2.5, 4.5) * np.exp([warmth, 0, -warmth])).astype(np.float32),
        rng.uniform(0.25, 0.5),
    )
    wide, high = WIDTH * FINER, HEIGHT * FINER
    ys, xs = np.mgrid[:high, :wide].reshape(2, -1).astype(np.float32) + np.float32(0.5)
    rays = np.stack([xs - wide / 2, high / 2 - ys, np.full_like(xs, FOCAL * wide)])
    rays = axes @ (rays / np.sqrt((rays**2).sum(axis=0)))
    pixels = np.empty((xs.size, 3), np.float32)
    for first in range(0, xs.size, TILE**2):
        d = rays[:, first : first + TILE**2]
        o = np.repeat(eye[:, None], d.shape[1], axis=1)
        pixels[first : first + TILE**2] = develop(shade(scene, lamp, o, d, rng, True))
    found = Image.fromarray((pixels.reshape(high, wide, 3) * 255 + 0.5).astype(np.uint8))
    small = np.asarray(found.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    grain = rng.normal(0, 2, (HEIGHT, WIDTH, 1))  # a sensor's
    return Image.fromarray(np.clip(small + grain, 0, 255).astype(np.uint8))
