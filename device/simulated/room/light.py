"""The light in the room: what falls on each surface, baked once, and what a ray brings back.

Every surface carries a cube map of the light that falls on it, float32 (6 * texels * texels, 3):
six faces (-x, +x, -y, +y, -z, +z), each row by row. It is the sum of sun, sky and two bounces.
"""

import math
import multiprocessing
from collections.abc import Callable

import numpy as np
from furniture import WINDOWS, build
from numpy.typing import NDArray
from tracer import BALL, ROD, ROOM, TILE, F, Scene, Solid, mix, normal_of, trace

SUN = np.array([-0.57, 0.70, 0.43], np.float32)  # where it stands, as a unit vector
SUN /= np.linalg.norm(SUN)
SUN_RADIUS = 0.012  # radians; twice the real sun, so that its edge spans a texel
SUN_LIGHT = np.array([10.0, 8.5, 6.3], np.float32)
SKY_LIGHT = np.array([5.6, 5.9, 6.3], np.float32)
SKY_RAYS, SUN_RAYS, BOUNCE_RAYS = 24, 12, 40
LIFT_M = 0.002  # rays start this far off their surface, or they would meet it again
FLOOR_GLOSS = 0.5

# The light baked so far, a cube map a solid. A forked worker inherits it: nothing is copied.
baked: list[F] = []


def sky(d: F) -> F:
    """What is outside, as radiance (N, 3) for directions (3, N): hills under a hazy sky."""
    around = np.arctan2(d[0], d[1])
    up = d[2] / np.hypot(d[0], d[1])
    colours = mix((1.25, 1.55, 1.75), (0.34, 0.75, 1.45), up * 1.6)
    cloud = np.sin(around * 7 + 1) + 0.6 * np.sin(around * 13 + up * 9)
    cloud += np.sin(up * 22 + around * 4)
    colours = mix(colours, (1.9, 1.95, 2.0), (cloud - 0.3) * 0.45)
    far = 0.07 + 0.035 * np.sin(around * 5 + 2) + 0.02 * np.sin(around * 11)
    colours = mix(colours, (0.42, 0.70, 0.82), (far - up) * 250)
    near = 0.035 * np.sin(around * 4 + 0.5) + 0.008 * np.sin(around * 37)
    return mix(colours, (0.22, 0.50, 0.20), (near - up) * 250)


def in_window(p: F) -> NDArray[np.bool_]:
    """Which points (3, N) of the room's walls are openings."""
    found = np.zeros(p.shape[1], np.bool_)
    for axis, _side, low, high in WINDOWS:
        centre, half = np.add(low, high) / 2, np.subtract(high, low) / 2
        half[axis] = 0.01
        found |= (np.abs(p - centre[:, None]) <= half[:, None]).all(axis=0)
    return found


def light_at(texels: int, light: F, local: F) -> F:
    """Light (N, 3) from a cube map (6 * texels * texels, 3) for local points (3, N)."""
    size = np.abs(local)
    axis = size.argmax(axis=0)
    rows = np.arange(local.shape[1])
    q = local / size[axis, rows]
    face = 2 * axis + (q[axis, rows] > 0)
    # A little less than the last texel, so that the one after it is on the same face.
    u = np.clip((q[(axis + 1) % 3, rows] * 0.5 + 0.5) * texels - 0.5, 0, texels - 1.001)
    v = np.clip((q[(axis + 2) % 3, rows] * 0.5 + 0.5) * texels - 0.5, 0, texels - 1.001)
    i, j = u.astype(np.int64), v.astype(np.int64)
    fu, fv = (u - i)[:, None], (v - j)[:, None]
    at = (face * texels + i) * texels + j
    upper: F = light[at] * (1 - fv) + light[at + 1] * fv
    lower: F = light[at + texels] * (1 - fv) + light[at + texels + 1] * fv
    upper += (lower - upper) * fu
    return upper


