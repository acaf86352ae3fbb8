"""The command `ledger`: what packs and taught rules were made from, searched; opting out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from shuttergate.commands import ledger_words
from shuttergate.commands.shared import AsJson, ConfigFile, configured, fail
from shuttergate.errors import PackError, ShuttergateError, phrase, plain
from shuttergate.lang import _
from shuttergate.packs.answers import OptedOut, PackTold, PictureFound
from shuttergate.packs.library import Library, read_library
from shuttergate.packs.looks import Fingerprint, fingerprint
from shuttergate.packs.optout import OptOutRow, add
from shuttergate.policy.pairs import in_english, in_japanese
from shuttergate.system.library_words import error_words
from shuttergate.system.paths import share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shuttergate.policy.rule_file import TaughtRule
    from shuttergate.policy.whose import Contributed

_T = TypeVar("_T")

ledger_app = typer.Typer(
    invoke_without_command=True,
    help=_("What every pack and every taught rule was made from: search it, or opt out."),
)


class RuleTold(msgspec.Struct, frozen=True):
    """A taught rule at a glance."""

    name: str
    created: str
    embedder: str
    contributions: list[Contributed]


class LedgersTold(msgspec.Struct, frozen=True):
    """What `ledger` says without a search."""

    packs: list[PackTold]
    rules: list[RuleTold]


class WordTold(msgspec.Struct, frozen=True):
    """What `ledger --word` says. ``is_pair``: whether anybody could have been given it."""

    word: str
    word_ja: str
    is_pair: bool
    contributions: list[Contributed]


class PictureTold(msgspec.Struct, frozen=True):
    """What `ledger --picture` says: by bytes, by looks, and by what the models make of it."""

    file: str
    by: Fingerprint
    ledgers: PictureFound
    contributions: list[Contributed]


class Asked(msgspec.Struct, frozen=True):
    """What `ledger opt-out` says. ``added``: False where the list had it already."""

    file: str
    added: bool
    row: OptOutRow
    opted_out: OptedOut


RuleFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--rule", metavar=_("FILE.rule"), help=_("A taught rule, beside those of the settings.")
    ),
]


@ledger_app.callback()
def ledger(
    context: typer.Context,
    package: Annotated[
        str | None, typer.Option(metavar=_("NAME"), help=_("A package, or a part of its name."))
    ] = None,
    word: Annotated[
        str | None,
        typer.Option(metavar=_("WORD"), help=_("A contribution's word: 'blue heron', 青いサギ.")),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar=_("FILE"), help=_("A picture: was it used?"))
    ] = None,
    rule: RuleFiles = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0, of a search 1 where nothing is found; 2 for what cannot be read."""
    if context.invoked_subcommand is not None:
        return
    if sum(one is not None for one in (package, word, picture)) > 1:
        fail(phrase("--package, --word, --picture: search by one of them at a time"), 2)
    try:
        library = read_library(share("models"))
        if package is not None:
            found = library.by_package(package)
            _say(found, lambda one: ledger_words.say_packages(package, one), as_json)
            raise typer.Exit(int(not found.total))
        rules = _rules(config, rule)
        if word is not None:
            _say_word(rules, word, as_json)
        elif picture is not None:
            _say_picture(library, rules, picture, as_json)
        else:
            _say_all(library, rules, as_json)
    except ShuttergateError as error:
        fail(error, 2)


