"""One random scene, drawn by lot before any geometry: who, dressed how, in which frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from bodies import Figure, random_figure
from garments import Cut, outfits

UNDRESSED = ("nude", "topless")
HAIR = ("bald", "short", "long", "tied", "curly")


@dataclass(frozen=True)
class Shot:
    """A picture to take of a scene: its name says the label (see UNDRESSED)."""

    name: str
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Companion:
    """Somebody beside the figure, dressed alike in every shot: who is near decides nothing."""

    figure: Figure
    tone: int  # Monk 1..10
    cuts: tuple[Cut, ...]
    hair: str


@dataclass(frozen=True)
class Plan:
    """A scene before geometry: everything that was drawn by lot."""

    index: int
    figure: Figure
    tone: int  # Monk 1..10
    frame: str  # what fills the frame
    shots: tuple[Shot, ...]
    hair: str  # one of HAIR
    shod: bool
    room: bool
    companions: tuple[Companion, ...]
    before: int  # things between figure and camera


def plan(index: int, seed: int) -> Plan:
    """The scene with this number; the same for the same seed on every machine."""
    rng = np.random.default_rng([seed, index])
    figure = random_figure(rng)
    female = figure.shape["gender"] > 0.5
    kind = str(rng.choice(["body", "limb", "things"], p=[0.72, 0.2, 0.08]))
    if kind == "body":
        frames = ["full", "threequarter", "torso", "hips"] + (["chest"] if female else [])
        weights = np.array([0.35, 0.25, 0.2, 0.08] + ([0.12] if female else []))
        frame = str(rng.choice(frames, p=weights / weights.sum()))
    else:
        frame = str(
            rng.choice(["hand", "face", "foot", "arm", "leg"], p=[0.45, 0.2, 0.1, 0.15, 0.1])
        )
    wardrobe = outfits(rng)
    wide = str(rng.choice(["everyday", "loose", "dress"]))
    close = str(rng.choice(["tight", "swim", "sport"], p=[0.6, 0.2, 0.2]))
    if kind == "things":
        frame = "things"
        shots: tuple[Shot, ...] = (Shot("things", ()),)
    elif kind == "limb":
        shots = (Shot(frame, tuple(wardrobe[rng.choice([wide, close])])),)
    else:
        topless = female and frame != "hips" and rng.random() < 0.28
        first = Shot("topless", tuple(wardrobe["everyday"][:1])) if topless else Shot("nude", ())
        shots = (first, Shot(wide, tuple(wardrobe[wide])), Shot(close, tuple(wardrobe[close])))
    several = kind == "body" and frame in ("full", "threequarter", "torso") and rng.random() < 0.22
    return Plan(
        index=index,
        figure=figure,
        tone=int(rng.integers(1, 11)),
        frame=frame,
        shots=shots,
        hair=_hair(rng),
        shod=bool(rng.random() < 0.25),
        room=bool(figure.lying or rng.random() < 0.5),
        companions=tuple(_companion(rng) for _ in range(rng.integers(1, 3) if several else 0)),
        before=int(rng.integers(1, 4)) if kind == "body" and rng.random() < 0.2 else 0,
    )


def _hair(rng: np.random.Generator) -> str:
    return str(rng.choice(HAIR, p=[0.2, 0.28, 0.24, 0.13, 0.15]))


def _companion(rng: np.random.Generator) -> Companion:
    figure = random_figure(rng, lying=False)
    cuts = outfits(rng)[str(rng.choice(["everyday", "loose", "dress"], p=[0.6, 0.2, 0.2]))]
    return Companion(figure, int(rng.integers(1, 11)), tuple(cuts), _hair(rng))
