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
CELLS = 48
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


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("open_nsfw", "backbone", "head", "grounds", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--margin", type=float, default=6.0, help="logit to reach in both channels")
    parser.add_argument(
        "--sharp", type=float, default=1.0, help="3 where --start was sharp already"
    )
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--start", type=Path, help="go on from this .pt")
    parser.add_argument("--smooth", type=float, default=4.0, help="price of fine detail")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(told.seed)
    other = Graph(told.open_nsfw)
    backbone = Backbone()
    backbone.load_state_dict(torch.load(told.backbone, weights_only=True))
    backbone.eval().requires_grad_(False)
    head = head_of(told.head)
    grounds = np.load(told.grounds, mmap_mode="r")
    card = Card(told.seed)
    if told.start:
        card.load_state_dict(torch.load(told.start, weights_only=True))
    optimiser = torch.optim.Adam(card.parameters(), told.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, told.steps, told.rate / 20)
    bar = trange(told.steps, mininterval=15)
    for step in bar:
        done = step / told.steps
        sharp = told.sharp + (3.0 - told.sharp) * done
        pick = np.sort(rng.choice(len(grounds), BATCH, replace=False))
        ground = torch.from_numpy(grounds[pick].astype(np.float32) / 255).permute(0, 3, 1, 2)
        image = card(sharp)
        seen = views(image, ground, rng, (0.35, 0.9) if rng.random() < 0.65 else (0.27, 0.42))
        assert seen.shape[-1] == SIDE_PX
        b = other(seen * 255)
        b_logit = b[:, 1] - b[:, 0]
        a_logit = consent_logit(backbone, head, seen)
        short = functional.softplus(told.margin - a_logit) + functional.softplus(
            told.margin - b_logit
        )
        rough = (image[:, 1:] - image[:, :-1]).abs().mean() + (
            image[:, :, 1:] - image[:, :, :-1]
        ).abs().mean()
        loss = short.mean() + told.smooth * rough
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        bar.set_postfix(
            a=f"{a_logit.mean():.2f}",
            b=f"{b_logit.mean():.2f}",
            rough=f"{rough:.3f}",
            refresh=False,
        )
        if step % 100 == 99 or step == told.steps - 1:
            with torch.no_grad():
                drawn = (
                    (card(sharp, 1024).permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
                )
            name = told.out / f"card-{told.seed}-{step + 1:05d}"
            Image.fromarray(drawn).save(name.with_suffix(".png"))
            torch.save(card.state_dict(), name.with_suffix(".pt"))


if __name__ == "__main__":
    main()
