"""The head for parts of a picture: `close.py views RENDERS PICTURES MODEL OUT [--draw N]`, then
`close.py card CARD.png GROUNDS.npy MODEL OUT.npz`, then
`close.py fit HEAD.npz CARD.npz OUT.npz VIEWS…`.

It reads every 3 x 3 cells of the last feature map. The views are what a part of a picture shows:
figures small and large, cut off or whole, before the ledger's pictures; crops of these; and clothes
and skin close up. The undressed are learnt by the window nearest to their middle, the rest by a
random one and, after each fit, by the two that were taken most for undressed. The mean of fits on
three draws errs less than any of them.

The card's unit is the mean direction of the head's own (for whole views) and of one taught by
windows: each errs elsewhere.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from embed import PERSONS, grounds, opened_picture, rows
from head import CARD_GAIN, auc, fit
from PIL import Image
from plans import UNDRESSED
from render import SEED
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits
from tqdm import tqdm
from views import SIDE_PX, _exposed, _ground

WINDOW, CELLS = 3, 7
PLACES = CELLS - WINDOW + 1
PARTS_OF_BODIES = ("hand", "face", "arm", "leg", "foot")
COST, ROUNDS = 1.0, 3
UNIT_SCALE, SILENT = 40.0, 0.036 * 40  # of the mean direction; chosen on the evaluation manifest
CARD_STEPS, SPREAD = 3000, 10.0
CARD_SCALES = (0.15, 0.6)


@dataclass(frozen=True)
class Draw:
    """How many views of what; heights in pixels of a view, widths as shares of their own."""

    heights: tuple[float, float]
    undressed: int
    dressed: int
    crops: int
    crops_of_persons: int
    calm: float
    widths: tuple[float, float]


DRAWS = (
    Draw((44, 215), 3, 2, 8, 24, 0.5, (1.0, 1.0)),
    Draw((40, 420), 9, 5, 8, 24, 0.65, (1.0, 1.0)),
    Draw((40, 420), 9, 10, 16, 40, 0.6, (0.72, 1.05)),
)


@dataclass(frozen=True)
class Task:
    """One view to take: kind is "figure", "close" or "crop"."""

    kind: str
    path: str
    nude: bool
    scene: int  # below 0 for a picture
    turn: int
    draw: int


def tasks(renders: Path, pictures: Path, number: int) -> list[Task]:
    """Every view of a draw, in a fixed order."""
    draw, found = DRAWS[number], []
    for path in sorted(renders.glob("*.png")):
        scene, shot = int(path.stem[:6]), path.stem.split("-")[1]
        nude = shot in UNDRESSED
        if shot == "things":
            continue
        if shot not in PARTS_OF_BODIES and _is_cut_out(path):
            turns = range(draw.undressed if nude else draw.dressed)
            found += [Task("figure", str(path), nude, scene, turn, number) for turn in turns]
        if not nude:
            turns = range(2 if shot in PARTS_OF_BODIES else 1)
            found += [Task("close", str(path), False, scene, turn, number) for turn in turns]
    for place, row in enumerate(rows(pictures)):
        is_person = row["what"].removeprefix("drawn ") in (*PERSONS, "foot")
        turns = range(draw.crops_of_persons if is_person else draw.crops)
        path = str(pictures / row["file"])
        found += [Task("crop", path, False, -1 - place, turn, number) for turn in turns]
    return found


def _is_cut_out(path: Path) -> bool:
    alpha = Image.open(path).convert("RGBA").getchannel("A")
    box = alpha.getbbox()
    return alpha.getextrema()[0] == 0 and box is not None and box[2] - box[0] < 250


def take(task: Task, behind: list[Image.Image]) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """The view, uint8 (224, 224, 3), and the figure's box (x, y, width, height) in it."""
    kinds = ("figure", "close", "crop")
    rng = np.random.default_rng(
        [SEED, 17, task.draw, kinds.index(task.kind), task.scene + 10**7, task.turn]
    )
    draw = DRAWS[task.draw]
    if task.kind == "figure":
        placed = _placed(task.path, behind, draw, rng)
        if placed is None:
            return None
        seen, box = placed
    else:
        seen, box = _part(task, behind, rng), (0, 0, 0, 0)
    return (np.asarray(seen) if rng.random() < draw.calm else _exposed(seen, rng)), box


