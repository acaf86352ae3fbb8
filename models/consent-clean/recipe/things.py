"""Harmless things in the colours of skin, where a body would be."""

from __future__ import annotations

import numpy as np
from bodies import Mannequin, Posed
from garments import MONK, Sheet, dye, skin_colour, waves


def thing(
    body: Mannequin, posed: Posed, colours: np.ndarray, gloss: float, rng: np.random.Generator
) -> Sheet:
    """A ball, loaf, rod, ring, dune or folded sheet, coloured as skin."""
    points, faces = form(rng)
    points = points + posed.vertices[body.region == "torso"].mean(0) + rng.normal(0, 0.25, 3)
    if rng.random() < 0.4:
        colours = np.tile(skin_colour(rng, str(rng.choice(MONK)))[0], (len(points), 1))
    else:
        colours = colours[rng.integers(len(colours)) + np.zeros(len(points), dtype=int)]
    shade = 1 + rng.uniform(0, 0.15) * waves(points, rng, 5, 120)
    return Sheet(points, faces, np.clip(colours * shade[:, None], 0.005, 0.95), gloss)


def obstacle(
    middle: np.ndarray, camera: np.ndarray, reach_m: float, rng: np.random.Generator
) -> Sheet:
    """A thing of any colour between camera and figure, beside the line from one to the other."""
    points, faces = form(rng)
    near = rng.uniform(0.25, 0.6)  # what is nearer to the camera looks larger, and is made smaller
    side = np.cross(camera - middle, rng.normal(size=3))
    side *= reach_m * (1 - near) / (np.linalg.norm(side) + 1e-9)
    points = points * reach_m * (1 - near) * rng.uniform(0.12, 0.35) / np.abs(points).max()
    points = points + middle + (camera - middle) * near + side * rng.uniform(0.35, 0.9)
    paint = dye(points, rng)
    return Sheet(points, faces, paint, float(rng.choice([0.9, 0.4])))


def form(rng: np.random.Generator, round_only: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A ball, loaf, rod, ring, dune or folded sheet round the origin, metres, turned anyhow."""
    u, v = np.meshgrid(np.linspace(0, 1, 49), np.linspace(0, 1, 49))
    kind = 0 if round_only else rng.integers(3)
    if kind == 0:  # ball, egg, rod: a superellipsoid
        a, b = (u.ravel() - 0.5) * 2 * np.pi, (v.ravel() - 0.5) * np.pi
        power = rng.uniform(0.5, 1.3)

        def bend(value: np.ndarray) -> np.ndarray:
            return np.sign(value) * np.abs(value) ** power

        points = np.stack(
            [bend(np.cos(b)) * bend(np.cos(a)), bend(np.cos(b)) * bend(np.sin(a)), bend(np.sin(b))],
            1,
        )
        points = points * rng.uniform(0.08, 0.5, 3)
    elif kind == 1:  # ring
        a, b = u.ravel() * 2 * np.pi, v.ravel() * 2 * np.pi
        big, small = rng.uniform(0.2, 0.5), rng.uniform(0.05, 0.2)
        ring = big + small * np.cos(b)
        points = np.stack([ring * np.cos(a), ring * np.sin(a), small * np.sin(b)], 1)
    else:  # folds, dunes
        points = np.stack([u.ravel() - 0.5, v.ravel() - 0.5, np.zeros(u.size)], 1) * rng.uniform(
            0.5, 2.5
        )
    points = points + 0.02 * rng.uniform(0, 2) * waves(points, rng, 4, 25)[:, None]
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    corner = (np.arange(48)[:, None] * 49 + np.arange(48)[None]).ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 50], 1),
            np.stack([corner, corner + 50, corner + 49], 1),
        ]
    )
    return points @ turn.T, faces
