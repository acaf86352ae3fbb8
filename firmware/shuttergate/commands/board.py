"""The command `board`: what a kit is made of, and how its wires go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from shuttergate.board import board_file, board_names, read_board
from shuttergate.commands.shared import ConfigFile, fail
from shuttergate.config import read_config, read_kit
from shuttergate.errors import ConfigError, cause_of, phrase
from shuttergate.lang import LANGUAGE, _

board_app = typer.Typer(no_args_is_help=True, help=_("Boards: what a kit is made of."))


@board_app.command("list", help=_("List the boards."))
def board_list() -> None:
    """A line a board."""
    for name in board_names():
        typer.echo(f"{name:<16} {read_board(name).title.get(LANGUAGE, name)}")


@board_app.command("show", help=_("Show a board's description."))
def board_show(name: str) -> None:
    """The board.toml, read and checked."""
    try:
        read_board(name)
    except ConfigError as error:
        fail(error, 1)
    typer.echo(board_file(name).read_text("utf-8-sig"), nl=False)


@board_app.command("wiring", help=_("Draw the header with the pins in use."))
def board_wiring(
    name: str,
    svg: Annotated[
        Path | None,
        typer.Option(metavar=_("FILE"), help=_("Write the whole wiring as a drawing for A4.")),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """BCM and physical numbers; status 1 where the board is unknown or FILE cannot be written."""
    from shuttergate.print.drawing import draw_svg
    from shuttergate.print.header import draw

    try:
        settings = msgspec.structs.replace(read_config(config), board=name)
        kit = read_kit(settings, config)
        if kit.gpio.is_simulated:
            said = phrase(
                "{board}: button and lamps are simulated; there is nothing to solder", board=name
            )
            fail(said, 1)
        if svg is None:
            typer.echo(draw(kit))
        else:
            svg.write_text(draw_svg(kit, LANGUAGE), encoding="utf-8")
    except ConfigError as error:
        fail(error, 1)
    except OSError as error:
        said = phrase(
            "{file}: {cause}; name a file that can be written", file=svg, cause=cause_of(error)
        )
        fail(said, 1)
