"""Clothes for the mannequin: cut from MakeHuman's CC0 helper meshes, dyed and creased here.

The helper meshes `tights` and `skirt` follow every shape and pose of the body. A garment is a
region of one of them, lifted off the skin by `ease_m` (a tight suit 2-4 mm, a robe 6 cm),
smoothed so that it hangs instead of clinging, and creased by a sum of random waves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bodies import Mannequin, Posed


@dataclass(frozen=True)
class Cut:
    """What a garment covers, in the mannequin's own measures (see Mannequin)."""

    torso: tuple[float, float] | None  # crotch 0 .. neck 1
    arm: float = -1.0  # down to this far along the arm (1: wrist); below 0: sleeveless
    leg: float = -1.0  # down to this far along the leg (1: ankle); below 0: none
    skirt: float = 0.0  # length of a skirt, 0 none .. 1 ankle
    ease_m: float = 0.004
    crease_m: float = 0.001


@dataclass(frozen=True)
class Sheet:
    """A triangle mesh ready to render: metres; colours linear RGB per vertex."""

    vertices: np.ndarray  # float64 (n, 3)
    faces: np.ndarray  # int64 (m, 3)
    colours: np.ndarray  # float64 (n, 3)
    gloss: float


def outfits(rng: np.random.Generator) -> dict[str, list[Cut]]:
    """One random outfit of every kind; the kind is what the datasheet counts by."""
    u = rng.uniform
    ease = float(u(0.004, 0.02))
    top = Cut(
        (u(0.1, 0.35), u(0.85, 1.0)), arm=float(u(-0.1, 1.05)), ease_m=ease, crease_m=ease / 5
    )
    trousers = Cut(
        (-0.3, u(0.36, 0.5)), leg=float(u(0.2, 1.05)), ease_m=ease * 0.8, crease_m=ease / 6
    )
    skirt = Cut((-0.3, u(0.36, 0.5)), leg=0.1, skirt=float(u(0.3, 1.0)), ease_m=ease * 0.6)
    loose = float(u(0.03, 0.08))
    robe = Cut(
        (-0.3, u(0.9, 1.1)),
        arm=float(u(0.3, 1.05)),
        leg=float(u(0.3, 1.3)),
        skirt=float(rng.choice([0.0, u(0.5, 1.0)])),
        ease_m=loose,
        crease_m=loose / 8,
    )
    suit = Cut(
        (-0.3, 1.3),
        arm=float(u(0.7, 1.1)),
        leg=float(u(0.7, 1.1)),
        skirt=float(rng.choice([0, 0, u(0.4, 1)])),
        ease_m=float(u(0.002, 0.005)),
        crease_m=0.0005,
    )
    dress = Cut(
        (-0.3, u(0.8, 1.0)),
        arm=float(u(-0.2, 0.9)),
        leg=0.15,
        skirt=float(u(0.35, 1.0)),
        ease_m=ease,
        crease_m=ease / 5,
    )
    swim = Cut((-0.3, u(0.68, 0.85)), leg=float(u(-0.02, 0.2)), ease_m=0.003, crease_m=0.0003)
    sport = [
        Cut((u(0.45, 0.56), u(0.78, 0.88)), ease_m=0.004),
        Cut((-0.3, u(0.3, 0.45)), leg=float(u(0.1, 0.6)), ease_m=0.005),
    ]
    return {
        "everyday": [trousers if rng.random() < 0.6 else skirt, top],
        "loose": [robe],
        "tight": [suit],
        "dress": [dress],
        "swim": [swim],
        "sport": sport,
    }


def tailor(
    body: Mannequin,
    posed: Posed,
    cut: Cut,
    rng: np.random.Generator,
    prints: Sequence[np.ndarray] = (),
) -> tuple[Sheet, np.ndarray]:
    """The garment on a posed body, and the mask (n,) of base vertices that it hides.

    `prints`: pictures, uint8 (height, width, 3), that the cloth may be printed with.
    """
    faces = []
    covered = _covers(body, cut)
    tights = body.parts["helper-tights"].faces
    if cut.torso is not None:
        faces.append(tights[covered[tights].all(1)])
    if cut.skirt > 0:
        cloth = body.parts["helper-skirt"].faces
        z = body.rest[:, 2]
        top, bottom = z[cloth].max(), z[cloth].min()
        faces.append(cloth[(z[cloth] >= top - cut.skirt * (top - bottom)).all(1)])
    mesh = np.concatenate(faces)
    used, mesh = np.unique(mesh, return_inverse=True)
    mesh = mesh.reshape(-1, 3)
    points = posed.vertices[used]
    rest = body.rest[used]
    if cut.ease_m > 0.006:
        points = _smooth(points, mesh, int(cut.ease_m * 300))
    points, rest, mesh = _split(points, rest, mesh)
    points = points + normals(points, mesh) * (
        cut.ease_m + waves(rest, rng, 5.0, 40.0)[:, None] * cut.crease_m
    )
    colours = dye(rest, rng, prints)
    sheet = Sheet(points, mesh, colours, float(rng.choice([0.9, 0.6, 0.3], p=[0.7, 0.2, 0.1])))
    return sheet, _covers(body, cut, margin=0.06)


