"""`shuttergate doctor --measure`: how long each channel takes here, and what may look live by that.

Every channel is to look live wherever the processor keeps up with it. Which do, and how many frames
a second, follows from times that were taken on the kit itself, and from nothing else.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from shuttergate.board import Board, Channels
from shuttergate.clock import Clock
from shuttergate.config import LookSettings, read_config
from shuttergate.errors import AcceleratorError, ConfigError, cause_of
from shuttergate.lang import _
from shuttergate.vision.channel import Channel, scores
from shuttergate.vision.eyes import open_eyes
from shuttergate.vision.known import paint

ROUNDS = 100
WARM_UP = 10
ACCELERATOR_S = 25.0

SHARE = 0.5
"""So much of a frame's time may the live channels take, in 99 of 100 frames. In the other half the
same thread inspects the frame and shows it to the page, and waits its turn where a press or a video
asks the same models. And a hot processor is slower: a Raspberry Pi 5 goes down from 2.4 to 1.5 GHz,
which makes 0.8 of 0.5."""

Took = Mapping[str, Sequence[float]]
"""Seconds by channel: one value a round, in which each channel looked once."""


class ChannelTimes(msgspec.Struct, frozen=True):
    """What one look of a channel takes; ``cause`` says why that could not be measured."""

    channel: str
    median_ms: float | None
    p99_ms: float | None
    cause: str = ""


class Advice(msgspec.Struct, frozen=True):
    """What follows from the times. ``live`` at ``fps`` is what the kit's settings should say.

    ``live_at_board_fps``: what keeps up with the board's own rate; ``all_fps``: the rate with which
    all channels keep up; ``slowest_fps``: the lowest that is any good to the gate. An empty list
    means that not even the board's own live channels keep up.
    """

    board: str
    threads: int
    share: float
    board_fps: float
    slowest_fps: float
    live_at_board_fps: list[str]
    all_fps: int
    live: list[str]
    fps: float


def measure(board: Board, clock: Clock = time.perf_counter) -> tuple[Took, dict[str, str]]:
    """Return how long the board's channels take, and why which of them could not be asked.

    Raises `ShuttergateError` where a pack is not whole, or a model fails meanwhile.
    """
    eyes = open_eyes(board.channels.all, (), board.accelerator)
    try:
        if eyes.accelerator is not None:
            eyes.accelerator.wait(ACCELERATOR_S)
        away = {}
        for channel in eyes.live:
            try:
                _look(channel, 0)
            except AcceleratorError as error:
                away[channel.name] = str(error)
        there = [channel for channel in eyes.live if channel.name not in away]
        return time_rounds(there, clock), away
    finally:
        if eyes.accelerator is not None:
            eyes.accelerator.close()


def time_rounds(channels: Sequence[Channel], clock: Clock) -> Took:
    """Return how long each takes. They take turns, as before a camera, and not one after another
    round after round: what lies in the processor's cache is the other's."""
    took: dict[str, list[float]] = {channel.name: [] for channel in channels}
    for turn in range(WARM_UP + ROUNDS):
        for channel in channels:
            began_s = clock()
            _look(channel, turn)
            if turn >= WARM_UP:
                took[channel.name].append(clock() - began_s)
    return took


def _look(channel: Channel, turn: int) -> None:
    answers = channel.known_answers
    scores((channel,), paint(answers[turn % len(answers)].picture, channel.lores_size))


def p99(values: Sequence[float]) -> float:
    """Return the value that 99 of 100 do not exceed."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def keeps_up_with(took: Took, names: Sequence[str]) -> int:
    """Return with how many frames a second these channels keep up together, in whole ones."""
    return math.floor(SHARE / together_s(took, names))


def together_s(took: Took, names: Sequence[str]) -> float:
    """Return how long these channels take for one frame, in 99 of 100 frames."""
    return p99([sum(one) for one in zip(*(took[name] for name in names), strict=True)])


def live_at(fps: float, took: Took, channels: Channels) -> list[str]:
    """Return what can look live at `fps`: the board's live channels, and whichever else keeps up,
    in the board's order; nothing where not even the former do."""
    live = list(channels.live)
    if keeps_up_with(took, live) < fps:
        return []
    for name in channels.all:
        if name not in live and keeps_up_with(took, [*live, name]) >= fps:
            live.append(name)
    return live


