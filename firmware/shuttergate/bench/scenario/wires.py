"""Real wires from the bench to a kit: press out, permissive in, and a lamp.

The bench's lines may be spare pins of the kit's own chip, or lines of a second one. `docs/bench.md`
says what is connected to what.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.clock import since_boot_s
from shuttergate.errors import ConfigError, PanelError
from shuttergate.panel.chip import import_lgpio
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system.library_words import error_words
from shuttergate.system.toml import Table, decode

Line = Annotated[int, Meta(ge=0, le=511)]

LIT, UNLIT = "card", "clear"
"""What a lamp in a dark box with the test card can show: the card, or nothing to speak of."""

STEP_S = 0.0005


class BenchWires(Table, frozen=True):
    """Lines by their offsets on the chip ``/dev/gpiochip<chip>``.

    ``press``: output, high is pressed; it switches the button's poles through a relay, an
    optocoupler or a transistor. ``permissive``: input, from the permissive line. ``lamp``: output.
    """

    chip: Annotated[int, Meta(ge=0, le=63)]
    press: Line
    permissive: Line
    lamp: Line | None = None


def read_wires(path: Path) -> BenchWires:
    """Return the wires at `path`; raise `ConfigError` naming file and key."""
    found = decode(path, BenchWires)
    if len({found.press, found.permissive, found.lamp}) < 3:
        raise ConfigError(
            "{path}: press, permissive, lamp: each needs a line of its own", path=path
        )
    return found


KIT_CHIP = 0
"""The chip on which gpiozero finds a kit's pins."""


class Held:
    """A line of the kit's own chip that this process holds. Raises `PanelError`."""

    def __init__(self, line: int) -> None:
        self._lgpio: Any = _lgpio()
        try:
            self._chip = self._lgpio.gpiochip_open(KIT_CHIP)
            self._lgpio.gpio_claim_input(self._chip, line)
        except self._lgpio.error as error:
            raise PanelError(
                "/dev/gpiochip{chip} line {line}: {error}",
                chip=KIT_CHIP,
                line=line,
                error=error_words(error),
            ) from error

    def close(self) -> None:
        """Let it go."""
        self._lgpio.gpiochip_close(self._chip)


def _lgpio() -> Any:
    import_lgpio()  # where its FIFO does no harm
    import lgpio

    return lgpio


class Metered:
    """What hookups to a real gpiochip share: the meter's readings, and a line that is taken."""

    def __init__(self, enable: int) -> None:
        self._enable = enable
        self._held: Held | None = None
        self._found: queue.SimpleQueue[tuple[float, bool]] = queue.SimpleQueue()

    def hold(self) -> None:
        """Take the permissive line, as another program would, before the kit can."""
        self._held = Held(self._enable)

    def levels(self, news: Sequence[feed.News]) -> list[tuple[float, bool]]:
        """Return the line's changes."""
        found = []
        while not self._found.empty():
            found.append(self._found.get())
        return found

    def close(self) -> None:
        """Let the line go."""
        if self._held is not None:
            self._held.close()


class Wired(Metered):
    """A kit's real pins, reached through the bench's own lines by lgpio.

    Raises `PanelError` where a line cannot be had.
    """

    def __init__(self, kit: Supervisor, board: Board, wires: BenchWires) -> None:
        super().__init__(board.pins.enable)
        self._kit = kit
        self._wires = wires
        self._staged = board.camera.is_simulated
        self.breaks: Mapping[str, Callable[[bool], None]] = {}
        lgpio = self._lgpio = _lgpio()
        try:
            self._chip = lgpio.gpiochip_open(wires.chip)
            lgpio.gpio_claim_input(self._chip, wires.permissive, lgpio.SET_PULL_DOWN)
            for line in (wires.press, wires.lamp):
                if line is not None:
                    lgpio.gpio_claim_output(self._chip, line, 0)
        except lgpio.error as error:
            raise PanelError(
                "the bench's lines on /dev/gpiochip{chip}: {error}; look at --wires",
                chip=wires.chip,
                error=error_words(error),
            ) from error
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        shown = False
        while not self._end.wait(STEP_S):
            high = self._lgpio.gpio_read(self._chip, self._wires.permissive) == 1
            if high != shown:
                shown = high
                self._found.put((since_boot_s(), high))

    @property
    def slowest_s(self) -> float:
        """Nothing: real copper."""
        return 0.0

    def finger(self, down: bool) -> None:
        """Press the button, or let it go."""
        self._lgpio.gpio_write(self._chip, self._wires.press, int(down))

    def show(self, scene: str, exposures: int) -> None:
        """Change the stage of a simulated camera; before a real one, light the lamp or put it out.

        Raises `ConfigError` for what a lamp cannot show.
        """
        if self._staged:
            self._kit.show(scene, exposures)
        elif self._wires.lamp is None or scene not in (LIT, UNLIT) or exposures:
            raise ConfigError(
                "show {scene!r}: before a real camera a lamp shows {lit!r} or "
                "{unlit!r}, without counting exposures; name its line in --wires",
                scene=scene,
                lit=LIT,
                unlit=UNLIT,
            )
        else:
            self._lgpio.gpio_write(self._chip, self._wires.lamp, int(scene == LIT))

    def close(self) -> None:
        """Let the button go, the lamp out, and every line free."""
        self._end.set()
        self._thread.join()
        self._lgpio.gpiochip_close(self._chip)
        super().close()
