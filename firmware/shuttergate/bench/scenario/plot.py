"""A run as a picture over time: what was done, what the line did, and what the gate said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from shuttergate.bench.figure import GRID, INK, OTHERS, figure_of
from shuttergate.bench.scenario.names import (
    BREAKS,
    PROCESSES,
    REASONS,
    SCENES,
    broken,
    named,
)
from shuttergate.bench.scenario.record import Record
from shuttergate.bench.scenario.report import Run
from shuttergate.bench.scenario.script import presses
from shuttergate.bench.scenario.soak import Sample
from shuttergate.columns import columns
from shuttergate.errors import told
from shuttergate.lang import _

OPEN, CLOSED, BAD = "#009e73", "#d9d9d9", "#d55e00"
PLAIN, OTHER, BROKEN = "#cfe8f7", "#f7d9c4", "#f3b38f"
WIDTH, HEIGHT = 900, 250
OPENED = "open"
LETTER = 0.011
"""The width of a letter, as a share of the whole: a name that does not fit is left out."""

OUTCOMES = {"taken": ("o", OPEN), "refused": ("x", BAD), "": ("|", INK)}
"""Told apart by shape as well as by colour."""


def timeline(run: Run) -> str:
    """Return the run's timeline as an SVG element."""
    record = run.record
    end_s = max(record.ended_s, 0.1)
    with figure_of(WIDTH, HEIGHT, f"timeline {run.name}") as (figure, out):
        axes = figure.add_subplot()
        rows = [_("scene"), _("broken"), _("button"), _("gate says"), _("line")]
        _spans(axes, 4, _scenes(run, end_s), lambda name: PLAIN if name == "clear" else OTHER)
        _spans(axes, 3, _faults(run, end_s), lambda name: BROKEN)
        for at_s, press_hold in presses(run.scenario):
            axes.barh(2, press_hold.hold_s, left=at_s, height=0.18, color=GRID)
        for press in record.presses:
            shape, colour = OUTCOMES.get(press.outcome, OUTCOMES[""])
            axes.plot(press.at_s, 2, shape, color=colour, markersize=7)
        _spans(axes, 1, _said(record, end_s), lambda name: OPEN if name == OPENED else CLOSED)
        steps = [(at_s, high) for at_s, high in record.levels if at_s <= end_s]
        times = [0.0, *(at_s for at_s, _ in steps), end_s]
        levels = [False, *(high for _, high in steps)]
        axes.step(
            times,
            [(-0.25 + 0.5 * high) for high in [*levels, levels[-1]]],
            where="post",
            color=INK,
            linewidth=1.8,
        )
        for from_s, to_s in _amiss(run):
            axes.axvspan(max(0, from_s), to_s, color=BAD, alpha=0.12, zorder=-1, linewidth=0)
        axes.axvline(run.scenario.seconds, color=INK, linestyle=":", linewidth=1)  # then it ends
        axes.set(xlim=(0, end_s), ylim=(-0.6, 4.6), yticks=range(5), xlabel=_("seconds"))
        axes.set_yticklabels(list(reversed(rows)))
        axes.grid(axis="x", color=GRID, linewidth=0.6)
    return out.svg


def _amiss(run: Run) -> list[tuple[float, float]]:
    """Return the times around what did not hold, each moment once."""
    found: list[tuple[float, float]] = []
    spans = [(one.from_s, one.to_s) for one in run.findings if not one.held and one.to_s]
    for from_s, to_s in sorted(spans):
        if found and from_s <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], to_s)
        else:
            found.append((from_s, to_s))
    return found


Span = tuple[float, float, str, str]
"""From when to when, what it is by its own name, and in words."""


def _spans(axes: Any, row: int, spans: Iterator[Span], colour: Callable[[str], str]) -> None:
    for from_s, to_s, name, words in spans:
        axes.barh(
            row, to_s - from_s, left=from_s, height=0.55, color=colour(name), edgecolor="white"
        )
        width = (to_s - from_s) / (axes.get_xlim()[1] * LETTER)
        short = re.sub(r"（.*?）", "", words)  # in Japanese the script's own name stands there
        fits = next((one for one in (words, short) if columns(one) < width), "")
        if fits:
            axes.text(from_s, row, f" {fits}", va="center", ha="left", fontsize=9, clip_on=True)


def _scenes(run: Run, end_s: float) -> Iterator[Span]:
    shown = sorted(run.scenario.show, key=lambda one: one.at_s)
    lasting = [(0.0, run.scenario.shown()[0])]
    lasting += [(one.at_s, one.scene) for one in shown if not one.exposures]
    for (from_s, name), (to_s, _next) in zip(lasting, [*lasting[1:], (end_s, "")], strict=True):
        if to_s > from_s:
            yield from_s, to_s, name, told(named(SCENES, name))
    for one in shown:
        if one.exposures:
            yield one.at_s, one.at_s + end_s / 200, one.scene, ""


def _faults(run: Run, end_s: float) -> Iterator[Span]:
    for one in run.scenario.fault:
        lasts = one.what.endswith("killed")
        until_s = one.until_s if one.until_s is not None else end_s
        until_s = one.at_s + end_s / 100 if lasts else until_s
        yield one.at_s, until_s, one.what, told(named(BREAKS, one.what))


def _said(record: Record, end_s: float) -> Iterator[Span]:
    news = list(record.news())
    if not news:
        return
    for one, after in zip(news, [*(later.at_s for later in news[1:]), end_s], strict=True):
        if after <= one.at_s or one.at_s >= end_s:
            continue
        if one.is_open is None:
            yield one.at_s, after, "", _("nothing")
        elif one.is_open:
            yield one.at_s, after, OPENED, _("open")
        else:
            words = told(broken(one.faults) or named(REASONS, one.reason))
            yield one.at_s, after, one.reason, words


OVER_TIME = (
    ("memory_mb", _("MB resident")),
    ("descriptors", _("descriptors")),
    ("threads", _("threads")),
)


def soak_plot(samples: Sequence[Sample]) -> str:
    """Return memory, descriptors, threads and times over a soak as an SVG element."""
    with figure_of(WIDTH, 640, "soak") as (figure, out):
        parts = figure.subplots(4, 1, sharex=True)
        for axes, (name, label) in zip(parts, OVER_TIME, strict=False):
            for number, process in enumerate(("gate", "publisher", "bench")):
                found = [
                    (one.at_s / 60, getattr(one.vitals[process], name))
                    for one in samples
                    if process in one.vitals
                ]
                colour, style = OTHERS[number], ("-", "--", ":")[number]
                axes.plot(
                    *zip(*found, strict=True),
                    color=colour,
                    linestyle=style,
                    label=told(named(PROCESSES, process)),
                )
            axes.set_ylabel(label)
            axes.set_ylim(0, 1.3 * axes.get_ylim()[1])  # room for the legend
            axes.grid(color=GRID, linewidth=0.6)
        for number, kind in enumerate(("verdict", "photo")):
            found = [(one.at_s / 60, one.mean_ms[kind]) for one in samples if kind in one.mean_ms]
            style = ("-", "--")[number]
            if found:
                parts[3].plot(
                    *zip(*found, strict=True), color=OTHERS[number], linestyle=style, label=_(kind)
                )
        parts[3].set(xlabel=_("minutes"), ylabel="ms", ylim=(0, 1.3 * parts[3].get_ylim()[1]))
        parts[3].grid(color=GRID, linewidth=0.6)
        parts[0].legend(frameon=False, ncols=3, loc="upper left")
        parts[3].legend(frameon=False, ncols=2, loc="upper left")
    return out.svg
