"""The commands `teach` and `rule`: a rule from pictures, what is in one, and one example less."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from shuttergate.columns import padded
from shuttergate.commands.shared import AsJson, ConfigFile, configured, fail
from shuttergate.config import read_kit
from shuttergate.errors import PictureError, RuleError, ShuttergateError, TeachError, phrase
from shuttergate.lang import LANGUAGE, _
from shuttergate.words import harmless_words

if TYPE_CHECKING:
    from shuttergate.policy.bank import HarmlessBank
    from shuttergate.policy.rule_file import TaughtRule

_WORD_COLUMNS = 36

rule_app = typer.Typer(no_args_is_help=True, help=_("Taught rules: of what one is made, and less."))
RuleFile = Annotated[Path, typer.Argument(metavar=_("FILE.rule"), help=_("A taught rule."))]


class Shown(msgspec.Struct, frozen=True):
    """What `rule show` says. ``scores``: by word, what a rule made without that one says of it."""

    name: str
    created: str
    embedder: str
    model: str
    examples: list[str]
    counter_examples: list[str]
    scores: dict[str, float]
    confused: dict[str, int]


def teach(
    name: Annotated[str, typer.Argument(metavar=_("NAME"), help=_("What the rule is called."))],
    yes: Annotated[
        Path, typer.Option(metavar=_("FOLDER"), help=_("Pictures of it, three or more."))
    ],
    out: Annotated[Path, typer.Option(metavar=_("FILE.rule"), help=_("The file to write."))],
    no: Annotated[
        Path | None,
        typer.Option(metavar=_("FOLDER"), help=_("Pictures of what it is not, as many.")),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0 taught, 1 no rule comes of these pictures, 2 unreadable or usage."""
    from shuttergate import rulebook
    from shuttergate.board import AcceleratorPart
    from shuttergate.policy import rule_file, teaching
    from shuttergate.policy.examples import Example
    from shuttergate.vision.eyes import open_eyes

    _refuse_other(out)
    settings = configured(config)
    kit = read_kit(settings, config)
    try:
        asked = [(one, True) for one in rulebook.pictures_of(yes)]
        asked += [(one, False) for one in rulebook.pictures_of(no)] if no else []
        packs = [rulebook.pack(one) for one in kit.channels.live]
        pack = rulebook.teacher(packs)
        bank = rulebook.bank_of(pack)
        eyes = open_eyes(kit.channels.live, kit.channels.look, AcceleratorPart(driver="cpu"))
        taken: set[str] = set()
        found: list[tuple[Path, Example]] = []
        for file, is_yes in asked:
            example = rulebook.example_of(file, is_yes, eyes, pack, taken)
            if example is None:
                said = phrase(
                    "{file}: the nudity rule does not clear it, so nothing is learned from it or "
                    "kept of it; it goes on with the others",
                    file=file,
                )
                typer.echo(said.told(), err=True)
            else:
                found.append((file, example))
        examples = [one for _file, one in found]
        rule = teaching.teach(name, pack.manifest.sha256, examples, bank, rulebook.today())
        rule_file.write(rule, out)
    except TeachError as error:
        fail(error, 1)
    except (ShuttergateError, PictureError) as error:
        fail(error, 2)
    typer.echo(_("{file}: this camera does not take {name}").format(file=out, name=name))
    held = teaching.judged_without(rule, bank)
    for file, example in found:
        typer.echo(_line(example.word, example.yes, f"{held[example.word]:.2f}", file.name))
    _say_confused(rule, bank)
    if not any(not one.yes for one in examples):
        caution = _(
            "  taught without counter-examples, a rule may refuse the room and the hand, too; "
            "--no FOLDER names pictures of them"
        )
        typer.echo(caution)
    typer.echo(
        _("To judge a picture by it: {command}").format(command=f"shuttergate check --rule {out} …")
    )


