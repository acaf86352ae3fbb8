"""`make bench-scaling`: what the kit costs as frames grow, come faster, or get another thread.

Each point is a whole kit on the simulated board, with a picture of that size before its camera. The
simulated camera copies every exposure itself, which a real one's hardware does: at 48 MP and many
frames a second that copying is the greater part.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from measure.speed import room_picture
from shuttergate import feed
from shuttergate.bench.figure import GRID, OTHERS, document, figure_of
from shuttergate.board import read_board
from shuttergate.config import AlbumSettings, Config, SceneSettings
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system.paths import share

SIZES_MP = (1, 2, 5, 12, 24, 48)
RATES = (5.0, 10.0, 15.0, 30.0, 60.0, 90.0, 120.0)
THREADS = (1, 2)
SIZES_FPS = 10.0
RATES_SIZE = (1280, 720)
SETTLE_S, WATCH_S, PRESS_S = 1.0, 6.0, 0.8
FRAMES = feed.Total.FRAMES
JAPANESE = {
    "frame size, megapixels": "フレームの大きさ（メガピクセル）",
    "ms": "時間（ms）",
    "press to file": "押してからファイルまで",
    "second look": "撮影時の再確認",
    "gate process, MB": "判定プロセスのメモリ（MB）",
    "frames a second, asked": "毎秒のフレーム数（求めた数）",
    "frames a second, judged": "毎秒のフレーム数（判定した数）",
    "1 thread": "1スレッド",
    "2 threads": "2スレッド",
    "every frame": "すべてのフレーム",
    "both models, ms": "2つのモデル（ms）",
}
"""What the curves' labels say, by what they say in English."""


class Point(msgspec.Struct, frozen=True):
    """One kit: what it was given, and what it did."""

    what: str
    megapixels: float
    fps_asked: float
    threads: int
    fps: float
    oldest_ms: float
    models_ms: float
    cores: float
    memory_mb: float
    look_ms: float | None
    photo_ms: float | None


def measure(
    what: str, size: tuple[int, int], fps: float, threads: int, presses: int, watch_s: float
) -> Point:
    """Run a kit with such frames; `presses` photos besides. Sizes in pixels, rates a second."""
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        room_picture(size).save(folder / "room.jpg", quality=92)
        config = Config(
            board=_board(folder, size, fps, threads),
            scene=SceneSettings(path=str(folder / "room.jpg")),
            album=AlbumSettings(folder=str(folder / "album")),
        )
        with Supervisor(config, folder / "album") as kit:
            _wait_open(kit)
            _watch(kit, SETTLE_S)
            first, began_s, worked_s = _status(kit), time.monotonic(), _worked_s(kit)
            _watch(kit, watch_s)
            last, took_s = _status(kit), time.monotonic() - began_s
            work_s = _worked_s(kit) - worked_s
            photos_ms = []
            for _ in range(presses):
                kit.finger(True)
                photos_ms += _watch(kit, 0.1)
                kit.finger(False)
                photos_ms += _watch(kit, PRESS_S)
            done, memory_mb = _status(kit), kit.memory_mb()
    models = _mean(first.timings.get("models"), last.timings.get("models"))
    return Point(
        what=what,
        megapixels=size[0] * size[1] / 1e6,
        fps_asked=fps,
        threads=threads,
        fps=(feed.count(last.totals, FRAMES) - feed.count(first.totals, FRAMES)) / took_s,
        oldest_ms=last.oldest_ms,
        models_ms=models,
        cores=work_s / took_s,
        memory_mb=memory_mb,
        look_ms=_mean(None, done.timings.get("second look")) if photos_ms else None,
        photo_ms=statistics.median(photos_ms) if photos_ms else None,
    )


