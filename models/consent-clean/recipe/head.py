"""Fit the head on the int8 embeddings: `head.py OUT.npz VIEWS EMBEDDINGS.npy [VIEWS EMBEDDINGS]…`.

Two small layers over the embedding's direction. Scenes whose number ends in 9 are kept out of the
fit and say how well it went. Views of the group "card" (testcard/recipe/taught.py) are learnt
afterwards, by one more unit that can only add to the logit: what the head says of everything else
stays as it was, and nothing that was blocked is cleared by it.
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
CARD_GAIN = 12.0
CARD_STEPS = 2000
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


def taught(
    layers: list[np.ndarray], direction: np.ndarray, is_card: np.ndarray
) -> list[np.ndarray]:
    """The layers with one unit more, which only views of the card reach."""
    torch.manual_seed(SEED)
    x = torch.from_numpy(direction * SPREAD).float()
    y = torch.from_numpy(is_card.astype(np.float32))
    cards, others = (torch.from_numpy(np.flatnonzero(k)) for k in (is_card, ~is_card))
    unit = nn.Linear(direction.shape[1], 1)
    optimiser = torch.optim.AdamW(unit.parameters(), 3e-3, weight_decay=0.1)
    for _ in range(CARD_STEPS):
        picks = [
            one[torch.randint(len(one), (count,))]
            for one, count in ((cards, BATCH), (others, 4 * BATCH))
        ]
        pick = torch.cat(picks)
        loss = nn.functional.binary_cross_entropy_with_logits(
            unit(x[pick])[:, 0], y[pick] * 0.98 + 0.01
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        # Silent for all that is not the card, but for the one in ten thousand that is most like it.
        silent = float(unit(x[others])[:, 0].quantile(0.9999))
        weight, bias = (unit.weight * SPREAD).numpy(), (unit.bias - silent).numpy()
    return [
        np.concatenate([layers[0], weight]),
        np.concatenate([layers[1], bias]),
        np.concatenate([layers[2], np.full((1, 1), CARD_GAIN, np.float32)], axis=1),
        layers[3],
    ]


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
    parser.add_argument("out", type=Path)
    parser.add_argument("sets", type=Path, nargs="+", metavar="VIEWS EMBEDDINGS")
    told = parser.parse_args()
    abouts = [np.load(views / "about.npz") for views in told.sets[::2]]
    embedding = np.concatenate([np.load(embeddings) for embeddings in told.sets[1::2]])
    direction = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    nude, group, scene = (
        np.concatenate([about[key] for about in abouts]) for key in ("nude", "group", "scene")
    )
    held = (scene >= 0) & (scene % 10 == 9)
    card = group == "card"
    fitted = ~held & ~card & (group != "decoy")
    weight = np.where(nude, (~nude[fitted]).sum() / nude[fitted].sum(), 1.0)
    layers = fit(direction[fitted], nude[fitted], weight[fitted])
    if card.any():
        before = logits(direction, layers)
        layers = taught(layers, direction[~held], card[~held])
        moved = np.abs(logits(direction, layers) - before)[~card]
        z = logits(direction, layers)[card]
        print(
            f"card: {(z > 0).mean():.4f} of views blocked at 0.5; elsewhere the logit moves by "
            f"{moved.mean():.4f}, in {(moved > 0.01).mean():.2%} of views by more than 0.01"
        )
    np.savez(told.out, **dict(zip(("weight0", "bias0", "weight1", "bias1"), layers, strict=True)))
    z = logits(direction, layers)
    print(f"held-out scenes: AUC {auc(z[held & nude], z[held & ~nude]):.4f}")
    for name in sorted(set(group[held & ~nude])):
        print(f"  against {name:10} {auc(z[held & nude], z[held & (group == name)]):.4f}")


if __name__ == "__main__":
    main()