def _placed(
    path: str, behind: list[Image.Image], draw: Draw, rng: np.random.Generator
) -> tuple[Image.Image, tuple[int, ...]] | None:
    """A cut-out before a ground; what is larger than the view keeps its middle in it."""
    figure = Image.open(path).convert("RGBA")
    figure = figure.crop(figure.getchannel("A").getbbox())
    high = float(np.exp(rng.uniform(*np.log(draw.heights))))
    wide = max(2, round(figure.width * high / figure.height * rng.uniform(*draw.widths)))
    if wide > 1.5 * SIDE_PX:
        return None
    figure = figure.resize((wide, round(high)), Image.Resampling.LANCZOS)
    x = _place(rng, wide, wide // 2)
    y = _place(rng, round(high), int(high * 0.45))
    if rng.random() < 0.5:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    ground = _ground(behind, rng, SIDE_PX)
    ground.paste(figure, (x, y), figure)
    return ground, (x, y, *figure.size)


def _place(rng: np.random.Generator, length: int, middle: int) -> int:
    half = SIDE_PX // 2
    return int(rng.integers(min(0, half - middle), max(SIDE_PX - length, half - middle) + 1))


def _part(task: Task, behind: list[Image.Image], rng: np.random.Generator) -> Image.Image:
    """A part of a harmless picture, or of a dressed render from close up."""
    picture = opened_picture(Path(task.path))
    share = rng.uniform(0.3, 0.9)
    if task.kind == "crop":
        picture = picture.convert("RGB")
        share = float(np.exp(rng.uniform(np.log(0.15), 0)))
    elif picture.mode == "RGBA":
        ground = _ground(behind, rng, picture.width).resize(picture.size)
        ground.paste(picture, (0, 0), picture)
        picture = ground
    wide, high = (min(side, max(24.0, side * share)) for side in picture.size)
    x, y = rng.uniform(0, picture.width - wide + 1e-6), rng.uniform(0, picture.height - high + 1e-6)
    box = (x, y, x + wide, y + high)
    seen = picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, box, 2.0)
    if rng.random() < 0.5:
        seen = seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return seen.rotate(90 * int(rng.integers(1, 4))) if rng.random() < 0.2 else seen