def surface(s: Solid) -> tuple[F, F]:
    """World points and normals (3, 6 * texels * texels) of the cube map's texels, in its order."""
    edge = (2 * np.arange(s.texels, dtype=np.float32) + 1) / s.texels - 1
    u, v = np.meshgrid(edge, edge, indexing="ij")
    cube = np.empty((3, 6, u.size), np.float32)
    for face in range(6):
        axis = face // 2
        cube[axis, face] = face % 2 * 2 - 1
        cube[(axis + 1) % 3, face], cube[(axis + 2) % 3, face] = u.ravel(), v.ravel()
    q: F = cube.reshape(3, -1)
    if s.shape == BALL:
        q /= np.sqrt((q**2).sum(axis=0))
    elif s.shape == ROD:
        q /= np.maximum(np.hypot(q[0], q[1]), np.abs(q[2]))
    return s.axes @ (q * s.half[:, None]) + s.centre[:, None], normal_of(s, q)


def radiance(scene: Scene, lights: list[F], o: F, d: F, mirrors: bool, windows: bool) -> F:
    """Colours (N, 3) that rays from o along unit vectors d, both (3, N), bring back.

    `lights` holds a cube map a solid. Without windows these are black: what comes straight through
    them is counted as sun and sky.
    """
    t, number = trace(scene, o, d)
    p = o + t * d
    colours, normals = np.empty((t.size, 3), np.float32), np.empty_like(p)
    gloss = np.array([s.gloss for s in scene.solids], np.float32)[number]
    for k in np.unique(number):
        s, some = scene.solids[k], np.flatnonzero(number == k)
        world = p[:, some]
        local = s.to_local @ (world - s.centre[:, None])
        shade = s.paint(local, world) * light_at(s.texels, lights[k], local)
        if s.shape == ROOM:
            outside = in_window(world)
            shade[outside] = sky(d[:, some[outside]]) if windows else 0
            gloss[some] = np.where(local[2] < -0.999, FLOOR_GLOSS, 0)
        if mirrors:
            normals[:, some] = normal_of(s, local)
        colours[some] = shade
    if mirrors:
        shiny = np.flatnonzero(gloss)
        n, v = normals[:, shiny], d[:, shiny]
        facing = np.clip(-(n * v).sum(axis=0), 0, 1)
        share = np.minimum((0.04 + 0.96 * (1 - facing) ** 5) * gloss[shiny], 0.85)[:, None]
        seen = radiance(scene, lights, p[:, shiny] + LIFT_M * n, v + 2 * facing * n, False, True)
        colours[shiny] += (seen - colours[shiny]) * share
    return colours


def basis(n: F) -> tuple[F, F]:
    """Two unit vectors (3, N) that stand square on unit vectors (3, N) and on each other."""
    helper = np.where(np.abs(n[2]) < 0.9, [[0], [0], [1]], [[1], [0], [0]]).astype(np.float32)
    a = np.cross(helper, n, axis=0)
    a /= np.sqrt((a**2).sum(axis=0))
    return a, np.cross(n, a, axis=0)


def spread(index: int, offsets: F) -> tuple[F, F]:
    """Point `index` of an even sequence in the unit square, shifted by offsets (2, N)."""
    return (offsets[0] + index * 0.7548777) % 1, (offsets[1] + index * 0.5698403) % 1


def let_in(scene: Scene, p: F, d: F, weight: F) -> F:
    """The weights (N,) of rays (3, N) that leave through a window, 0 for the others."""
    light = np.zeros_like(weight)
    some = np.flatnonzero(weight > 0)
    t, number = trace(scene, p[:, some], d[:, some])
    free = (number == 0) & in_window(p[:, some] + t * d[:, some])
    light[some] = np.where(free, weight[some], 0)
    return light


def sunlight(scene: Scene, p: F, n: F, offsets: F) -> F:
    """Light (N, 3) from the sun on points with normals (3, N)."""
    total = np.zeros(p.shape[1], np.float32)
    a, b = basis(np.broadcast_to(SUN[:, None], p.shape))
    for k in range(SUN_RAYS):
        u, v = spread(k, offsets)
        r, around = SUN_RADIUS * np.sqrt(u), 2 * math.pi * v
        d = SUN[:, None] + r * (np.cos(around) * a + np.sin(around) * b)
        total += let_in(scene, p, d, np.maximum((d * n).sum(axis=0), 0))
    return (total / SUN_RAYS)[:, None] * SUN_LIGHT


