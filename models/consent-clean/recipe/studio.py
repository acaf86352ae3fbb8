"""The studio round a body: camera, lamps, floor, walls and their papers."""

from __future__ import annotations

from typing import Any

import mitsuba as mi
import numpy as np
from bodies import Mannequin, Posed
from garments import waves
from plans import Plan

SIDE_PX = 256


def azimuth_of(plan: Plan, rng: np.random.Generator) -> float:
    """Where the camera stands, radians, 0 in front. A bare back alone has no label: see `front`."""
    front = rng.normal(0, 30)
    front_only = plan.frame == "chest" or plan.shots[0].name == "topless"
    if front_only or rng.random() < 0.4:
        return float(np.radians(front))
    return float(np.radians(rng.normal(180, 35) if rng.random() < 0.3 else rng.uniform(-180, 180)))


def camera_of(
    body: Mannequin, posed: Posed, plan: Plan, azimuth: float, rng: np.random.Generator
) -> dict[str, Any]:
    region, torso, arm, leg = body.region, body.torso, body.arm, body.leg
    skin = np.zeros(len(region), dtype=bool)
    skin[np.unique(body.parts["body"].faces)] = True
    side = (body.rest[:, 0] > 0) == (rng.random() < 0.5)
    trunk = region == "torso"
    mask = {
        "full": np.ones_like(skin),
        "threequarter": trunk | (region == "head") | (leg < 0.6) | (arm < 2),
        "torso": trunk | (leg < 0.35),
        "hips": (trunk & (torso < 0.45)) | (leg < 0.4),
        "chest": trunk & (torso > 0.35),
        "hand": (region == "hand") & side,
        "face": region == "head",
        "foot": (region == "foot") & side,
        "arm": (region == "arm") & side,
        "leg": (region == "leg") & side & (leg > 0.3),
        "things": np.ones_like(skin),
    }[plan.frame]
    points = posed.vertices[mask & skin]
    middle = (points.max(0) + points.min(0)) / 2
    radius = np.linalg.norm(points - middle, axis=1).max()
    fov = rng.uniform(25, 65)
    tight = {"full": (0.65, 1.25), "hand": (0.6, 1.4), "face": (0.7, 1.5)}.get(
        plan.frame, (0.7, 1.05)
    )
    distance = radius / np.sin(np.radians(fov / 2)) * rng.uniform(*tight)
    rise = rng.uniform(5, 85) if plan.figure.lying else rng.normal(8, 14)
    rise = np.radians(np.clip(rise, -35 if not plan.room else -5, 88))
    away = np.array([np.sin(azimuth) * np.cos(rise), -np.cos(azimuth) * np.cos(rise), np.sin(rise)])
    origin = middle + away * distance
    if plan.room:
        origin[2] = max(origin[2], 0.15)
    aim = middle + rng.normal(0, 0.12, 3) * radius
    roll = np.radians(rng.normal(0, 6))
    up = np.array([np.sin(roll), 0, np.cos(roll)])
    look = mi.ScalarTransform4f().look_at(
        origin=origin.tolist(), target=aim.tolist(), up=up.tolist()
    )
    film = {
        "type": "hdrfilm",
        "width": SIDE_PX,
        "height": SIDE_PX,
        "pixel_format": "rgba",
        "rfilter": {"type": "box"},
    }
    return {
        "type": "perspective",
        "fov": fov,
        "near_clip": 0.01,
        "to_world": look,
        "film": film,
        "sampler": {"type": "independent"},
    }


def origin_of(camera: dict[str, Any]) -> np.ndarray:
    """Where a camera stands, metres (3,)."""
    return np.array(camera["to_world"].matrix)[:3, 3]