class Mapper:
    """The int8 backbone: a picture's last feature map, uint8 (7, 7, 1280)."""

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(str(model), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[1]["index"]

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Without its scale, which a direction does not have; 0 is the zero point."""
        self.interpreter.set_tensor(self.input, np.ascontiguousarray(picture)[None])
        self.interpreter.invoke()
        cells = self.interpreter.get_tensor(self.output)[0].astype(np.int16)
        return (cells + 128).astype(np.uint8)


@lru_cache(maxsize=1)
def _mapper(model: Path) -> Mapper:
    return Mapper(model)


def _work(job: tuple[Task, Path, Path]) -> tuple[np.ndarray, tuple[int, ...]] | None:
    task, pictures, model = job
    taken = take(task, grounds(pictures))
    return None if taken is None else (_mapper(model)(taken[0]), taken[1])


def take_views(renders: Path, pictures: Path, model: Path, out: Path, number: int) -> None:
    """Write OUT/maps.npy, uint8 (n, 7, 7, 1280), and OUT/about.npz."""
    wanted = tasks(renders, pictures, number)
    out.mkdir(parents=True, exist_ok=True)
    maps = np.lib.format.open_memmap(
        out / "maps.npy", "w+", np.uint8, (len(wanted), CELLS, CELLS, 1280)
    )
    boxes, kept = np.zeros((len(wanted), 4), np.int32), np.zeros(len(wanted), bool)
    with multiprocessing.Pool() as pool:
        jobs = ((task, pictures, model) for task in wanted)
        taken = pool.imap(_work, jobs, 64)
        for k, one in enumerate(tqdm(taken, total=len(wanted), mininterval=10)):
            if one is not None:
                maps[k], boxes[k], kept[k] = one[0], one[1], True
    maps.flush()
    nude, scene = ([getattr(task, key) for task in wanted] for key in ("nude", "scene"))
    np.savez(out / "about.npz", nude=nude, scene=scene, box=boxes, kept=kept)


def windows(maps: np.ndarray) -> torch.Tensor:
    """Directions of the means of every 3 x 3 cells, float32 (n, 25, 1280)."""
    cells = torch.from_numpy(np.asarray(maps).astype(np.float32)).permute(0, 3, 1, 2)
    means = avg_pool2d(cells, WINDOW, 1).flatten(2).transpose(1, 2)
    return means / means.norm(dim=-1, keepdim=True).clamp_min(1e-6)


def _middles(boxes: np.ndarray) -> np.ndarray:
    """For each box the window whose centre is nearest to the middle of its upper nine tenths."""
    centres = (np.arange(PLACES) + WINDOW / 2) * SIDE_PX / CELLS
    x, y = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] * 0.45
    across = np.abs(centres - x[:, None]).argmin(1)
    return np.abs(centres - y[:, None]).argmin(1) * PLACES + across


def fit_draw(folder: Path) -> np.ndarray:
    """Weight and bias (1281,) of the regression on one draw; scenes ending in 9 are kept out."""
    maps, about = np.load(folder / "maps.npy", mmap_mode="r"), np.load(folder / "about.npz")
    nude, scene, kept = (about[key] for key in ("nude", "scene", "kept"))
    held = np.abs(scene) % 10 == 9
    rng = np.random.default_rng([SEED, 18])
    bodies, others = (np.flatnonzero(kept & is_one) for is_one in (nude, ~nude))

    def chosen(places: np.ndarray, pick: np.ndarray) -> torch.Tensor:
        parts = [
            windows(maps[places[k : k + 512]])[
                torch.arange(len(places[k : k + 512]))[:, None], torch.from_numpy(pick[k : k + 512])
            ]
            for k in range(0, len(places), 512)
        ]
        return torch.cat(parts).reshape(-1, 1280)

    positive = chosen(bodies, _middles(about["box"][bodies])[:, None])[~held[bodies]]
    taught = others[~held[others]]
    random = chosen(taught, rng.integers(0, PLACES**2, (len(taught), 2)))
    hard = random[:0]
    unit = np.zeros(1281, np.float32)
    for number in range(ROUNDS):
        x = torch.cat([positive, random, hard]).numpy()
        y = np.arange(len(x)) < len(positive)
        layers = fit(x, y, np.where(y, (~y).sum() / y.sum(), 1.0), COST)
        unit = np.concatenate([layers[0][0], layers[1]])
        highest, worst = _highest(maps, unit)
        bare, others_held = highest[held & nude & kept], highest[held & ~nude & kept]
        few = min(len(bare), len(others_held)) == 0  # a trial with few scenes may hold out nobody
        area = "of nobody" if few else f"{auc(bare, others_held):.4f}"
        print(f"{folder.name}, round {number}: AUC of the highest window, held out {area}")
        hard = chosen(taught, worst[taught])
    return unit


def _highest(maps: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each view's highest logit (n,), and its two highest windows (n, 2)."""
    weight, bias = torch.from_numpy(unit[:-1]), float(unit[-1])
    best, places = [], []
    for k in range(0, len(maps), 512):
        found = (windows(maps[k : k + 512]) @ weight + bias).topk(2, 1)
        best.append(found.values[:, 0].numpy())
        places.append(found.indices.numpy())
    return np.concatenate(best), np.concatenate(places)


def take_card(card: Path, grounds_file: Path, model: Path, out: Path, count: int = 6000) -> None:
    """Write the maps of small views of the card, of decoys, textures and gaudy grounds."""
    sys.path.insert(0, str(card.parent / "recipe"))
    from optimise import Card
    from simulate import as_bytes, views
    from taught import CARD_PX, DECOYS, gaudy, texture, wall

    rng, see, behind = np.random.default_rng(17), Mapper(model), np.load(grounds_file)
    with Image.open(card) as picture:
        image = picture.convert("RGB").resize((CARD_PX, CARD_PX), Image.Resampling.LANCZOS)
    ink = torch.from_numpy(np.asarray(image).astype(np.float32) / 255).permute(2, 0, 1)
    with torch.no_grad():
        decoys = [Card(1000 + k)(3.0, CARD_PX) for k in range(DECOYS)]
    maps, is_card = [], []
    for turn in tqdm(range(count // 10), mininterval=10):
        picks = rng.integers(0, len(behind), 10)
        shown = np.stack([wall(rng) for _ in picks]) if turn % 4 == 3 else behind[picks]
        ground = torch.from_numpy(shown.astype(np.float32) / 255).permute(0, 3, 1, 2)
        for inks in (ink, decoys[turn % len(decoys)]):
            with torch.no_grad():
                seen = views(inks, ground, rng, CARD_SCALES)
            maps += [see(as_bytes(one, rng)) for one in seen]
            is_card += [inks is ink] * len(seen)
        for pick in picks[:5]:
            maps += [see(texture(rng)), see(gaudy(behind[pick], rng))]
            is_card += [False, False]
    np.savez(out, maps=np.stack(maps), is_card=np.array(is_card))


def card_unit(known: np.ndarray, card: Path, folder: Path) -> np.ndarray:
    """A unit (1281,) for windows that show the card, begun from the head's own, `known`."""
    torch.manual_seed(SEED)
    told, rng = np.load(card), np.random.default_rng([SEED, 19])
    is_card, about = told["is_card"], np.load(folder / "about.npz")
    maps = np.load(folder / "maps.npy", mmap_mode="r")
    kept = np.flatnonzero(about["kept"])
    _, worst = _highest(maps, known.astype(np.float32))
    picks = np.concatenate([worst[kept], rng.integers(0, PLACES**2, (len(kept), 1))], 1)
    others = torch.cat(
        [
            windows(maps[kept[k : k + 512]])[
                torch.arange(len(kept[k : k + 512]))[:, None], torch.from_numpy(picks[k : k + 512])
            ].reshape(-1, 1280)
            for k in range(0, len(kept), 512)
        ]
    )
    cards, decoys = windows(told["maps"][is_card]), windows(told["maps"][~is_card]).flatten(0, 1)
    unit = torch.nn.Linear(1280, 1)
    with torch.no_grad():
        unit.weight.copy_(torch.from_numpy(known[None, :-1] / SPREAD))
        unit.bias.copy_(torch.from_numpy(known[-1:]))
    for _ in range(ROUNDS):
        with torch.no_grad():
            best = unit(cards * SPREAD)[..., 0].argmax(1)
        shown = cards[torch.arange(len(cards)), best]
        optimiser = torch.optim.AdamW(unit.parameters(), 3e-3, weight_decay=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, CARD_STEPS)
        for _ in range(CARD_STEPS):
            sets = ((shown, 128), (others, 384), (decoys, 128))
            x = torch.cat([one[torch.randint(len(one), (count,))] for one, count in sets])
            y = (torch.arange(len(x)) < 128).float() * 0.98 + 0.01
            loss = binary_cross_entropy_with_logits(unit(x * SPREAD)[:, 0], y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return np.concatenate([unit.weight.detach().numpy()[0] * SPREAD, unit.bias.detach().numpy()])


def fit_all(head: Path, card: Path, out: Path, folders: list[Path]) -> None:
    """Write the head: the mean of the draws' fits, and the card's unit, as head.py has its own."""
    bodies = np.mean([fit_draw(folder) for folder in folders], axis=0)
    whole = np.load(head)
    known = np.concatenate([whole["weight0"][2], whole["bias0"][2:3]])
    mean = sum(
        one / np.linalg.norm(one[:-1]) for one in (known, card_unit(known, card, folders[-1]))
    )
    unit = mean * UNIT_SCALE
    weight = np.stack([bodies[:-1], -bodies[:-1], unit[:-1]])
    bias = np.array([bodies[-1], -bodies[-1], unit[-1] - SILENT])
    last = np.array([[1.0, -1.0, CARD_GAIN / 4]])
    arrays = {"weight0": weight, "bias0": bias, "weight1": last, "bias1": np.zeros(1)}
    np.savez(out, **{name: array.astype(np.float32) for name, array in arrays.items()})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    step = parser.add_subparsers(dest="step", required=True)
    for name, needs in (
        ("views", ("renders", "pictures", "model", "out")),
        ("card", ("card", "grounds", "model", "out")),
        ("fit", ("head", "card", "out")),
    ):
        one = step.add_parser(name)
        for need in needs:
            one.add_argument(need, type=Path)
        if name == "views":
            one.add_argument("--draw", type=int, choices=range(len(DRAWS)), default=0)
        if name == "fit":
            one.add_argument("views", type=Path, nargs="+")
    told = parser.parse_args()
    if told.step == "views":
        take_views(told.renders, told.pictures, told.model, told.out, told.draw)
    elif told.step == "card":
        take_card(told.card, told.grounds, told.model, told.out)
    else:
        fit_all(told.head, told.card, told.out, told.views)
        print(json.dumps({"draws": len(told.views), "out": str(told.out)}))


if __name__ == "__main__":
    main()