def skylight(scene: Scene, p: F, n: F, offsets: F) -> F:
    """Light (N, 3) from the sky in the windows on points with normals (3, N)."""
    total = np.zeros(p.shape[1], np.float32)
    for axis, side, low, high in WINDOWS:
        corner, sides = np.array(low, np.float32), np.subtract(high, low).astype(np.float32)
        area = float(sides[1 - axis] * sides[2])
        for k in range(SKY_RAYS):
            u, v = spread(k, offsets)
            d = corner[:, None] + sides[:, None] * np.stack([u, u, v]) - p
            far = np.sqrt((d**2).sum(axis=0))
            d /= far
            slant = np.maximum((d * n).sum(axis=0), 0) * np.maximum(side * d[axis], 0)
            # Any nearer and one sample would glare on its own.
            total += let_in(scene, p, d, slant * area / np.maximum(far, 0.3) ** 2)
    return (total / (math.pi * SKY_RAYS))[:, None] * SKY_LIGHT


def bounced(scene: Scene, lights: list[F], p: F, n: F, offsets: F) -> F:
    """Light (N, 3) that arrives from other surfaces at points and normals (3, N)."""
    total = np.zeros((p.shape[1], 3), np.float32)
    a, b = basis(n)
    for k in range(BOUNCE_RAYS):
        u, v = spread(k, offsets)
        r, around = np.sqrt(u), 2 * math.pi * v
        d = r * (np.cos(around) * a + np.sin(around) * b) + np.sqrt(1 - u) * n
        total += radiance(scene, lights, p, d, False, False)
    return total / BOUNCE_RAYS


def smooth(light: F, texels: int, times: int) -> F:
    """The cube map (6 * texels * texels, 3), blurred within its faces to even out the sampling."""
    for _ in range(times):
        for axes in (((1, 1), (0, 0)), ((0, 0), (1, 1))):
            grid = np.pad(light.reshape(6, texels, texels, 3), ((0, 0), *axes, (0, 0)), "edge")
            if axes[0][0]:
                grid = (grid[:, :-2] + 2 * grid[:, 1:-1] + grid[:, 2:]) / 4
            else:
                grid = (grid[:, :, :-2] + 2 * grid[:, :, 1:-1] + grid[:, :, 2:]) / 4
            light = grid.reshape(-1, 3)
    return light


def bake_part(job: tuple[int, int, int]) -> F:
    """What one round adds to the light (up to TILE * TILE, 3) of a solid from a texel on.

    The job is the number of the round, the number of the solid and the first texel.
    """
    round_, k, first = job
    scene = build(0.0)
    p, n = (a[:, first : first + TILE**2] for a in surface(scene.solids[k]))
    p = p + LIFT_M * n
    offsets = np.random.default_rng((k, first)).random((2, p.shape[1]), np.float32)
    if round_ == 0:
        return sunlight(scene, p, n, offsets)
    if round_ == 1:
        return skylight(scene, p, n, offsets)
    return bounced(scene, baked, p, n, offsets)


def bake(workers: int, report: Callable[[str, int, int], None]) -> None:
    """Fill `baked`: sun, sky, then two rounds of light bounced off the rest.

    `report` is told of each step: what is under way, how much is done, and of how much.
    """
    sizes = [s.texels for s in build(0.0).solids]
    jobs = [(k, i) for k, size in enumerate(sizes) for i in range(0, 6 * size**2, TILE**2)]
    rounds: list[list[F]] = []
    for round_ in range(4):
        parts: list[list[F]] = [[] for _ in sizes]
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            results = pool.imap(bake_part, [(round_, *job) for job in jobs])
            for done, ((k, _), part) in enumerate(zip(jobs, results, strict=True), 1):
                parts[k].append(part)
                report(f"light {round_ + 1}/4", done, len(jobs))
        # Only the sun draws edges; the rest may be blurred, which evens out the sampling.
        times = [1 if round_ == 0 else min(max(size // 8, 1), 8 * round_) for size in sizes]
        maps = [np.concatenate(p) for p in parts]
        rounds.append([smooth(*a) for a in zip(maps, sizes, times, strict=True)])
        # The second bounce is gathered from light that holds the first, and takes its place.
        added = rounds[:3] if round_ < 3 else [rounds[0], rounds[1], rounds[3]]
        baked[:] = [np.sum(a, axis=0) for a in zip(*added, strict=True)]
