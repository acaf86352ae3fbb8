"""Bodies and garments of the recipe's geometry, in stuffs of our own; for the recipe's environment.

The body's shape and pose, and the cuts of the garments, come from models/consent-clean/recipe
(bodies, garments): what is looked for is how far a model sees beyond the renderer, so the renderer,
the surfaces, the light and the ranges of shapes are others. Hair, plinth and seat are our own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import bodies
import garments
import numpy as np

from measure.evaldata.cast import CLOTH, SKIN, Scene, Shot, rim

SIT_DEG = -60.0  # a thigh that is turned further than this sits


@dataclass(frozen=True, slots=True)
class Piece:
    """One mesh in its stuff; metres, sRGB in [0, 1] per vertex."""

    points: np.ndarray  # float64 (n, 3)
    faces: np.ndarray  # int64 (m, 3)
    colours: np.ndarray  # float64 (n, 3)
    shine: float  # 0 matt .. 1 mirror
    metal: bool = False


def posed(body: Any, scene: Scene) -> tuple[Any, bool]:
    """The scene's figure on the ground, at the rim of the adult range, and whether it sits."""
    rng = scene.rng(1)
    figure = bodies.random_figure(rng, lying=False)
    figure = replace(figure, shape=rim(figure.shape, scene.is_female, rng))
    points = body.pose(figure).vertices
    skin = np.unique(body.parts["body"].faces)
    points = points - np.array([0, 0, points[skin, 2].min()])
    sits = figure.pose.get("upperleg01.L", (0.0, 0.0, 0.0))[0] < SIT_DEG
    return bodies.Posed(points), sits


def seen(body: Any, scene: Scene) -> np.ndarray:
    """Which vertices the frame is drawn round, bool (n,)."""
    skin = np.zeros(len(body.rest), dtype=bool)
    skin[np.unique(body.parts["body"].faces)] = True
    if scene.frame == "full":
        return skin
    trunk = np.isin(body.region, ["torso", "head"])
    reach = 0.55 if scene.frame == "knees" else 0.12
    legs: np.ndarray = np.nan_to_num(body.leg, nan=9.0)
    framed: np.ndarray = skin & (trunk | (legs < reach))
    return framed


def pieces(body: Any, stance: Any, sits: bool, scene: Scene, shot: Shot) -> list[Piece]:
    """Everything to be rendered of one shot, but the ground."""
    stuff = STUFFS[shot.material]
    colours, shine = stuff(body.rest, scene.rng(2), scene.tone)
    if shot.material == SKIN:
        colours = _pigment(body, colours)
    kind, _, carved = shot.dress.partition(" ")
    worn, hidden = _worn(body, stance, scene, kind)
    if carved:
        worn = [replace(one, colours=_stuff_of(one, shot, scene), shine=shine) for one in worn]
    faces = body.parts["body"].faces
    faces = faces[~hidden[faces].all(1)]
    metal = shot.material == "bronze"
    made = [Piece(stance.vertices, faces, colours, shine, metal)]
    made += [replace(one, metal=metal) if carved else one for one in worn]
    made += _head(body, stance, scene, shot, colours, shine, metal)
    made += _support(body, stance, sits, scene, shot, shine, metal)
    return made


def _stuff_of(piece: Piece, shot: Shot, scene: Scene) -> np.ndarray:
    return STUFFS[shot.material](piece.points, scene.rng(2), scene.tone)[0]


def _worn(body: Any, stance: Any, scene: Scene, kind: str) -> tuple[list[Piece], np.ndarray]:
    """The garments of one kind, and the vertices (n,) that they hide."""
    hidden = np.zeros(len(body.rest), dtype=bool)
    worn = []
    if kind != "none":
        rng = scene.rng(3)
        for cut in garments.outfits(rng)[kind]:
            sheet, under = garments.tailor(body, stance, cut, rng)
            worn.append(Piece(sheet.vertices, sheet.faces, _srgb(sheet.colours), 1 - sheet.gloss))
            hidden |= under
    return worn, hidden


