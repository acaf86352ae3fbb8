"""Does a script make sense? What never happens, or cannot, must not be taken for what held."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

from shuttergate.bench.scenario import faults
from shuttergate.bench.scenario.expectation import Expectation
from shuttergate.bench.scenario.page_expectations import PagePictures
from shuttergate.bench.scenario.script import BUILT_IN, Scenario, presses
from shuttergate.errors import ConfigError, Phrase, listed, phrase
from shuttergate.frames.marks import MOST_SCENES

NEEDS_PAGE = ("console killed", "page flooded")


def proofread(path: Path, scenario: Scenario) -> None:
    """Raise `ConfigError` naming the file, the key, the cause and the mend."""
    for key, cause in (
        *_kit(scenario),
        *_scenes(path, scenario),
        *_times(scenario),
        *_faults(scenario),
        *_presses(scenario),
        *_expectations(scenario),
    ):
        raise ConfigError("{path}: {key}: {cause}", path=path, key=key, cause=cause)


Wrong = list[tuple[str | Phrase, Phrase]]


def _kit(scenario: Scenario) -> Wrong:
    kit = scenario.kit
    cause = phrase("is the bench's own in every scenario; leave it out")
    own = (("kit.scene.path", kit.scene.path), ("kit.album.folder", kit.album.folder))
    return [(key, cause) for key, value in own if value]


def _scenes(path: Path, scenario: Scenario) -> Wrong:
    found: Wrong = []
    for name, file in scenario.scenes.items():
        if name in BUILT_IN:
            cause = phrase("is a scene of the bench's own; choose another name")
            found.append((f"scenes.{name}", cause))
        elif not (path.parent / file).exists():
            cause = phrase("{file!r} is not there, seen from the scenario", file=file)
            found.append((f"scenes.{name}", cause))
    for number, show in enumerate(scenario.show):
        if not _is_scene(show.scene, scenario):
            found.append((f"show[{number}].scene", _no_scene(show.scene)))
    if len(scenario.shown()) > MOST_SCENES:
        found.append(("show", phrase("shows more than {most} scenes; use fewer", most=MOST_SCENES)))
    return found


def _is_scene(name: str, scenario: Scenario) -> bool:
    return name in (*BUILT_IN, *scenario.scenes)


def _no_scene(name: str) -> Phrase:
    return phrase(
        "there is no {name!r}; name its file in [scenes], or choose from {known}",
        name=name,
        known=listed(f'"{one}"' if "," in one else one for one in BUILT_IN),
    )


def _times(scenario: Scenario) -> Wrong:
    def late(at_s: float) -> Phrase:
        return phrase(
            "{at_s:g} s, but the script ends at {end_s:g} s; are these milliseconds?",
            at_s=at_s,
            end_s=scenario.seconds,
        )

    begins = [(f"show[{number}].at_s", one.at_s) for number, one in enumerate(scenario.show)]
    begins += [(f"fault[{number}].at_s", one.at_s) for number, one in enumerate(scenario.fault)]
    found: Wrong = [(key, late(at_s)) for key, at_s in begins if at_s >= scenario.seconds]
    found += [
        (f"fault[{number}].until_s", late(one.until_s))
        for number, one in enumerate(scenario.fault)
        if one.until_s is not None and one.until_s > scenario.seconds
    ]
    for number, press in enumerate(scenario.press):
        last_s = press.at_s + (press.times - 1) * press.every_s
        if last_s + press.hold_s > scenario.seconds:
            cause = phrase(
                "lasts until {until_s:g} s, but the script ends at {end_s:g} s; are these "
                "milliseconds?",
                until_s=last_s + press.hold_s,
                end_s=scenario.seconds,
            )
            found.append((f"press[{number}]", cause))
    return found


def _faults(scenario: Scenario) -> Wrong:
    found: Wrong = []
    for number, fault in enumerate(scenario.fault):
        key = f"fault[{number}]"
        if fault.what not in faults.KINDS:
            cause = phrase(
                "there is no {what!r}; choose from {known}",
                what=fault.what,
                known=listed(sorted(faults.KINDS)),
            )
            found.append((f"{key}.what", cause))
        if fault.until_s is not None and fault.until_s <= fault.at_s:
            found.append((f"{key}.until_s", phrase("must come after at_s")))
        if fault.what == faults.LINE_HELD and (fault.at_s, fault.until_s) != (0, None):
            cause = phrase(
                "{what!r} is so before the kit starts; say at_s = 0 alone", what=fault.what
            )
            found.append((key, cause))
        if fault.what in NEEDS_PAGE and not scenario.page:
            cause = phrase(
                "{what!r} needs page = true: no page runs beside this kit", what=fault.what
            )
            found.append((key, cause))
    return [*found, *_twice_broken(scenario)]


def _twice_broken(scenario: Scenario) -> Wrong:
    """What is broken cannot be broken again, and the same disk or clock in one way at a time."""
    found: Wrong = []
    script = sorted(scenario.fault, key=lambda one: one.at_s)
    for sooner, later in combinations(script, 2):
        if _part(sooner.what) != _part(later.what) or sooner.what.endswith(" killed"):
            continue
        if sooner.until_s is None or later.at_s < sooner.until_s:
            until = phrase("the end")
            if sooner.until_s is not None:
                until = phrase("{until_s:g} s", until_s=sooner.until_s)
            cause = phrase(
                "{what!r} lasts until {until}; let the one end before the other",
                what=sooner.what,
                until=until,
            )
            key = phrase("{what!r} at {at_s:g} s", what=later.what, at_s=later.at_s)
            found.append((key, cause))
    return found


def _part(what: str) -> str:
    """Name what a fault breaks, where two faults cannot break it at once."""
    if what in ("disk removed", "disk read-only"):
        return "album's folder"
    return "clock" if what.startswith("clock") else what


def _presses(scenario: Scenario) -> Wrong:
    return [
        (
            phrase("press at {at_s:g} s", at_s=later),
            phrase("the button is still held until {until_s:g} s", until_s=sooner + press.hold_s),
        )
        for (sooner, press), (later, _press) in pairwise(presses(scenario))
        if later <= sooner + press.hold_s
    ]


def _expectations(scenario: Scenario) -> Wrong:
    count = len(presses(scenario))
    found: Wrong = []
    for number, one in enumerate(scenario.must):
        cause = one.wrong(count, scenario.seconds) or _unknown_scene(one, scenario)
        if not cause and isinstance(one, PagePictures) and not scenario.page:
            cause = phrase("needs page = true: no page runs beside this kit")
        if cause:
            found.append((f"must[{number}]", cause))
    return found


def _unknown_scene(one: Expectation, scenario: Scenario) -> Phrase | None:
    name = getattr(one, "scene", "")
    if not name or _is_scene(name, scenario):
        return None
    return phrase("scene: {cause}", cause=_no_scene(name))
