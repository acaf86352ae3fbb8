"""What a model pack was made from: its ledger, a row a picture or asset, and what is in it.

Light on purpose (msgspec and Pillow): whoever wonders whether their picture was used asks here.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from pathlib import Path

import msgspec

from shuttergate.columns import padded
from shuttergate.errors import PackError, cause_of, plain
from shuttergate.lang import N_, _
from shuttergate.packs.looks import ALIKE_BITS, distance, fingerprint
from shuttergate.system.library_words import error_words

LEDGER = "ledger.csv"

LEDGER_KIND = "ledger"
"""A row of this kind names another pack's ledger, which this pack was made from too: all of it but
that pack's own backbone. Its sha256 says which state of it."""

MOST_ALIKE = 10

PERSONS = frozenset({"crowd", "face", "hand", "person"})
"""What the column `what` says where a person, or a part of one, is shown."""

PICTURES = ("photograph", "texture", "drawing")


class LedgerSource(msgspec.Struct, frozen=True):
    """A row of ledger.csv."""

    sha256: str
    dhash: str
    kind: str
    what: str
    registry: str
    package: str
    version: str
    path: str
    licence: str
    source: str
    consent_basis: str
    use: str


class Package(msgspec.Struct, frozen=True):
    """How much of one package was used, and under which licences."""

    registry: str
    package: str
    version: str
    rows: int
    persons: int
    licences: dict[str, int]


class LedgerSummary(msgspec.Struct, frozen=True):
    """A ledger at a glance; every number counts rows."""

    pack: str
    ledger: str
    rows: int
    persons: int
    kinds: dict[str, int]
    uses: dict[str, int]
    licences: dict[str, int]
    packages: list[Package]
    assets: list[LedgerSource]
    """The rows that are no pictures, in full."""


class Undisclosed(msgspec.Struct, frozen=True):
    """A pack without a ledger: what its model.toml says that its authors never said."""

    pack: str
    ledger: None
    undisclosed: list[str]


class Alike(msgspec.Struct, frozen=True):
    """A row whose picture looks like the one asked for; `distance` of 64 bits."""

    distance: int
    row: LedgerSource


class Found(msgspec.Struct, frozen=True):
    """What the ledger says of one file. ``dhash`` is None where the file is no picture."""

    file: str
    sha256: str
    dhash: str | None
    plain: bool
    found: bool
    exact: list[LedgerSource]
    alike: list[Alike]


def read_ledger(path: Path) -> list[LedgerSource]:
    """Return the rows, those of a ledger it names among them; raise `PackError` for no ledger."""
    rows = own_rows(path)
    for named in [row for row in rows if row.kind == LEDGER_KIND]:
        other = path.parents[1] / named.package / named.path
        try:
            digest = hashlib.sha256(other.read_bytes()).hexdigest()
        except OSError as error:
            raise PackError(
                "{other}: {cause}; reinstall shuttergate", other=other, cause=cause_of(error)
            ) from error
        if digest != named.sha256:
            raise PackError(
                "{other} is not the ledger that {pack} was made from: its sha256 "
                "is {digest}… where {name} says {due}…; build {pack} anew from it",
                other=other,
                pack=path.parent.name,
                digest=digest[:16],
                name=path.name,
                due=named.sha256[:16],
            )
        rows += [row for row in own_rows(other) if row.use != "backbone"]
    return rows


