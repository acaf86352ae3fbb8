"""The whole kit in its three processes, recording: clips, the card, kills, and a full disk."""

from __future__ import annotations

import importlib
import itertools
import os
import resource
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate.capture.album import VIDEO
from shuttergate.frame import Pixels
from shuttergate.system.paths import share
from support import needs
from support.darkroom import FPS
from support.kits import HELD_UP_S, PATIENT, Kit, alive, slow_board, takes, wait_until
from support.places import CLIPS

needs.module("av").or_skip()
av: Any = importlib.import_module("av")

Start = Callable[..., Kit]


def demo(start: Start, album: Path, *more: object) -> Kit:
    return start("demo", "--headless", "--album", album, *more)


PREROLL_S = 1.8
"""In this time the pre-roll comes together: a second of it, and the lead before it."""


def opened(start: Start, folder: Path, scene: Path | None = None, board: str = "simulated") -> Kit:
    """Start a kit whose album is `folder`/album, and wait until its gate is open."""
    config = folder / "kit.toml"
    lines = [PATIENT.read_text(), "[album]", f'folder = "{folder / "album"}"']
    lines += ["[scene]", f'path = "{scene}"'] if scene is not None else []
    config.write_text("\n".join([f'board = "{board}"', *lines, ""]))
    one = start(config, by_hand=True)
    one.wait_for("gate", state="OPEN")
    return one


def steps(pictures: list[Any]) -> list[float]:
    """When each picture is shown, in thirtieths of a second."""
    return [round(float(picture.time) * FPS, 6) for picture in pictures]


def no_gaps(pictures: list[Any]) -> bool:
    return all(0 < b - a <= 3 for a, b in pairwise(steps(pictures)))


LEAST_S = 2.5


def videos(album: Path) -> list[Path]:
    return sorted(album.glob(f"*{VIDEO}"))


def small(picture: Any) -> Pixels:
    image = picture.to_image().resize((64, 36), Image.Resampling.BOX)
    return np.asarray(image, np.int16)


@pytest.mark.parametrize("clip", ["bigbuckbunny.mp4", "vtest.avi"])
def test_a_clip_is_recorded_picture_by_picture(kit: Start, tmp_path: Path, clip: str) -> None:
    needs.shared(f"data/video/{clip}").or_skip()
    one = opened(kit, tmp_path, CLIPS / clip)
    for _ in range(3):
        held_up_s = one.held_up_s()
        time.sleep(PREROLL_S)
        pressed_s = one.recorded()
        time.sleep(max(0.0, pressed_s + 2.0 - time.monotonic()))
        one.finger(False)
        said = one.wait_for(("video", "video lost"))
        held_up_s = one.held_up_s() - held_up_s
        if said["event"] == "video lost":
            assert held_up_s >= HELD_UP_S, said
            continue
        (path,) = videos(tmp_path / "album")
        assert path.name == said["name"] and said["ended"] == "released"
        with av.open(str(path)) as film:
            pictures = list(film.decode(video=0))
        if held_up_s < HELD_UP_S or (no_gaps(pictures) and said["seconds"] >= LEAST_S):
            break
        path.unlink()
    else:
        pytest.skip("this machine is too busy to record without gaps")
    assert one.stop() == 0
    assert len(pictures) == said["frames"]
    times = steps(pictures)
    assert all(at == round(at) for at in times), "off the steps of a thirtieth"
    assert times[0] == 0 and no_gaps(pictures)
    assert abs(said["seconds"] - (times[-1] + 1) / FPS) < 0.01
    assert LEAST_S <= said["seconds"] <= 4.0  # a second of pre-roll, and 2 held
    # Against the clip itself: the same pictures, in the same order, at the clip's own pace.
    with av.open(str(CLIPS / clip)) as film:
        source = [
            (float(one.time), small(one))
            for one in itertools.takewhile(lambda one: one.time < 7, film.decode(video=0))
        ]
    shown = [
        min(source, key=lambda known: int(np.abs(known[1] - small(picture)).sum()))
        for picture in pictures[::10]
    ]
    paces = [
        (later[0] - earlier[0]) / ((b - a) / FPS)
        for (earlier, a), (later, b) in pairwise(zip(shown, times[::10], strict=True))
    ]
    assert 0.8 <= float(np.median(paces)) <= 1.2


