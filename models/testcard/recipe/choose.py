"""Let the int8 packs choose among candidate cards: `python choose.py GROUNDS.npy CARD.png…`.

Prints, for each card and range of scale, how often each channel blocks it, and the card whose
worse channel is best at 0.3-0.4. GROUNDS must not be those the cards were optimised on.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from simulate import as_bytes, views

MODELS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(MODELS / "consent-clean" / "recipe"))
from embed import Embedder  # noqa: E402

RANGES = ((0.25, 0.3), (0.3, 0.4), (0.4, 0.9))
CARD_PX = 512


class Channels:
    """The packs' int8 models, heads and live thresholds; ``elsewhere``: models kept elsewhere."""

    def __init__(self, elsewhere: dict[str, Path]) -> None:
        self.clear_below: dict[str, float] = {}
        self.models: dict[str, Embedder] = {}
        self.layers: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        for name in ("consent-clean", "open-nsfw", *elsewhere):
            manifest = tomllib.loads((MODELS / name / "model.toml").read_text())
            self.clear_below[name] = manifest["thresholds"]["clear_below"]
            self.models[name] = Embedder(elsewhere.get(name, MODELS / name / manifest["file"]))
            if "head" in manifest:
                with np.load(MODELS / name / manifest["head"]["file"]) as found:
                    self.layers[name] = [
                        (found[f"weight{k}"], found[f"bias{k}"])
                        for k in range(len(found.files) // 2)
                    ]

    def __call__(self, picture: np.ndarray) -> dict[str, float]:
        """Each channel's score of uint8 (224, 224, 3)."""
        return {name: self.score(name, model(picture)) for name, model in self.models.items()}

    def score(self, name: str, values: np.ndarray) -> float:
        """The score that a model's output means."""
        if name not in self.layers:
            return float(values[1])
        values = values / np.linalg.norm(values)
        *hidden, (weight, bias) = self.layers[name]
        for inner, offset in hidden:
            values = np.maximum(inner @ values + offset, 0)
        return 1 / (1 + np.exp(-float((weight @ values + bias)[0])))


def rates(card: Path, grounds: np.ndarray, channels: Channels, count: int) -> dict[str, float]:
    """Share of views blocked, by `range channel`."""
    image = Image.open(card).convert("RGB").resize((CARD_PX, CARD_PX), Image.Resampling.LANCZOS)
    ink = torch.from_numpy(np.asarray(image).astype(np.float32) / 255).permute(2, 0, 1)
    rng = np.random.default_rng(99)
    found = {}
    for scale in RANGES:
        blocked = dict.fromkeys(channels.clear_below, 0)
        either = 0
        for _ in range(0, count, 10):
            pick = np.sort(rng.choice(len(grounds), 10, replace=False))
            ground = torch.from_numpy(grounds[pick].astype(np.float32) / 255).permute(0, 3, 1, 2)
            for seen in views(ink, ground, rng, scale):
                scores = channels(as_bytes(seen, rng))
                hits = [scores[name] >= limit for name, limit in channels.clear_below.items()]
                for name, hit in zip(blocked, hits, strict=True):
                    blocked[name] += hit
                either += any(hits)
        label = f"{scale[0]}-{scale[1]}"
        found |= {f"{label} {name}": hits / count for name, hits in blocked.items()}
        found[f"{label} gate"] = either / count
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("grounds", type=Path)
    parser.add_argument("cards", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="PACK=FILE.tflite",
        help="another pack, whose model lies elsewhere",
    )
    told = parser.parse_args()
    grounds = np.load(told.grounds, mmap_mode="r")
    also = dict(one.split("=", 1) for one in told.also)
    channels = Channels({name: Path(file) for name, file in also.items()})
    best: tuple[float, Path] | None = None
    for card in told.cards:
        found = rates(card, grounds, channels, told.count)
        worse = min(found[f"0.3-0.4 {name}"] for name in channels.clear_below)
        print(card.name, {key: round(float(value), 3) for key, value in found.items()}, flush=True)
        best = max(best, (worse, card)) if best else (worse, card)
    if best:
        print(f"best: {best[1]}")


if __name__ == "__main__":
    main()
