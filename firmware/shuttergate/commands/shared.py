"""What the commands share: options, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from shuttergate.config import Config, LookSettings, read_config, read_kit
from shuttergate.errors import ConfigError, Phrase, ShuttergateError
from shuttergate.lang import _

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help=_("TOML file; see shuttergate.example.toml."))
]
BoardName = Annotated[str | None, typer.Option("--board", help=_("Board, as in `board list`."))]
PackName = Annotated[str, typer.Argument(metavar=_("PACK"), help=_("Pack, as in `model list`."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("One JSON object a line."))]


def configured(file: Path | None, board: str | None = None, looks: bool = True) -> Config:
    """Read and check the whole configuration; a mistake ends the command with status 2.

    Without ``looks`` it has the board's own: these are to be found anew.
    """
    try:
        config = read_config(file)
        if not looks:
            config = msgspec.structs.replace(config, looks=LookSettings())
        if board is not None:
            config = msgspec.structs.replace(config, board=board)
        read_kit(config, file)
    except ConfigError as error:
        fail(error, 2)
    return config


def fail(error: ShuttergateError | Phrase, status: int) -> NoReturn:
    """End the command with the cause and the mend, in the language of who reads it."""
    typer.echo(f"shuttergate: {error.told()}", err=True)
    raise typer.Exit(status)


def refusing(action: Callable[[], None]) -> None:
    try:
        action()
    except ShuttergateError as error:
        fail(error, 1)
