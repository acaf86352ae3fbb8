"""A planned scene, rendered undressed and dressed.

Everything but the clothes is shared within a scene (body, pose, skin, hair, room, light, camera),
so that what separates the labels is clothing alone.
"""

from __future__ import annotations

from typing import Any

import mitsuba as mi
import numpy as np
from bodies import Mannequin, Posed
from garments import MONK, Cut, Sheet, linear, normals, skin_colour, tailor, waves
from plans import Companion, Plan
from studio import azimuth_of, camera_of, light_of, origin_of, room_of
from things import form, obstacle, thing

MATT = 0.8  # a rougher surface than this is rendered without gloss


def render(
    body: Mannequin, plan: Plan, seed: int, pictures: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """Each shot as uint8 (SIDE_PX, SIDE_PX, 4): sRGB and coverage (255 everywhere in a room)."""
    rng = np.random.default_rng([seed, plan.index, 1])
    integrator = {"type": "path", "max_depth": 3, "hide_emitters": not plan.room}
    posed = body.pose(plan.figure)
    posed = Posed(_settle(posed.vertices, plan.figure.lying, rng, body))
    azimuth = azimuth_of(plan, rng)
    camera = camera_of(body, posed, plan, azimuth, rng)
    light = light_of(rng, 45 if plan.room else 5)
    room = room_of(body, posed, plan, azimuth, rng, pictures) if plan.room else {}
    skin, pigment = skin_colour(rng, MONK[plan.tone - 1])
    plain = rng.random() < 0.25
    mottle = 0.0 if plain else rng.uniform(0.02, 0.1)
    colours = np.tile(skin, (len(body.rest), 1))
    if not plain:
        colours = _complexion(body, colours, pigment, rng)
    colours = colours * (1 + mottle * waves(body.rest, rng, 10, 150))[:, None]
    gloss = float(rng.choice([rng.uniform(0.35, 0.7), 0.9], p=[0.75, 0.25]))
    grain = int(rng.integers(6, 14))
    near = [
        sheet
        for number, one in enumerate(plan.companions)
        for sheet in _companion(body, posed, one, azimuth, number, pictures, rng)
    ]
    near += _obstacles(body, posed, camera, plan.before, rng)
    taken = {}
    dress_seed = int(rng.integers(2**32))
    exposure = None
    for shot in plan.shots:
        if shot.name == "things":
            sheets = [thing(body, posed, colours, gloss, rng) for _ in range(rng.integers(1, 6))]
            taken[shot.name] = _shoot(
                integrator, camera, light | room, sheets, grain, plan.index, None, rng
            )[0]
            continue
        dress = np.random.default_rng([dress_seed, len(shot.name)])
        sheets, hidden = _clothes(body, posed, shot.cuts, dress, pictures)
        extras = np.random.default_rng([dress_seed, 0])
        sheets += _extras(body, posed, plan.hair, plan.shod, extras)
        sheets.append(_skin(body, posed, hidden, colours, gloss))
        sheets += near
        taken[shot.name], exposure = _shoot(
            integrator, camera, light | room, sheets, grain, plan.index, exposure, rng
        )
    return taken


def _companion(
    body: Mannequin,
    posed: Posed,
    one: Companion,
    azimuth: float,
    number: int,
    pictures: list[np.ndarray],
    rng: np.random.Generator,
) -> list[Sheet]:
    """Somebody dressed, to the figure's left or right as the camera sees it, near or behind."""
    side = np.array([np.cos(azimuth), np.sin(azimuth), 0]) * (1 if number % 2 else -1)
    behind = np.array([-np.sin(azimuth), np.cos(azimuth), 0])
    own = body.pose(one.figure).vertices
    spin = rng.uniform(-60, 60) + np.degrees(azimuth)
    c, s = np.cos(np.radians(spin)), np.sin(np.radians(spin))
    own = _grounded(body, own @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T, 0.0)
    middle = posed.vertices[body.region == "torso"].mean(0) * [1, 1, 0]
    standing = Posed(own + middle + side * rng.uniform(0.45, 1.0) + behind * rng.uniform(-0.2, 1.2))
    sheets, hidden = _clothes(body, standing, one.cuts, rng, pictures)
    sheets += _extras(body, standing, one.hair, True, rng)
    skin, pigment = skin_colour(rng, MONK[one.tone - 1])
    colours = _complexion(body, np.tile(skin, (len(body.rest), 1)), pigment, rng)
    return [*sheets, _skin(body, standing, hidden, colours, float(rng.uniform(0.35, 0.9)))]


def _clothes(
    body: Mannequin,
    posed: Posed,
    cuts: tuple[Cut, ...],
    rng: np.random.Generator,
    pictures: list[np.ndarray],
) -> tuple[list[Sheet], np.ndarray]:
    """The garments, and the mask (n,) of base vertices that they hide."""
    sewn = [tailor(body, posed, cut, rng, pictures) for cut in cuts]
    hidden = np.zeros(len(body.rest), dtype=bool)
    for _, under in sewn:
        hidden |= under
    return [sheet for sheet, _ in sewn], hidden


def _obstacles(
    body: Mannequin, posed: Posed, camera: dict[str, Any], count: int, rng: np.random.Generator
) -> list[Sheet]:
    skin = posed.vertices[np.unique(body.parts["body"].faces)]
    middle, reach_m = skin.mean(0), float(np.linalg.norm(skin - skin.mean(0), axis=1).max())
    return [obstacle(middle, origin_of(camera), reach_m, rng) for _ in range(count)]


def _skin(
    body: Mannequin, posed: Posed, hidden: np.ndarray, colours: np.ndarray, gloss: float
) -> Sheet:
    faces = body.parts["body"].faces
    faces = faces[~hidden[faces].all(1)]
    return Sheet(posed.vertices, faces, np.clip(colours, 0.005, 0.95), gloss)


def _shoot(
    integrator: dict[str, Any],
    camera: dict[str, Any],
    around: dict[str, Any],
    sheets: list[Sheet],
    grain: int,
    seed: int,
    exposure: float | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Render and develop; the first shot of a scene sets the exposure of all."""
    scene = {"type": "scene", "integrator": integrator, "sensor": camera, **around}
    scene |= {f"sheet{k}": _mesh(sheet) for k, sheet in enumerate(sheets) if len(sheet.faces)}
    image = np.array(mi.render(mi.load_dict(scene), spp=grain, seed=seed))
    if exposure is None:
        seen = image[..., :3][image[..., 3] > 0.5]
        middle, bright = np.quantile(seen.mean(-1), [0.5, 0.9]) if len(seen) else (0.3, 0.3)
        exposure = float(rng.uniform(0.12, 0.45) / (0.5 * middle + 0.35 * bright + 1e-6))
    return _develop(image, exposure), exposure


def _develop(image: np.ndarray, exposure: float) -> np.ndarray:
    """Linear premultiplied RGBA to sRGB bytes with straight coverage."""
    alpha = np.clip(image[..., 3:], 0, 1)
    colour = np.clip(image[..., :3] / np.maximum(alpha, 1e-3) * exposure, 0, 1)
    srgb = np.where(colour <= 0.0031308, colour * 12.92, 1.055 * colour ** (1 / 2.4) - 0.055)
    return np.round(np.concatenate([srgb, alpha], -1) * 255).astype(np.uint8)


def _mesh(sheet: Sheet) -> Any:
    used, faces = np.unique(sheet.faces, return_inverse=True)
    points = sheet.vertices[used]
    faces = faces.reshape(-1, 3)
    settings = mi.Properties()
    colour = {"type": "mesh_attribute", "name": "vertex_color"}
    matt = {"type": "diffuse", "reflectance": colour}  # half the time of a glossy one
    glossy = {
        "type": "principled", "base_color": colour, "roughness": sheet.gloss, "specular": 0.4,
    }  # fmt: skip
    inner = matt if sheet.gloss > MATT else glossy
    settings["bsdf"] = mi.load_dict({"type": "twosided", "inner": inner})
    mesh = mi.Mesh("sheet", len(points), len(faces), props=settings, has_vertex_normals=True)
    mesh.add_attribute("vertex_color", 3, sheet.colours[used].astype(np.float32).ravel())
    values = mi.traverse(mesh)
    values["vertex_positions"] = points.astype(np.float32).ravel()
    values["faces"] = faces.astype(np.uint32).ravel()
    values["vertex_normals"] = normals(points, faces).astype(np.float32).ravel()
    values.update()
    return mesh


def _complexion(
    body: Mannequin, colours: np.ndarray, pigment: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Darker areolae, hands, feet, knees and elbows; body hair as a shadow; all by chance."""
    weight = np.clip(body.areola * rng.uniform(1.5, 4), 0, 1) * rng.uniform(0.4, 1)
    for field, middle in ((body.arm, 0.5), (body.leg, 0.5), (body.leg, 1.2), (body.arm, 1.2)):
        near = np.exp(-(((np.nan_to_num(field, nan=9.0) - middle) / 0.06) ** 2))
        weight = np.maximum(weight, near * rng.uniform(0, 0.35))
    colours = colours * (1 - weight[:, None]) + pigment * weight[:, None]
    if rng.random() < 0.6:
        x, y = body.rest[:, 0], body.rest[:, 1]
        crotch = (
            (np.abs(x) < 0.055 - (body.torso - 0.16) * -0.1)
            & (body.torso > 0.0)
            & (body.torso < 0.2)
        )
        front = y < np.median(body.rest[:, 1])
        shade = (crotch & front & (body.region == "torso")) * rng.uniform(0.2, 0.9)
        colours = colours * (1 - shade[:, None]) + 0.02 * shade[:, None]
    return colours


def _extras(
    body: Mannequin, posed: Posed, style: str, shod: bool, rng: np.random.Generator
) -> list[Sheet]:
    """Eyes, hair and shoes."""
    eyes = body.parts["eyes"].faces
    dark = linear(rng.uniform(0.05, 0.5, 3))
    white = np.full((len(posed.vertices), 3), 0.75)
    ahead = body.rest[:, 1]
    white[ahead < ahead[np.unique(eyes)].min() + 0.006] = dark
    sheets = [Sheet(posed.vertices, eyes, white, 0.2)]
    if style != "bald":
        sheets += _hair(body, posed, style, rng)
    if shod:
        skin = body.parts["body"].faces
        height = rng.uniform(0.96, 1.1)
        boots = skin[(np.nan_to_num(body.leg, nan=0.0)[skin] > height).all(1)]
        points = posed.vertices + normals(posed.vertices, boots) * 0.009
        dye = np.tile(linear(rng.uniform(0.02, 0.9, 3)), (len(points), 1))
        sheets.append(Sheet(points, boots, dye, 0.5))
    return sheets


def _hair(body: Mannequin, posed: Posed, style: str, rng: np.random.Generator) -> list[Sheet]:
    hair = body.parts["helper-hair"].faces
    z = body.rest[:, 2]
    length = rng.uniform(0.2, 0.6) if style in ("long", "curly") else rng.uniform(0.02, 0.14)
    hair = hair[(z[hair] > z[hair].max() - 0.12 - length).all(1)]
    face = (body.rest[:, 1] < -0.05) & (z < z[hair].max() - 0.09)
    hair = hair[~face[hair].any(1)]
    shade = linear(np.array([0.25, 0.17, 0.1]) * rng.uniform(0.2, 3.2) * rng.normal(1, 0.1, 3))
    if rng.random() < 0.15:
        shade = np.full(3, rng.uniform(0.3, 0.8))

    def coloured(points: np.ndarray) -> np.ndarray:
        streaks = 1 + 0.25 * waves(points, rng, 40, 200)
        return np.clip(shade * streaks[:, None], 0.004, 0.9)

    lift = np.full(len(body.rest), rng.uniform(0, 0.01))
    if style == "curly":
        lift = rng.uniform(0.01, 0.03) * (1 + waves(body.rest, rng, 60, 160))
    points = posed.vertices + normals(posed.vertices, hair) * lift[:, None]
    sheets = [Sheet(points, hair, coloured(body.rest), 0.5)]
    if style == "tied":
        head = np.flatnonzero(body.region == "head")
        crown = posed.vertices[head[body.rest[head, 2].argmax()]]
        middle, eyes = (
            posed.vertices[part].mean(0) for part in (head, np.unique(body.parts["eyes"].faces))
        )
        up, back = (one / np.linalg.norm(one) for one in (crown - middle, middle - eyes))
        knot, faces = form(rng, round_only=True)
        size = rng.uniform(0.03, 0.06) / np.abs(knot).max()
        place = crown + back * rng.uniform(0.02, 0.12) - up * rng.uniform(0.0, 0.12)
        sheets.append(Sheet(knot * size + place, faces, coloured(knot), 0.5))
    return sheets


def _settle(
    points: np.ndarray, lying: bool, rng: np.random.Generator, body: Mannequin
) -> np.ndarray:
    """Turn a lying body over and put the lowest point on the ground."""
    if lying:
        roll = np.radians(rng.choice([0, 90, 180, 270]) + rng.normal(0, 12))
        c, s = np.cos(roll), np.sin(roll)
        points = points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
        points = points @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]).T
        spin = rng.uniform(0, 2 * np.pi)
        c, s = np.cos(spin), np.sin(spin)
        points = points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    return _grounded(body, points, 0.02 if lying else 0.0)


def _grounded(body: Mannequin, points: np.ndarray, sunk_m: float) -> np.ndarray:
    """The lowest point of the skin on the ground, or a little in it where a bed gives way."""
    skin = np.unique(body.parts["body"].faces)
    return points - np.array([0, 0, points[skin, 2].min() + sunk_m])
