"""Give the talk to a browser, with its pauses, and film the wall: `make talk-film`.

    .venv/bin/python tests/talk_film.py [--language ja] [--hurry 10]

Into build/talk: a film, as the browser showed it, and a picture of each step. Needs Debian's
chromium (and fonts-noto-cjk for Japanese), and PyAV, which `make video` installs.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from support.browsing import Demo, chromium, views
from support.places import ROOT
from support.talk import EN, JA, Stage, Step, steps

SIZE = (1280, 720)
TICKS = 1000
"""A second of the film's clock."""

SHOWN = {"format": "jpeg", "quality": 85, "everyNthFrame": 4}
"""Fifteen pictures a second at most: whoever films takes no time from the gate."""

NICENESS = 10

AFTER_S = 3.0
"""The last step is looked at for so long."""


class Film:
    """What the browser shows of `page`, as it shows it, in H.264."""

    def __init__(self, page: Any, path: Path) -> None:
        import av

        self._frame = av.VideoFrame
        self._file = av.open(str(path), "w")
        self._stream = self._file.add_stream(
            "libx264", rate=30, options={"crf": "24", "preset": "veryfast"}
        )
        self._stream.width, self._stream.height = SIZE
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._began_s: float | None = None
        self._last = -1
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._take)
        self._session.send("Page.startScreencast", SHOWN)

    def _take(self, shown: dict[str, Any]) -> None:
        self._session.send("Page.screencastFrameAck", {"sessionId": shown["sessionId"]})
        at_s = float(shown["metadata"]["timestamp"])
        if self._began_s is None:
            self._began_s = at_s
        tick = int((at_s - self._began_s) * TICKS)
        if tick <= self._last:
            return
        self._last = tick
        image = Image.open(io.BytesIO(base64.b64decode(shown["data"]))).convert("RGB")
        frame = self._frame.from_image(image if image.size == SIZE else image.resize(SIZE))
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        """End it, so that it can be played."""
        self._session.remove_listener("Page.screencastFrame", self._take)
        self._session.send("Page.stopScreencast")
        self._file.mux(self._stream.encode(None))
        self._file.close()


def give(language: str, hurry: float, folder: Path) -> Path:
    """Give the talk once and return its film; ``hurry``: so many times as fast as it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    film = folder / f"talk.{language}.mp4"
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        kit = Demo(Path(scratch))
        try:
            with views(browser, kit) as show:
                page = show(f"stage?lang={language}", SIZE)
                stage = Stage(page)
                camera = Film(page, film)
                os.nice(NICENESS)  # the kit and the browser run as they did
                began_s = time.monotonic()

                def wait(step: Step) -> None:
                    rest_s = began_s + step.at_s / hurry - time.monotonic()
                    page.wait_for_timeout(max(0.0, rest_s) * 1000)

                all_steps = steps(EN if language == "en" else JA)
                for number, step in enumerate(stage.plays(all_steps, wait)):
                    page.wait_for_timeout(1000)
                    page.screenshot(path=str(folder / f"{number:02}.{language}.png"))
                    print(f"{step.at_s // 60}:{step.at_s % 60:02}  {step.key:6} {step.wall}")
                page.wait_for_timeout(AFTER_S * 1000)
                camera.close()
        finally:
            kit.close()
    return film


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--language", choices=["en", "ja"], default="en")
    parser.add_argument("--hurry", type=float, default=1.0, help="times as fast")
    asked = parser.parse_args()
    film = give(asked.language, asked.hurry, ROOT / "build" / "talk")
    sys.stdout.write(f"{film.relative_to(ROOT)}: {film.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