def _pigment(body: Any, colours: np.ndarray) -> np.ndarray:
    """Lips, nails and the like are left out; what MakeHuman's own target marks is darker."""
    weight = np.clip(body.areola * 2.5, 0, 1)[:, None] * 0.8
    tinted: np.ndarray = colours * (1 - weight) + colours * np.array([0.78, 0.6, 0.56]) * weight
    return tinted


def _head(
    body: Any, stance: Any, scene: Scene, shot: Shot, colours: np.ndarray, shine: float, metal: bool
) -> list[Piece]:
    """Eyes, and a cap of hair: of the statue's own stuff, or dyed."""
    rng = scene.rng(4)
    eyes = body.parts["eyes"].faces
    hair = body.parts["helper-hair"].faces
    z = body.rest[:, 2]
    length = rng.uniform(0.05, 0.25)
    hair = hair[(z[hair] > z[hair].max() - 0.12 - length).all(1)]
    face = (body.rest[:, 1] < -0.05) & (z < z[hair].max() - 0.09)
    hair = hair[~face[hair].any(1)]
    if shot.material != SKIN:
        return [
            Piece(stance.vertices, eyes, colours, shine, metal),
            Piece(stance.vertices, hair, colours * 0.92, shine, metal),
        ]
    white = np.full((len(z), 3), 0.9)
    ahead = body.rest[:, 1]
    white[ahead < ahead[np.unique(eyes)].min() + 0.006] = rng.uniform(0.1, 0.45, 3)
    shade = np.clip(np.array([0.42, 0.3, 0.2]) * rng.uniform(0.25, 1.9), 0, 0.95)
    strands = 1 + 0.12 * garments.waves(body.rest * [1, 1, 0.2], rng, 120, 300)[:, None]
    dyed = np.clip(shade * strands, 0, 1)
    return [Piece(stance.vertices, eyes, white, 0.8), Piece(stance.vertices, hair, dyed, 0.4)]


def _support(
    body: Any, stance: Any, sits: bool, scene: Scene, shot: Shot, shine: float, metal: bool
) -> list[Piece]:
    """What a sitter sits on, and what a statue stands on."""
    blocks = []
    skin = np.unique(body.parts["body"].faces)
    if sits:
        hips = stance.vertices[skin][(body.region[skin] == "torso") & (body.torso[skin] < 0.15)]
        middle, seat = hips.mean(0), float(hips[:, 2].min())
        blocks.append(([middle[0], middle[1] + 0.08, seat / 2], [0.5, 0.42, seat]))
    if shot.material != SKIN:
        feet = stance.vertices[skin][stance.vertices[skin, 2] < 0.12].mean(0)
        blocks.append(([feet[0], feet[1], -0.1], [0.75, 0.75, 0.2]))
    made = []
    for middle, size in blocks:
        points, faces = _block(np.array(middle), np.array(size))
        if shot.material == SKIN:
            colours, gloss = np.full((len(points), 3), scene.rng(5).uniform(0.2, 0.8)), 0.1
        else:
            colours, gloss = STUFFS[shot.material](points, scene.rng(2), scene.tone)[0], shine
        made.append(Piece(points, faces, colours, gloss, metal))
    return made


