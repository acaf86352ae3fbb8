"""What the commands share: options, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from shuttergate.errors import ShuttergateError
from shuttergate.lang import _

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help=_("TOML file; see shuttergate.example.toml."))
]
BoardName = Annotated[str | None, typer.Option("--board", help=_("Board, as in `board list`."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("One JSON object a line."))]


def fail(error: Exception | str, status: int) -> NoReturn:
    typer.echo(f"shuttergate: {error}", err=True)
    raise typer.Exit(status)


def refusing(action: Callable[[], None]) -> None:
    try:
        action()
    except ShuttergateError as error:
        fail(error, 1)
