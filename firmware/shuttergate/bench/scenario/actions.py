"""A script as a list of things to do, each at its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shuttergate.bench.scenario.faults import Faults
from shuttergate.bench.scenario.hookup import Hookup
from shuttergate.bench.scenario.names import BREAKS, SCENES, named
from shuttergate.bench.scenario.script import Scenario, ScriptPress, presses
from shuttergate.errors import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do at a time of the script."""

    at_s: float
    what: Phrase
    do: Callable[[], None]


def actions(
    script: Scenario, hookup: Hookup, faults: Faults, pressed: Callable[[float], None]
) -> list[Action]:
    """Return all that the script does, in its order; ``pressed(hold_s)`` hears of each press."""
    found = []
    for show in script.show:
        shows = phrase("shows {scene}", scene=named(SCENES, show.scene))
        if show.exposures:
            shows = phrase("{shows} for {n} exposures", shows=shows, n=show.exposures)
        found.append(
            Action(
                show.at_s,
                shows,
                lambda show=show: hookup.show(show.scene, show.exposures),  # type: ignore[misc]
            )
        )
    for at_s, press in presses(script):
        found += _finger(at_s, press, hookup, pressed)
    for fault in script.fault:
        found.append(
            Action(
                fault.at_s,
                phrase("breaks: {fault}", fault=named(BREAKS, fault.what)),
                lambda what=fault.what: faults.set(what, True),  # type: ignore[misc]
            )
        )
        if fault.until_s is not None:
            found.append(
                Action(
                    fault.until_s,
                    phrase("mends: {fault}", fault=named(BREAKS, fault.what)),
                    lambda what=fault.what: faults.set(what, False),  # type: ignore[misc]
                )
            )
    return sorted(found, key=lambda one: one.at_s)


def _finger(
    at_s: float, press: ScriptPress, hookup: Hookup, pressed: Callable[[float], None]
) -> Iterator[Action]:
    def down() -> None:
        pressed(press.hold_s)
        hookup.finger(True)

    def to(level: bool) -> Callable[[], None]:
        return lambda: hookup.finger(level)

    yield Action(at_s, phrase("presses the button"), down)
    for start_s, last in ((at_s, True), (at_s + press.hold_s, False)):
        level, edge_s = last, start_s
        if not last:
            yield Action(start_s, phrase("lets go"), to(False))
        for duration_ms in press.bounce_ms:
            edge_s += duration_ms / 1000
            level = not level
            yield Action(edge_s, phrase("bounces"), to(level))
        if level is not last:
            yield Action(edge_s + 0.002, phrase("bounces"), to(last))
