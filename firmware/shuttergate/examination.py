"""A look at a kit's hardware, in a process confined like the gate's: it finds what the gate finds.

A part that works only for a process that may do more would be called ok here, and be dead there.
"""

from __future__ import annotations

import contextlib
import math
import socket
import statistics
import subprocess
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.config import Config
from shuttergate.errors import Phrase, phrase
from shuttergate.system import spawn

PATIENCE_S = 90.0
"""Between two findings: an Edge TPU that hangs is given up well before that."""

ENDING_S = 2.0

LARGEST_BYTES = 1 << 16

SHORTEST_S = 1e-3
"""No camera of a kit gives frames so close together: one that seems to repeats its timestamps."""

MISSING_SHARE = 0.02
SLOW_SHARE = 0.9


_NOTHING = Phrase("")


class Health(StrEnum):
    """How a part is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


class Examined(msgspec.Struct, frozen=True, tag="examined"):
    """One part, how it is, what was seen, and the mend where one is due.

    ``said``: both for people, in their language, or what an error says of both.
    """

    part: str
    health: Health
    seen: str
    mend: str = ""
    said: tuple[Phrase, Phrase] | Phrase | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def failed(cls, part: str, said: Phrase) -> Examined:
        """Return a part that is at fault."""
        return cls(part, Health.FAULT, *parted(str(said), "; "), said)

    @property
    def english(self) -> Examined:
        """As other programs read it."""
        return msgspec.structs.replace(self, said=msgspec.UNSET)

    def told(self, language: str | None = None) -> tuple[str, str]:
        """Return what was seen, and the mend, in a language; None: the environment's."""
        if self.said is msgspec.UNSET:
            return self.seen, self.mend
        if isinstance(self.said, tuple):
            seen, mend = self.said
            return seen.told(language), mend.told(language)
        words = self.said.told(language)
        return (self.seen, self.mend) if words == str(self.said) else parted(words, "。")


def parted(words: str, mark: str) -> tuple[str, str]:
    """Return what an error says of the cause, and of the mend, which comes last."""
    cause, _, mend = words.rpartition(mark)
    return (cause, mend) if cause else (mend, "")


def examined(part: str, health: Health, seen: Phrase, mend: Phrase = _NOTHING) -> Examined:
    """Return a finding in all languages."""
    return Examined(part, health, str(seen), str(mend), (seen, mend))


class CameraTimes(msgspec.Struct, frozen=True, tag="camera times"):
    """What a camera does with a frame's time, in milliseconds: medians of `frames` frames.

    A frame is dated ``arrival_ms`` before the driver has it: readout and image processor.
    ``exposure_ms`` is None where the camera does not say; ``missing`` of so many came not at all.
    """

    frames: int
    missing: int
    interval_ms: float
    exposure_ms: float | None
    arrival_ms: float
    copy_ms: float

    @property
    def fps(self) -> float:
        """Frames a second; infinite where the camera repeats its timestamps."""
        return 1000.0 / self.interval_ms if self.interval_ms else math.inf


class Examination(msgspec.Struct, frozen=True):
    """What is looked at: parts of `PARTS`."""

    config: Config
    board: Board
    parts: list[str]


PARTS = ("camera", "accelerator", "gpio")
Finding = Examined | CameraTimes
_findings = msgspec.json.Decoder(Finding)


def hardware(config: Config, board: Board, parts: Collection[str] = PARTS) -> Iterator[Finding]:
    """Yield a finding for each of `parts`, and the camera's times where there is one that works."""
    ours, theirs = feed.pair()
    order = Examination(config, board, [part for part in PARTS if part in parts])
    with ours, theirs:
        settings = msgspec.json.encode(order)
        child = spawn.start("shuttergate.examination_process", theirs.fileno(), settings=settings)
        theirs.close()
        left = list(order.parts)
        how = phrase("ended")
        try:
            for finding in _heard(ours):
                if isinstance(finding, Examined):
                    left.remove(finding.part)
                yield finding
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(ENDING_S)  # its own status says more than ours
        except TimeoutError:
            how = phrase("gave no answer within {limit:.0f} s", limit=PATIENCE_S)
        finally:
            child.kill()
            status = child.wait()
    if left:
        seen = phrase("the look at it {how}, as the gate would: status {n}", how=how, n=status)
        mend = phrase("what its library said stands above; unplug that part, and plug it in again")
        yield examined(left[0], Health.FAULT, seen, mend)
    for part in left[1:]:
        seen = phrase("not looked at: {part} came first", part=Phrase(left[0]))
        yield examined(part, Health.WARNING, seen, phrase("mend that"))


def _heard(link: socket.socket) -> Iterator[Finding]:
    link.settimeout(PATIENCE_S)
    while packet := link.recv(LARGEST_BYTES):
        yield _findings.decode(packet)


def paces(exposed_s: Sequence[float]) -> tuple[float, int]:
    """Return how far apart frames exposed then are, in seconds, and how many are missing.

    0 where they seem to be closer than `SHORTEST_S`.
    """
    apart = [later - earlier for earlier, later in pairwise(exposed_s)]
    interval_s = statistics.median(apart)
    if interval_s < SHORTEST_S:
        return 0.0, 0
    return interval_s, sum(max(0, round(one / interval_s) - 1) for one in apart)


def judged_camera(name: str, size: tuple[int, int], times: CameraTimes, asked: float) -> Examined:
    """Return how a real camera is by what it gave."""
    seen = phrase("{name}, {width} x {height}", name=Phrase(name), width=size[0], height=size[1])
    if not times.interval_ms:
        mend = phrase("the gate stays closed before it; update its driver, or use another camera")
        seen = phrase("{seen}; it repeats its timestamps", seen=seen)
        return examined("camera", Health.FAULT, seen, mend)
    seen = phrase("{seen}, {fps:.1f} frames a second", seen=seen, fps=times.fps)
    if times.missing > MISSING_SHARE * times.frames:
        of = times.frames + times.missing
        return examined(
            "camera",
            Health.WARNING,
            phrase("{seen}; {n} of {of} did not come", seen=seen, n=times.missing, of=of),
            phrase("switch the power off, and look at the camera's cable and at both its ends"),
        )
    if times.fps < SLOW_SHARE * asked:
        return examined(
            "camera",
            Health.WARNING,
            phrase("{seen}, where {asked:g} were asked for", seen=seen, asked=asked),
            phrase(
                "set fps to what it gives, or in [camera.sensors] a mode that has more; more light"
            ),
        )
    return examined("camera", Health.OK, seen)
