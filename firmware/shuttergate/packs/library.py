"""What every pack here was made from, as one: rows found by a picture, by a package, by words.

Pure once read: whoever looks changes nothing, and many may look at once.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shuttergate.errors import PackError
from shuttergate.packs.answers import (
    LedgerRow,
    OptedOut,
    PackageUse,
    PackTold,
    PictureFound,
    RowsFound,
)
from shuttergate.packs.ledger import (
    LEDGER,
    LEDGER_KIND,
    PERSONS,
    PICTURES,
    LedgerSource,
    own_rows,
    read_ledger,
)
from shuttergate.packs.looks import ALIKE_BITS, Fingerprint
from shuttergate.packs.optout import OPT_OUT, OptOutRow
from shuttergate.system.library_words import error_words

MOST_ROWS = 50
"""No answer has more rows; it says how many there are."""

MOST_PACKAGES = 100

MOST_LETTERS = 200
"""Of what is searched for."""

FIRST_ROW = 2
"""Of a ledger, as a spreadsheet counts: the first is the heading."""


class _Bank(msgspec.Struct, frozen=True):
    ledger: str


class _Data(msgspec.Struct, frozen=True):
    undisclosed: list[str]
    undisclosed_ja: list[str] = []


class _About(msgspec.Struct, frozen=True):
    """Of a model.toml what is said here; all of it is checked where the pack is used."""

    title: str
    data: _Data
    title_ja: str = ""
    bank: _Bank | None = None


@dataclass(frozen=True)
class _Volume:
    """One of a pack's files; ``heirs``: packs made from all of it but its backbone."""

    pack: str
    ledger: str
    sources: list[LedgerSource]
    heirs: list[str]
    words: list[str] = field(default_factory=list)
    looks: list[tuple[int, int]] = field(default_factory=list)  # dHash and index

    def row(self, at: int, distance: int | None = None) -> LedgerRow:
        source = self.sources[at]
        heirs = [] if source.use == "backbone" else self.heirs
        return LedgerRow(self.pack, self.ledger, at + FIRST_ROW, heirs, distance, source)


class Library:
    """The ledgers of the packs in a folder; `read_library` makes it."""

    def __init__(self, volumes: list[_Volume], packs: list[PackTold]) -> None:
        self._volumes = volumes
        self.packs = packs

    def by_picture(self, asked: Fingerprint) -> PictureFound:
        """Return the rows of the same bytes, and those that look alike."""
        exact, alike = [], []
        looks = None if asked.dhash is None else int(asked.dhash, 16)
        for one in self._volumes:
            same = {at for at, own in enumerate(one.sources) if own.sha256 == asked.sha256}
            exact += [one.row(at) for at in sorted(same)]
            if looks is not None:
                near = (((own ^ looks).bit_count(), at) for own, at in one.looks)
                alike += [one.row(at, d) for d, at in near if d <= ALIKE_BITS and at not in same]
        alike.sort(key=lambda one: one.distance or 0)
        return PictureFound(exact[:MOST_ROWS], alike[:MOST_ROWS])

    def by_package(self, name: str) -> RowsFound:
        """Return what stands of packages whose names have all these letters, one after another."""
        asked = _plain(name[:MOST_LETTERS])
        names = {(own.registry, own.package) for one in self._volumes for own in one.sources}
        hit = {one for one in names if asked and asked in _plain(" ".join(one))}

        def holds(one: _Volume, at: int) -> bool:
            return (one.sources[at].registry, one.sources[at].package) in hit

        return self._found(holds)

    def by_words(self, text: str) -> RowsFound:
        """Return what says all of these words: package, path, kind, licence, author, consent."""
        asked = _plain(text[:MOST_LETTERS]).split()

        def holds(one: _Volume, at: int) -> bool:
            return bool(asked) and all(word in one.words[at] for word in asked)

        return self._found(holds)

    def request_for(self, asked: Fingerprint, reason: str, day: str) -> OptOutRow | None:
        """Return what asks for a picture to be left out; None where it stands in no ledger.

        By its bytes, where they stand there; else by its looks, unless these say little.
        """
        found = self.by_picture(asked)
        if found.exact:
            return OptOutRow(sha256=asked.sha256, reason=reason, asked=day)
        if found.alike and asked.dhash is not None and not asked.plain:
            return OptOutRow(dhash=asked.dhash, reason=reason, asked=day)
        return None

    def opted_out(self, row: OptOutRow) -> OptedOut | None:
        """Return what a request does, or None where no pack with a list has what it names."""
        lists = {one.pack for one in self.packs if one.opt_out}
        for one in self._volumes:
            hit = [own for own in one.sources if row.names(own)]
            if one.pack in lists and one.ledger == LEDGER and hit:
                needed = [own for own in hit if own.kind not in PICTURES]
                made = [f"shuttergate model build {pack}" for pack in (one.pack, *one.heirs)]
                bank = any(own.pack == one.pack and own is not one for own in self._volumes)
                made += [f"python models/{one.pack}/recipe/bank.py PICTURES"] if bank else []
                return OptedOut(one.pack, OPT_OUT, len(hit) - len(needed), needed, made)
        return None

    def _found(self, holds: Callable[[_Volume, int], bool]) -> RowsFound:
        total, packages, rows = 0, list[PackageUse](), list[LedgerRow]()
        for one in self._volumes:
            hit = [at for at in range(len(one.sources)) if holds(one, at)]
            total += len(hit)
            packages += _uses(one.pack, one.ledger, (one.sources[at] for at in hit))
            rows += [one.row(at) for at in hit[: MOST_ROWS - len(rows)]]
        return RowsFound(total, packages[:MOST_PACKAGES], rows)


