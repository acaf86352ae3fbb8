"""Whether the test card gets into a video: a scene in which it comes and goes, random presses.

Every frame of the scene carries its number. Of each video that the kit kept, every picture is
decoded: its number says whether the card was in it, and both channels judge it once more.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from measure.speed import HD, Figure, room_picture
from shuttergate import feed
from shuttergate.board import read_board
from shuttergate.capture.encoder import load
from shuttergate.config import Config, SceneSettings, VideoSettings
from shuttergate.frame import Pixels
from shuttergate.frames.pictures import lores_of
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, judge
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes

BITS, SQUARE = 12, 40
MARKS_HEIGHT = SQUARE


def _marked(picture: Image.Image, number: int) -> Image.Image:
    marked = picture.copy()
    for bit in range(BITS):
        grey = 235 if number >> bit & 1 else 20
        marked.paste((grey, grey, grey), (bit * SQUARE, 0, (bit + 1) * SQUARE, MARKS_HEIGHT))
    return marked


def _number(picture: Pixels, scale: float) -> int:
    """Return the number in a picture's squares; ``scale``: its width by the scene's."""
    step = SQUARE * scale
    rows = slice(int(step / 4), int(3 * step / 4))
    found = 0
    for bit in range(BITS):
        square = picture[rows, int((bit + 0.25) * step) : int((bit + 0.75) * step)]
        found |= int(square.mean() > 128) << bit
    return found


def write_scene(path: Path, seconds: float, dice: random.Random) -> set[int]:
    """Write the scene, 720p at 30 frames a second, each numbered; return those with the card."""
    av = load()
    room = room_picture(HD)
    with Image.open(share("models") / "testcard" / "card.png") as file:
        square = file.convert("RGB").resize((560, 560), Image.Resampling.LANCZOS)
    held = room.copy()
    held.paste(square, ((HD[0] - 560) // 2, 100))
    with_card: set[int] = set()
    at_s = dice.uniform(4, 8)
    while at_s < seconds:
        first = round(at_s * 30)
        with_card |= set(range(first, first + dice.choice([1, 2, 3, 6, 15, 45, 90])))
        at_s += dice.uniform(3, 11)
    count = round(seconds * 30)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=30, width=HD[0], height=HD[1])
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "12", "tune": "zerolatency"}
        for number in range(count):
            picture = _marked(held if number in with_card else room, number)
            film.mux(stream.encode(av.VideoFrame.from_image(picture)))
        film.mux(stream.encode(None))
    return {number for number in with_card if number < count}


def _presses(kit: Supervisor, count: int, dice: random.Random) -> Iterator[list[feed.News]]:
    """Press and let go at random, ``count`` times; yield what the kit says."""

    def wait(seconds: float) -> Iterator[list[feed.News]]:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            yield kit.poll(left_s)

    for _ in track(range(count), "timings", console=Console(stderr=True)):
        yield from wait(dice.uniform(0.1, 2.5))
        kit.finger(True)
        yield from wait(dice.choice([dice.uniform(0.3, 1.5), dice.uniform(1.0, 5.0)]))
        kit.finger(False)
    yield from wait(3.0)


def timings(count: int, seed: int) -> list[Figure]:
    """Whether one picture of one published video has the card in it, over ``count`` presses."""
    dice = random.Random(seed)
    said: list[feed.News] = []
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        with_card = write_scene(folder / "scene.mp4", 60.0, dice)
        config = Config(
            scene=SceneSettings(path=str(folder / "scene.mp4")),
            video=VideoSettings(hold_s=0.5, lead_s=0.3),
        )
        with Supervisor(config, folder / "album") as kit:
            for news in _presses(kit, count, dice):
                said += news
        videos = sorted((folder / "album").glob("*.mp4"))
        board = read_board("simulated")
        eyes = open_eyes(board.channels.live, (), board.accelerator)
        pictures = shown = blocked = 0
        for path in track(videos, "judging", console=Console(stderr=True)):
            some = _judge(path, eyes, with_card)
            pictures, shown, blocked = pictures + some[0], shown + some[1], blocked + some[2]
    ends = [item.ended for item in said if isinstance(item, feed.Video)]
    lost = [str(item.reason) for item in said if isinstance(item, feed.VideoLost)]
    closings = sum(
        isinstance(item, feed.GateChanged) and item.reason in (Reason.NUDITY, Reason.DOUBT)
        for item in said
    )
    kinds = {kind: ends.count(kind) for kind in sorted(set(ends))}
    losses = {kind: lost.count(kind) for kind in sorted(set(lost))}
    return [
        Figure(
            f"{count} random presses, {closings} closings: videos; lost",
            f"{len(videos)} {kinds}; {losses or 0}",
            "",
            len(videos) == len(ends) > 0,
        ),
        Figure(
            f"of {pictures} published pictures: with the card; not clear to a channel",
            f"{shown}; {blocked}",
            "0; 0",
            shown == blocked == 0 < pictures,
        ),
    ]


def _judge(path: Path, eyes: Eyes, with_card: set[int]) -> tuple[int, int, int]:
    """Return how many pictures a video has, with the card, and not clear."""
    rule = eyes.rule(Look.LIVE, {})
    side = (eyes.lores_shape[1], eyes.lores_shape[0])
    pictures = shown = blocked = 0
    with load().open(str(path)) as film:
        for frame in film.decode(video=0):
            image = frame.to_image()
            grey = np.asarray(image.convert("L"))
            pictures += 1
            shown += _number(grey, image.width / HD[0]) in with_card
            found = scores(eyes.live, lores_of(image, side))
            blocked += judge(found, rule) is not Reason.CLEAR
    return pictures, shown, blocked
