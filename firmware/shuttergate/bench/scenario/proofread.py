"""Does a script make sense? What never happens, or cannot, must not be taken for what held."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

from shuttergate.bench.scenario import faults
from shuttergate.bench.scenario.expectation import Expectation
from shuttergate.bench.scenario.page_expectations import PagePictures
from shuttergate.bench.scenario.script import BUILT_IN, Scenario, presses
from shuttergate.errors import ConfigError
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
        raise ConfigError(f"{path}: {key}: {cause}")


Wrong = list[tuple[str, str]]


def _kit(scenario: Scenario) -> Wrong:
    kit = scenario.kit
    cause = "is the bench's own in every scenario; leave it out"
    own = (("kit.scene.path", kit.scene.path), ("kit.album.folder", kit.album.folder))
    return [(key, cause) for key, value in own if value]


def _scenes(path: Path, scenario: Scenario) -> Wrong:
    found = []
    for name, file in scenario.scenes.items():
        if name in BUILT_IN:
            found.append((f"scenes.{name}", "is a scene of the bench's own; choose another name"))
        elif not (path.parent / file).exists():
            found.append((f"scenes.{name}", f"{file!r} is not there, seen from the scenario"))
    for number, show in enumerate(scenario.show):
        if not _is_scene(show.scene, scenario):
            found.append((f"show[{number}].scene", _no_scene(show.scene)))
    if len(scenario.shown()) > MOST_SCENES:
        found.append(("show", f"shows more than {MOST_SCENES} scenes; use fewer"))
    return found


def _is_scene(name: str, scenario: Scenario) -> bool:
    return name in (*BUILT_IN, *scenario.scenes)


def _no_scene(name: str) -> str:
    known = ", ".join(BUILT_IN)
    return f"there is no {name!r}; name its file in [scenes], or choose from {known}"


def _times(scenario: Scenario) -> Wrong:
    ends = f"but the script ends at {scenario.seconds:g} s; are these milliseconds?"
    begins = [(f"show[{number}].at_s", one.at_s) for number, one in enumerate(scenario.show)]
    begins += [(f"fault[{number}].at_s", one.at_s) for number, one in enumerate(scenario.fault)]
    found = [(key, f"{at_s:g} s, {ends}") for key, at_s in begins if at_s >= scenario.seconds]
    found += [
        (f"fault[{number}].until_s", f"{one.until_s:g} s, {ends}")
        for number, one in enumerate(scenario.fault)
        if one.until_s is not None and one.until_s > scenario.seconds
    ]
    for number, press in enumerate(scenario.press):
        last_s = press.at_s + (press.times - 1) * press.every_s
        if last_s + press.hold_s > scenario.seconds:
            lasts = f"lasts until {last_s + press.hold_s:g} s"
            found.append((f"press[{number}]", f"{lasts}, {ends}"))
    return found


def _faults(scenario: Scenario) -> Wrong:
    found = []
    for number, fault in enumerate(scenario.fault):
        key = f"fault[{number}]"
        if fault.what not in faults.KINDS:
            known = ", ".join(sorted(faults.KINDS))
            found.append((f"{key}.what", f"there is no {fault.what!r}; choose from {known}"))
        if fault.until_s is not None and fault.until_s <= fault.at_s:
            found.append((f"{key}.until_s", "must come after at_s"))
        if fault.what == faults.LINE_HELD and (fault.at_s, fault.until_s) != (0, None):
            found.append((key, f"{fault.what!r} is so before the kit starts; say at_s = 0 alone"))
        if fault.what in NEEDS_PAGE and not scenario.page:
            found.append((key, f"{fault.what!r} needs page = true: no page runs beside this kit"))
    return [*found, *_twice_broken(scenario)]


def _twice_broken(scenario: Scenario) -> Wrong:
    """What is broken cannot be broken again, and the same disk or clock in one way at a time."""
    found = []
    script = sorted(scenario.fault, key=lambda one: one.at_s)
    for sooner, later in combinations(script, 2):
        if _part(sooner.what) != _part(later.what) or sooner.what.endswith(" killed"):
            continue
        if sooner.until_s is None or later.at_s < sooner.until_s:
            until = "the end" if sooner.until_s is None else f"{sooner.until_s:g} s"
            cause = f"{sooner.what!r} lasts until {until}; let the one end before the other"
            found.append((f"{later.what!r} at {later.at_s:g} s", cause))
    return found


def _part(what: str) -> str:
    """Name what a fault breaks, where two faults cannot break it at once."""
    if what in ("disk removed", "disk read-only"):
        return "album's folder"
    return "clock" if what.startswith("clock") else what


def _presses(scenario: Scenario) -> Wrong:
    return [
        (f"press at {later:g} s", f"the button is still held until {sooner + press.hold_s:g} s")
        for (sooner, press), (later, _press) in pairwise(presses(scenario))
        if later <= sooner + press.hold_s
    ]


def _expectations(scenario: Scenario) -> Wrong:
    count = len(presses(scenario))
    found = []
    for number, one in enumerate(scenario.must):
        cause = one.wrong(count, scenario.seconds) or _unknown_scene(one, scenario)
        if not cause and isinstance(one, PagePictures) and not scenario.page:
            cause = "needs page = true: no page runs beside this kit"
        if cause:
            found.append((f"must[{number}]", cause))
    return found


def _unknown_scene(one: Expectation, scenario: Scenario) -> str:
    name = getattr(one, "scene", "")
    if not name or _is_scene(name, scenario):
        return ""
    return f"scene: {_no_scene(name)}"
