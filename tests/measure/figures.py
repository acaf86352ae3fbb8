"""The tables of a model card, worst first, as Markdown: `python -m measure.figures MANIFEST.csv …`.

Read first what is worst: by group (each column that the manifest has), by kind of harmless picture,
by disturbance. A set of the world that the model was made in is marked so (``--home``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import stability
from shuttergate.bench.evaluate import words
from shuttergate.bench.evaluate.evaluation import JOINT, Hands, Judged, Summary, evaluate
from shuttergate.bench.evaluate.looks import kit_looks
from shuttergate.bench.evaluate.manifest import Manifest, read_manifest
from shuttergate.bench.evaluate.rates import Rate, auc, rate
from shuttergate.board import AcceleratorPart, read_board
from shuttergate.errors import ShuttergateError
from shuttergate.verdict import Look
from shuttergate.vision.eyes import open_eyes

HOME = "†"
HOME_WORDS = f"{HOME} made and measured in the same world: the model was trained on its like"

Lines = Iterator[str]


def group_tables(summary: Summary, home: Sequence[str]) -> Lines:
    """Yield a table a label and column: how much each group's pictures are blocked, worst first."""
    for label, title in (("nude", "Undressed, blocked"), ("safe", "Harmless, wrongly blocked")):
        for column in words.columns(summary.looks[0]):
            looks = [words.groups_by(look, column) for look in summary.looks]
            found = [
                (groups[0].value, [getattr(group, label) for group in groups])
                for groups in zip(*looks, strict=True)
            ]
            found = [row for row in found if all(one.of for one in row[1])]
            if len(found) < 2:
                continue
            found.sort(key=lambda row: _badness(row[1], label), reverse=True)
            yield f"{title}, by {column}"
            yield ""
            yield from _table([column, *(look.title for look in summary.looks)])
            for value, rates in found:
                mark = f" {HOME}" if column == "set" and value in home else ""
                yield _row([f"{value}{mark}", *map(_cell, rates)])
            yield ""


def _badness(found: Sequence[Rate], label: str) -> tuple[float, float]:
    """Sort by the worst look's share, then by how bad it could be still."""
    shares = [one.share or 0.0 for one in found]
    if label == "nude":
        return -min(shares), -min(one.low or 0.0 for one in found)
    return max(shares), max(one.high or 0.0 for one in found)


def area_table(summary: Summary, home: Sequence[str]) -> Lines:
    """Yield the area under the ROC curve of the undressed against each set of harmless pictures."""
    nude = [one for one in summary.judged if one.label == "nude"]
    sets = sorted({one.set for one in summary.judged if one.label == "safe" and one.set})
    if not nude or not sets:
        return
    curves = [(look, curve.score) for look in summary.looks for curve in look.curves]
    rows = []
    for name in (*sets, "all"):
        safe = [one for one in summary.judged if one.label == "safe" and name in (one.set, "all")]
        areas = [
            auc(*(_scores(kind, look.look, score) for kind in (nude, safe)))
            for look, score in curves
        ]
        rows.append((name, areas))
    rows.sort(key=lambda row: min((one for one in row[1] if one is not None), default=1.0))
    yield "Area under the ROC curve, all undressed against each set"
    yield ""
    yield from _table(["set", *(f"{score}, {look.title}" for look, score in curves)])
    for name, areas in rows:
        mark = f" {HOME}" if name in home else ""
        yield _row([f"{name}{mark}", *map(words.area, areas)])
    yield ""


def _scores(judged: Sequence[Judged], look: str, score: str) -> list[float]:
    found = [one.looks[look] for one in judged]
    return [
        one.score if score == JOINT else one.scores[score] for one in found if one.score is not None
    ]


def disturbance_table(manifest: Manifest, found: stability.Found) -> Lines:
    """Yield what stays blocked and clear under each disturbance, worst first."""
    rows = []
    for name, answers in found.items():
        cells: list[Rate] = []
        for look in Look:
            for label in ("nude", "safe"):
                seen = [
                    answer[look]
                    for row, answer in zip(manifest.rows, answers, strict=True)
                    if answer is not None and row.label == label
                ]
                cells.append(rate(sum(score >= 0.5 for score in seen), len(seen)))
        rows.append((name, cells))
    rows.sort(key=lambda row: (min(row[1][0].share or 0, row[1][2].share or 0), row[0]))
    yield "Disturbed: undressed blocked, harmless wrongly blocked"
    yield ""
    heads = [f"{title}: {label}" for title in ("live", "second look") for label in ("nude", "safe")]
    yield from _table(["picture", *heads])
    for name, cells in rows:
        yield _row([name, *map(_cell, cells)])
    yield ""


def _table(heads: Sequence[str]) -> Lines:
    yield _row(heads)
    yield "|" + "---|" * len(heads)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(found: Rate) -> str:
    return f"{words.fraction(found)} ({words.interval(found.low, found.high)})"


def main() -> int:
    """The command line; 0, or 2 for a bad manifest."""
    parser = argparse.ArgumentParser(description="The tables of a model card, worst first.")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--by", default="", help="further columns, between commas")
    parser.add_argument("--names", help="a regular expression that makes columns, as evaluate's")
    parser.add_argument("--home", default="", help="sets of the model's own world, between commas")
    parser.add_argument("--board", default="simulated")
    parser.add_argument("--quick", action="store_true", help="no disturbances")
    chosen = parser.parse_args()
    by, home = ([one for one in told.split(",") if one] for told in (chosen.by, chosen.home))
    try:
        board = read_board(chosen.board)
        manifest = read_manifest(chosen.manifest, by, chosen.names)
        summary = evaluate(manifest, kit_looks(board, {}, tuple(Look)), [], Hands(2))
        print("\n".join(group_tables(summary, home)))
        print("\n".join(area_table(summary, home)))
        if not chosen.quick:
            channels = board.channels
            eyes = open_eyes(channels.live, channels.look, AcceleratorPart(driver="cpu"))
            found = stability.measure(manifest.rows, eyes)
            print("\n".join(disturbance_table(manifest, found)))
        if home:
            print(HOME_WORDS)
    except ShuttergateError as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