def _block(middle: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A cuboid whose sides share no vertices, so that edges stay sharp; 12 by 12 fields each."""
    u, v = (one.ravel() for one in np.meshgrid(np.linspace(-1, 1, 13), np.linspace(-1, 1, 13)))
    corner = (np.arange(12)[:, None] * 13 + np.arange(12)[None]).ravel()
    quads = [[corner, corner + 1, corner + 14], [corner, corner + 14, corner + 13]]
    side = np.concatenate([np.stack(one, 1) for one in quads])
    points: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = np.stack([np.full_like(u, sign), u * sign, v], 1)
            points.append(np.roll(face, axis, 1))
            faces.append(side + 169 * len(faces))
    return np.concatenate(points) * size / 2 + middle, np.concatenate(faces)


def _srgb(linear: np.ndarray) -> np.ndarray:
    encoded: np.ndarray = np.clip(linear, 0, 1) ** (1 / 2.2)
    return encoded


def _skin(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    base = _srgb(garments.skin_colour(rng, garments.MONK[tone - 1])[0])
    blush = garments.waves(points, rng, 6, 30)[:, None] * np.array([0.03, -0.005, -0.01])
    return np.clip(base + blush, 0, 1), float(rng.uniform(0.1, 0.45))


def _marble(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    ground = np.array([0.93, 0.92, 0.9]) * rng.uniform(0.88, 1.03) * rng.normal(1, 0.015, 3)
    bent = points + 0.06 * garments.waves(points, rng, 4, 18)[:, None]
    vein = np.exp(-np.abs(garments.waves(bent, rng, 8, 30)) * rng.uniform(5, 14))[:, None]
    return np.clip(ground - vein * rng.uniform(0.08, 0.35), 0, 1), float(rng.uniform(0.3, 0.7))


def _sandstone(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    ground = np.array([0.79, 0.66, 0.5]) * rng.normal(1, 0.06) * rng.normal(1, 0.03, 3)
    strata = np.sin(points[:, 2] * rng.uniform(25, 70) + garments.waves(points, rng, 2, 9))
    grain = rng.normal(0, 0.05, (len(points), 1))
    return np.clip(ground * (1 + 0.06 * strata[:, None] + grain), 0, 1), 0.0


def _bronze(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    bare = np.array([0.5, 0.34, 0.19]) * rng.uniform(0.7, 1.2)
    green = np.array([0.3, 0.47, 0.4])
    aged = np.clip(garments.waves(points, rng, 4, 22) * 0.5 + rng.uniform(-0.3, 0.5), 0, 1)[:, None]
    return np.clip(bare * (1 - aged) + green * aged, 0, 1), 0.75


def _plaster(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    ground = np.array([0.9, 0.88, 0.84]) * rng.uniform(0.82, 1.04)
    dust = 0.02 * garments.waves(points, rng, 10, 60)[:, None]
    return np.clip(ground + dust, 0, 1), 0.0


def _wood(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    light = np.array([0.76, 0.57, 0.37]) * rng.uniform(0.45, 1.1)
    away = np.hypot(points[:, 0] - 0.03, points[:, 1] + 0.02) * rng.uniform(150, 300)
    rings = np.sin(away + 2.5 * garments.waves(points * [1, 1, 0.15], rng, 3, 14))[:, None]
    return np.clip(light * (1 + 0.16 * rings), 0, 1), float(rng.uniform(0.15, 0.5))


def _cloth(points: np.ndarray, rng: np.random.Generator, tone: int) -> tuple[np.ndarray, float]:
    """A weave of two threads, coarse enough to be seen, sometimes checked."""
    one, two = rng.uniform(0.15, 0.95, (2, 3))
    pitch = rng.uniform(90, 160)
    warp, weft = np.sin(points[:, 0] * pitch), np.sin(points[:, 2] * pitch)
    mix = (warp * weft > 0)[:, None] * rng.uniform(0.4, 1)
    check = (np.sin(points[:, 2] * 30) * np.sin(points[:, 0] * 30) > 0)[:, None] * 0.25
    if rng.random() < 0.5:
        check = check * 0
    return np.clip((one * (1 - mix) + two * mix) * (1 - check), 0, 1), 0.0


STUFFS: dict[str, Callable[[np.ndarray, np.random.Generator, int], tuple[np.ndarray, float]]] = {
    SKIN: _skin,
    "marble": _marble,
    "sandstone": _sandstone,
    "bronze": _bronze,
    "plaster": _plaster,
    "wood": _wood,
    CLOTH: _cloth,
}
"""From points (n, 3) in metres, a scene's numbers and a Monk tone to sRGB (n, 3) and shine."""