@ledger_app.command("opt-out", help=_("Ask for a picture or a package to be left out of a pack."))
def opt_out(
    picture: Annotated[
        Path | None, typer.Option(metavar=_("FILE"), help=_("A picture that was used."))
    ] = None,
    sha256: Annotated[
        str, typer.Option(metavar="SHA256", help=_("A picture's sha256, as in the ledger."))
    ] = "",
    package: Annotated[
        str, typer.Option(metavar=_("NAME"), help=_("A package's whole name, as in the ledger."))
    ] = "",
    reason: Annotated[
        str, typer.Option(metavar=_("TEXT"), help=_("Why; it is published. No names."))
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option("--list", metavar=_("FILE.csv"), help=_("Another list than the pack's own.")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Exit status: 0 on the list, 1 nothing there to leave out, 2 unreadable or usage."""
    from shuttergate.rulebook import today

    if sum(map(bool, (picture, sha256, package))) != 1:
        fail(phrase("opt out by one of --picture, --sha256 and --package"), 2)
    try:
        library = read_library(share("models"))
        if picture is not None:
            row = library.request_for(_fingerprint(picture), reason, today())
        else:
            row = OptOutRow(sha256=sha256.lower(), package=package, reason=reason, asked=today())
        found = None if row is None else library.opted_out(row)
        if row is None or found is None:
            fail(phrase("nothing in a ledger here is meant by that, so nothing was written"), 1)
        file = into or share("models") / found.pack / found.file
        asked = Asked(plain(file), add(file, row), row, found)
    except ShuttergateError as error:
        fail(error, 2)
    _say(asked, lambda one: ledger_words.say_opted_out(one.file, one.added, one.opted_out), as_json)


def _rules(config: Path | None, files: Iterable[Path] | None) -> list[TaughtRule]:
    from shuttergate import rulebook

    own = rulebook.paths(configured(config).policy.rules)
    return rulebook.read_rules([*own, *(files or [])])


def _fingerprint(picture: Path) -> Fingerprint:
    try:
        if picture.exists() and not picture.is_file():  # what never ends is never read to its end
            raise PackError("{file}: not a file; name a picture", file=picture)
        with picture.open("rb") as file:
            return fingerprint(file)
    except (OSError, ValueError) as error:
        if isinstance(error, ShuttergateError):
            raise
        raise PackError(
            "{file}: {cause}; name a readable file", file=picture, cause=error_words(error)
        ) from error


def _say_all(library: Library, rules: Iterable[TaughtRule], as_json: bool) -> None:
    from shuttergate.policy.whose import all_of, given

    told = [RuleTold(one.name, one.created, one.embedder, all_of(given(one))) for one in rules]
    named = {one.name: one.contributions for one in told}
    _say(
        LedgersTold(library.packs, told),
        lambda one: ledger_words.say_overview(one.packs, named),
        as_json,
    )


def _say_word(rules: list[TaughtRule], said: str, as_json: bool) -> None:
    from shuttergate.policy.whose import by_word, given, is_pair

    word = in_english(said)
    found = by_word(map(given, rules), said)
    told = WordTold(plain(word), plain(in_japanese(word)), is_pair(said), found)
    _say(
        told,
        lambda one: ledger_words.say_word(one.word, one.is_pair, one.contributions, len(rules)),
        as_json,
    )
    raise typer.Exit(int(not found))


def _say_picture(library: Library, rules: list[TaughtRule], picture: Path, as_json: bool) -> None:
    by = _fingerprint(picture)
    found = library.by_picture(by)
    contributions = []
    if rules and by.dhash is not None:
        contributions = _whose(picture, rules)
    told = PictureTold(plain(picture), by, found, contributions)
    _say(
        told,
        lambda one: ledger_words.say_picture(one.file, one.by, one.ledgers, one.contributions),
        as_json,
    )
    raise typer.Exit(int(not (found.exact or found.alike or contributions)))


def _whose(picture: Path, rules: Iterable[TaughtRule]) -> list[Contributed]:
    """Return the contributions to these rules that this picture, or one much like it, was."""
    from shuttergate import rulebook
    from shuttergate.frames.pictures import lores_of, read_picture
    from shuttergate.policy.whose import by_looks, given
    from shuttergate.vision.channel import Channel

    image = read_picture(picture, rulebook.PICTURE_LIMIT)
    views: dict[str, NDArray[np.float64]] = {}
    found: list[Contributed] = []
    for rule in rules:
        if rule.embedder not in views:
            pack = rulebook.taught_with(rule)
            channel = Channel(pack, pack.model(pack.content()))
            lores = lores_of(image, pack.lores_size)
            views[rule.embedder] = rulebook.views_of(lores, channel)
        found += by_looks([given(rule)], views[rule.embedder])
    return sorted(found, key=lambda one: -(one.alike or 0.0))


def _say(told: _T, words: Callable[[_T], None], as_json: bool) -> None:
    """Print as one JSON object, or for people with ``words``."""
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        words(told)
