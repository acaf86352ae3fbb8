"""The command `model`: packs, what they are, what they are made of, and how they are made anew."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer
from rich.console import Console

from shuttergate.columns import columns, padded, wrapped
from shuttergate.commands import weights as cli_weights
from shuttergate.commands.shared import AsJson, PackName, fail, refusing
from shuttergate.errors import PackError, ShuttergateError, cause_of, phrase
from shuttergate.lang import LANGUAGE, _
from shuttergate.system.paths import share

if TYPE_CHECKING:
    from shuttergate.vision.pack import Pack

model_app = typer.Typer(no_args_is_help=True, help=_("Model packs: what the kit looks for."))
_T = TypeVar("_T")

model_app.command("fetch", help=_("Fetch the weights that others publish; needs a network."))(
    cli_weights.fetch
)
model_app.command("add", help=_("Take published weights from files, as from a USB stick."))(
    cli_weights.add
)
model_app.command("fit", help=_("Does a pack fit the Edge TPU? Told without the compiler."))(
    cli_weights.fit
)
model_app.command("compile", help=_("Compile a pack for the Edge TPU, or say how to."))(
    cli_weights.compile_pack
)


@model_app.command("list", help=_("List the model packs."))
def model_list() -> None:
    """A line a pack."""

    def show() -> None:
        for pack in cli_weights.packs(None):
            claimed = pack.manifest
            state = _(" (weights not on this machine)") if pack.missing() else ""
            title = (claimed.title_ja if LANGUAGE == "ja" else "") or claimed.title
            typer.echo(f"{pack.name:<20} {claimed.licence:<14} {title}{state}")

    refusing(show)


@model_app.command("show", help=_("Show what a pack says of itself."))
def model_show(pack: PackName) -> None:
    """The manifest, for people."""
    from shuttergate.packs.claims import claims
    from shuttergate.vision.pack import read_pack

    def show() -> None:
        found = read_pack(share("models") / pack)
        rows = [*claims(found.manifest)]
        left = max(columns(label) for label, _said in rows) + 2
        width = max(Console().width - left, 20)
        for label, said in rows:
            lines = [line for one in said.splitlines() for line in wrapped(one, width)]
            for first, line in zip_longest([label], lines, fillvalue=""):
                typer.echo(f"{padded(first, left)}{line}")
        if found.missing():
            typer.echo(cli_weights.absent(found))

    refusing(show)


@model_app.command("sources", help=_("Show what a pack was made from; --find: is a file in it?"))
def model_sources(
    pack: PackName,
    find: Annotated[
        Path | None,
        typer.Option(
            metavar=_("FILE"),
            help=_("Is this picture or file in the ledger? Status 0 found, 1 not, 2 unreadable."),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Exit status: 0, and with --find 1 if not found; 2 for an unreadable file or ledger."""
    from shuttergate.packs import ledger as sources

    folder = share("models") / pack
    ledger = folder / sources.LEDGER
    try:
        if not ledger.is_file():
            from shuttergate.vision.pack import read_pack

            claims = read_pack(folder).manifest.data
            ours = [] if as_json or LANGUAGE != "ja" else claims.undisclosed_ja
            unknown = sources.Undisclosed(pack, None, ours or claims.undisclosed)
            _show(unknown, sources.show_undisclosed, as_json)
            raise typer.Exit(int(find is not None))
        if find is None:
            _show(sources.summary(pack, ledger), sources.show_summary, as_json)
            return
        found = sources.find(find, sources.read_ledger(ledger))
    except ShuttergateError as error:
        fail(error, 2)
    except OSError as error:
        said = phrase("{file}: {cause}; name a readable file", file=find, cause=cause_of(error))
        fail(said, 2)
    _show(found, sources.show_found, as_json)
    raise typer.Exit(int(not found.found))


def _show(found: _T, words: Callable[[_T], None], as_json: bool) -> None:
    """Print `found` as one JSON object, or for people with `words`."""
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        words(found)


@model_app.command("verify", help=_("Verify packs: sha256, shapes, types, operations, answers."))
def model_verify(
    packs: Annotated[list[str] | None, typer.Argument(metavar=_("PACK"))] = None,
) -> None:
    """All packs, or those named; status 1 where one is refused.

    A pack named here must be whole; among all, one whose weights were never fetched is only said
    to be so, for nothing on this machine is wrong with it.
    """

    def verify() -> None:
        for pack in cli_weights.packs(packs):
            if not packs and pack.missing():
                typer.echo(cli_weights.absent(pack))
                continue
            _verify(pack)
            said = _("{name}: ok, sha256 {sha256}")
            typer.echo(said.format(name=pack.name, sha256=pack.manifest.sha256))

    refusing(verify)


def _verify(pack: Pack) -> None:
    from shuttergate import rulebook
    from shuttergate.vision.channel import Channel
    from shuttergate.vision.selftest import SelfTest

    SelfTest([Channel(pack, pack.model(pack.content()))]).ask_all()
    if pack.manifest.bank is not None:
        rulebook.bank_of(pack)
    if pack.manifest.edgetpu is not None:
        cli_weights.refuse_uncompiled(pack, pack.compiled())


@model_app.command("build", help=_("Build a pack's model anew by its recipe, and compare."))
def model_build(
    pack: PackName,
    out: Annotated[Path | None, typer.Option(help=_("Keep the built file in this folder."))] = None,
) -> None:
    """The recipe makes its own build environment; status 1 where the bytes differ."""
    import hashlib

    from shuttergate.vision.pack import read_pack

    def build() -> None:
        found = read_pack(share("models") / pack)
        with tempfile.TemporaryDirectory(prefix="shuttergate-build-") as scratch:
            folder = out or Path(scratch)
            recipe = found.folder / found.manifest.recipe
            status = subprocess.run([sys.executable, str(recipe), str(folder)], check=False)
            if status.returncode:
                raise PackError(
                    "the recipe {recipe} failed; its own words are above", recipe=recipe
                )
            built = {
                name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
                for name in found.files()
            }
        other = [name for name, sha256 in found.files().items() if built[name] != sha256]
        if not other:
            typer.echo(_("{name}: built, byte for byte the files in the pack").format(name=pack))
        elif found.manifest.byte_exact:
            raise PackError(
                "built {file} has sha256 {built}, where model.toml says {due}; "
                "were the recipe or its pinned tools changed?",
                file=other[0],
                built=built[other[0]],
                due=found.files()[other[0]],
            )
        else:
            typer.echo(
                _(
                    "{name}: built. Its bytes are not the pack's, as sums may round differently "
                    "between machines; compare both with `shuttergate evaluate` before you use it."
                ).format(name=pack)
            )

    refusing(build)