def _board(folder: Path, size: tuple[int, int], fps: float, threads: int) -> str:
    """Write the simulated board with another camera into `folder`; return its path."""
    text = (share("device") / "simulated" / "board.toml").read_text(encoding="utf-8")
    simulated = read_board("simulated")
    width, height = simulated.camera.main_size
    for old, new in (
        (f"main_size = [{width}, {height}]", f"main_size = [{size[0]}, {size[1]}]"),
        (f"fps = {simulated.camera.fps:g}", f"fps = {fps:g}"),
        (f"threads = {simulated.accelerator.threads}", f"threads = {threads}"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "board.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _worked_s(kit: Supervisor) -> float:
    """Return the processor time of the gate process, in seconds."""
    fields = Path(f"/proc/{kit.pid('gate')}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(kit: Supervisor) -> feed.Status:
    assert kit.status is not None
    return kit.status


def _wait_open(kit: Supervisor) -> None:
    until_s = time.monotonic() + 60
    while not (kit.status is not None and kit.status.open):
        kit.poll(0.1)
        if kit.refusal is not None or time.monotonic() > until_s:
            raise SystemExit(f"the kit did not open: {kit.refusal or kit.status}")


def _watch(kit: Supervisor, seconds: float) -> list[float]:
    """Watch for so long; return the times of photos that came, in ms."""
    found, until_s = [], time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        for one in kit.poll(left_s):
            if isinstance(one, feed.Photo):
                found.append(one.ms)
    return found


def _mean(before: feed.Timing | None, after: feed.Timing | None) -> float:
    if after is None:
        return float("nan")
    count, total_ms = sum(after.counts), after.sum_ms
    if before is not None:
        count, total_ms = count - sum(before.counts), total_ms - before.sum_ms
    return total_ms / count if count else float("nan")


def size_of(megapixels: float) -> tuple[int, int]:
    """Return width and height, 4 to 3 and even, of so many million pixels."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5 / 2) * 2
    return round(height * 4 / 3 / 2) * 2, height


def draw(points: Sequence[Point]) -> str:
    """Return the curves as an SVG element."""
    sizes = [one for one in points if one.what == "size"]
    with figure_of(900, 620, "scaling") as (figure, out):
        (photo, memory), (rate, age) = figure.subplots(2, 2)
        across = [one.megapixels for one in sizes]
        photo.plot(across, [one.photo_ms for one in sizes], "o-", label="press to file")
        photo.plot(across, [one.look_ms for one in sizes], "s--", label="second look")
        photo.set(xlabel="frame size, megapixels", ylabel="ms", ylim=(0, None))
        photo.legend(frameon=False)
        memory.plot(across, [one.memory_mb for one in sizes], "o-", color=OTHERS[1])
        memory.set(xlabel="frame size, megapixels", ylabel="gate process, MB", ylim=(0, None))
        for number, threads in enumerate(THREADS):
            rates = [one for one in points if one.what == "rate" and one.threads == threads]
            asked = [one.fps_asked for one in rates]
            shape, label = ("o-", "s--")[number], f"{threads} thread{'s' * (threads > 1)}"
            colour = OTHERS[number]
            rate.plot(asked, [one.fps for one in rates], shape, color=colour, label=label)
            age.plot(asked, [one.models_ms for one in rates], shape, color=colour, label=label)
        rate.plot([0, max(RATES)], [0, max(RATES)], ":", color="#8a8a8a", label="every frame")
        rate.set(xlabel="frames a second, asked", ylabel="frames a second, judged")
        rate.legend(frameon=False)
        age.set(xlabel="frames a second, asked", ylabel="both models, ms", ylim=(0, None))
        age.legend(frameon=False)
        for axes in (photo, memory, rate, age):
            axes.grid(color=GRID, linewidth=0.6)
    return out.svg


def in_japanese(svg: str) -> str:
    """Return the drawn curves with their labels in Japanese; nothing else of them changes."""
    return re.sub(r"(?<=>)([^<>\n]+)(?=</text>)", lambda said: JAPANESE.get(said[1], said[1]), svg)


def main(argv: list[str] | None = None) -> None:
    """Measure every point, print the table, and draw the curves where asked."""
    parser = argparse.ArgumentParser(prog="make bench-scaling", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter, and two points a curve")
    parser.add_argument("--svg", help="draw the curves into SVG.en.svg and SVG.ja.svg")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    step, watch_s = (3, 1.0) if options.quick else (1, WATCH_S)
    presses = 2 if options.quick else 8
    plan = [("size", size_of(mp), SIZES_FPS, 1, presses) for mp in SIZES_MP[::step]]
    plan += [("rate", RATES_SIZE, fps, threads, 0) for threads in THREADS for fps in RATES[::step]]
    points = [
        measure(what, size, fps, threads, count, watch_s)
        for what, size, fps, threads, count in track(plan, "kits", console=Console(stderr=True))
    ]
    table = Table(
        *("megapixels", "asked", "threads", "judged", "oldest", "models", "cores"),
        *("memory", "second look", "press to file"),
    )
    for one in points:
        table.add_row(
            f"{one.megapixels:.1f}",
            f"{one.fps_asked:g}/s",
            str(one.threads),
            f"{one.fps:.1f}/s",
            f"{one.oldest_ms:.0f} ms",
            f"{one.models_ms:.1f} ms",
            f"{one.cores:.2f}",
            f"{one.memory_mb:.0f} MB",
            "" if one.look_ms is None else f"{one.look_ms:.0f} ms",
            "" if one.photo_ms is None else f"{one.photo_ms:.0f} ms",
        )
    Console(width=120).print(table)
    if options.svg is not None:
        drawn = document(draw(points))
        Path(f"{options.svg}.en.svg").write_text(drawn, encoding="utf-8")
        Path(f"{options.svg}.ja.svg").write_text(in_japanese(drawn), encoding="utf-8")
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode(points))


if __name__ == "__main__":
    main()
