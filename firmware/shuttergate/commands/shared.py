"""What the commands share: options, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer

from shuttergate.config import Config, LookSettings, PageSettings, read_config, read_kit
from shuttergate.errors import ConfigError, Phrase, ShuttergateError, listed, phrase
from shuttergate.lang import _

if TYPE_CHECKING:
    from shuttergate.console.access import LanMay

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help=_("TOML file; see shuttergate.example.toml."))
]
BoardName = Annotated[str | None, typer.Option("--board", help=_("Board, as in `board list`."))]
Lan = Annotated[
    bool,
    typer.Option(
        "--lan", help=_("For phones and projectors in the same network, too, with a pairing code.")
    ),
]
LanMayDo = Annotated[
    str,
    typer.Option(
        metavar="look|teach|press|break",
        help=_(
            "What other devices may do; each includes those before it. A real button no page "
            "presses."
        ),
    ),
]
LanAt = Annotated[
    str,
    typer.Option(
        metavar=_("NAME:PORT"),
        help=_(
            "Where they reach the page, if not at this computer's own addresses: a container's "
            "published port."
        ),
    ),
]
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


def what_lan_may(said: str) -> LanMay:
    """Return what other devices may do; a word that is none ends the command with status 2."""
    from shuttergate.console.access import LanMay

    if said not in list(LanMay):
        words = phrase(
            "--lan-may: there is no {name!r}; choose from {known}",
            name=said,
            known=listed(LanMay),
        )
        fail(words, 2)
    return LanMay(said)


def reached_at(config: Config, said: str) -> Config:
    """Return the settings with a page that others reach there; what is no such place ends the
    command with status 2."""
    try:
        page = msgspec.convert({"lan_at": said.lower()}, PageSettings)
    except msgspec.ValidationError:
        words = phrase("--lan-at: {said!r} is no name with a port, as localhost:8080 is", said=said)
        fail(words, 2)
    own = msgspec.structs.replace(config.page, lan_at=page.lan_at)
    return msgspec.structs.replace(config, page=own)


def fail(error: ShuttergateError | Phrase, status: int) -> NoReturn:
    """End the command with the cause and the mend, in the language of who reads it."""
    typer.echo(f"shuttergate: {error.told()}", err=True)
    raise typer.Exit(status)


def refusing(action: Callable[[], None]) -> None:
    try:
        action()
    except ShuttergateError as error:
        fail(error, 1)
