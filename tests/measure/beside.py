"""Taught rules beside the nudity rule: its figures with and without them, to the last digit.

`make bench-taught ARGS="MANIFEST.csv --nudity"`. Each picture of the manifest is looked at by both
looks of the kit, unrounded, with no rule, with one and with eight. Whatever differs is an error,
and the measuring ends with 1: a score of the nudity rule by as little as a bit, or a verdict in any
other way than that a taught rule closes.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from shuttergate import rulebook
from shuttergate.board import AcceleratorPart, read_board
from shuttergate.errors import PictureError, ScoreError
from shuttergate.frames.pictures import read_pictures
from shuttergate.policy.rule_file import TaughtRule
from shuttergate.stills import LOOK_LIMIT, looking
from shuttergate.verdict import Look, Reason, Rule, judge
from shuttergate.vision.eyes import Eyes, open_eyes

Embeddings = NDArray[np.float64]
Scores = Mapping[str, float]
NUMBERS = (0, 1, 8)
"""So many rules are loaded."""

TITLES = {Look.LIVE: "live", Look.SECOND: "second look"}


@dataclass
class Count:
    """What came of the pictures of one look with so many rules."""

    blocked: dict[str, int] = field(default_factory=lambda: {"nude": 0, "safe": 0})
    of: dict[str, int] = field(default_factory=lambda: {"nude": 0, "safe": 0})
    taught: int = 0  # of these, for a taught rule alone


def eyes_with(rules: Sequence[TaughtRule], board: str = "simulated") -> Eyes:
    """The eyes of a board's kit with these rules, on the CPU."""
    channels = read_board(board).channels
    cpu = AcceleratorPart(driver="cpu")
    return open_eyes(channels.live, channels.look, cpu, taught=rulebook.heads(rules))


def differs(alone: Scores, beside: Scores, before: Rule, after: Rule) -> str:
    """Say what differs between a picture without rules and with them that may not, or nothing."""
    others = {name: score for name, score in beside.items() if name in alone}
    if others != alone:  # to the last bit: no tolerance
        return f"a score of the nudity rule: {others}, not {alone}"
    was, now = judge(alone, before), judge(beside, after)
    if now is not was and (was is not Reason.CLEAR or now is not Reason.TAUGHT):
        return f"a verdict: {now}, not {was}"
    return ""


def compared(
    pictures: Sequence[tuple[Path, str]], rules: Sequence[TaughtRule]
) -> tuple[dict[tuple[Look, int], Count], list[str]]:
    """Look at pictures with their labels; return the counts, and all that differs."""
    opened = {number: eyes_with(rules[:number]) for number in NUMBERS}
    counts = {(which, number): Count() for which in Look for number in NUMBERS}
    wrong: list[str] = []
    for path, label in track(pictures, "nudity figures"):
        try:
            for which in Look:
                wrong += _compared(path, label, which, opened, counts)
        except (PictureError, ScoreError) as error:
            print(error)
    return counts, wrong


def _compared(
    path: Path,
    label: str,
    which: Look,
    opened: Mapping[int, Eyes],
    counts: Mapping[tuple[Look, int], Count],
) -> Iterator[str]:
    found = {number: _seen(path, which, eyes) for number, eyes in opened.items()}
    bare = opened[0].rule(which, {})
    for number, scores in found.items():
        rule, count = opened[number].rule(which, {}), counts[which, number]
        refuses = judge({name: scores[name] for name in bare.limits}, bare) is not Reason.CLEAR
        count.of[label] += 1
        count.blocked[label] += refuses
        count.taught += not refuses and judge(scores, rule) is Reason.TAUGHT
        if said := differs(found[0], scores, bare, rule):
            yield f"{path.name}, {TITLES[which]}, {number} rules: {said}"


def _seen(path: Path, which: Look, eyes: Eyes) -> Scores:
    look, highest = looking(eyes, which), dict[str, float]()
    for image in read_pictures(path, LOOK_LIMIT):
        for name, score in look(image).items():
            highest[name] = max(highest.get(name, 0.0), score)
    return highest


def listed(manifest: Path) -> list[tuple[Path, str]]:
    """The pictures of a manifest, with their labels."""
    with manifest.open(encoding="utf-8", newline="") as file:
        return [(manifest.parent / row["path"], row["label"]) for row in csv.DictReader(file)]


def table(counts: Mapping[tuple[Look, int], Count]) -> Table:
    """What the nudity rule blocks, by look and number of rules, and what these block besides."""
    made = Table("look", "rules loaded", "undressed, blocked", "safe, wrongly blocked")
    made.add_column("blocked for a taught rule alone")
    for (which, number), one in counts.items():
        cells = [f"{one.blocked[label]} of {one.of[label]}" for label in ("nude", "safe")]
        made.add_row(TITLES[which], str(number), *cells, str(one.taught))
    return made


def said_s(rules: Sequence[TaughtRule], embedding: Embeddings) -> float:
    """How long, in seconds, a channel's heads and the live rule take for a verdict, once read."""
    eyes = eyes_with(rules)
    channel = next(one for one in eyes.live if one.name == "consent-clean")
    rule = eyes.rule(Look.LIVE, {})
    others = dict.fromkeys(rule.limits, 0.0)

    def said() -> None:
        judge(others | {head.name: head(embedding) for head in channel.heads}, rule)

    return median_s(said, 2000)


def median_s(action: Callable[[], object], times: int) -> float:
    """The median of so many turns, in seconds."""
    taken: list[float] = []
    for _turn in range(times):
        began_s = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began_s)
    return float(np.median(taken))
