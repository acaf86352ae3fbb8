"""A board: what a kit is made of, from device/<board>/board.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shuttergate.errors import ConfigError, listed, phrase
from shuttergate.legible import CUTS
from shuttergate.system.paths import share
from shuttergate.system.toml import Table, decode, path_of

_Side = Annotated[int, Meta(ge=64, le=16384, multiple_of=2)]

RESERVED_PINS = {
    0: phrase("the HAT's identity EEPROM"),
    1: phrase("the HAT's identity EEPROM"),
}

PULLED_UP = {2: "I2C", 3: "I2C", 14: phrase("the serial console")}
"""A line let go must fall: these have pull-ups on the board, or are driven high at boot."""


class SensorMode(Table, frozen=True):
    """A mode of a sensor: ``size`` (width, height) in pixels, and the most frames a second."""

    size: tuple[_Side, _Side]
    bit_depth: Annotated[int, Meta(ge=8, le=16)]
    fps: Annotated[float, Meta(gt=0, le=1000)]


class CameraPart(Table, frozen=True):
    """The camera: ``main_size`` is the largest picture (width, height) as the sensor gives it.

    ``rotation``: degrees clockwise that bring it upright; ``mirror`` flips it left to right before
    it is turned. ``controls`` go to libcamera as they are, by libcamera's own names; exposure and
    focus are its business unless set here. ``sensors``: which mode of which sensor is used, by the
    model that the camera says it is; for others libcamera chooses. ``device`` is the webcam's node;
    nothing else has one.
    """

    driver: Literal["simulated", "picamera2", "webcam"]
    main_size: tuple[_Side, _Side]
    fps: Annotated[float, Meta(ge=1, le=120)]
    rotation: Literal[0, 90, 180, 270] = 0
    mirror: bool = False
    device: str = "/dev/video0"
    controls: dict[str, bool | int | float | list[float]] = {}
    sensors: dict[str, SensorMode] = {}

    @property
    def is_simulated(self) -> bool:
        """Whether no real camera is asked for anything."""
        return self.driver == "simulated"

    @property
    def is_kept_by_its_library(self) -> bool:
        """Whether a library finds it once for the life of a process, as libcamera does here."""
        return self.driver == "picamera2"

    @property
    def hflip(self) -> bool:
        """Whether the driver swaps left and right: as a mirror, or as half of a turn by 180."""
        return self.mirror != self.vflip

    @property
    def vflip(self) -> bool:
        """Whether the driver turns the picture upside down: the other half of a turn by 180."""
        return self.rotation == 180

    @property
    def turn(self) -> Literal[0, 90, 270]:
        """Degrees clockwise that bring a frame's ``main`` upright: 180 the driver has flipped."""
        return 0 if self.rotation == 180 else self.rotation


class Gpio(Table, frozen=True):
    """How the pins are reached: simulated, or through lgpio on the kernel's gpiochip."""

    driver: Literal["mock", "lgpio"]

    @property
    def is_simulated(self) -> bool:
        """Whether no real pin is touched."""
        return self.driver == "mock"


class Pins(Table, frozen=True):
    """BCM numbers; a part that is not fitted is left out, but for button and permissive."""

    enable: int
    shutter: int
    shutter_sense: int | None = None
    lamp_clear: int | None = None
    lamp_blocked: int | None = None
    lamp_wait: int | None = None
    buzzer: int | None = None


class AcceleratorPart(Table, frozen=True):
    """What the models run on; ``threads`` are those of each interpreter on the CPU.

    With ``edgetpu``, packs that bring a model compiled for it run on it, through ``library`` loaded
    with ``options``. ``fallback`` says whether the CPU may stand in while the accelerator is gone.
    """

    driver: Literal["cpu", "edgetpu"]
    threads: Annotated[int, Meta(ge=1, le=8)] = 1
    library: str = "libedgetpu.so.1"
    options: dict[str, str] = {}
    fallback: Literal["never", "cpu"] = "never"


class Channels(Table, frozen=True):
    """Model packs that judge every frame, and those that look at the press.

    ``video``: those that judge every frame of a video besides those of ``look``, which always do.
    """

    live: Annotated[list[str], Meta(min_length=1)]
    look: Annotated[list[str], Meta(min_length=1)]
    video: list[str] = []

    @property
    def all(self) -> list[str]:
        """Every pack that the board opens, those that look live first."""
        return list(dict.fromkeys((*self.live, *self.look, *self.video)))

    @property
    def for_video(self) -> list[str]:
        """The packs that judge every frame of a video."""
        return list(dict.fromkeys((*self.look, *self.video)))


_Cuts = Annotated[list[Annotated[int, Meta(ge=2, le=8)]], Meta(max_length=4)]


class ViewsPart(Table, frozen=True):
    """How finely a photo and a frame of a video are looked at, and so how large they may be.

    Parts along the shorter side, level by level; see `vision.views`.
    """

    photo: _Cuts = msgspec.field(default_factory=lambda: list(CUTS))
    video: _Cuts = []


class Board(Table, frozen=True):
    """The whole of board.toml."""

    name: str
    title: dict[str, str]
    camera: CameraPart
    gpio: Gpio
    pins: Pins
    accelerator: AcceleratorPart
    channels: Channels
    views: ViewsPart = ViewsPart()


def board_names() -> list[str]:
    """Return the names of the boards that are known."""
    return sorted(path.parent.name for path in share("device").glob("*/board.toml"))


def board_file(name: str) -> Path:
    """Return where the board called `name` is described; a `name` with a slash is a path itself."""
    if "/" in name:
        return path_of(name, "board")
    names = board_names()
    if name not in names:
        raise ConfigError(
            "no board is called {name!r}; there is {names}, or name a board.toml "
            "of your own by its path",
            name=name,
            names=listed(names),
        )
    return share("device") / name / "board.toml"


def read_board(name: str) -> Board:
    """Return the board called `name`, or the one described in the file of that path.

    Raises `ConfigError` naming file and key.
    """
    path = board_file(name)
    board = decode(path, Board)
    check_pins(board.pins, path)
    if len(set(board.channels.look)) < 2:
        raise ConfigError(
            "{path}: channels.look: name two channels; both look at every press", path=path
        )
    return board


def check_pins(pins: Pins, path: Path) -> None:
    """Raise `ConfigError` where a pin is not on the header, is reserved, or is used twice."""
    used: dict[int, str] = {}
    for part, pin in msgspec.structs.asdict(pins).items():
        if pin is None:
            continue
        if not 0 <= pin <= 27:
            raise ConfigError(
                "{path}: pins.{part}: BCM {pin} is not on the header; use one of 2 to 27",
                path=path,
                part=part,
                pin=pin,
            )
        if pin in RESERVED_PINS:
            raise ConfigError(
                "{path}: pins.{part}: BCM {pin} is for {use}; use one of 2 to 27",
                path=path,
                part=part,
                pin=pin,
                use=RESERVED_PINS[pin],
            )
        if part in ("enable", "shutter") and pin in PULLED_UP:
            raise ConfigError(
                "{path}: pins.{part}: BCM {pin} is pulled up for {use}, and would "
                "read high when it is let go; use one of 9 to 27, but for 14",
                path=path,
                part=part,
                pin=pin,
                use=PULLED_UP[pin],
            )
        if pin in used:
            raise ConfigError(
                "{path}: pins.{part}: BCM {pin} is already pins.{other}; use another",
                path=path,
                part=part,
                pin=pin,
                other=used[pin],
            )
        used[pin] = part