@rule_app.command("show", help=_("Show what a rule was taught from, by the words of its examples."))
def show(file: RuleFile, as_json: AsJson = False) -> None:
    """Exit status: 0, or 2 for a file that is no rule."""
    from shuttergate import rulebook
    from shuttergate.policy import teaching
    from shuttergate.policy.rule_file import read

    try:
        rule = read(file)
        pack = rulebook.taught_with(rule)
        bank = rulebook.bank_of(pack)
        held = teaching.judged_without(rule, bank)
    except ShuttergateError as error:
        fail(error, 2)
    by_kind = {
        kind: [one.word for one in rule.contributions if one.yes == kind] for kind in (True, False)
    }
    if as_json:
        shown = Shown(
            rule.name,
            rule.created,
            rule.embedder,
            pack.name,
            by_kind[True],
            by_kind[False],
            {word: round(score, 4) for word, score in held.items()},
            teaching.confused(rule, bank),
        )
        typer.echo(msgspec.json.encode(shown).decode())
        return
    said = _("{name}, taught on {day} with {model}: {yes} examples, {no} counter-examples")
    counts = {"yes": len(by_kind[True]), "no": len(by_kind[False])}
    typer.echo(said.format(name=rule.name, day=rule.created, model=pack.name, **counts))
    for one in rule.contributions:
        typer.echo(_line(one.word, one.yes, f"{held[one.word]:.2f}"))
    _say_confused(rule, bank)


@rule_app.command("withdraw", help=_("Make a rule anew without one of its examples."))
def withdraw(
    file: RuleFile,
    words: Annotated[
        list[str], typer.Argument(metavar=_("WORD"), help=_("The word of one example: blue heron."))
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar=_("FILE.rule"), help=_("Where to write it; otherwise over the old.")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Exit status: 0 withdrawn, 1 no such word or no rule left, 2 unreadable."""
    from shuttergate import rulebook
    from shuttergate.policy import rule_file, teaching
    from shuttergate.policy.pairs import in_english

    word = in_english(" ".join(words))
    if out is not None:
        _refuse_other(out)
    try:
        rule = rule_file.read(file)
        bank = rulebook.bank_of(rulebook.taught_with(rule))
        found = teaching.withdraw(rule, word, bank, rulebook.today())
        rule_file.write(found.rule, out or file)
    except TeachError as error:
        fail(error, 1)
    except RuleError as error:
        fail(error, 2)
    told = teaching.Withdrawn.of(rule.name, word, found)
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
        return
    typer.echo(_("{file}: made anew without {word}").format(file=out or file, word=_word(word)))
    kinds = {one.word: one.yes for one in rule.contributions}
    for one, score in told.before.items():
        typer.echo(_line(one, kinds[one], f"{score:.2f} → {told.after[one]:.2f}"))
    _say_confused(found.rule, bank)


def _refuse_other(out: Path) -> None:
    """Refuse a name that does not say what the file is."""
    if out.suffix != ".rule":
        said = _("{file}: it writes a rule; end the name in .rule").format(file=out)
        raise typer.BadParameter(said, param_hint="--out")


def _word(word: str) -> str:
    """Return a contribution's word; in Japanese with its meaning."""
    from shuttergate.policy.pairs import in_japanese

    return f"{in_japanese(word)}（{word}）" if LANGUAGE == "ja" else word


def _line(word: str, yes: bool, score: str, more: str = "") -> str:
    """Return a line of the table: an example or none, its word, its score."""
    kind = _("example") if yes else _("counter-example")
    line = f"  {padded(kind, 16)} {padded(_word(word), _WORD_COLUMNS)} {score}  {more}"
    return line.rstrip()


def _say_confused(rule: TaughtRule, bank: HarmlessBank) -> None:
    """Say which harmless pictures the rule would refuse, too."""
    from shuttergate.policy.teaching import confused

    found = confused(rule, bank)
    said = _("of {number} harmless pictures it would refuse {refused}")
    line = said.format(number=len(bank.shows), refused=sum(found.values()))
    named = _(", ").join(f"{harmless_words(name)} {count}" for name, count in found.items())
    typer.echo("  " + (_("{words} ({detail})").format(words=line, detail=named) if named else line))