def advise(took: Took, board: Board, slowest_fps: float) -> Advice:
    """Return what follows: a lower rate is the lesser evil than a channel that does not look."""
    fps, channels = board.camera.fps, board.channels
    live = live_at(slowest_fps, took, channels) if fps >= slowest_fps else []
    return Advice(
        board.name,
        board.accelerator.threads,
        SHARE,
        fps,
        slowest_fps,
        live_at(fps, took, channels),
        keeps_up_with(took, channels.all),
        live,
        float(min(fps, keeps_up_with(took, live))) if live else 0.0,
    )


def times(took: Took, away: Mapping[str, str], channels: Sequence[str]) -> list[ChannelTimes]:
    """Return the figures of each channel, rounded."""
    return [
        ChannelTimes(name, None, None, away[name])
        if name in away
        else ChannelTimes(
            name, round(statistics.median(took[name]) * 1e3, 2), round(p99(took[name]) * 1e3, 2)
        )
        for name in channels
    ]


def time_words(one: ChannelTimes) -> str:
    """Return a channel's figures for people."""
    if one.median_ms is None or one.p99_ms is None:
        return _("{channel}: not measured: {why}").format(channel=one.channel, why=one.cause)
    said = _("{channel}: {median:.1f} ms (median), {p99:.1f} ms (99th percentile)")
    return said.format(channel=one.channel, median=one.median_ms, p99=one.p99_ms)


def words(found: Advice) -> Iterator[str]:
    """Yield the advice for people, line by line."""
    yield _(
        "The live channels may take half of each frame's time. The other half is for the rest of "
        "the kit, and for a processor that gets hot and slower."
    )
    fps, slowest = f"{found.board_fps:g}", f"{found.slowest_fps:.3g}"
    if found.live_at_board_fps:
        said = _("At the board's {fps} frames a second can look live: {channels}.")
        yield said.format(fps=fps, channels=_listed(found.live_at_board_fps))
    else:
        said = _("At the board's {fps} frames a second even its own live channels take longer.")
        yield said.format(fps=fps)
    said = _(
        "All channels together leave that room at up to {fps} frames a second; the gate needs "
        "{slowest} or more."
    )
    yield said.format(fps=found.all_fps, slowest=slowest)
    if found.live:
        said = _("So on this kit look live: {channels}, at {fps:g} frames a second.")
        yield said.format(channels=_listed(found.live), fps=found.fps)
    else:
        yield _("So this machine is too slow for this board: its gate would hardly open.")


def _listed(names: Sequence[str]) -> str:
    return _(", ").join(names)


def table(found: Advice, measured: Sequence[ChannelTimes], day: str) -> str:
    """Return what a kit's settings say then: `day` and figures stand beside it."""
    figures = ", ".join(f"{one.channel} {one.median_ms} ({one.p99_ms})" for one in measured)
    return (
        f"[looks]                    # `shuttergate doctor --measure --write` on {day}\n"
        f"# {figures} ms a look, median (99th percentile),\n"
        f"# {found.threads} threads each; all keep up with {found.all_fps} frames a second\n"
        f"live = {json.dumps(found.live)}\n"
        f"fps = {found.fps}\n"
    )


_TABLE = re.compile(r"^\[looks\].*\n?(?:(?![ \t]*(?:\[|$)).*\n?)*", re.MULTILINE)
"""From its head to an empty line or the next table."""


def with_table(text: str, looks: str) -> str:
    """Return the settings in `text` with `looks` in the place of that table, or at the end."""
    found = _TABLE.search(text)
    if found is None:
        return f"{text.rstrip()}\n\n{looks}".lstrip()
    return f"{text[: found.start()]}{looks}{text[found.end() :]}"


def write(path: Path, found: Advice, looks: str) -> None:
    """Put `looks` into the settings at `path`, whole or not at all, and change nothing else there.

    Raises `ConfigError` where the file cannot be written, or is written in a way of its own.
    """
    path = path.resolve()
    wanted = msgspec.structs.replace(
        read_config(path), looks=LookSettings(found.live, float(found.fps))
    )
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(with_table(path.read_text("utf-8-sig"), looks))
            file.flush()
            os.fsync(file.fileno())
        if not _says(new, wanted):
            lines = "; ".join(looks.splitlines()[-2:])
            raise ConfigError(
                "{path}: its [looks] is not written as the example has it; write there: {lines}",
                path=path,
                lines=lines,
            )
        shutil.copymode(path, new)
        shutil.chown(new, path.stat().st_uid, path.stat().st_gid)
        new.replace(path)
    except OSError as error:
        raise ConfigError(
            "{path}: {cause}; run it as who may write there", path=path, cause=cause_of(error)
        ) from error
    finally:
        new.unlink(missing_ok=True)


def _says(path: Path, wanted: object) -> bool:
    try:
        return read_config(path) == wanted
    except ConfigError:
        return False