def read_library(models: Path) -> Library:
    """Read the ledgers of every pack in a folder; raise `PackError` where one is damaged."""
    about = {path.parent.name: _read_about(path) for path in sorted(models.glob("*/model.toml"))}
    ledgers = {
        pack: own_rows(models / pack / LEDGER)
        for pack in about
        if (models / pack / LEDGER).exists()
    }
    heirs: dict[str, list[str]] = {}
    for pack, rows in ledgers.items():
        named = [row.package for row in rows if row.kind == LEDGER_KIND]
        if named:
            read_ledger(models / pack / LEDGER)  # raises where it names another state of it
        for other in named:
            heirs.setdefault(other, []).append(pack)
    volumes = [_volume(pack, LEDGER, rows, heirs.get(pack, [])) for pack, rows in ledgers.items()]
    for pack, told in about.items():
        if told.bank is not None:
            rows = own_rows(models / pack / told.bank.ledger)
            volumes.append(_volume(pack, told.bank.ledger, rows, []))
    return Library(volumes, [_told(models, pack, one, volumes) for pack, one in about.items()])


def _read_about(path: Path) -> _About:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _About)
    except (OSError, ValueError) as error:
        raise PackError(
            "{path}: {cause}; reinstall shuttergate", path=path, cause=error_words(error)
        ) from error


def _volume(pack: str, ledger: str, rows: list[LedgerSource], heirs: list[str]) -> _Volume:
    words = [
        _plain(
            f"{one.registry} {one.package} {one.version} {one.path} {one.kind} {one.what} "
            f"{one.licence} {one.source} {one.consent_basis}"
        )
        for one in rows
    ]
    looks = [(int(one.dhash, 16), at) for at, one in enumerate(rows) if one.dhash]
    return _Volume(pack, ledger, rows, heirs, words, looks)


def _plain(text: str) -> str:
    """Return what is compared: no upper case, no wide or narrow forms of one letter."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _told(models: Path, pack: str, about: _About, volumes: list[_Volume]) -> PackTold:
    own = next((one for one in volumes if (one.pack, one.ledger) == (pack, LEDGER)), None)
    rows = [] if own is None else own.sources
    bank = [one for one in volumes if one.pack == pack and one.ledger != LEDGER]
    never = {"en": about.data.undisclosed, "ja": about.data.undisclosed_ja}
    return PackTold(
        pack=pack,
        title={"en": about.title, "ja": about.title_ja or about.title},
        rows=len(rows),
        persons=sum(one.what in PERSONS for one in rows),
        bank=sum(len(one.sources) for one in bank),
        made_from=[one.package for one in rows if one.kind == LEDGER_KIND],
        undisclosed={"en": never["en"], "ja": never["ja"] or never["en"]},
        packages=_uses(pack, LEDGER, rows),
        opt_out=(models / pack / OPT_OUT).exists(),
    )


def _uses(pack: str, ledger: str, rows: Iterable[LedgerSource]) -> list[PackageUse]:
    """Return how much of each package these rows are, the most first."""
    grouped: dict[tuple[str, str, str], list[LedgerSource]] = {}
    for row in rows:
        grouped.setdefault((row.registry, row.package, row.version), []).append(row)
    found = [
        PackageUse(
            pack,
            ledger,
            *key,
            rows=len(some),
            persons=sum(one.what in PERSONS for one in some),
            licences=list(dict.fromkeys(one.licence for one in some)),
            consents=list(dict.fromkeys(one.consent_basis for one in some)),
        )
        for key, some in grouped.items()
    ]
    return sorted(found, key=lambda one: -one.rows)
