"""The command `board`: what a kit is made of, and how its wires go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from shuttergate.board import board_file, board_names, read_board
from shuttergate.commands.shared import ConfigFile, fail
from shuttergate.config import read_config, read_kit
from shuttergate.errors import ConfigError, cause_of, phrase
from shuttergate.lang import LANGUAGE, N_, _

COMMENTS = (
    N_("A laptop and its webcam: a real camera, the models on the CPU, simulated pins."),
    N_(
        "The simulated board: no hardware, the same software. "
        "What differs is the wire, and it is imitated."
    ),
    N_("Raspberry Pi 4 or 5, camera, no accelerator. Not yet seen on real hardware."),
    N_("Raspberry Pi 4 Model B, camera, Coral USB Accelerator. Not yet seen on real hardware."),
    N_("Raspberry Pi 5, camera, Coral USB Accelerator. Not yet seen on real hardware."),
    N_("at most, of the sensor's own shape: as large as the second look affords"),
    N_("largest picture; the webcam's largest mode within it is used"),
    N_("as large as the second look affords; a larger one is reduced to leave"),
    N_("at most; a kit's own settings lower it to what was measured"),
    N_("degrees clockwise that bring the picture upright"),
    N_("true: left and right swapped, as in a mirror"),
    N_("libcamera's names; left empty, it sees to exposure and focus itself"),
    N_("a mode of each that shows its whole field, 2 x 2 pixels as one"),
    N_("through PyAV: pip install 'shuttergate[video]'"),
    N_("which one: ls /dev/video*"),
    N_("the kernel's gpiochip"),
    N_("gpiozero's mock pins, with the button's wiring simulated"),
    N_("BCM numbers"),
    N_("BCM numbers; `shuttergate board wiring pi-cpu` draws them"),
    N_("BCM numbers; `shuttergate board wiring pi4-coral-usb` draws them"),
    N_("BCM numbers; `shuttergate board wiring pi5-coral-usb` draws them"),
    N_("the permissive: gives the shutter button its current"),
    N_("the button's gated pole; pull-down"),
    N_("the button's second pole, not gated: lamp, buzzer, log and questions only"),
    N_("the Coral USB Accelerator, never another one"),
    N_("without the Coral the gate stays closed; the CPU does not stand in"),
    N_("of each channel's interpreter"),
    N_("of each channel's interpreter that runs on the CPU"),
    N_("of each channel's interpreter; two cores are left for the camera"),
    N_("both look at every press"),
    N_("judges every frame of a video besides"),
)
"""What the comments of our boards say, for the catalogue; names of cameras are no words."""

Name = Annotated[str, typer.Argument(metavar=_("NAME"), help=_("Board, as in `board list`."))]

board_app = typer.Typer(no_args_is_help=True, help=_("Boards: what a kit is made of."))


@board_app.command("list", help=_("List the boards."))
def board_list() -> None:
    """A line a board."""
    for name in board_names():
        typer.echo(f"{name:<16} {read_board(name).title.get(LANGUAGE, name)}")


@board_app.command("show", help=_("Show a board's description."))
def board_show(name: Name) -> None:
    """The board.toml, read and checked; our comments in the reader's language."""
    try:
        read_board(name)
    except ConfigError as error:
        fail(error, 1)
    text = board_file(name).read_text("utf-8-sig")
    typer.echo(re.sub(r"(?<=# ).+", lambda comment: _commented(comment[0]), text), nl=False)


def _commented(text: str) -> str:
    return _(text) if text in COMMENTS else text


@board_app.command("wiring", help=_("Draw the header with the pins in use."))
def board_wiring(
    name: Name,
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
