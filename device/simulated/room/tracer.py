"""Shapes set down in a room, and where rays meet them.

Many rays go at once. Their origins `o`, directions `d` and points `p` are float32 (3, N), in
metres, one column a ray; colours and light are float32 (N, 3): red, green, blue.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

F = NDArray[np.floating[Any]]  # float32 wherever there is one a ray
Paint = Callable[[F, F], F]  # (local points, world points), both (3, N) -> colours (N, 3)
Colour = tuple[float, float, float]  # the share of red, green and blue light thrown back

BOX, BALL, ROD, ROOM = range(4)
TEXEL_M, MAX_TEXELS = 0.03, 224
TILE = 128  # pixels: rays of a tile fit the cache, and BLAS does not start threads over so few


@dataclass(frozen=True)
class Solid:
    """A unit shape set down in the room: centre (3,), half sizes (3,), axes (3, 3) in columns.

    A shape reaches from -1 to 1 along each axis of its own; a rod stands along the third. Points
    and directions (3, N) go through `to_local` (3, 3) to the frame of the unit shape. Each face of
    the solid's cube map of light has `texels` rows and columns.
    """

    shape: int
    centre: F
    half: F
    axes: F
    to_local: F
    texels: int
    paint: Paint
    gloss: float

    def reach(self) -> F:
        """Half sizes (3,) of the upright box around it."""
        sizes: F = np.abs(self.axes) @ self.half
        return sizes


@dataclass(frozen=True)
class Group:
    """Solids that stand together, with the box around them: most rays miss it and skip them."""

    numbers: range
    low: F
    high: F


@dataclass
class Scene:
    """All solids, numbered; the room itself is number 0."""

    solids: list[Solid] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def group(self, solids: list[Solid]) -> None:
        """Add solids that stand together."""
        first = len(self.solids)
        self.solids += solids
        low = np.min([s.centre - s.reach() for s in solids], axis=0)
        high = np.max([s.centre + s.reach() for s in solids], axis=0)
        self.groups.append(Group(range(first, len(self.solids)), low, high))


def mix(a: Colour | F, b: Colour, share: NDArray[Any]) -> F:
    """Colours (N, 3) between a, one colour or (N, 3), at share (N,) 0 and b at share 1."""
    start = np.asarray(a, np.float32)
    weight = np.clip(share.astype(np.float32), 0, 1)[:, None]
    return start + (np.array(b, np.float32) - start) * weight


def plain(colour: Colour) -> Paint:
    """One colour all over."""
    row = np.array(colour, np.float32)
    return lambda local, world: np.broadcast_to(row, (local.shape[1], 3))


def solid(
    shape: int,
    centre: tuple[float, ...],
    half: tuple[float, ...],
    paint: Paint | Colour,
    gloss: float = 0.0,
    yaw: float = 0.0,
    tilt: float = 0.0,
) -> Solid:
    """A solid, tilted about its x axis and then turned about the vertical, in radians.

    Centre and half sizes are three numbers each, in metres.
    """
    c, s, ct, st = math.cos(yaw), math.sin(yaw), math.cos(tilt), math.sin(tilt)
    axes = np.array([[c, -s * ct, s * st], [s, c * ct, -c * st], [0, st, ct]], np.float32)
    sizes = np.array(half, np.float32)
    _, wide, long = sorted(half)
    texels = min(max(math.ceil(2 * math.sqrt(wide * long) / TEXEL_M), 8), MAX_TEXELS)
    look = plain(paint) if isinstance(paint, tuple) else paint
    at = np.array(centre, np.float32)
    return Solid(shape, at, sizes, axes, axes.T / sizes[:, None], texels, look, gloss)


def most(rows: F) -> F:
    """The greatest of three rows (3, N); numpy's own max along a short axis is slow."""
    found: F = np.maximum(np.maximum(rows[0], rows[1]), rows[2])
    return found


def meet(shape: int, o: F, d: F) -> F:
    """Distances (N,) at which rays (3, N) enter the unit shape; inf where they miss it.

    A ray that starts inside meets it at once: what is covered gets no light. The room is met
    from inside.
    """
    safe = np.where(np.abs(d) < 1e-7, np.float32(1e-7), d)  # it is divided by below
    if shape in (BOX, ROOM):
        middle, width = -o / safe, np.abs(1 / safe)
        near, far = most(middle - width), -most(-width - middle)
        if shape == ROOM:
            near, far = far, np.full_like(far, np.inf)
    else:
        n = 3 if shape == BALL else 2
        a, b = (safe[:n] ** 2).sum(axis=0), (o[:n] * safe[:n]).sum(axis=0)
        square = b * b - a * ((o[:n] ** 2).sum(axis=0) - 1)
        root = np.sqrt(np.maximum(square, 0))
        near, far = (-b - root) / a, np.where(square > 0, (root - b) / a, np.float32(-1))
        if shape == ROD:
            middle, width = -o[2] / safe[2], np.abs(1 / safe[2])
            near, far = np.maximum(near, middle - width), np.minimum(far, middle + width)
    near = np.maximum(near, 0)
    entered: F = np.where(far > near, near, np.float32(np.inf))
    return entered


def trace(scene: Scene, o: F, d: F) -> tuple[F, NDArray[np.int32]]:
    """Distance (N,) and number (N,), int32, of the nearest solid for rays (3, N)."""
    room = scene.solids[0]
    t = meet(ROOM, room.to_local @ (o - room.centre[:, None]), room.to_local @ d)
    number = np.zeros(t.shape, np.int32)
    inverse = 1 / np.where(np.abs(d) < 1e-7, np.float32(1e-7), d)
    for group in scene.groups:
        a, b = (group.low[:, None] - o) * inverse, (group.high[:, None] - o) * inverse
        enter, leave = most(np.minimum(a, b)), -most(np.minimum(-a, -b))
        some = np.flatnonzero((leave > np.maximum(enter, 0)) & (enter < t))
        if not some.size:
            continue
        o_some, d_some, t_some, number_some = o[:, some], d[:, some], t[some], number[some]
        for k in group.numbers:
            s = scene.solids[k]
            hit = meet(s.shape, s.to_local @ (o_some - s.centre[:, None]), s.to_local @ d_some)
            nearer = hit < t_some
            t_some[nearer], number_some[nearer] = hit[nearer], k
        t[some], number[some] = t_some, number_some
    return t, number


def normal_of(s: Solid, local: F) -> F:
    """World normals (3, N) at local surface points (3, N)."""
    if s.shape == BALL:
        n = local
    elif s.shape == ROD:
        cap = np.abs(local[2]) > np.hypot(local[0], local[1])
        n = np.where(cap, [[0], [0], [1]], [[1], [1], [0]]).astype(np.float32) * local
    else:
        n = np.where(np.arange(3)[:, None] == np.abs(local).argmax(axis=0), np.sign(local), 0)
        n = (-n if s.shape == ROOM else n).astype(np.float32)
    world: F = s.to_local.T @ n
    world /= np.sqrt((world**2).sum(axis=0))
    return world
