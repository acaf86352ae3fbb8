"""`shuttergate bench latency`: from light to line, and from press to file, many times over.

On the simulated board "light" is a change of the stage. On a kit with real pins it is a lamp in a
dark box with the test card, which the bench switches (`wires.py`): what is measured then has
sensor, driver, model, gate and wire in it, from photon to line.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.table import Table

from shuttergate.bench.scenario.album_expectations import PhotoCount
from shuttergate.bench.scenario.run import Options
from shuttergate.bench.scenario.script import Scenario, ScriptShow, stretched
from shuttergate.bench.scenario.stand import Stand
from shuttergate.clock import since_boot_s
from shuttergate.config import Config
from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.lang import _

CARD, CLEAR = "card", "clear"
GIVE_UP_S = 30.0
PRESS_S = 0.1
LEAST_FOR_P99 = 100


@dataclass
class Latencies:
    """Milliseconds of every cycle, by what was timed."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        """Add one."""
        self.ms.setdefault(what, []).append(seconds * 1000)

    def table(self) -> Table:
        """Return median, 99th percentile and worst of each."""
        table = Table(_("from … to …"), _("n"), _("median"), _("p99"), _("worst"))
        for what, ms in self.ms.items():
            middle, high = np.percentile(ms, (50, 99))
            row = [f"{value:.1f} ms" for value in (middle, high, max(ms))]
            row[1] = row[1] if len(ms) >= LEAST_FOR_P99 else "–"
            table.add_row(what, str(len(ms)), *row)
        return table


def measure(options: Options, cycles: int, tick: Callable[[int], object]) -> Latencies:
    """Measure so many cycles of light, line and press on one kit; `tick` hears of each.

    Raises `ShuttergateError` where the kit does not do what it should within `GIVE_UP_S`.
    """
    kit = Config() if options.board is None else Config(board=options.board)
    kit = stretched(kit, options.slow)
    scenario = Scenario(
        title="latency",
        seconds=1.0,
        must=[PhotoCount(0)],
        kit=kit,
        show=[ScriptShow(0.0, CLEAR), ScriptShow(0.5, CARD)],
    )
    found, dice = Latencies(), random.Random(1)
    with Stand(scenario, Path.cwd(), options.wires) as stand:
        stand.hookup.show(CLEAR, 0)
        stand.start(options.slow)
        stand.begin()
        cycle = _Cycle(stand, found, options.slow)
        for number in range(cycles):
            tick(number)
            cycle.line(True)
            cycle.wait(dice.uniform(0.3, 0.5))  # the button is seen released, at any phase
            cycle.press()
            cycle.wait(dice.uniform(0.2, 0.4))
            stand.hookup.show(CARD, 0)
            cycle.line(False, _("light to line low"))
            cycle.wait(dice.uniform(0.0, 0.1))
            stand.hookup.show(CLEAR, 0)
            cycle.line(True, _("light off to line high, with the hold-off"))
        stand.stop(stand.begin())
    return found


class _Cycle:
    """The steps of one cycle, each timed from what the bench itself did."""

    def __init__(self, stand: Stand, found: Latencies, patience: float) -> None:
        self._stand = stand
        self._found = found
        self._patience = patience

    def wait(self, seconds: float) -> None:
        """Watch for so long, or longer on a slow machine."""
        until_s = since_boot_s() + seconds * self._patience
        while (left_s := until_s - since_boot_s()) > 0:
            self._stand.watch(left_s)

    def line(self, high: bool, what: str = "") -> None:
        """Wait for the line; its time counts where it is named."""
        record = self._stand.begin()
        self._until(
            lambda: record.levels[-1][1] is high,
            phrase("the line"),
            phrase("high") if high else phrase("low"),
        )
        if what:
            self._found.add(what, record.levels[-1][0])

    def press(self) -> None:
        """Press, and wait for the photo."""
        record = self._stand.begin()
        self._stand.hookup.finger(True)
        self.wait(PRESS_S)
        self._stand.hookup.finger(False)
        self._until(lambda: bool(record.events("photo")), phrase("a photo"), phrase("in the album"))
        (photo, *_rest) = record.events("photo")
        self._found.add(_("press to durable file"), photo.at_s)

    def _until(self, true: Callable[[], bool], what: Phrase, state: Phrase) -> None:
        until_s = since_boot_s() + GIVE_UP_S * self._patience
        while not true():
            self._stand.watch(0.05)
            if since_boot_s() > until_s:
                raise ShuttergateError(
                    "{what} was not {state} within {limit_s:.0f} s; look at the "
                    "wires, the lamp and the card",
                    what=what,
                    state=state,
                    limit_s=GIVE_UP_S * self._patience,
                )
