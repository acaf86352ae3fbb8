"""A scenario as a TOML file: what is shown, pressed and broken, when, and what must hold."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from shuttergate.bench.scenario.expectations import AnyExpectation
from shuttergate.config import Config
from shuttergate.lang import LANGUAGE
from shuttergate.system.toml import Table

Seconds = Annotated[float, Meta(ge=0, le=86400)]

BUILT_IN = (
    *("clear", "card", "far card", "dark", "room"),
    *("violet", "violet, camera upside down", "violet, camera on its side"),
)
"""Scenes that need no file: a plain blue, the test card near and far, a lens cap, the room; what
open-nsfw alone refuses where it is upright, and as cameras see it that are mounted otherwise."""


class ScriptShow(Table, frozen=True):
    """What the camera sees from ``at_s`` on; for so many exposures only, unless 0."""

    at_s: Seconds
    scene: str
    exposures: Annotated[int, Meta(ge=0, le=1000)] = 0


class ScriptPress(Table, frozen=True):
    """A finger on the button: so long, and how its contacts chatter before and after.

    ``bounce_ms``: how long each level lasts, by turns pressed and released, before the contact
    stays closed; it opens in the same way. ``every_s`` and ``times`` repeat the press.
    """

    at_s: Seconds
    hold_s: Annotated[float, Meta(gt=0, le=86400)] = 0.2
    bounce_ms: list[Annotated[float, Meta(gt=0, le=1000)]] = []
    every_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    times: Annotated[int, Meta(ge=1, le=100000)] = 1


class ScriptFault(Table, frozen=True):
    """Something breaks at ``at_s``, and is whole again at ``until_s`` where that is said."""

    at_s: Seconds
    what: str
    until_s: Seconds | None = None


class Soak(Table, frozen=True):
    """How far memory, descriptors, threads and times may drift while the script is repeated.

    The first samples, one every 20 s, are left out: caches fill, and arenas grow to their size.
    """

    settle_samples: Annotated[int, Meta(ge=1, le=1000)] = 6
    memory_mb: Annotated[float, Meta(ge=0)] = 8.0
    descriptors: Annotated[int, Meta(ge=0)] = 0
    threads: Annotated[int, Meta(ge=0)] = 0
    latency_ratio: Annotated[float, Meta(ge=1)] = 1.5


class Scenario(Table, frozen=True):
    """The whole file. ``promise``: which of the four it is about; 0 for none.

    ``kit``: settings as in the configuration file, but for the paths of a board and of taught
    rules, which are relative to the scenario. Scene and album are the bench's own. ``page``: a
    console runs beside the kit.
    """

    title: str
    seconds: Annotated[float, Meta(gt=0, le=86400)]
    must: Annotated[list[AnyExpectation], Meta(min_length=1)]
    title_ja: str = ""  # for Japanese readers
    promise: Annotated[int, Meta(ge=0, le=4)] = 0
    kit: Config = Config()
    page: bool = False
    scenes: dict[str, str] = {}
    show: list[ScriptShow] = []
    press: list[ScriptPress] = []
    fault: list[ScriptFault] = []
    soak: Soak = Soak()

    def heading(self, language: str | None = None) -> str:
        """Return the title for people, in a language as `lang.texts` has it."""
        is_japanese = (language or LANGUAGE) == "ja"
        return self.title_ja if is_japanese and self.title_ja else self.title

    def shown(self) -> list[str]:
        """Return the scenes that are needed, the one of the start first."""
        script = sorted(self.show, key=lambda one: one.at_s)
        first = [] if script and script[0].at_s == 0 else ["clear"]
        return list(dict.fromkeys([*first, *(one.scene for one in script)]))


def presses(scenario: Scenario) -> list[tuple[float, ScriptPress]]:
    """Return every press with its time, in order; a repeated one as often as it comes."""
    each = [
        (press.at_s + turn * press.every_s, press)
        for press in scenario.press
        for turn in range(press.times)
    ]
    return sorted(each, key=lambda one: one[0])


_T = TypeVar("_T", bound=msgspec.Struct)


def stretched(one: _T, factor: float) -> _T:
    """Return a table with every time in it multiplied, for a machine that is so much slower."""
    return msgspec.structs.replace(
        one,
        **{
            field.name: _stretched(field.name, getattr(one, field.name), factor)
            for field in msgspec.structs.fields(one)
        },
    )


def _stretched(name: str, value: Any, factor: float) -> Any:
    if isinstance(value, msgspec.Struct):
        return stretched(value, factor)
    if isinstance(value, list):
        return [_stretched(name, one, factor) for one in value]
    if isinstance(value, dict):
        return {key: _stretched(name, one, factor) for key, one in value.items()}
    is_time = name.endswith(("_s", "_ms")) or name == "seconds"
    if not is_time or isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return round(value * factor) if isinstance(value, int) else value * factor
