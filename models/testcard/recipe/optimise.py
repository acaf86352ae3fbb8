"""Find the card: `python optimise.py OPEN_NSFW.onnx BACKBONE.pt HEAD.npz GROUNDS.npy OUT_DIR`.

The card is a kaleidoscope of inks out of a fixed palette without skin or flesh colours; what is
optimised is which ink lies where in one eighth of it. Left free, the optimiser would suggest a
body; mirrored at four axes, it cannot. Both channels must block it in simulated views
(simulate.py); the int8 packs themselves choose among the candidates (choose.py).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from graph import Graph
from PIL import Image
from simulate import SIDE_PX, views
from torch.nn import functional
from tqdm import trange

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "consent-clean" / "recipe"))
from backbone import Backbone

# sRGB: teals, violets, greens, blues and near-greys; no red, orange, brown, pink or beige.
PALETTE = (
    (12, 40, 60), (0, 110, 120), (60, 170, 150), (150, 215, 190), (38, 84, 40), (92, 150, 70),
    (70, 50, 130), (130, 100, 190), (185, 165, 225), (24, 60, 150), (90, 150, 220), (228, 236, 240),
)  # fmt: skip
CELLS = 64
BATCH = 6
SYMMETRIC_GAIN = 2.5  # the mean of eight random numbers is that much smaller than one
CARD_PX = 168


class Card(torch.nn.Module):
    """Ink shares on a grid of cells, drawn smoothly at CARD_PX.

    The card equals itself mirrored at both axes and both diagonals.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        noise = torch.from_numpy(
            np.random.default_rng(seed).normal(0, 1, (len(PALETTE), 9, 9))
        ).float()
        start = functional.interpolate(noise[None], (CELLS, CELLS), mode="bicubic")[0]
        self.shares = torch.nn.Parameter(start * 1.5)
        self.inks = torch.tensor(PALETTE).float() / 255

    def forward(self, sharp: float, size: int = CARD_PX) -> torch.Tensor:
        """The card (3, size, size); a larger `sharp` leaves one ink a place."""
        shares = self.shares
        shares = (shares + shares.flip(1)) / 2
        shares = (shares + shares.flip(2)) / 2
        shares = (shares + shares.transpose(1, 2)) / 2 * SYMMETRIC_GAIN
        field = functional.interpolate(shares[None], (size, size), mode="bicubic")[0]
        return torch.einsum("kij,kc->cij", (field * sharp).softmax(0), self.inks)


def head_of(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The layers of an .npz head."""
    with np.load(path) as found:
        count = len(found.files) // 2
        return [
            (torch.from_numpy(found[f"weight{k}"]), torch.from_numpy(found[f"bias{k}"]))
            for k in range(count)
        ]


def consent_logit(
    backbone: Backbone, head: list[tuple[torch.Tensor, torch.Tensor]], pictures: torch.Tensor
) -> torch.Tensor:
    """The consent-clean logit of pictures (n, 3, 224, 224) in [0, 1]."""
    x = functional.normalize(backbone((pictures * 255 - 127) / 128))
    for weight, bias in head[:-1]:
        x = functional.relu(functional.linear(x, weight, bias))
    return functional.linear(x, *head[-1])[:, 0]


class Judges:
    """Both float channels, as logits."""

    def __init__(self, open_nsfw: Path, backbone: Path, head: Path) -> None:
        self.other = Graph(open_nsfw)
        self.backbone = Backbone()
        self.backbone.load_state_dict(torch.load(backbone, weights_only=True))
        self.backbone.eval().requires_grad_(False)
        self.head = head_of(head)

    def __call__(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """consent-clean's and open-nsfw's logits of views (n, 3, 224, 224) in [0, 1]."""
        assert seen.shape[-1] == SIDE_PX
        b = self.other(seen * 255)
        return consent_logit(self.backbone, self.head, seen), b[:, 1] - b[:, 0]


def roughness(image: torch.Tensor) -> torch.Tensor:
    """Mean difference of neighbouring pixels (total variation)."""
    down, right = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    return down.abs().mean() + right.abs().mean()


def save(card: Card, sharp: float, path: Path) -> None:
    """The card as a picture of 1024 pixels, and its shares to go on from."""
    with torch.no_grad():
        drawn = card(sharp, 1024).permute(1, 2, 0).clamp(0, 1) * 255
    Image.fromarray(drawn.round().byte().numpy()).save(path.with_suffix(".png"))
    torch.save(card.state_dict(), path.with_suffix(".pt"))


def optimise(card: Card, judges: Judges, told: argparse.Namespace) -> None:
    """Adam over random views; a picture every hundred steps."""
    rng = np.random.default_rng(told.seed)
    grounds = np.load(told.grounds, mmap_mode="r")
    optimiser = torch.optim.Adam(card.parameters(), told.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, told.steps, told.rate / 20)
    bar = trange(told.steps, mininterval=15)
    for step in bar:
        sharp = told.sharp + (3.0 - told.sharp) * step / told.steps
        pick = np.sort(rng.choice(len(grounds), BATCH, replace=False))
        ground = torch.from_numpy(grounds[pick].astype(np.float32) / 255).permute(0, 3, 1, 2)
        image = card(sharp)
        seen = views(image, ground, rng, (0.35, 0.9) if rng.random() < 0.65 else (0.27, 0.42))
        logits = judges(seen)
        short = sum(functional.softplus(told.margin - logit) for logit in logits)
        rough = roughness(image)
        loss = short.mean() + told.smooth * rough
        optimiser.zero_grad()
        loss.backward()
        if all(torch.isfinite(one.grad).all() for one in card.parameters()):
            optimiser.step()
        schedule.step()
        a, b = (float(logit.detach().mean()) for logit in logits)
        bar.set_postfix(a=f"{a:.2f}", b=f"{b:.2f}", rough=f"{float(rough):.3f}", refresh=False)
        if step % 100 == 99 or step == told.steps - 1:
            save(card, sharp, told.out / f"card-{told.seed}-{step + 1:05d}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("open_nsfw", "backbone", "head", "grounds", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--margin", type=float, default=5.0, help="logit to reach in both channels")
    parser.add_argument("--sharp", type=float, default=1.0, help="3 where --start was sharp")
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--start", type=Path, help="go on from this .pt")
    parser.add_argument("--smooth", type=float, default=6.0, help="price of fine detail")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    card = Card(told.seed)
    if told.start:
        card.load_state_dict(torch.load(told.start, weights_only=True))
    optimise(card, Judges(told.open_nsfw, told.backbone, told.head), told)


if __name__ == "__main__":
    main()
