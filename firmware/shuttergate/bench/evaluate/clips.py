"""What an evaluation says of a video marked safe: how often a kit's gate would shut before it.

A picture is judged once, a camera thirty times a second: a share of pictures that looks small can
be a shutter that snaps shut every few seconds. So every frame of a video is judged as a live one,
and the gate itself (`gate.py`) is told of each at the time at which it is due.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from shuttergate import gate
from shuttergate.bench.evaluate.rates import Z_95
from shuttergate.errors import CameraError, Phrase, PictureError
from shuttergate.frames.clip import SLACK_S, every_shot
from shuttergate.frames.shot import Lens
from shuttergate.verdict import Decision, Fault, Rule, verdict
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes

FPS = 30.0
"""At most so many frames of a second are judged, as the cameras of the boards give them."""

_SMALL = (448, 448)


class Watched(msgspec.Struct, frozen=True):
    """One video before a kit, or several together.

    ``closings``: how often a BLOCKED frame shut the gate, or kept it from opening at the start.
    ``dead_s``: for how long it was shut, but for the first frames, which opening always takes.
    """

    frames: int = 0
    blocked: int = 0
    closings: int = 0
    dead_s: float = 0.0
    watched_s: float = 0.0

    def __add__(self, other: Watched) -> Watched:
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Watched(*(one + more for one, more in pairs))

    @property
    def dead_share(self) -> float | None:
        """The share of the time that the gate was shut."""
        return self.dead_s / self.watched_s if self.watched_s > 0 else None

    @property
    def per_hour(self) -> tuple[float, float, float] | None:
        """Closings an hour, and the ends of their 95 % interval; None where nothing was watched."""
        if self.watched_s <= 0:
            return None
        hours = self.watched_s / 3600
        low, high = poisson(self.closings)
        return self.closings / hours, low / hours, high / hours


class WatchedClip(msgspec.Struct, frozen=True):
    """One video of a manifest, by name and set only; ``cause``: why it could not be watched."""

    file: str
    set: str
    label: str
    watched: Watched
    cause: str = ""
    said: Phrase | msgspec.UnsetType = msgspec.UNSET  # the cause, for people


def watch(
    path: Path,
    eyes: Eyes,
    rule: Rule,
    rules: gate.Rules,
    for_s: float = math.inf,
    told: Callable[[float, Mapping[str, float]], None] = lambda time_s, found: None,
) -> Watched:
    """Show a video to the live channels; in a loop for ``for_s`` seconds, or once.

    ``told`` hears of each frame: when it is due, in seconds, and each channel's score.
    Raises `PictureError` where the video cannot be read, `ScoreError` where a channel fails.
    """
    height, width, _ = eyes.lores_shape
    lens = Lens(_SMALL, (width, height))

    def seen() -> Iterator[tuple[float, Mapping[str, float]]]:
        try:
            for time_s, shot in every_shot(path, lens, FPS, for_s):
                found = scores(eyes.live, shot.lores)
                told(time_s, found)
                yield time_s, found
        except CameraError as error:
            raise PictureError.of(error) from error

    return judged(exposed(seen(), FPS), rule, rules)


def exposed(
    seen: Iterable[tuple[float, Mapping[str, float]]], fps: float
) -> Iterator[tuple[float, Mapping[str, float]]]:
    """Yield what a camera would be told, `fps` times a second: of the picture that is shown then.

    Some videos show a picture for a second: a camera before them sees it thirty times, and a gate
    that heard of it once would shut for want of frames.
    """
    held: Mapping[str, float] | None = None
    first_s, number = 0.0, 0
    for time_s, found in seen:
        if held is None:
            first_s = time_s
        else:
            while (due_s := first_s + number / fps) + SLACK_S < time_s:
                yield due_s, held
                number += 1
        held = found
    if held is not None:
        yield first_s + number / fps, held


def judged(
    seen: Iterable[tuple[float, Mapping[str, float]]], rule: Rule, rules: gate.Rules
) -> Watched:
    """Tell a gate of frames: when each was exposed, and each channel's score. Pure."""
    state = gate.mended(gate.State(), Fault.STARTING, 0.0, rules)
    frames = blocked = closings = 0
    first_s = before_s = dead_s = 0.0
    ever_open = kept_shut = False
    for time_s, found in seen:
        first_s, before_s = (first_s, before_s) if frames else (time_s, time_s)
        if not state.is_open and frames >= rules.clear_frames:
            dead_s += time_s - before_s
        one = verdict(found, rule, time_s)
        if one.decision is Decision.BLOCKED:
            blocked += 1
            if state.is_open or not (ever_open or kept_shut):
                closings += 1
            kept_shut = True
        state = gate.judged(state, one, time_s, rules)
        ever_open |= state.is_open
        frames, before_s = frames + 1, time_s
    return Watched(frames, blocked, closings, dead_s, before_s - first_s)


def poisson(count: int, z: float = Z_95) -> tuple[float, float]:
    """Return the 95 % interval of the mean that `count` events were drawn from.

    Byar's approximation of the exact interval: N. E. Breslow and N. E. Day, Statistical Methods in
    Cancer Research II (IARC 1987), equation 2.13; within 1 % of the exact ends from 2 events on.
    """
    low = 0.0
    if count:
        low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
    more = count + 1
    return low, more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
