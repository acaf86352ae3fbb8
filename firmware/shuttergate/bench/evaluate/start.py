"""One `shuttergate evaluate`, from its command line to its last table."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shuttergate.bench.evaluate import blind, blind_words, report, tables
from shuttergate.bench.evaluate.evaluation import Hands, evaluate, tasks_in
from shuttergate.bench.evaluate.fhibe import read_fhibe
from shuttergate.bench.evaluate.looks import kit_looks
from shuttergate.bench.evaluate.manifest import has_groups, read_manifest
from shuttergate.bench.evaluate.rivals import rivals
from shuttergate.board import Board
from shuttergate.config import Config
from shuttergate.errors import ConfigError, cause_of, phrase
from shuttergate.lang import _
from shuttergate.verdict import Look, Thresholds


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for; without ``live`` and ``second``, both looks.

    ``out`` is the file of a ``blind`` evaluation. ``fhibe``: the manifest is FHIBE's own table.
    """

    manifest: Path
    json: Path | None = None
    report: Path | None = None
    live: bool = False
    second: bool = False
    by: Sequence[str] = ()
    names: str | None = None
    against: str = ""
    blind: bool = False
    out: Path | None = None
    fhibe: bool = False


def carry_out(
    order: Order,
    board: Board,
    config: Config,
    threads: int | None,
    cluster: str | None,
    resume: Path | None,
) -> None:
    """Evaluate, print the tables and write the files; raises `ShuttergateError`.

    Whatever can be refused is refused before the long work.
    """
    own = config.limits()
    both = order.live == order.second
    wanted = [(Look.LIVE, order.live or both), (Look.SECOND, order.second or both)]
    chosen = tuple(look for look, is_wanted in wanted if is_wanted)
    if order.names is not None and order.fhibe:
        raise ConfigError("--names: not with --fhibe, whose columns are known; leave one out")
    workers = threads or len(os.sched_getaffinity(0))
    if order.blind or order.out is not None:
        _blindly(order, _out(order, cluster, resume), chosen, board, own, workers)
        return
    for option, path in (("--json", order.json), ("--report", order.report)):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise ConfigError(
                "{option} {path}: cannot be written; name a file in a folder",
                option=option,
                path=path,
            )
    if order.report is not None:
        report.require()
    looks = kit_looks(board, own, chosen)
    against = rivals(order.against)
    if order.fhibe:
        manifest = read_fhibe(order.manifest, order.by)
    else:
        manifest = read_manifest(order.manifest, order.by, order.names)
        if order.names is not None and not has_groups(manifest, order.names):
            said = phrase(
                "--names {names!r}: found in none of the paths, so it makes no column; correct the "
                "expression",
                names=order.names,
            )
            typer.echo(f"shuttergate: {said.told()}", err=True)
    hands = Hands(workers, cluster, resume)
    with _bar() as bar:
        task = bar.add_task(_("judging"), total=tasks_in(manifest, looks, against))
        summary = evaluate(
            manifest, looks, against, hands, lambda: bar.advance(task), config.gate.rules()
        )
    tables.show(summary, Console(highlight=False))
    if order.json is not None:
        _write(
            order.json,
            msgspec.json.format(msgspec.json.encode(_english(summary)), indent=1) + b"\n",
        )
    if order.report is not None:
        _write(order.report, report.render(summary).encode())


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _out(order: Order, cluster: str | None, resume: Path | None) -> Path:
    """Return the file of a blind evaluation; `ConfigError` for what cannot go with one."""
    if not order.blind:
        raise ConfigError("--out: goes with --blind; without it, write all figures with --json")
    if order.out is None:
        raise ConfigError("--blind: needs --out FILE.json, the only file that it writes")
    beside = {
        "--json": (order.json, phrase("it holds names and scores of pictures")),
        "--report": (order.report, phrase("it lists pictures, and draws their scores")),
        "--resume": (resume, phrase("it keeps each picture's hash and scores")),
        "--cluster": (cluster, phrase("it tells paths over a network")),
        "--names": (order.names, phrase("it makes groups of parts of paths")),
        "--against": (order.against or None, phrase("other models run outside the closed process")),
    }
    for option, (given, why) in beside.items():
        if given is not None:
            raise ConfigError(
                "{option}: not with --blind, since {why}; leave one of them out",
                option=option,
                why=why,
            )
    blind.refuse_out(order.out)
    return order.out


def _blindly(
    order: Order,
    out: Path,
    looks: tuple[Look, ...],
    board: Board,
    own: Mapping[str, Thresholds],
    threads: int,
) -> None:
    found = {one.look: one for one in kit_looks(board, own, looks)}
    asked = blind.BlindOrder(
        os.fsencode(order.manifest.absolute()),
        order.fhibe,
        tuple(order.by),
        looks,
        {look: one.channels for look, one in found.items()},
        tuple(own.items()),
        threads,
    )
    unread: list[int] = []
    with _bar() as bar:
        task = bar.add_task(_("judging"), total=None)
        told = blind.judge(
            asked, lambda done, of: bar.update(task, completed=done, total=of), unread.extend
        )
    told = msgspec.structs.replace(told, notes=blind_words.notes(told, "en"))
    blind.write(out, told)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for line in blind_words.lines(told):
        console.print(line)
    if unread:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            blind_words.unread_words(unread)
        )
    console.print(blind_words.parting_words(out))


def _english(found: Any) -> Any:
    """Return it as other programs read it: without what people are told in their language."""
    match found:
        case msgspec.Struct():
            return _english(msgspec.to_builtins(found))
        case dict():
            return {name: _english(one) for name, one in found.items() if name != "said"}
        case list():
            return [_english(one) for one in found]
    return found


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(
            "{path}: {cause}; name another file", path=path, cause=cause_of(error)
        ) from error
