"""One `shuttergate evaluate`, from its command line to its last table."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shuttergate.bench.evaluate import report, tables
from shuttergate.bench.evaluate.evaluation import Hands, evaluate, tasks_in
from shuttergate.bench.evaluate.looks import kit_looks
from shuttergate.bench.evaluate.manifest import read_manifest
from shuttergate.bench.evaluate.rivals import rivals
from shuttergate.board import Board
from shuttergate.errors import ConfigError
from shuttergate.lang import _
from shuttergate.verdict import Look, Thresholds


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for; without ``live`` and ``second``, both looks."""

    manifest: Path
    json: Path | None = None
    report: Path | None = None
    live: bool = False
    second: bool = False
    by: Sequence[str] = ()
    names: str | None = None
    against: str = ""


def carry_out(
    order: Order,
    board: Board,
    own: Mapping[str, Thresholds],
    threads: int | None,
    cluster: str | None,
    resume: Path | None,
) -> None:
    """Evaluate, print the tables and write the files; raises `ShuttergateError`.

    Whatever can be refused is refused before the long work.
    """
    for option, path in (("--json", order.json), ("--report", order.report)):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise ConfigError(f"{option} {path}: cannot be written; name a file in a folder")
    if order.report is not None:
        report.require()
    both = order.live == order.second
    wanted = [(Look.LIVE, order.live or both), (Look.SECOND, order.second or both)]
    looks = kit_looks(board, own, tuple(look for look, is_wanted in wanted if is_wanted))
    against = rivals(order.against)
    manifest = read_manifest(order.manifest, order.by, order.names)
    hands = Hands(threads or len(os.sched_getaffinity(0)), cluster, resume)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task(_("judging"), total=tasks_in(manifest, looks, against))
        summary = evaluate(manifest, looks, against, hands, lambda: bar.advance(task))
    tables.show(summary, Console(highlight=False))
    if order.json is not None:
        _write(order.json, msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    if order.report is not None:
        _write(order.report, report.render(summary).encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name another file") from error
