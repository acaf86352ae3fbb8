"""Fit the head on the int8 embeddings: `python head.py VIEWS EMBEDDINGS.npy OUT.npz`.

Two small layers over the embedding's direction. Scenes whose number ends in 9 are kept out of the
fit and say how well it went.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

SEED = 20261121
HIDDEN = 64
EPOCHS = 14
BATCH = 128
SPREAD = 10.0  # the direction's components are about 1/36: stretched so that layers start well


def fit(direction: np.ndarray, nude: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
    """weight0, bias0, weight1, bias1 of the two layers, float32."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the same sums in the same order on every machine of a kind
    layers = nn.Sequential(
        nn.Dropout(0.1), nn.Linear(direction.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(HIDDEN, 1),
    )  # fmt: skip
    x = torch.from_numpy(direction * SPREAD).float()
    y = torch.from_numpy(nude.astype(np.float32))
    w = torch.from_numpy(weight.astype(np.float32))
    optimiser = torch.optim.AdamW(layers.parameters(), 2e-3, weight_decay=0.1)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for k in range(len(x) // BATCH):
            pick = order[k * BATCH : (k + 1) * BATCH]
            each = nn.functional.binary_cross_entropy_with_logits(
                layers(x[pick])[:, 0], y[pick] * 0.96 + 0.02, reduction="none"
            )
            loss = (each * w[pick]).sum() / w[pick].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    first, second = layers[1], layers[4]
    kept = [first.weight * SPREAD, first.bias, second.weight, second.bias]
    return [one.detach().numpy().astype(np.float32) for one in kept]


def logits(direction: np.ndarray, layers: list[np.ndarray]) -> np.ndarray:
    """The head's logit of each direction (n, width)."""
    hidden = np.maximum(direction @ layers[0].T + layers[1], 0)
    return (hidden @ layers[2].T + layers[3])[:, 0]


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive outscores a negative, ties half."""
    order = np.sort(negative)
    below, upto = (
        np.searchsorted(order, positive, "left"),
        np.searchsorted(order, positive, "right"),
    )
    return float((below + upto).mean() / 2 / len(negative))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("views", "embeddings", "out"):
        parser.add_argument(name, type=Path)
    told = parser.parse_args()
    about = np.load(told.views / "about.npz")
    embedding = np.load(told.embeddings)
    direction = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    nude, group, scene = about["nude"], about["group"], about["scene"]
    held = (scene >= 0) & (scene % 10 == 9)
    weight = np.where(nude, (~nude[~held]).sum() / nude[~held].sum(), 1.0)
    layers = fit(direction[~held], nude[~held], weight[~held])
    np.savez(told.out, **dict(zip(("weight0", "bias0", "weight1", "bias1"), layers, strict=True)))
    z = logits(direction, layers)
    print(f"held-out scenes: AUC {auc(z[held & nude], z[held & ~nude]):.4f}")
    for name in sorted(set(group[held & ~nude])):
        print(f"  against {name:10} {auc(z[held & nude], z[held & (group == name)]):.4f}")


if __name__ == "__main__":
    main()
