"""The command `bench`: scenarios on a kit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from shuttergate.commands.shared import BoardName, fail
from shuttergate.errors import ShuttergateError, phrase
from shuttergate.lang import _

if TYPE_CHECKING:
    from shuttergate.bench.scenario.run import Options, Sheet


LATENCY = Path("latency")
CYCLES = 100


def bench(
    scenarios: Annotated[
        list[Path],
        typer.Argument(
            metavar=_("SCENARIO.toml|latency"),
            help=_("Scenarios, or folders of them; or: from light to line, and press to file."),
        ),
    ],
    board: BoardName = None,
    wires: Annotated[
        Path | None,
        typer.Option(
            metavar=_("FILE.toml"), help=_("The bench's own lines to a kit with real pins.")
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar=_("FILE.xml"), help=_("Write the results as JUnit XML."))
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar=_("FILE.html"), help=_("Write a report with timelines."))
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help=_("Kits at a time; only on simulated boards."))
    ] = 1,
    slow: Annotated[
        float,
        typer.Option(min=1, max=5, help=_("Stretch every time, for a machine so much slower.")),
    ] = 1.0,
    repeat: Annotated[
        int | None,
        typer.Option(
            min=1, help=_("Soak: play one scenario so often on one kit. Latency: so many cycles.")
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.001, help=_("Soak: play it again for so long."))
    ] = None,
    set_clock: Annotated[
        bool,
        typer.Option("--set-clock", help=_("Scenarios may set this computer's clock (root).")),
    ] = False,
) -> None:
    """Exit status: 0 what can be run here held, 1 something did not or nothing ran, 2 usage."""
    from shuttergate.bench.scenario import page
    from shuttergate.bench.scenario import run as stage
    from shuttergate.bench.scenario.report import Run, counts, words, write_junit
    from shuttergate.bench.scenario.wires import read_wires

    if junit is not None and (repeat is not None or hours is not None or LATENCY in scenarios):
        fail(phrase("--junit: for scenarios that are played once; take it out"), 2)
    if jobs > 1 and wires is not None:
        fail(phrase("--jobs: there is one set of wires; play one kit at a time"), 2)
    if LATENCY in scenarios and (len(scenarios) > 1 or report is not None or hours is not None):
        said = phrase("latency: stands alone, with --board, --wires, --slow and --repeat only")
        fail(said, 2)
    try:
        for path in (junit, report):
            _writable(path)  # before minutes are spent
        if report is not None:
            page.check()
        found = None if wires is None else read_wires(wires)
        options = stage.Options(board, slow, jobs, set_clock, found)
        if scenarios == [LATENCY]:
            raise typer.Exit(_latency(options, repeat or CYCLES))
        sheets = stage.read_all(scenarios, options)
    except ShuttergateError as error:
        fail(error, 2)
    if repeat is not None or hours is not None:
        raise typer.Exit(_soak(sheets, options, repeat, hours, report))
    done: list[Run] = []
    with _progress() as bar:
        total = sum(one.scenario.seconds for one in sheets)
        task = bar.add_task(_("playing"), total=total)
        played: dict[int, float] = {}

        def tick(sheet: Sheet, at_s: float) -> None:
            played[id(sheet)] = at_s
            bar.update(task, completed=sum(played.values()))

        for run in stage.play_all(sheets, options, tick):
            done.append(run)
            typer.echo(words(run))
    if junit is not None:
        write_junit(done, junit)
    if report is not None:
        report.write_text(page.render(done, _("Scenarios on the bench")), encoding="utf-8")
    typer.echo(counts(done))
    # What was not run at all has shown nothing.
    failed = any(not one.held and not one.skipped for one in done)
    raise typer.Exit(int(failed or all(one.skipped for one in done)))


def _writable(path: Path | None) -> None:
    folder = None if path is None else path.parent
    if path is not None and path.is_dir():
        fail(phrase("{path}: is a folder; name a file in it", path=path), 2)
    if folder is not None and not (folder.is_dir() and os.access(folder, os.W_OK)):
        said = phrase(
            "{path}: its folder is not there, or may not be written; name another file", path=path
        )
        fail(said, 2)


def _latency(options: Options, cycles: int) -> int:
    from shuttergate.bench.scenario.latency import measure

    with _progress() as bar:
        task = bar.add_task(_("measuring"), total=cycles)
        found = measure(options, cycles, lambda number: bar.update(task, completed=number))
    Console().print(found.table())
    return 0


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    live = sys.stderr.isatty()
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not live)


def _soak(
    sheets: Sequence[Sheet],
    options: Options,
    repeat: int | None,
    hours: float | None,
    report: Path | None,
) -> int:
    from shuttergate.bench.scenario import page, soak
    from shuttergate.bench.scenario.report import words

    if len(sheets) != 1:
        fail(phrase("--repeat, --hours: one scenario at a time; name one file"), 2)
    seconds = None if hours is None else hours * 3600
    whole_s = seconds or sheets[0].scenario.seconds * (repeat or 1)
    with _progress() as bar:
        task = bar.add_task(_("playing"), total=whole_s)
        try:
            soaked = soak.soak(
                sheets[0],
                options,
                repeat,
                seconds,
                lambda run: typer.echo(words(run)),
                lambda at_s: bar.update(task, completed=at_s),
            )
        except ShuttergateError as error:
            fail(error, 1)
    if report is not None:
        text = page.render(soaked.failed, sheets[0].scenario.heading(), soaked)
        report.write_text(text, encoding="utf-8")
    typer.echo(soak.words(soaked))
    return int(not soaked.held)
