"""How far the backbone moves: `python choose.py VIEWS TUNED.pt`; prints one line a share.

Pictures that no renderer of ours made cannot be chosen by, and renders mislead about fine-tuning:
every share looks perfect on them. So the smallest share is taken that still tells tight suits from
bodies on scenes kept out of the fit; and the cosine of undressed bodies to what the published
backbone made of them says how much of a renderer detector it has become.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from backbone import Backbone, blended, published
from head import auc, fit, logits
from train import PROBED, SEED, directions, embeddings

SHARES = (0.0, 0.2, 0.4, 0.5, 0.55, 0.6, 1.0)
BLOCKED = 0.99  # the line is where it blocks so many of the undressed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("views", type=Path, help="folder of embed.py views, with train.py's stems")
    parser.add_argument("tuned", type=Path)
    told = parser.parse_args()
    stem = np.load(told.views / "stems.npy", mmap_mode="r")
    about = np.load(told.views / "about.npz")
    nude, group, scene = about["nude"], about["group"], about["scene"]
    held = about["number"] % 10 == 9
    rng = np.random.default_rng(SEED)
    shown = np.sort(rng.permutation(np.flatnonzero(~held))[:PROBED])
    kept = np.flatnonzero(held)
    tuned = Backbone()
    tuned.load_state_dict(torch.load(told.tuned, weights_only=True))
    bare = kept[nude[kept]]
    before = directions(embeddings(published(), np.asarray(stem[bare])))
    weight = np.where(nude[shown], (~nude[shown]).sum() / nude[shown].sum(), 1.0)
    print("share  cosine  AUC tight  blocked at the line: tight   safe renders  photographs")
    for share in SHARES:
        model = blended(tuned, share)
        seen = directions(embeddings(model, np.asarray(stem[kept])))
        head = fit(directions(embeddings(model, np.asarray(stem[shown]))), nude[shown], weight)
        z = logits(seen, head)
        is_bare, tight = nude[kept], group[kept] == "tight"
        photo = scene[kept] < 0
        line = np.quantile(z[is_bare], 1 - BLOCKED)
        cosine = float((seen[is_bare] * before).sum(1).mean())
        safe = ~is_bare & ~tight & ~photo
        rates = [float((z[which] >= line).mean()) for which in (tight, safe, photo)]
        print(
            f"{share:5.1f}  {cosine:6.3f}  {auc(z[is_bare], z[tight]):9.4f}"
            f"  {rates[0]:26.3f}  {rates[1]:13.3f}  {rates[2]:11.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
