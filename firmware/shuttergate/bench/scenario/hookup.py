"""How the bench touches a kit's wires: by imitation, or in earnest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from shuttergate import feed
from shuttergate.bench.scenario.gpiosim import Bank, Copper, simulated_line
from shuttergate.bench.scenario.wires import BenchWires, Metered, Wired
from shuttergate.board import Board
from shuttergate.clock import since_boot_s
from shuttergate.errors import ConfigError, Phrase, phrase
from shuttergate.injection import FaultSwitch
from shuttergate.parent.supervisor import Supervisor

Switch = Callable[[bool], None]


class Hookup(Protocol):
    """A finger on the button, a scene before the camera, and a meter on the permissive line.

    ``breaks``: what can be broken in these wires, by the fault's name. ``slowest_s``: how late the
    imitated copper was at worst.
    """

    breaks: Mapping[str, Switch]

    @property
    def slowest_s(self) -> float:
        """See above."""

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""

    def show(self, scene: str, exposures: int) -> None:
        """Have the camera see `scene`, for so many exposures only unless 0."""

    def hold(self) -> None:
        """Take the permissive line, as another program would, before the kit can."""

    def levels(self, news: Sequence[feed.News]) -> list[tuple[float, bool]]:
        """Return the line's changes since last asked: time since boot and level."""

    def close(self) -> None:
        """Let every wire go."""


class Simulated:
    """The simulated board: its wiring is in the gate process, and so is the meter."""

    def __init__(self, kit: Supervisor) -> None:
        self._kit = kit
        self._high = False
        self._known_s = 0.0
        self.breaks: Mapping[str, Switch] = {}  # injected, as all else in that process

    @property
    def slowest_s(self) -> float:
        """Nothing: a change of level is felt in the same call."""
        return 0.0

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""
        self._kit.finger(down)

    def show(self, scene: str, exposures: int) -> None:
        """Change the stage."""
        self._kit.show(scene, exposures)

    def hold(self) -> None:
        """Nobody else has these pins."""

    def levels(self, news: Sequence[feed.News]) -> list[tuple[float, bool]]:
        """Return the line's changes; where the process ended, the pull-down holds the line."""
        found = []
        for one in news:
            match one:
                # The meter's word of a change, or the gate's next one where that was lost. What is
                # older than the newest that is known was overtaken on its way.
                case feed.Level(high=high, at_s=at_s) | feed.Status(line=bool(high), at_s=at_s) if (
                    high != self._high and at_s >= self._known_s
                ):
                    found.append((at_s, high))
                    self._high, self._known_s = high, at_s
                case feed.ChildEnded(process="gate") if self._high:
                    found.append((since_boot_s(), False))
                    self._high = False
        return found

    def close(self) -> None:
        """Nothing to let go of."""


class OnGpioSim(Metered):
    """A board whose chip is the kernel's gpio-sim: real drivers, imitated copper."""

    def __init__(self, kit: Supervisor, board: Board) -> None:
        super().__init__(board.pins.enable)
        self._kit = kit
        pins = board.pins
        self._copper = Copper(
            Bank(),
            pins.enable,
            pins.shutter,
            pins.shutter_sense,
            lambda at_s, high: self._found.put((at_s, high)),
        )
        self.breaks: Mapping[str, Switch] = {
            FaultSwitch.CONTACT_SHORTED: lambda on: setattr(self._copper, "supply", on),
            FaultSwitch.BUTTON_WELDED: lambda on: setattr(self._copper, "welded", on),
            FaultSwitch.SENSE_CUT: lambda on: setattr(self._copper, "sense_cut", on),
        }

    @property
    def slowest_s(self) -> float:
        """How late the copper was."""
        return self._copper.slowest_s

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""
        self._copper.finger = down

    def show(self, scene: str, exposures: int) -> None:
        """Change the stage."""
        self._kit.show(scene, exposures)

    def close(self) -> None:
        """Let no more current flow."""
        self._copper.close()
        super().close()


def why_not_hooked_up(board: Board, wires: BenchWires | None) -> Phrase | None:
    """Return why nothing here touches this board's wires, or nothing."""
    if board.gpio.is_simulated or wires is not None or simulated_line() is not None:
        return None
    return phrase(
        "the board {board} has real pins: name the bench's own with --wires FILE.toml",
        board=board.name,
    )


def hook_up(kit: Supervisor, board: Board, wires: BenchWires | None) -> Hookup:
    """Return what touches this board's wires; raise `ConfigError` where nothing can."""
    if why := why_not_hooked_up(board, wires):
        raise ConfigError.of(why)
    if board.gpio.is_simulated:
        return Simulated(kit)
    return OnGpioSim(kit, board) if wires is None else Wired(kit, board, wires)
