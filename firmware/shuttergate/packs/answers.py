"""What a search of the ledgers answers: the same to the command line and to a page."""

from __future__ import annotations

import msgspec

from shuttergate.packs.ledger import LedgerSource


class LedgerRow(msgspec.Struct, frozen=True):
    """A row and where it stands: the ``row`` of a pack's file ``ledger``, as a spreadsheet counts.

    ``heirs``: other packs that were made from it, too. ``distance``: so many of 64 bits differ from
    the picture that was asked for; None: it is the same file, or none was asked for.
    """

    pack: str
    ledger: str
    row: int
    heirs: list[str]
    distance: int | None
    source: LedgerSource


class PackageUse(msgspec.Struct, frozen=True):
    """How much of one package stands in a pack's file ``ledger``; all numbers count rows."""

    pack: str
    ledger: str
    registry: str
    package: str
    version: str
    rows: int
    persons: int
    licences: list[str]
    consents: list[str]


class PackTold(msgspec.Struct, frozen=True):
    """A pack at a glance. ``undisclosed``: what its authors never said, by language; with
    ``rows``, what else there is to say. ``opt_out``: whether a list is honoured at its next build.
    """

    pack: str
    title: dict[str, str]
    rows: int
    persons: int
    bank: int
    made_from: list[str]
    undisclosed: dict[str, list[str]]
    packages: list[PackageUse]
    opt_out: bool


class RowsFound(msgspec.Struct, frozen=True):
    """``rows``: the first of ``total``; ``packages``: what of each was found."""

    total: int
    packages: list[PackageUse]
    rows: list[LedgerRow]


class OptedOut(msgspec.Struct, frozen=True):
    """What a request does to a pack at its next build, if it stands in the pack's ``file``.

    So many ``pictures`` are left out. ``needed``: sources that are no pictures, as a mesh; no build
    can do without them, so it stops. ``build``: the commands that honour the list.
    """

    pack: str
    file: str
    pictures: int
    needed: list[LedgerSource]
    build: list[str]


class PictureFound(msgspec.Struct, frozen=True):
    """``exact``: of the same bytes. ``alike``: that look alike, the nearest first."""

    exact: list[LedgerRow]
    alike: list[LedgerRow]