def _covers(body: Mannequin, cut: Cut, margin: float = 0.0) -> np.ndarray:
    """Base vertices inside the cut; `margin` shrinks it, so that skin reaches under the hem."""
    region = body.region
    hidden = np.zeros(len(region), dtype=bool)
    if cut.torso is None:
        return hidden
    low, high = cut.torso[0] + margin, cut.torso[1] - margin
    hidden |= np.isin(region, ["torso", "head"]) & (body.torso > low) & (body.torso < high)
    if cut.arm > -0.15 and high > 0.7:
        hidden |= np.isin(region, ["arm", "hand"]) & (body.arm < cut.arm - margin)
    if low < 0:
        # The bottom of a garment always holds the crotch: that is what makes it a garment.
        hidden |= np.isin(region, ["leg", "foot"]) & (body.leg < max(cut.leg, 0.05) - margin / 2)
    return hidden


def skin_colour(rng: np.random.Generator, tone: str) -> tuple[np.ndarray, np.ndarray]:
    """A Monk tone `rrggbb` and its pigment, linear RGB (3,), a little off the chart."""
    srgb = np.array([int(tone[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    base = linear(np.clip(srgb * rng.normal(1, 0.03, 3) * rng.normal(1, 0.05), 0.02, 0.97))
    darker = base * np.array([0.72, 0.5, 0.45]) ** rng.uniform(0.3, 1.3)
    return base, darker


def linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB [0, 1] to linear (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def dye(
    rest: np.ndarray, rng: np.random.Generator, prints: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """Linear RGB per vertex: plain, striped, checked, blotched, printed or skin-coloured."""
    if rng.random() < 0.12:
        one = skin_colour(rng, str(rng.choice(MONK)))[0]
    else:
        one = linear(rng.uniform(0.03, 0.97, 3) ** rng.uniform(0.6, 2.0))
    two = linear(rng.uniform(0.03, 0.97, 3))
    kind = rng.choice(
        ["plain", "stripes", "checks", "blobs", "print"], p=[0.52, 0.12, 0.11, 0.13, 0.12]
    )
    pitch = rng.uniform(0.025, 0.12)
    if kind == "print" and prints:
        picture = prints[int(rng.integers(len(prints)))]
        height, width = picture.shape[:2]
        across, down = (rest[:, axis] / pitch / rng.uniform(4, 12) % 1 for axis in (0, 2))
        dots = picture[(down * (height - 1)).astype(int), (across * (width - 1)).astype(int)]
        return np.clip(linear(dots / 255), 0.005, 0.95)
    if kind in ("plain", "print"):
        mix = np.zeros(len(rest))
    elif kind == "stripes":
        mix = (np.floor(rest[:, int(rng.choice([0, 2]))] / pitch) % 2 == 0) * 1.0
    elif kind == "checks":
        mix = (np.floor(rest[:, 0] / pitch) % 2 == np.floor(rest[:, 2] / pitch) % 2) * 1.0
    else:
        mix = (waves(rest, rng, 1.5 / pitch, 3 / pitch) > rng.uniform(0.0, 0.9)) * 1.0
    shade = 1 + 0.06 * waves(rest, rng, 10, 60)
    return np.clip((one * (1 - mix[:, None]) + two * mix[:, None]) * shade[:, None], 0.005, 0.95)


def waves(points: np.ndarray, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A smooth random field, about N(0, 1): 12 plane waves of `low`..`high` radians a metre."""
    directions = rng.normal(size=(12, 3))
    directions *= (rng.uniform(low, high, 12) / np.linalg.norm(directions, axis=1))[:, None]
    return np.sin(points @ directions.T + rng.uniform(0, 2 * np.pi, 12)).sum(1) / np.sqrt(6)


def _smooth(points: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """Move each vertex to the mean of its neighbours, `rounds` times (Laplacian smoothing)."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    count = np.bincount(edges[:, 0], minlength=len(points))[:, None]
    for _ in range(rounds):
        total = np.stack(
            [np.bincount(edges[:, 0], points[edges[:, 1], k], len(points)) for k in range(3)], 1
        )
        points = 0.5 * points + 0.5 * total / count
    return points


def _split(
    points: np.ndarray, rest: np.ndarray, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every triangle in four, at the middles of its edges."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, index = np.unique(pairs, axis=0, return_inverse=True)
    ab, bc, ca = np.split(index.reshape(-1) + len(points), 3)
    a, b, c = faces.T
    corners = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return (
        np.concatenate([points, points[unique].mean(1)]),
        np.concatenate([rest, rest[unique].mean(1)]),
        np.concatenate([np.stack(corner, 1) for corner in corners]),
    )


def normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit vertex normals, area-weighted."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k in range(3):
        np.add.at(total, faces[:, k], face)
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)


# Monk Skin Tone scale, sRGB as published (Ellis Monk with Google, 2022; skintone.google).
MONK = (
    "f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96",
    "a07e56", "825c43", "604134", "3a312a", "292420",
)  # fmt: skip
