"""`shuttergate doctor` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from shuttergate.board import Board
from shuttergate.columns import padded
from shuttergate.commands.shared import AsJson, BoardName, ConfigFile, configured, fail
from shuttergate.config import Config, LookSettings, read_kit
from shuttergate.errors import ShuttergateError, cause_of, listed, phrase
from shuttergate.lang import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shuttergate.commands.measure import Took
    from shuttergate.examination import Examined


def doctor(
    as_json: AsJson = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help=_("Instead: time the models here; which can look live, at which rate?"),
        ),
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help=_("Write what --measure finds into the --config FILE.")),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar=_("FILE.json"),
            help=_("Write all that is found, times included, into a file for the project."),
        ),
    ] = None,
    board: BoardName = None,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0, or 1 for any fault, or for a machine that is too slow for its board."""
    from shuttergate.commands import doctor as surgery
    from shuttergate.examination import Examined

    if measure and report is not None:
        fail(phrase("--report: times the models itself; leave out --measure"), 2)
    if write and (not measure or config is None or board is not None):
        said = phrase(
            "--write: needs --measure, and --config FILE with the settings that it goes into; "
            "the board is the one that they name"
        )
        fail(said, 2)
    if measure:
        raise typer.Exit(_measured(as_json, config if write else None, board, config))
    settings = configured(config, board)
    kit = read_kit(settings, config)
    if report is not None:
        raise typer.Exit(_report(report, settings, kit))
    findings = []
    for finding in surgery.examine(settings, kit):
        if not isinstance(finding, Examined):
            continue
        findings.append(finding)
        if as_json:
            typer.echo(msgspec.json.encode(finding.english).decode())
        else:
            for line in _lines(finding):
                typer.echo(line)
    raise typer.Exit(int(any(finding.health == "fault" for finding in findings)))


def _lines(finding: Examined) -> Iterator[str]:
    """Yield a finding for people: how a part is and what was seen, and the mend below it."""
    healths = {"ok": _("ok"), "warning": _("warning"), "fault": _("fault")}
    parts = {
        "camera": _("camera"),
        "accelerator": _("accelerator"),
        "gpio": _("gpio"),
        "gpio after a crash": _("gpio after a crash"),
        "nudity rule": _("nudity rule"),
        "disk": _("disk"),
        "walls": _("walls"),
        "sound": _("sound"),
        "memory": _("memory"),
        "power": _("power"),
        "storage": _("storage"),
        "clock": _("clock"),
        "service": _("service"),
    }
    kind, _space, name = finding.part.rpartition(" ")
    kinds = {"model": _("model {name}"), "taught rule": _("taught rule {name}")}
    part = kinds[kind].format(name=name) if kind in kinds else finding.part
    seen, mend = finding.told()
    health = padded(healths[finding.health], 8)
    yield f"{health} {padded(parts.get(part, part), 18)} {seen}"
    if mend:
        yield f"{'':<8} {'':<18} → {mend}"


def _report(path: Path, config: Config, board: Board) -> int:
    from shuttergate.commands import report

    found = report.sendable(report.collect(config, board), config, report.secrets())
    try:
        report.write(path, found)
    except OSError as error:
        why = phrase(
            "{path}: {cause}; name a file in a folder that you may write to",
            path=path,
            cause=cause_of(error),
        )
        fail(why, 1)
    said = _("Written: {file}. Read it before you send it: it says what is in this kit.")
    typer.echo(said.format(file=path))
    return int(any(one.health == "fault" for one in found.findings))


def _measured(as_json: bool, into: Path | None, board_name: str | None, config: Path | None) -> int:
    from datetime import UTC, datetime

    from shuttergate.commands import measure

    settings = configured(config, board_name, looks=False)
    board = read_kit(settings, config)
    try:
        took, away = measure.measure(board)
        figures = measure.times(took, away, board.channels.all)
        for one in figures:
            typer.echo(msgspec.json.encode(one).decode() if as_json else measure.time_words(one))
        if away:
            why = phrase(
                "{channels}: without its time nothing follows for the channels together; mend what "
                "is said above, and measure again",
                channels=listed(away),
            )
            fail(why, 1)
        found = measure.advise(took, board, settings.gate.slowest_fps)
        for line in [msgspec.json.encode(found).decode()] if as_json else measure.words(found):
            typer.echo(line)
        # A slower rate makes every frame's way longer: as the kit will look, and not as the board.
        looks = LookSettings(found.live, found.fps) if found.live else LookSettings()
        looking = read_kit(msgspec.structs.replace(settings, looks=looks), config)
        keeps_up = _opens(as_json, settings, looking, took) and bool(found.live)
        if into is not None and keeps_up:
            today = datetime.now(UTC).date().isoformat()
            measure.write(into, found, measure.table(found, figures, today))
        if into is not None and not as_json:
            said = _("Written into {file}; it counts from the kit's next start.")
            said = said if keeps_up else _("Nothing was written into {file}.")
            typer.echo(said.format(file=into))
    except ShuttergateError as error:
        fail(error, 1)
    return int(not keeps_up)


def _opens(as_json: bool, config: Config, board: Board, took: Took) -> bool:
    """Tell what a frame's age is made of; return whether a gate can open by what is known of it.

    A camera that gives no frame yet does not change what the models can do here.
    """
    from shuttergate.commands import budget, measure
    from shuttergate.examination import CameraTimes, Examined, hardware

    can_open = True
    for one in hardware(config, board, ["camera"]):
        if isinstance(one, CameraTimes):
            models_ms = measure.together_s(took, board.channels.live) * 1000
            age = budget.budget(one, models_ms, config.gate.max_age_ms)
            can_open = age.left_ms > 0
            for line in [msgspec.json.encode(age).decode()] if as_json else budget.words(age):
                typer.echo(line)
        elif isinstance(one, Examined) and one.health == "fault":
            said = _("The camera gave no frame: {why}").format(why=one.told()[0])
            typer.echo(msgspec.json.encode(one.english).decode() if as_json else said)
    return can_open
