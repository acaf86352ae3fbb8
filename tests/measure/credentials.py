"""`make bench-credentials`: what marks and a signature cost a photo and a video, in one run.

A photo is finished by turns plain, marked and signed; whole kits are pressed by turns, one that
signs and one that does not; a video of each length is sealed by turns.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import simplejpeg
from rich.console import Console
from rich.table import Table

from measure.speed import HD, Figure, _ms, _photo_times, _wait_until_open, room_picture
from shuttergate import feed
from shuttergate.capture.album import Album, Draft
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.claims import Claims, Lines, LookClaim
from shuttergate.config import AlbumSettings, Config, CredentialSettings, LookSettings
from shuttergate.credentials import authority
from shuttergate.parent.supervisor import Supervisor
from shuttergate.publisher_process import Finisher

MOST_MS, MOST_BYTES, MOST_SLOWER = 5.0, 12_000, 1.10
_LINES = {"consent-clean": Lines(0.25, 0.5), "open-nsfw": Lines(0.2, 0.8)}
CLAIMS = Claims(
    "a1" * 32,
    {"consent-clean": "b2" * 32, "open-nsfw": "c3" * 32},
    {},
    {"live": LookClaim(lines=_LINES), "second": LookClaim(lines=_LINES)},
)
WARM_UP = 5
KITS_FPS, PRESS_S = 10.0, 0.9


def new_class(folder: Path) -> Path:
    """Write a class file."""
    file = folder / "bench.class"
    authority.write(file, authority.new_class("bench")[0], 0o600)
    return file


@dataclass(slots=True)
class Times:
    """Of one call, in seconds: by the wall's clock, and of the processor alone."""

    wall: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def in_turn(calls: Sequence[Callable[[], object]], runs: int) -> list[Times]:
    """Return what each call takes, all called by turns."""
    times = [Times() for _ in calls]
    for run in range(runs + WARM_UP):
        for call, own in zip(calls, times, strict=True):
            began_s, busy_s = time.perf_counter(), time.process_time()
            call()
            if run >= WARM_UP:
                own.wall.append(time.perf_counter() - began_s)
                own.busy.append(time.process_time() - busy_s)
    return times


def more(plain: Sequence[float], own: Sequence[float]) -> list[float]:
    """Return by how much each run took longer than the plain one of the same turn."""
    return [after - before for before, after in zip(plain, own, strict=True)]


def finishers(file: Path) -> list[Finisher]:
    """Return what adds nothing, what adds marks, and what adds marks and signs."""
    class_file = os.fsencode(file)
    found = [
        Finisher(PublisherSettings(b"", marks=False)),
        Finisher(PublisherSettings(b"")),
        Finisher(PublisherSettings(b"", class_file=class_file)),
    ]
    for one in found:
        one.check()
    return found


def of_a_photo(file: Path, runs: int) -> list[Figure]:
    """What is added to one photo of 1280 x 720, in the publisher."""
    photo = simplejpeg.encode_jpeg(np.asarray(room_picture(HD)), quality=90)
    ways = finishers(file)
    sizes = [len(one.photo(photo, CLAIMS)[0]) - len(photo) for one in ways]
    calls = [functools.partial(one.photo, photo, CLAIMS) for one in ways]
    times = in_turn(calls, runs)
    found = []
    for name, size, own in zip(("marks", "marks and signature"), sizes[1:], times[1:], strict=True):
        wall, busy = more(times[0].wall, own.wall), more(times[0].busy, own.busy)
        found.append(
            Figure(
                f"{name} of a photo of {len(photo) / 1e3:.0f} kB, beyond neither: median, p99 of "
                f"{len(wall)}; of the processor alone",
                f"{_ms(wall):.2f}, {_ms(wall, 0.99):.2f}; "
                f"{_ms(busy):.2f}, {_ms(busy, 0.99):.2f} ms",
                f"median <= {MOST_MS:g} ms",
                _ms(wall) <= MOST_MS,
            )
        )
        found.append(Figure(f"{name}: bytes", f"{size}", f"<= {MOST_BYTES}", size <= MOST_BYTES))
    return found


