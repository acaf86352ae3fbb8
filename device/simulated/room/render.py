"""The recipe of the built-in scene: a sunlit workshop, ray traced with numpy, as one AVIF loop.

    python device/simulated/room/render.py device/simulated/room.avif

Nothing in the picture comes from anybody else: every object is a box, a ball or a rod set down
in furniture.py. Light is baked first (light.py), so a frame costs one ray a sample plus mirror
rays. The film is held in memory until it is written: 1.3 GB. Two idle cores need about 12 minutes.
"""

import argparse
import itertools
import math
import multiprocessing
from pathlib import Path

import numpy as np
from furniture import build
from light import bake, baked, radiance
from PIL import Image
from tracer import TILE, F, Scene

WIDTH, HEIGHT, FPS, SECONDS = 960, 540, 30, 20
FRAMES = FPS * SECONDS
EDGE = 0.04  # pixels that differ more than this from a neighbour, of 1, get these rays instead
EDGE_OFFSETS = np.array([(-3, -1), (1, -3), (3, 1), (-1, 3)], np.float32) / 8
FOCAL = 0.80  # focal length in picture widths
EXPOSURE = 0.95


def camera(phase: float) -> tuple[F, F]:
    """The eye (3,) and its axes (3, 3) in columns (right, up, ahead), on a closed path."""
    turn = 2 * math.pi * (phase + 1 / 3)  # begin where the whole room is in the picture
    s, c = math.sin(turn), math.cos(turn)
    eye = np.array([0.25 + 1.4 * s, -2.4 + 0.4 * c, 1.5 + 0.15 * math.sin(2 * turn)])
    ahead = np.array([0.15 + 0.25 * s, 0.9, 1.14 + 0.04 * c]) - eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, ahead), ahead], axis=1)
    return eye.astype(np.float32), axes.astype(np.float32)


def develop(colours: F) -> F:
    """Display values in [0, 1] for radiance, both (N, 3): a filmic shoulder, then gamma."""
    x = colours * EXPOSURE
    film = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.clip(film, 0, 1) ** np.float32(1 / 2.2)


def look(scene: Scene, eye: F, axes: F, x: F, y: F) -> F:
    """Display values (N, 3) at places (N,) in the picture, in pixels from its upper left.

    The eye (3,) and its axes (3, 3) are as `camera` gives them.
    """
    rays = np.stack([x - WIDTH / 2, HEIGHT / 2 - y, np.full_like(x, FOCAL * WIDTH)])
    d = axes @ (rays / np.sqrt((rays**2).sum(axis=0)))
    o = np.repeat(eye[:, None], x.size, axis=1)
    return develop(radiance(scene, baked, o, d, True, True))


def render(frame: int) -> Image.Image:
    """One frame of the loop, 8-bit RGB: a ray a pixel, and more where neighbours differ."""
    scene = build(frame / FRAMES)
    eye, axes = camera(frame / FRAMES)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32) + np.float32(0.5)
    pixels = np.empty((HEIGHT, WIDTH, 3), np.float32)
    tiles = [
        np.s_[y : y + TILE, x : x + TILE]
        for y in range(0, HEIGHT, TILE)
        for x in range(0, WIDTH, TILE)
    ]
    for tile in tiles:
        x, y = xs[tile], ys[tile]
        pixels[tile] = look(scene, eye, axes, x.ravel(), y.ravel()).reshape(*x.shape, 3)
    edges = np.zeros((HEIGHT, WIDTH), np.bool_)
    for axis in (0, 1):
        jump = np.abs(np.diff(pixels, axis=axis)).max(axis=2) > EDGE
        before, after = ((slice(None),) * axis + (s,) for s in (np.s_[:-1], np.s_[1:]))
        edges[before] |= jump
        edges[after] |= jump
    for tile in tiles:
        some = edges[tile]
        if some.any():
            x, y = (EDGE_OFFSETS[..., None] + (xs[tile][some], ys[tile][some])).swapaxes(0, 1)
            views = look(scene, eye, axes, x.ravel(), y.ravel())
            pixels[tile][some] = views.reshape(len(EDGE_OFFSETS), -1, 3).mean(axis=0)
    return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))


def progress(what: str, done: int, total: int) -> None:
    """One line that counts up."""
    print(f"\r{what}: {done}/{total}", end="\n" if done == total else "", flush=True)


def main() -> None:
    """Bake the light, render the loop, write it down."""
    parser = argparse.ArgumentParser(description="render the built-in scene")
    parser.add_argument("out", type=Path, help="the .avif file to write")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    arguments = parser.parse_args()
    bake(arguments.workers, progress)
    film: list[Image.Image] = []
    with multiprocessing.get_context("fork").Pool(arguments.workers) as pool:
        for picture in pool.imap(render, range(FRAMES)):
            film.append(picture)
            progress("frames", len(film), FRAMES)
    # Frames are timed in whole milliseconds: rounding where each ends keeps the loop on time.
    ends_ms = [round(1000 * i / FPS) for i in range(FRAMES + 1)]
    film[0].save(
        arguments.out,
        save_all=True,
        append_images=film[1:],
        duration=[b - a for a, b in itertools.pairwise(ends_ms)],
        codec="aom",
        quality=50,
        speed=6,
        max_threads=2,
        # Flat groups of pictures: a deep pyramid has the player decode four frames in one go.
        advanced={"gf-max-pyr-height": "1"},
    )


if __name__ == "__main__":
    main()
