"""`make bench-closings`: how often a kit's gate would falsely shut before ordinary moving scenes.

clips.csv names clips of public packages, with licence and provenance; none shows anyone unclothed.
Each is fetched once, its sha256 checked, and watched for a minute in a loop, as are the shared ones
where they are there. Every closing is a false one. Exit status: 0, or 1 where a clip is missing.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from shuttergate.bench.evaluate.clips import Watched, watch
from shuttergate.board import AcceleratorPart, read_board
from shuttergate.config import GateSettings
from shuttergate.errors import ShuttergateError
from shuttergate.verdict import Look, Rule, joint_score
from shuttergate.vision.eyes import open_eyes
from support.places import CLIPS, ROOT

HERE = Path(__file__).parent
CACHE = HERE / ".clips"
WATCH_S = 60.0
SHARED_SHOWS = {
    "bigbuckbunny.mp4": "animation",
    "bikes.mp4": "people walking",
    "vtest.avi": "people walking",
}
"""What the clips beside the checkout show; a strange one there is "not said"."""


class Clip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of clips.csv; ``path`` is in the package, and `!` leads into an inner archive."""

    registry: str
    package: str
    version: str
    path: str
    sha256: str
    licence: str
    source: str
    shows: str

    @property
    def name(self) -> str:
        """Package and file, as the tables have them."""
        return f"{self.package}/{Path(self.path).name}"

    @property
    def file(self) -> str:
        """Its name in the cache."""
        return self.sha256[:16] + Path(self.path).suffix


class Peak(msgspec.Struct):
    """The frame of a clip with the highest joint score: that score, when, and each channel's."""

    rule: Rule
    joint: float = -1.0
    time_s: float = 0.0
    scores: dict[str, float] = {}

    def told(self, time_s: float, found: Mapping[str, float]) -> None:
        """Hear of a frame; a score that is none counts as 1."""
        joint = joint_score(found, self.rule)
        joint = 1.0 if joint != joint else joint
        if joint > self.joint:
            self.joint, self.time_s, self.scores = joint, time_s, dict(found)


class Line(msgspec.Struct, frozen=True):
    """A clip that was watched; `highest` says its worst frame in words."""

    name: str
    shows: str
    watched: Watched
    highest: str


def read_clips(path: Path = HERE / "clips.csv") -> list[Clip]:
    """Return the rows of clips.csv; raises `msgspec.ValidationError` where columns are wrong."""
    with path.open(encoding="utf-8", newline="") as file:
        return msgspec.convert(list(csv.DictReader(file)), list[Clip])


def recipe() -> Any:
    """Return consent-clean's pictures.py, which knows registries and archives."""
    path = ROOT / "models" / "consent-clean" / "recipe" / "pictures.py"
    spec = importlib.util.spec_from_file_location("consent_clean_pictures", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def fetch(clips: Iterable[Clip], cache: Path = CACHE) -> list[str]:
    """Bring the clips into `cache`; return a line for each that is missing, with the cause."""
    tools = recipe()
    packages: dict[tuple[str, str, str], dict[str, Clip]] = {}
    for clip in clips:
        if not (cache / clip.file).is_file():
            key = clip.registry, clip.package, clip.version
            packages.setdefault(key, {})[clip.path] = clip
    missing = []
    for key, wanted in packages.items():
        cause = "not in the package; mend clips.csv"
        try:
            package = tools.download(*key, cache / "packages")
            for path, content in tools.members(package, set(wanted)):
                clip = wanted.pop(path)
                digest = hashlib.sha256(content).hexdigest()
                if digest != clip.sha256:
                    missing.append(f"{clip.name}: has sha256 {digest}; mend clips.csv")
                    continue
                partial_file = cache / (clip.file + ".partial")
                partial_file.write_bytes(content)
                partial_file.replace(cache / clip.file)  # whole or not at all
        except tools.PackageError as error:
            cause = str(error)
        missing += [f"{clip.name}: {cause}" for clip in wanted.values()]
    return missing


def measure(for_s: float, one: tuple[str, str, Path]) -> Line:
    """Watch the clip `one` (name, what it shows, file) for so many seconds, with models of its own.

    Raises `ShuttergateError` where it or a model cannot be read.
    """
    name, shows, path = one
    channels = read_board("simulated").channels
    eyes = open_eyes(channels.live, channels.look, AcceleratorPart(driver="cpu"))
    rule = eyes.rule(Look.LIVE, {})
    peak = Peak(rule)
    watched = watch(path, eyes, rule, GateSettings().rules(), for_s, peak.told)
    said = ", ".join(f"{channel} {score:.2f}" for channel, score in peak.scores.items())
    return Line(name, shows, watched, f"{peak.joint:.2f} at {peak.time_s:.1f} s ({said})")


def table(lines: Sequence[Line]) -> str:
    """Return the clips, and what they come to per kind and in all, as Markdown."""
    rows = [
        "| clip | shows | frames | blocked | closings | dead | highest joint score |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for line in lines:
        seen = line.watched
        counts = f"{seen.frames} | {seen.blocked} | {seen.closings} | {_share(seen)}"
        rows.append(f"| {line.name} | {line.shows} | {counts} | {line.highest} |")
    rows += [
        "",
        "| shows | clips | minutes | closings | an hour (95 %) | dead |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind in [*sorted({line.shows for line in lines}), "all"]:
        those = [line.watched for line in lines if kind in ("all", line.shows)]
        seen = sum(those, Watched())
        rate = "-" if seen.per_hour is None else "{:.0f} ({:.0f} to {:.0f})".format(*seen.per_hour)
        counts = f"{len(those)} | {seen.watched_s / 60:.1f} | {seen.closings} | {rate}"
        rows.append(f"| {kind} | {counts} | {_share(seen)} |")
    return "\n".join(rows)


def _share(seen: Watched) -> str:
    return "-" if seen.dead_share is None else f"{seen.dead_share:.1%}"


def main() -> int:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="How often ordinary clips shut a kit's gate.")
    parser.add_argument("--only", metavar="NAME", help="clips whose name has this in it")
    parser.add_argument("--jobs", type=int, default=1, help="so many clips at a time (default 1)")
    parser.add_argument("--seconds", type=float, default=WATCH_S, help="watch each for so long")
    chosen = parser.parse_args()
    clips = [clip for clip in read_clips() if (chosen.only or "") in clip.name]
    missing = fetch(clips)
    tasks = [(clip.name, clip.shows, CACHE / clip.file) for clip in clips]
    tasks += [
        (f"shared/{path.name}", SHARED_SHOWS.get(path.name, "not said"), path)
        for path in sorted(CLIPS.glob("*.*"))
        if path.suffix in (".avi", ".mp4") and (chosen.only or "") in f"shared/{path.name}"
    ]
    tasks = [one for one in tasks if one[2].is_file()]
    lines = []
    with ProcessPoolExecutor(chosen.jobs) as pool:
        running = [(one[0], pool.submit(measure, chosen.seconds, one)) for one in tasks]
        for name, future in running:
            try:
                lines.append(future.result())
            except ShuttergateError as error:
                missing.append(f"{name}: {error}")
            else:
                closings = lines[-1].watched.closings
                print(f"{name}: {closings} closings", file=sys.stderr, flush=True)
    print(table(lines))
    for cause in missing:
        print(f"MISSING: {cause}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
