"""Fine-tune the backbone's last blocks on the views: `python train.py VIEWS OUT.pt`.

Everything up to block 10 stays as Google published it; its outputs are computed once. What
follows is trained a little, held close to the published weights, and on photographs to the
published embeddings too, so that the embedding stays good for other policies. It begins with a head
that was fitted to the published embedding (linear probing first: A. Kumar et al., Fine-tuning can
distort pretrained features, ICLR 2022). How much of the way is then gone: choose.py.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from backbone import EMBEDDING, Backbone, prepared, published
from head import fit
from torch import nn
from tqdm import trange

SPLIT = 11  # blocks before this are frozen: the first 14 x 14 of stage 5 come out
SEED = 20261121
PROBED = 12000  # views that the first head is fitted to
DRAWN_OUT = 10.0  # by how much a direction is stretched before the head


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    epochs: int = 4
    batch: int = 64
    rate: float = 2e-4
    head_rate: float = 1e-3
    hold: float = 2e-4  # pull towards the published weights
    keep: float = 1.0  # pull of photographs' embeddings towards the published ones
    smooth: float = 0.04


class Tail(nn.Module):
    """The trained part: blocks from SPLIT, the last layer, and a throw-away linear head."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.blocks = backbone.blocks[SPLIT:]
        self.last = backbone.last
        self.head = nn.Linear(EMBEDDING, 1)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Stems (n, 112, 14, 14) to embeddings (n, 1280)."""
        for block in self.blocks:
            x = block(x)
        return self.last(x).mean((2, 3))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        embedding = self.embed(x)
        direction = nn.functional.normalize(embedding)
        kept = nn.functional.dropout(direction, 0.2, self.training)
        return embedding, self.head(kept * DRAWN_OUT)[:, 0]


def stems(views: np.ndarray, backbone: Backbone, out: Path) -> np.ndarray:
    """What leaves the frozen blocks, float16 (n, 112, 14, 14), kept in `out`; resumable."""
    shape = (len(views), 112, 14, 14)
    done = out.with_suffix(".done")
    start = int(done.read_text()) if done.exists() else 0
    kept = np.lib.format.open_memmap(
        out, "r+" if start else "w+", np.float16, None if start else shape
    )
    with torch.inference_mode():
        for k in trange(start, len(views), 64, unit_scale=64, unit="view", mininterval=10):
            x = backbone.stem(prepared(np.array(views[k : k + 64])))
            for block in backbone.blocks[:SPLIT]:
                x = block(x)
            kept[k : k + 64] = x.numpy()
            if k % 6400 == 0:
                kept.flush()
                done.write_text(str(k))
    done.write_text(str(len(views)))
    return kept


def embeddings(backbone: Backbone, stem: np.ndarray) -> np.ndarray:
    """What the tail makes of stems, float32 (n, 1280)."""
    tail, made = Tail(backbone).eval(), []
    with torch.inference_mode():
        for k in range(0, len(stem), 128):
            made.append(tail.embed(torch.from_numpy(stem[k : k + 128].astype(np.float32))).numpy())
    return np.concatenate(made)


def directions(embedding: np.ndarray) -> np.ndarray:
    """Embeddings scaled to length 1."""
    return embedding / np.linalg.norm(embedding, axis=1, keepdims=True)


def probe(tail: Tail, backbone: Backbone, stem: np.ndarray, nude: np.ndarray) -> None:
    """Give the tail's head what fits the published embedding best."""
    pick = np.sort(np.random.default_rng(SEED).permutation(len(stem))[:PROBED])
    weight = np.where(nude[pick], (~nude[pick]).sum() / nude[pick].sum(), 1.0)
    head, offset = fit(directions(embeddings(backbone, stem[pick])), nude[pick], weight)
    with torch.no_grad():
        tail.head.weight.copy_(torch.from_numpy(head) / DRAWN_OUT)
        tail.head.bias.copy_(torch.from_numpy(offset))


def train(
    stem: np.ndarray, nude: np.ndarray, photo: np.ndarray, weight: np.ndarray, recipe: Recipe
) -> Backbone:
    """The backbone with its last blocks trained."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    backbone = published()
    tail = Tail(backbone).train()
    probe(tail, published(), stem, nude)
    own = [parameter for name, parameter in tail.named_parameters() if "head" not in name]
    start = [parameter.detach().clone() for parameter in own]
    reference = Tail(published()).eval()
    steps = recipe.epochs * (len(stem) // recipe.batch)
    optimiser = torch.optim.AdamW(
        [
            {"params": own, "lr": recipe.rate},
            {"params": tail.head.parameters(), "lr": recipe.head_rate},
        ],
        weight_decay=0.0,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [recipe.rate, recipe.head_rate], total_steps=steps, pct_start=0.15
    )
    labels = torch.from_numpy(nude.astype(np.float32))
    weights = torch.from_numpy(weight.astype(np.float32))
    for epoch in range(recipe.epochs):
        order = rng.permutation(len(stem))
        total = 0.7
        bar = trange(len(stem) // recipe.batch, desc=f"epoch {epoch + 1}", mininterval=20)
        for k in bar:
            pick = np.sort(order[k * recipe.batch : (k + 1) * recipe.batch])
            x = torch.from_numpy(stem[pick].astype(np.float32))
            embedding, logit = tail(x)
            target = labels[pick] * (1 - 2 * recipe.smooth) + recipe.smooth
            each = nn.functional.binary_cross_entropy_with_logits(logit, target, reduction="none")
            loss = (each * weights[pick]).sum() / weights[pick].sum()
            safe = torch.from_numpy(photo[pick])
            if safe.any():
                with torch.no_grad():
                    published_embedding, _ = reference(x[safe])
                alike = nn.functional.cosine_similarity(embedding[safe], published_embedding)
                loss = loss + recipe.keep * (1 - alike).mean()
            apart = sum(((a - b) ** 2).sum() for a, b in zip(own, start, strict=True))
            loss = loss + recipe.hold * apart
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total = 0.98 * total + 0.02 * float(each.detach().mean())
            bar.set_postfix(entropy=f"{total:.3f}", refresh=False)
    return backbone.eval()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("views", type=Path, help="folder written by embed.py views")
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    told = parser.parse_args()
    views = np.load(told.views / "views.npy", mmap_mode="r")
    about = np.load(told.views / "about.npz")
    stem = stems(views, published(), told.views / "stems.npy")
    keep = about["scene"] % 10 != 9  # every tenth scene is for validation
    keep[about["scene"] < 0] = True
    pick = np.flatnonzero(keep)
    nude, photo = about["nude"][pick], about["scene"][pick] < 0
    weight = np.where(nude, (~nude).sum() / nude.sum(), 1.0)
    model = train(np.asarray(stem)[pick], nude, photo, weight, Recipe(epochs=told.epochs))
    torch.save(model.state_dict(), told.out)


if __name__ == "__main__":
    main()
