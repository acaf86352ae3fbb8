"""Fit the head on the int8 embeddings: `head.py OUT.npz VIEWS EMBEDDINGS.npy [VIEWS EMBEDDINGS]…`.

Logistic regression over the embedding's direction: a head with a hidden layer learnt the renderer
more than the bodies. Scenes whose number ends in 9 are kept out of the fit and say how well it
went. Views of the group "card" (testcard/recipe/taught.py) are learnt afterwards, by a unit that
can only add to the logit: what the head says of everything else stays as it was, and nothing that
was blocked is cleared by it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

SEED = 20261121
COST = 0.1
"""What a view's log loss weighs against the weights' square: of 1, 0.1, 0.01 and 0.001 the one with
the highest AUC on the benchmark of `make eval-data` (0.919, 0.923, 0.919, 0.914: SHARE 0.5, float).
"""

STEPS = 400
BATCH = 128
CARD_GAIN = 24.0
CARD_STEPS = 6000
SPREAD = 10.0  # the direction's components are about 1/36: stretched so that the unit starts well


def fit(
    direction: np.ndarray, nude: np.ndarray, weight: np.ndarray, cost: float = COST
) -> list[np.ndarray]:
    """weight0 (1, n) and bias0 (1,) of the linear head, float32: logistic regression with L2.

    Minimises |w|^2 / 2 + `cost` x the weighted sum of every view's log loss: convex, so that the
    same views give the same head whatever it starts from.
    """
    torch.manual_seed(SEED)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the same sums in the same order on every machine of a kind
    x = torch.from_numpy(direction.astype(np.float64))
    y = torch.from_numpy(nude.astype(np.float64))
    w = torch.from_numpy(weight / weight.mean())
    unit = torch.zeros(direction.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS(
        [unit], max_iter=STEPS, tolerance_grad=1e-6, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        each = nn.functional.binary_cross_entropy_with_logits(
            x @ unit[:-1] + unit[-1], y, reduction="none"
        )
        # Divided by the number of views: the same minimum, and sums that the solver likes better.
        total = (unit[:-1].square().sum() / 2 / cost + (each * w).sum()) / len(x)
        total.backward()
        return total

    solver.step(loss)
    torch.set_num_threads(threads)
    found = unit.detach().numpy().astype(np.float32)
    return [found[None, :-1], found[-1:]]


def taught(
    layers: list[np.ndarray], direction: np.ndarray, is_card: np.ndarray
) -> list[np.ndarray]:
    """Two layers that say what the linear head does, and a unit that only views of the card reach.

    The head's logit passes through a ReLU as the difference of its two halves.
    """
    torch.manual_seed(SEED)
    x = torch.from_numpy(direction * SPREAD).float()
    y = torch.from_numpy(is_card.astype(np.float32))
    cards, others = (torch.from_numpy(np.flatnonzero(k)) for k in (is_card, ~is_card))
    unit = nn.Linear(direction.shape[1], 1)
    optimiser = torch.optim.AdamW(unit.parameters(), 3e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, CARD_STEPS)
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
        schedule.step()
    with torch.no_grad():
        # Silent for all that is not the card, but for the one in ten thousand that is most like it.
        silent = float(unit(x[others])[:, 0].quantile(0.9999))
        weight, bias = (unit.weight * SPREAD).numpy(), (unit.bias - silent).numpy()
    head, offset = layers
    return [
        np.concatenate([head, -head, weight]),
        np.concatenate([offset, -offset, bias]),
        np.array([[1.0, -1.0, CARD_GAIN]], np.float32),
        np.zeros(1, np.float32),
    ]


def logits(direction: np.ndarray, layers: list[np.ndarray]) -> np.ndarray:
    """The head's logit of each direction (n, width), by two layers or one."""
    values = direction @ layers[0].T + layers[1]
    if len(layers) == 4:
        values = np.maximum(values, 0) @ layers[2].T + layers[3]
    return values[:, 0]


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
    parser.add_argument("--cost", type=float, default=COST)
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
    layers = fit(direction[fitted], nude[fitted], weight[fitted], told.cost)
    if card.any():
        before = logits(direction, layers)
        layers = taught(layers, direction[~held], card[~held])
        moved = np.abs(logits(direction, layers) - before)[~card]
        z = logits(direction, layers)[card]
        print(
            f"card: {(z > 0).mean():.4f} of views blocked at 0.5; elsewhere the logit moves by "
            f"{moved.mean():.4f}, in {(moved > 0.01).mean():.2%} of views by more than 0.01"
        )
    names = ("weight0", "bias0", "weight1", "bias1")
    np.savez(told.out, **dict(zip(names, layers, strict=False)))
    z = logits(direction, layers)
    print(f"held-out scenes: AUC {auc(z[held & nude], z[held & ~nude]):.4f}")
    for name in sorted(set(group[held & ~nude])):
        print(f"  against {name:10} {auc(z[held & nude], z[held & (group == name)]):.4f}")


if __name__ == "__main__":
    main()
