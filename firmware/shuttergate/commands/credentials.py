"""The commands `credentials` and `verify`: a new class, and what a photo or video states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from shuttergate.commands.shared import AsJson, ConfigFile, configured, fail
from shuttergate.config import Config, class_file
from shuttergate.errors import ShuttergateError, plain
from shuttergate.lang import _

if TYPE_CHECKING:
    from shuttergate.credentials.verify import KnownClass, Verified

credentials_app = typer.Typer(
    no_args_is_help=True, help=_("Credentials: a class of kits that sign as one.")
)


@credentials_app.callback()
def _credentials() -> None:
    """Keeps `new-class` a command of its own."""


@credentials_app.command(
    "new-class", help=_("Make a class: whatever kit has its file signs as any other that has it.")
)
def new_class(
    name: Annotated[str, typer.Argument(metavar=_("NAME"), help=_("What the class is called."))],
    out: Annotated[
        Path, typer.Option(metavar=_("FILE"), help=_("The file to write, for the kits alone."))
    ],
) -> None:
    """Exit status: 0 made, 2 not."""
    from shuttergate.credentials import authority

    public = authority.public_file(out)
    try:
        secret, certificate = authority.new_class(name)
        authority.write(out, secret, 0o600)
        authority.write(public, certificate, 0o644)
    except ShuttergateError as error:
        fail(error, 2)
    said = _("{file}: the class {name}; copy it to its kits alone, for who has it can sign")
    typer.echo(said.format(file=plain(out), name=name))
    said = _("{file}: its certificate, for everybody who verifies")
    typer.echo(said.format(file=plain(public)))


def verify(
    files: Annotated[list[Path], typer.Argument(metavar=_("FILE"), help=_("Photos, videos."))],
    classes: Annotated[
        list[Path] | None,
        typer.Option(
            "--class", metavar=_("FILE"), help=_("A class to know, besides this kit's own.")
        ),
    ] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0 all valid, 1 any invalid or without a credential, 2 any unreadable."""
    from shuttergate.credentials import verify as verifying

    settings = configured(config)
    try:
        known = known_classes(settings, classes or ())
        found = [(file, verifying.verify_file(file, known)) for file in files]
    except ShuttergateError as error:
        fail(error, 2)
    for file, one in found:
        typer.echo(_json(file, one) if as_json else "\n".join(_lines(file, one)))
    states = {one.state for _file, one in found}
    if verifying.CredentialState.VALID in states and not as_json:
        typer.echo(_not_proved())
    if verifying.CredentialState.UNREADABLE in states:
        raise typer.Exit(2)
    raise typer.Exit(0 if states == {verifying.CredentialState.VALID} else 1)


def known_classes(config: Config, more: list[Path] | tuple[()] = ()) -> list[KnownClass]:
    """Return the classes that a computer knows: its own and those named; `ShuttergateError`."""
    from shuttergate.credentials.authority import public_file, read_certificate
    from shuttergate.credentials.verify import KnownClass

    own = class_file(config)
    if own is not None and public_file(own).is_file():  # which others than the kit may read
        own = public_file(own)
    return [KnownClass(*read_certificate(one)) for one in (*([own] if own else ()), *more)]


def _json(file: Path, found: Verified) -> str:
    from shuttergate.credentials.verify import stated

    said = {"file": plain(file), **msgspec.to_builtins(stated(found))}
    return msgspec.json.encode(said).decode()


def _lines(file: Path, found: Verified) -> list[str]:
    from shuttergate.credentials.verify import CredentialState

    name = plain(file)
    cause = "" if found.cause is None else found.cause.told()
    match found.state:
        case CredentialState.VALID:
            said = _("{file}: valid: signed by a kit of class {name}, and unchanged since")
            return [said.format(file=name, name=plain(found.class_name)), *_stated(found)]
        case CredentialState.UNKNOWN:
            said = _("{file}: unknown signer: somebody signed it, and nobody here knows who")
        case CredentialState.CHANGED:
            said = _("{file}: changed since it was signed")
        case CredentialState.NONE:
            said = _("{file}: no credential")
        case CredentialState.UNREADABLE:
            said = _("{file}: unreadable")
    more = _("{words} ({detail})") if cause else "{words}"
    return [more.format(words=said.format(file=name), detail=cause)]


def _stated(found: Verified) -> list[str]:
    """Return lines for what a class's kit stated."""
    lines = []
    if claims := found.claims:
        if claims.camera == "simulated":
            lines.append(_("no camera took it: a simulated one showed what it was given"))
        models = _(", ").join(f"{plain(one)} {sha[:12]}…" for one, sha in claims.packs.items())
        lines.append(_("cleared by: {models}").format(models=models))
        if claims.taught:
            taught = _(", ").join(f"{plain(one)} {sha[:12]}…" for one, sha in claims.taught.items())
            lines.append(_("and by taught rules: {rules}").format(rules=taught))
        both = "second" in claims.looks
        looks = _("the live look and the second look") if both else _("the live look")
        said = _("looks that said CLEAR: {looks}; nudity rule {rule}…; shuttergate {version}")
        version = plain(found.kit)
        lines.append(said.format(looks=looks, rule=plain(claims.rule[:12]), version=version))
    else:
        lines.append(_("it does not say by what it was cleared"))
    if found.training == "notAllowed":
        lines.append(_("not for training or mining"))
    return [f"  {line}" for line in lines]


def _not_proved() -> str:
    return _(
        "A credential does not prove that the scene was real (a screen can be photographed), nor "
        "when, where, by whom or with which kit it was taken."
    )