def of_a_video(file: Path, folder: Path, megabytes: int, runs: int) -> list[Figure]:
    """What sealing a video of that size takes, beyond bringing it to the disk."""
    head = b"\0\0\0\x1cftypiso5\0\0\2\0iso5iso6mp41"
    moov = _moov()
    mdat = (1_000_000).to_bytes(4) + b"mdat" + os.urandom(1_000_000 - 8)
    signs = finishers(file)[2]
    lead = signs.lead(CLAIMS)
    draft = Album(folder).draft()
    for part in (head, lead, moov, *[mdat] * megabytes):
        draft.write(part)
    draft.sync()

    def seal(draft: Draft = draft) -> None:
        draft.write_at(len(head), signs.video(draft, CLAIMS)[0])
        draft.write_at(len(head), lead[:8])  # a room again, for the next run

    (times,) = in_turn([seal], runs)
    draft.close()
    wall, busy = times.wall, times.busy
    what = f"signature of a video of {megabytes} MB: median, p99 of {len(wall)}; of the processor"
    size = len(lead)
    return [
        Figure(
            what,
            f"{_ms(wall):.1f}, {_ms(wall, 0.99):.1f}; {_ms(busy):.1f}, {_ms(busy, 0.99):.1f} ms",
            "",
            True,
        ),
        Figure(
            "the same: bytes, with its marks", f"{size}", f"<= {MOST_BYTES}", size <= MOST_BYTES
        ),
    ]


def _moov() -> bytes:
    """Return the box that describes a film, of a real one."""
    from support.signing import film

    _, rest = film()
    return rest[: int.from_bytes(rest[:4])]


def of_a_press(file: Path, folder: Path, presses: int) -> list[Figure]:
    """From press to durable file on two kits that run side by side, pressed by turns.

    At few frames a second, so that both have room on two cores; and their publishers' memory.
    """
    times: dict[str, list[float]] = {"": [], str(file): []}
    with contextlib.ExitStack() as stack:
        kits = {}
        for signed in times:
            album = folder / ("signed" if signed else "plain")
            album.mkdir()
            config = Config(
                album=AlbumSettings(folder=str(album)),
                credentials=CredentialSettings(signed),
                looks=LookSettings(fps=KITS_FPS),
            )
            kits[signed] = stack.enter_context(Supervisor(config, album))
        for kit in kits.values():
            _wait_until_open(kit)
        for number in range(2 * presses + 2):  # the first of each finds nothing warm
            turn = [*kits][number % 2]
            found = _pressed(kits[turn], [*kits.values()])
            if found and number > 1:
                times[turn] += found
        memory = [kit.memory_mb("publisher") for kit in kits.values()]
    plain, signs = times.values()
    ratio = _ms(signs) / _ms(plain)
    return [
        Figure(
            f"press to file, a kit that signs / one beside it that does not, median of "
            f"{len(signs)} and {len(plain)}",
            f"{ratio:.3f} x ({_ms(signs):.1f} / {_ms(plain):.1f} ms)",
            f"<= {MOST_SLOWER:.2f} x",
            ratio <= MOST_SLOWER and min(len(plain), len(signs)) >= presses // 2,
        ),
        Figure("the same, p99", f"{_ms(signs, 0.99):.1f} / {_ms(plain, 0.99):.1f} ms", "", True),
        Figure(
            "publisher, resident: one that signs, one that does not",
            f"{memory[1]:.0f}, {memory[0]:.0f} MB",
            "",
            True,
        ),
    ]


def _pressed(pressed: Supervisor, kits: Sequence[Supervisor]) -> list[float]:
    """Press one of the kits, hear all; return how long its photo took, in seconds."""
    found: list[float] = []
    pressed.finger(True)
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < PRESS_S:
        if passed_s > PRESS_S / 4:
            pressed.finger(False)
        for kit in kits:
            news: list[feed.News] = kit.poll(0.01)
            found += _photo_times(news) if kit is pressed else []
    return found


def main(argv: list[str] | None = None) -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="make bench-credentials", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    part = 10 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="shuttergate-bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        file = new_class(folder)
        figures = [
            *of_a_photo(file, 1000 // part),
            *of_a_video(file, folder, 10, 50 // part),
            *of_a_video(file, folder, 90, 20 // part),
            *of_a_press(file, folder, 60 // part),
        ]
    table = Table("figure", "measured", "target", "", title=f"{os.cpu_count()} cores")
    for one in figures:
        table.add_row(one.what, one.measured, one.target, "held" if one.held else "MISSED")
    Console(width=110).print(table)
    if options.json is not None:
        options.json.write_bytes(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
