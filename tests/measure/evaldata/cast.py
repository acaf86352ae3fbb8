"""Who is rendered, in what, from where: drawn by lot before any geometry, and free of any renderer.

Training drew its scenes 0 to 4199 from `render.SEED`; these numbers and this seed are never its.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SEED = 20270417
FIRST = 700_000
"""The first scene's number; training counts from 0."""

SCENES = 60
STONES = ("marble", "sandstone", "bronze", "plaster", "wood")
SKIN, CLOTH = "skin", "cloth"
GARMENTS = ("everyday", "loose", "dress", "tight", "swim", "sport")
FRAMES = ("full", "knees", "waist")
ADULT_AGE = 2 / 3
"""The recipe's own limit (bodies.ADULT_AGE), which its `Figure` enforces once more."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a scene: what the body is made of, and what it wears."""

    material: str
    dress: str  # "none", a garment of `GARMENTS`, or that with " carved": in the body's own stuff

    @property
    def label(self) -> str:
        """``nude`` for a bare body; a dummy sewn of cloth is safe, dressed or not."""
        return "nude" if self.dress == "none" and self.material != CLOTH else "safe"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything of a scene but the figure's shape and pose; angles in degrees."""

    number: int
    frame: str  # how much of the figure the frame holds
    azimuth: float  # of the camera, 0 in front
    rise: float  # of the camera
    tone: int  # Monk 1..10, of skin
    is_female: bool
    pictured: bool  # before a picture, or before a plain ground
    shots: tuple[Shot, ...]

    def rng(self, purpose: int) -> np.random.Generator:
        """Numbers of this scene's own, the same on every machine."""
        return np.random.default_rng([SEED, self.number, purpose])


def scenes(count: int = SCENES) -> list[Scene]:
    """The first `count` scenes; the same whatever `count` is."""
    return [_scene(FIRST + one) for one in range(count)]


def _scene(number: int) -> Scene:
    rng = np.random.default_rng([SEED, number])
    is_female = bool(rng.random() < 0.5)
    # A man who is bare above the waist is dressed enough: no label fits, so he is never cut there.
    frame = str(rng.choice(FRAMES if is_female else FRAMES[:2]))
    # So is a bare back alone; from behind, the whole figure is seen.
    behind = frame == "full" and rng.random() < 0.25
    stones = [str(one) for one in rng.choice(STONES, 2, replace=False)]
    garments = [str(one) for one in rng.choice(GARMENTS, 4, replace=False)]
    carved = [" carved" if rng.random() < 0.5 else "" for _ in stones]
    shots = [Shot(SKIN, "none"), Shot(SKIN, garments[0]), Shot(SKIN, garments[1])]
    for stone, garment, how in zip(stones, garments[2:], carved, strict=True):
        shots += [Shot(stone, "none"), Shot(stone, garment + how)]
    shots.append(Shot(CLOTH, "none"))
    return Scene(
        number=number,
        frame=frame,
        azimuth=float(rng.normal(180 if behind else 0, 25)),
        rise=float(np.clip(rng.normal(6, 9), -12, 35)),
        tone=int(rng.integers(1, 11)),
        is_female=is_female,
        pictured=bool(rng.random() < 0.5),
        shots=tuple(shots),
    )


def rim(shape: Mapping[str, float], is_female: bool, rng: np.random.Generator) -> dict[str, float]:
    """An adult shape from beyond what training drew, by gender, height and proportions.

    Training took genders below 0.2 and above 0.75, heights of 0.3 to 0.7 and proportions above
    0.3, and muscle and weight mostly from the middle. Age stays an adult's, and is checked.
    """
    age = float(rng.uniform(0.75, 1.0))
    if min(age, shape["age"]) < ADULT_AGE:
        raise ValueError(f"age {shape['age']:.2f} is below an adult's {ADULT_AGE:.2f}")
    return {
        **shape,
        "age": age,
        "gender": float(rng.uniform(0.62, 0.74) if is_female else rng.uniform(0.21, 0.35)),
        "height": float(rng.uniform(0.71, 0.9)),
        "proportions": float(rng.uniform(0.1, 0.29)),
        "muscle": float(rng.beta(0.5, 0.5)),
        "weight": float(rng.beta(0.5, 0.5)),
    }
