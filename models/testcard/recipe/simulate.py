"""How a printed card comes to stand in a camera's picture: one differentiable view after another.

Perspective, scale, in-plane rotation, printer and camera colour shifts, light, a highlight, blur,
noise; JPEG where no gradient is asked for. Scale is the card's side over the frame's side.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

SIDE_PX = 224


def views(
    card: torch.Tensor,
    grounds: torch.Tensor,
    rng: np.random.Generator,
    scale: tuple[float, float],
) -> torch.Tensor:
    """The card (3, p, p) in [0, 1] on each ground (n, 3, 224, 224): views of the same shape."""
    count = len(grounds)
    moves = torch.from_numpy(np.stack([_move(rng, scale) for _ in range(count)])).float()
    ys, xs = torch.meshgrid(
        torch.linspace(-1, 1, SIDE_PX), torch.linspace(-1, 1, SIDE_PX), indexing="ij"
    )
    places = torch.stack([xs, ys, torch.ones_like(xs)], -1).reshape(-1, 3)
    back = places @ moves.transpose(1, 2)  # (n, pixels, 3): where on the card each pixel lies
    # Behind the lens (a place far off the card): kept finite, it lands off the card anyway.
    depth = torch.where(back[..., 2:] > 0.05, back[..., 2:], 1e-3)
    grid = (back[..., :2] / depth).clamp(-50, 50).reshape(count, SIDE_PX, SIDE_PX, 2)
    margin = torch.ones(1, *card.shape[1:]) * 0.94  # the paper round the square
    paper = functional.pad(card, (card.shape[1] // 12,) * 4, value=0.94)
    inside = functional.pad(margin * 0 + 1, (card.shape[1] // 12,) * 4, value=1.0)
    wide = 1 + 2 / 12
    sampled = functional.grid_sample(
        torch.cat([paper, inside])[None].expand(count, -1, -1, -1), grid / wide, align_corners=False
    )
    ink, cover = sampled[:, :3], sampled[:, 3:]

    def draw(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape))).float()

    # Printer: weaker blacks and colours. Then camera: light, white balance, gamma.
    ink = ink * draw(0.8, 1.0, 3, 1, 1) + draw(0.0, 0.12, 1, 1, 1)
    picture = ink * cover + grounds * (1 - cover)
    slope = draw(-0.25, 0.25, 1, 1, 1) * xs + draw(-0.25, 0.25, 1, 1, 1) * ys
    picture = picture * (draw(0.55, 1.25, 1, 1, 1) + slope) * draw(0.88, 1.12, 3, 1, 1)
    picture = picture + draw(-0.04, 0.05, 1, 1, 1)
    picture = picture.clamp(1e-3, 1) ** draw(0.8, 1.3, 1, 1, 1)
    if rng.random() < 0.6:
        picture = _blurred(picture, float(rng.uniform(0.4, 1.6)))
    noise = torch.from_numpy(rng.normal(0, rng.uniform(0.0, 0.04), picture.shape)).float()
    return (picture + noise).clamp(0, 1)


def _move(rng: np.random.Generator, scale: tuple[float, float]) -> np.ndarray:
    """Frame coordinates to card coordinates, both -1..1: a projective map (3, 3)."""
    side = rng.uniform(*scale)
    turn = np.radians(rng.normal(0, 12) if rng.random() < 0.8 else rng.uniform(-180, 180))
    c, s = np.cos(turn), np.sin(turn)
    room = max(0.0, 1 - side)
    x, y = rng.uniform(-room, room, 2)
    lean_x, lean_y = rng.uniform(-0.22, 0.22, 2)
    # The models see a 16:9 frame pressed into a square: `scale` is then of the shorter side.
    press = np.ones(2)
    if rng.random() < 0.3:
        press[int(rng.integers(2))] = rng.choice([3 / 4, 9 / 16])
    place = np.array([[side * c, -side * s, x], [side * s, side * c, y], [0, 0, 1]])
    place[:2] *= press[:, None]
    lean = np.array([[1, 0, 0], [0, 1, 0], [lean_x, lean_y, 1]])
    return np.linalg.inv(place @ lean)


def _blurred(picture: torch.Tensor, sigma: float) -> torch.Tensor:
    reach = torch.arange(-4, 5).float()
    kernel = torch.exp(-(reach**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(3, 1, 1, 1)
    picture = functional.conv2d(picture, kernel, padding=(0, 4), groups=3)
    return functional.conv2d(picture, kernel.transpose(2, 3), padding=(4, 0), groups=3)


def as_bytes(view: torch.Tensor, rng: np.random.Generator) -> np.ndarray:
    """One view as a camera's uint8 (224, 224, 3), half of them through JPEG."""
    pixels = (view.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    if rng.random() < 0.5:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=int(rng.integers(40, 95)))
        pixels = np.asarray(Image.open(buffer).convert("RGB"))
    return pixels