def light_of(rng: np.random.Generator, lowest_deg: float) -> dict[str, Any]:
    """Sky or room light, and one to three lamps from soft to hard, warm to cold."""

    def colour(strength: float) -> dict[str, Any]:
        warmth = rng.normal(0, 0.18)
        return {"type": "rgb", "value": (strength * np.exp([warmth, 0.0, -warmth])).tolist()}

    light: dict[str, Any] = {
        "sky": {"type": "constant", "radiance": colour(float(rng.uniform(0.15, 0.8)))}
    }
    for k in range(int(rng.integers(1, 4))):
        azimuth, rise = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(lowest_deg, 80))
        away = np.array(
            [np.cos(azimuth) * np.cos(rise), np.sin(azimuth) * np.cos(rise), np.sin(rise)]
        )
        radius, reach = rng.uniform(0.1, 1.2), rng.uniform(3, 5)
        light[f"lamp{k}"] = {
            "type": "sphere",
            "center": (away * reach).tolist(),
            "radius": radius,
            "emitter": {
                "type": "area",
                "radiance": colour(float(rng.uniform(1, 8) * (reach / radius) ** 2 / 10)),
            },
        }
    return light


def room_of(
    body: Mannequin,
    posed: Posed,
    plan: Plan,
    azimuth: float,
    rng: np.random.Generator,
    pictures: list[np.ndarray],
) -> dict[str, Any]:
    """A floor (or bed), two walls behind, as the camera sees it, and perhaps a box to sit on."""

    def paper(repeat: float) -> dict[str, Any]:
        if pictures and rng.random() < 0.6:
            picture = pictures[int(rng.integers(len(pictures)))]
        else:
            picture = swatch(rng, 64)
        texture = {
            "type": "bitmap",
            "bitmap": mi.Bitmap(picture),
            "to_uv": mi.ScalarTransform4f().scale([repeat, repeat, 1]),
        }
        return {"type": "twosided", "inner": {"type": "diffuse", "reflectance": texture}}

    # The camera stands at `azimuth` from -y: at this turn a wall beyond +y is right behind.
    turn = float(np.degrees(azimuth) + rng.normal(0, 15))
    transform = mi.ScalarTransform4f
    room: dict[str, Any] = {
        "floor": {
            "type": "rectangle",
            "to_world": transform().rotate([0, 0, 1], turn).scale([6, 6, 1]),
            "bsdf": paper(float(rng.uniform(1, 8))),
        }
    }
    for k, angle in enumerate((turn, turn + float(rng.choice([-90, 90])))):
        place = transform().rotate([0, 0, 1], angle).translate([0, rng.uniform(1.5, 5), 2])
        room[f"wall{k}"] = {
            "type": "rectangle",
            "to_world": place.rotate([1, 0, 0], 90).scale([6, 4, 1]),
            "bsdf": paper(float(rng.uniform(0.5, 4))),
        }
    skin = np.unique(body.parts["body"].faces)
    hips = posed.vertices[skin][(body.region[skin] == "torso") & (body.torso[skin] < 0.15)]
    if (
        "upperleg01.L" in plan.figure.pose
        and plan.figure.pose["upperleg01.L"][0] < -60
        and not plan.figure.lying
    ):
        seat = float(hips[:, 2].min())
        middle = hips.mean(0)
        room["seat"] = {
            "type": "cube",
            "to_world": transform()
            .translate([middle[0], middle[1] + 0.1, seat / 2])
            .scale([0.35, 0.25, seat / 2]),
            "bsdf": paper(1.0),
        }
    return room


def swatch(rng: np.random.Generator, side: int) -> np.ndarray:
    """Paint, gradient, weave or noise: uint8 (side, side, 3), sRGB."""
    grey = rng.uniform(0.05, 0.95, (2, 1))
    one, two = np.clip(grey + rng.normal(0, 0.12, (2, 3)) * rng.choice([0.3, 1.0, 2.0]), 0, 1)
    y, x = np.mgrid[0:side, 0:side] / side
    kind = rng.integers(5)
    if kind == 0:
        mix = np.zeros_like(x)
    elif kind == 1:
        mix = y if rng.random() < 0.5 else (x + y) / 2
    elif kind == 2:
        mix = (np.sin(x * rng.uniform(5, 60)) * np.sin(y * rng.uniform(5, 60)) > 0) * 1.0
    elif kind == 3:
        points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], 1)
        mix = np.clip(0.5 + 0.3 * waves(points, rng, 5, 60), 0, 1).reshape(x.shape)
    else:
        mix = rng.uniform(0, 1, x.shape)
        two = one * 0.7 + two * 0.3
    colour = one * (1 - mix[..., None]) + two * mix[..., None]
    return np.round(np.clip(colour + rng.normal(0, 0.01, colour.shape), 0, 1) * 255).astype(
        np.uint8
    )
