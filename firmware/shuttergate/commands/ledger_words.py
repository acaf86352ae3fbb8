"""What the command `ledger` says to people, in no more columns than a terminal has."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import typer

from shuttergate.columns import padded, wrapped
from shuttergate.errors import plain
from shuttergate.lang import LANGUAGE, _
from shuttergate.packs.answers import (
    LedgerRow,
    OptedOut,
    PackageUse,
    PackTold,
    PictureFound,
    RowsFound,
)
from shuttergate.packs.looks import Fingerprint

if TYPE_CHECKING:
    from shuttergate.policy.whose import Contributed

_LABEL = 15
_SHOWN = ("path", "kind", "what", "licence", "source", "consent_basis", "use", "sha256")
MOST_PACKAGES = 20


def say_overview(packs: Iterable[PackTold], rules: Mapping[str, list[Contributed]]) -> None:
    """Say what there is to search."""
    for pack in packs:
        title = pack.title[LANGUAGE] if LANGUAGE in pack.title else pack.title["en"]
        _put(_("{pack}: {title}").format(pack=pack.pack, title=title))
        if not pack.rows:
            _put(_("its authors disclosed no sources, so nobody can search it. Undisclosed:"), 2)
            for line in pack.undisclosed.get(LANGUAGE, pack.undisclosed["en"]):
                _put(f"- {line}", 2)
            continue
        counts = _("rows: {rows}; with a person: {persons}; packages: {packages}")
        number = len(pack.packages)
        _put(counts.format(rows=pack.rows, persons=pack.persons, packages=number), 2)
        for other in pack.made_from:
            _put(_("made from all of {pack}'s ledger, too").format(pack=other), 2)
        if pack.bank:
            _put(_("harmless pictures for taught rules: {rows}").format(rows=pack.bank), 2)
    for name, contributions in rules.items():
        yes = sum(one.yes for one in contributions)
        said = _("{name}, taught on {day}: {yes} examples, {no} counter-examples")
        counted = {"yes": yes, "no": len(contributions) - yes}
        _put(said.format(name=name, day=contributions[0].created, **counted))
        _put(", ".join(_word(one) for one in contributions), 2)
    if not rules:
        _say_no_rule()


def say_packages(name: str, found: RowsFound) -> None:
    """Say what was taken out of packages of such a name."""
    if not found.total:
        _put(_("{name}: no package of that name is in a ledger here").format(name=plain(name)))
        _put(_("In what open-nsfw learned from, nobody can search."))
        return
    for one in found.packages[:MOST_PACKAGES]:
        _say_package(one)
    if (more := len(found.packages) - MOST_PACKAGES) > 0:
        _put(_("and {number} packages more; --json has them").format(number=more))


def say_word(word: str, is_pair: bool, found: list[Contributed], rules: int) -> None:
    """Say to what a word contributed."""
    for one in found:
        _put(_contribution(one))
        _put(_("take it out: {command}").format(command=f"shuttergate rule withdraw … {word}"), 2)
    if found:
        return
    if not is_pair:
        _put(_("{word}: no such word is ever given to a contribution").format(word=word))
        return
    if not rules:
        _say_no_rule()
        return
    said = _("{word}: not in the taught rules that are loaded here ({number})")
    _put(said.format(word=word, number=rules))


def say_picture(
    file: str, by: Fingerprint, ledgers: PictureFound, contributions: list[Contributed]
) -> None:
    """Say whether a picture was used, and where it stands."""
    for one in ledgers.exact:
        _put(_("{file}: this very file is").format(file=file))
        _say_row(one)
    for one in ledgers.alike:
        said = _("{file}: something looks like it ({bits} of 64 bits differ):")
        _put(said.format(file=file, bits=one.distance))
        _say_row(one)
    for held in contributions:
        _put(_("{file}: this was used, or one much like it:").format(file=file))
        _put(_contribution(held), 2)
    if not (ledgers.exact or ledgers.alike or contributions):
        _put(_("{file}: nothing found, neither byte for byte nor by its looks").format(file=file))
        _say_limits()
    if by.dhash is None:
        _put(_("it is no picture that can be read here, so only its bytes were compared"))
    elif by.plain:
        _put(_("the picture is so plain that its looks say little; go by the bytes"))


def say_opted_out(file: str, added: bool, found: OptedOut) -> None:
    """Say what a request does, and when; and what it does not."""
    head = _("{file}: one row more") if added else _("{file}: it was asked for already")
    _put(head.format(file=file))
    _put(_("The model that is here is unchanged, and so is every copy of it elsewhere."))
    if found.pictures:
        said = _("The next build of {pack} is made without {number} pictures:")
        _put(said.format(pack=found.pack, number=found.pictures))
        for command in found.build:
            _put(command, 2)
    for source in found.needed:
        said = _("{package}: no build can do without it. The build stops and says so.")
        _put(said.format(package=source.package))


def _say_package(one: PackageUse) -> None:
    _put(f"{one.pack}, {one.ledger}: {one.registry} {one.package} {one.version}")
    counts = _("{rows}; with a person: {persons}")
    _labelled(_("rows"), counts.format(rows=one.rows, persons=one.persons))
    _labelled(_("licence"), ", ".join(one.licences))
    for consent in one.consents:
        _labelled(_("consent_basis"), consent)


def _say_row(one: LedgerRow) -> None:
    source = one.source
    said = _("row {row} of {pack}'s {ledger}: {registry} {package} {version}")
    _put(
        said.format(
            row=one.row,
            pack=one.pack,
            ledger=one.ledger,
            registry=source.registry,
            package=source.package,
            version=source.version,
        ),
        2,
    )
    for name in _SHOWN:
        if value := getattr(source, name):
            _labelled(_(name), value)
    if one.heirs:
        _labelled(_("made from it"), ", ".join(one.heirs))


def _contribution(one: Contributed) -> str:
    kind = _("example") if one.yes else _("counter-example")
    said = _("{word}: {kind} of the rule {rule}, taught on {day}")
    line = said.format(word=_word(one), kind=kind, rule=one.rule, day=one.created)
    return line if one.alike is None else f"{line} ({one.alike:.3f})"


def _word(one: Contributed) -> str:
    return f"{one.word}（{one.word_ja}）" if LANGUAGE == "ja" else one.word


def _say_no_rule() -> None:
    _put(_("No taught rule is loaded here; name one with --rule FILE.rule."))


def _say_limits() -> None:
    _put(
        _(
            "A search finds copies: the same file, and the same picture smaller, compressed anew "
            "or in another format. It finds none that was cut, mirrored, turned or drawn anew."
        )
    )
    _put(_("In what open-nsfw learned from, nobody can search."))


def _labelled(label: str, text: str) -> None:
    first, *others = wrapped(text, _width() - _LABEL - 4)
    typer.echo(f"    {padded(label, _LABEL)}{first}")
    for line in others:
        typer.echo(" " * (_LABEL + 4) + line)


def _put(text: str, margin: int = 0) -> None:
    for line in wrapped(text, _width() - margin):
        typer.echo(" " * margin + line)


def _width() -> int:
    return max(40, min(shutil.get_terminal_size().columns - 1, 79))