@needs.program("ffprobe").mark
def test_what_the_gate_ended_is_a_whole_file_of_clear_pictures(
    kit: Start, tmp_path: Path, clear_scene: Path, blocked_scene: Path
) -> None:
    scene = tmp_path / "pictures"
    scene.mkdir()
    for index in range(5):
        shutil.copy(clear_scene, scene / f"{index}.png")
    shutil.copy(blocked_scene, scene / "5.png")
    album = tmp_path / "album"
    one = demo(kit, album, "--scene", scene, "--press", "1:4.9", "--seconds", 7)
    closed = one.wait_for("gate", state="CLOSED", reason="nudity")
    said = one.wait_for("video")
    assert said["ended"] == "nudity"
    assert closed is not None
    (path,) = videos(album)
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-of", "csv=p=0"]
        + ["-show_entries", "stream=nb_read_frames", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stderr == "" and int(told.stdout.strip().rstrip(",")) == said["frames"]
    with Image.open(clear_scene) as file:
        clear = np.asarray(file.convert("RGB").resize((64, 36), Image.Resampling.BOX), np.int16)
    with av.open(str(path)) as film:
        assert all(np.abs(small(one) - clear).mean() < 8 for one in film.decode(video=0))


def unnamed_bytes(pid: int) -> int:
    """How much is in the files that a process has open and that no folder names."""
    found = 0
    for path in Path(f"/proc/{pid}/fd").iterdir():
        seen = path.stat()
        if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 0:
            found += seen.st_size
    return found


@pytest.mark.parametrize(
    ("process", "after_s"),
    [("gate", 0.9), ("gate", 2.0), ("publisher", 2.0), ("supervisor", 2.0)],
)
def test_a_kill_while_it_records_leaves_nothing(
    kit: Start, tmp_path: Path, clear_scene: Path, process: str, after_s: float
) -> None:
    album = tmp_path / "album"
    one = opened(kit, tmp_path, clear_scene, str(slow_board(tmp_path)))
    time.sleep(PREROLL_S)
    one.recorded()
    time.sleep(after_s)
    children = one.children()
    assert unnamed_bytes(children["publisher"]) > 0, "nothing could be left"
    os.kill(one.process.pid if process == "supervisor" else children[process], signal.SIGKILL)
    if process == "supervisor":
        assert set(children) == {"gate", "publisher"}
        assert wait_until(lambda: not any(map(alive, children.values())))
    else:
        one.wait_for(f"{process} ended")
        if process == "publisher":
            assert one.wait_for("video lost")["reason"] == "fault"
        one.wait_for("gate", state="OPEN")
    assert [path.suffix for path in album.iterdir()] == [".jpg"]


def test_a_board_with_one_live_channel_asks_the_other_of_every_frame(
    kit: Start, tmp_path: Path, clear_scene: Path
) -> None:
    text = (share("device") / "simulated" / "board.toml").read_text(encoding="utf-8")
    both = 'live = ["consent-clean", "open-nsfw"]'
    assert both in text
    board = tmp_path / "board.toml"
    board.write_text(
        text.replace(both, 'live = ["consent-clean"]') + 'video = ["open-nsfw"]\n',
        encoding="utf-8",
    )
    one = opened(kit, tmp_path, clear_scene, str(board))
    pressed_s = one.recorded()
    time.sleep(max(0.0, pressed_s + 3.0 - time.monotonic()))
    one.finger(False)
    said = one.wait_for("video")
    assert one.stop() == 0
    # No pre-roll: the second channel is asked from the press on.
    assert said["ended"] == "released" and 1.0 <= said["seconds"] <= 3.2


def test_the_end_of_the_demo_keeps_what_was_cleared(
    kit: Start, tmp_path: Path, clear_scene: Path
) -> None:
    for take in takes(4):
        album = tmp_path / f"album{take}"
        one = demo(kit, album, "--scene", clear_scene, "--press", "1.5:30")
        one.wait_for(("photo", "press refused"))
        time.sleep(3.0)
        assert one.stop(signal.SIGTERM) == 0
        if videos(album):
            break
    assert one.wait_for("video")["ended"] == "fault"
    (path,) = videos(album)
    with av.open(str(path)) as film:
        assert len(list(film.decode(video=0))) > 30


def test_a_disk_that_is_full_loses_the_video_and_says_so(kit: Start, tmp_path: Path) -> None:
    """The kernel refuses the publisher every byte of a file beyond the 1.2 millionth."""
    one = opened(kit, tmp_path)
    one.recorded()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.prlimit(one.children()["publisher"], resource.RLIMIT_FSIZE, (1_200_000, hard))
    assert one.wait_for("album fault")
    assert one.wait_for("video lost")["reason"] == "fault"
    assert videos(tmp_path / "album") == []