def own_rows(path: Path) -> list[LedgerSource]:
    """Return the rows that stand in the file itself; raise `PackError` for no ledger."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != LedgerSource.__struct_fields__:
                raise PackError(
                    "{path}: the first line does not name a ledger's columns; "
                    "reinstall shuttergate",
                    path=path,
                )
            rows = []
            for row in reader:
                if None in row or None in row.values() or not _is_hash(row):
                    raise PackError(
                        "{path}, line {line}: not a ledger's row; reinstall shuttergate",
                        path=path,
                        line=reader.line_num,
                    )
                rows.append(LedgerSource(**row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PackError(
            "{path}: {error}; reinstall shuttergate", path=path, error=error_words(error)
        ) from error
    return rows


def _is_hash(row: dict[str, str]) -> bool:
    sha256, dhash = row["sha256"], row["dhash"]
    return bool(re.fullmatch("[0-9a-f]{64}", sha256) and re.fullmatch("([0-9a-f]{16})?", dhash))


def summary(pack: str, ledger: Path) -> LedgerSummary:
    """Return the ledger at a glance."""
    rows = read_ledger(ledger)
    packages: dict[tuple[str, str, str], list[LedgerSource]] = {}
    for row in rows:
        packages.setdefault((row.registry, row.package, row.version), []).append(row)
    return LedgerSummary(
        pack=pack,
        ledger=str(ledger),
        rows=len(rows),
        persons=_persons(rows),
        kinds=_count([row.kind for row in rows]),
        uses=_count([row.use for row in rows]),
        licences=_count([row.licence for row in rows]),
        packages=[
            Package(*key, len(some), _persons(some), _count([row.licence for row in some]))
            for key, some in sorted(packages.items())
        ],
        assets=[row for row in rows if row.kind not in PICTURES],
    )


def _persons(rows: list[LedgerSource]) -> int:
    return sum(row.what in PERSONS for row in rows)


def _count(words: list[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def find(file: Path, rows: list[LedgerSource]) -> Found:
    """Look for `file` by sha256 and, if it is a picture, by its looks; raise `OSError`."""
    with file.open("rb") as content:
        asked = fingerprint(content)
    exact = [row for row in rows if row.sha256 == asked.sha256]
    alike = list[Alike]()
    if asked.dhash is not None:
        near = [Alike(distance(asked.dhash, row.dhash), row) for row in rows if row.dhash]
        others = [one for one in near if one.distance <= ALIKE_BITS and one.row not in exact]
        alike = sorted(others, key=lambda one: one.distance)[:MOST_ALIKE]
    found = bool(exact or alike)
    return Found(plain(file), asked.sha256, asked.dhash, asked.plain, found, exact, alike)


NAMES = (
    *(N_("texture"), N_("photograph"), N_("drawing"), N_("mesh"), N_("weights")),
    *(N_("safe"), N_("safe+paper"), N_("body"), N_("backbone")),
    *(N_("what"), N_("registry"), N_("path"), N_("source"), N_("consent_basis")),
)
"""What our ledgers call kinds, uses and columns, for the catalogue; what a row says is English."""


def show_summary(found: LedgerSummary) -> None:
    """Print the ledger at a glance, for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, soft_wrap=True)
    head = _("{pack}: {rows} pictures and assets; {persons} of them show a person or a part of one")
    console.print(head.format(pack=found.pack, rows=found.rows, persons=found.persons))
    console.print(_("the whole ledger: {ledger}").format(ledger=found.ledger))
    for title, counts in (
        (_("kind"), found.kinds),
        (_("use"), found.uses),
        (_("licence"), found.licences),
    ):
        table = Table(title, _("rows"), box=None, pad_edge=False)
        for name, rows in counts.items():
            table.add_row(_(name), str(rows))
        console.print()
        console.print(table)
    table = Table(box=None, pad_edge=False)
    for title in (_("package"), _("version"), _("rows"), _("persons"), _("licence")):
        table.add_column(title, overflow="fold")
    for one in found.packages:
        licences = ", ".join(one.licences)
        name = f"{one.registry} {one.package}"
        table.add_row(name, one.version, str(one.rows), str(one.persons), licences)
    console.print()
    console.print(table)
    console.print()
    console.print(_("besides pictures:"))
    for row in found.assets:
        _show_row(row)


def show_undisclosed(found: Undisclosed) -> None:
    """Print that there is no ledger, and what nobody knows, for people."""
    head = _("{pack}: its authors disclosed no sources, so there is no ledger. Undisclosed:")
    print(head.format(pack=found.pack))
    for line in found.undisclosed:
        print(f"- {line}")


def show_found(found: Found) -> None:
    """Print whether the file is in the ledger, with the rows in full, for people."""
    if found.exact:
        head = _("{file}: in the ledger, byte for byte")
    elif found.alike:
        head = _("{file}: not in the ledger byte for byte, but something there looks like it")
    elif found.dhash is None:
        head = _("{file}: not in the ledger byte for byte; no picture, so looks do not count")
    else:
        head = _("{file}: not in the ledger, neither byte for byte nor by its looks")
    print(head.format(file=found.file))
    if found.plain:
        print(_("the picture is so plain that its looks say little; go by the bytes"))
    for row in found.exact:
        _show_row(row)
    for one in found.alike:
        print()
        print(_("looks alike: {bits} of 64 bits differ").format(bits=one.distance), end="")
        _show_row(one.row)


def _show_row(row: LedgerSource) -> None:
    print()
    for name in row.__struct_fields__:
        if value := getattr(row, name):
            print(f"  {padded(_(name), 13)} {value}")
