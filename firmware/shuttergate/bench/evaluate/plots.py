"""Plots of an evaluation as inline SVG, drawn by matplotlib (extra `bench`)."""

from __future__ import annotations

from typing import Any

from shuttergate.bench.evaluate import words
from shuttergate.bench.evaluate.evaluation import (
    BINS,
    JOINT,
    Curve,
    LookResult,
)
from shuttergate.bench.figure import GRID, INK, NUDE, OTHERS, SAFE, figure_of
from shuttergate.lang import _

STYLES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = "sDv^P"


def roc_plot(look: LookResult) -> str:
    """Return the ROC curves of one look: a grey band for the joint score, a style a channel."""
    with figure_of(430, 380, f"roc {look.look}") as (figure, out):
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=GRID, linewidth=1)
        for number, curve in enumerate(look.curves):
            if not curve.roc:
                continue
            joint = curve.score == JOINT
            colour = INK if joint else OTHERS[(number - 1) % len(OTHERS)]
            style: Any = "-" if joint else STYLES[(number - 1) % len(STYLES)]
            area = "" if curve.auc is None else f", AUC {curve.auc:.3f}"
            across, up = _steps(curve)
            # The joint curve is a broad band below the others: it may coincide with one of them.
            width, alpha = (7, 0.3) if joint else (2, 1.0)
            axes.plot(
                across, up, color=colour, linestyle=style, linewidth=width, alpha=alpha,
                label=words.score(curve.score) + area,
            )  # fmt: skip
            marker = "o" if joint else MARKERS[(number - 1) % len(MARKERS)]
            for mark in curve.marks:
                axes.plot(
                    mark.safe.share,
                    mark.nude.share,
                    marker,
                    color=colour,
                    markersize=11 if joint else 7,
                    markerfacecolor="white",
                )
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set(xlabel=_("safe pictures blocked"), ylabel=_("nude pictures blocked"))
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.grid(color=GRID, linewidth=0.6)
        if any(curve.roc for curve in look.curves):
            axes.legend(loc="lower right", frameon=True, edgecolor=GRID)
    return out.svg


def _steps(curve: Curve) -> tuple[list[float], list[float]]:
    return [one.false_block for one in curve.roc], [one.block for one in curve.roc]


def histogram_plot(look: LookResult, curve: Curve) -> str:
    """Return where the scores of nude and of safe pictures lie, as shares of each kind."""
    with figure_of(430, 250, f"scores {look.look} {curve.score}") as (figure, out):
        axes = figure.add_subplot()
        edges = [number / BINS for number in range(BINS + 1)]
        for label, bins, colour, style, hatch in (
            (_("marked safe"), curve.safe_bins, SAFE, "-", None),
            (_("marked nude"), curve.nude_bins, NUDE, "--", "////"),
        ):
            total = sum(bins)
            if total:
                shares = [100 * count / total for count in bins]
                axes.stairs(shares, edges, color=colour, linestyle=style, linewidth=2, label=label)
                axes.stairs(
                    shares, edges, fill=True, facecolor="none" if hatch else f"{colour}22",
                    edgecolor=f"{colour}88", hatch=hatch, linewidth=0,
                )  # fmt: skip
        for mark in dict.fromkeys(step.threshold for step in curve.marks):
            axes.axvline(mark, color=INK, linestyle=":", linewidth=1.5)
            axes.annotate(
                f"{mark:g}", (mark, 1.0), xycoords=("data", "axes fraction"),
                xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
            )  # fmt: skip
        # Linear up to 1 % and logarithmic above: the few pictures near a threshold stay visible.
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.4)
        axes.set(xlim=(0, 1), ylim=(0, 130), yticks=[0, 1, 10, 100])
        axes.set_yticklabels(["0", "1 %", "10 %", "100 %"])
        axes.minorticks_off()
        axes.set(xlabel=_("{name} score").format(name=words.score(curve.score)))
        axes.set(ylabel=_("of the pictures of its kind"))
        axes.grid(axis="y", color=GRID, linewidth=0.6)
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return out.svg
