"""The commands `model fetch`, `add`, `fit` and `compile`: packs whose weights others publish, and
the Edge TPU. `model.py` puts them on the command line.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from shuttergate.commands.shared import PackName, refusing
from shuttergate.errors import PackError, cause_of, phrase
from shuttergate.lang import _
from shuttergate.system.paths import share, tilde

if TYPE_CHECKING:
    from shuttergate.packs.edgetpu_fit import Fit
    from shuttergate.vision.pack import Pack

COMPILER = "edgetpu_compiler"
COMPILER_HOME = "https://coral.ai/docs/edgetpu/compiler/"


def pack_names() -> list[str]:
    """Return the names of all packs."""
    return sorted(path.parent.name for path in share("models").glob("*/model.toml"))


def packs(names: list[str] | None) -> Iterator[Pack]:
    """Yield the named packs, or all; raises `PackError`."""
    from shuttergate.vision.pack import read_pack

    for name in names or pack_names():
        yield read_pack(share("models") / name)


def fetch(names: Annotated[list[str] | None, typer.Argument(metavar=_("PACK"))] = None) -> None:
    """All packs, or those named; status 1 where a file does not come."""
    from shuttergate.packs.fetch import fetch as get

    def all_of_them() -> None:
        for pack in list(packs(names)):
            missing = pack.missing()
            if not missing and (names or pack.published()):
                typer.echo(_("{name}: nothing to fetch, all is here").format(name=pack.name))
            for name in missing:
                with _bar() as bar:
                    task = bar.add_task(name, total=pack.manifest.published[name].size)
                    path = get(pack, name, partial(bar.advance, task))
                typer.echo(_("{name}: {file}").format(name=pack.name, file=tilde(path)))

    refusing(all_of_them)


def _bar() -> Progress:
    """A bar on a terminal; nothing in a log."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


def add(files: Annotated[list[Path], typer.Argument(metavar=_("FILE"))]) -> None:
    """Each file goes to the packs that mean it; status 1 where no pack does."""
    from shuttergate.packs.fetch import add as take

    def all_of_them() -> None:
        every = list(packs(None))
        for file in files:
            for name, path in take(file, every):
                typer.echo(_("{name}: {file}").format(name=name, file=tilde(path)))

    refusing(all_of_them)


def fit(names: Annotated[list[str] | None, typer.Argument(metavar=_("PACK"))] = None) -> None:
    """All packs whose weights are here, or those named; status 1 where one does not fit."""
    from shuttergate.packs.edgetpu_fit import examine

    def all_of_them() -> None:
        unfit = []
        for pack in packs(names):
            if not names and pack.missing():
                typer.echo(absent(pack))
                continue
            found = examine(pack.content())
            for line in words(pack.name, found):
                typer.echo(line)
            if pack.manifest.edgetpu is not None:
                typer.echo(f"  {pack.manifest.edgetpu.file}: {_compiled_words(pack)}")
            if found.problems:
                unfit.append(pack.name)
        if unfit:
            raise PackError(
                "{names}: as said above, not fit for the Edge TPU", names=", ".join(unfit)
            )

    refusing(all_of_them)


def absent(pack: Pack) -> str:
    """Say that a pack's weights are not here, and the mend."""
    return _(
        "{name}: its weights are not on this machine; `shuttergate model fetch {name}` gets them"
    ).format(name=pack.name)


def _compiled_words(pack: Pack) -> str:
    content = pack.compiled()
    refuse_uncompiled(pack, content)
    return _("compiled, {size:.1f} MB, sha256 right").format(size=len(content) / 1e6)


def refuse_uncompiled(pack: Pack, content: bytes) -> None:
    """Raise `PackError` unless the compiler made all of this model one operation."""
    from shuttergate.packs.edgetpu_fit import examine

    found = examine(content)
    if not found.whole:
        cause = found.problems[0] if found.compiled else phrase("it is not compiled")
        raise PackError(
            "model pack {pack}: its file for the Edge TPU is unfit: {cause}; "
            "compile it anew: `shuttergate model compile {pack}`",
            pack=pack.name,
            cause=cause,
        )


def words(name: str, found: Fit) -> Iterator[str]:
    """Yield lines that say, for people, whether a model fits the Edge TPU."""
    if found.compiled:
        yield _("{name}: compiled already").format(name=name)
    elif found.problems:
        yield _("{name}: does not fit the Edge TPU").format(name=name)
    else:
        yield _("{name}: fits the Edge TPU, as far as the model shows").format(name=name)
    for problem in found.problems:
        yield f"  {problem.told()}"
    if found.compiled:
        return
    count = sum(found.ops.values())
    ops = _("; ").join(f"{op} {number}" for op, number in sorted(found.ops.items()))
    yield _("  {count} operations: {ops}").format(count=count, ops=ops)
    size = found.parameter_bytes / 1e6
    if found.cached:
        yield _("  parameters: {size:.1f} MB; the chip keeps about 8 MB").format(size=size)
    else:
        yield _(
            "  parameters: {size:.1f} MB, more than the 8 MB the chip keeps: slow, not wrong"
        ).format(size=size)
    yield _("  the compiler looks at these too, which the model does not show:")
    for unseen in found.unseen:
        yield f"    {unseen.told()}"


def compile_pack(
    pack: PackName,
    out: Annotated[
        Path, typer.Option(help=_("Folder for the compiled file; this one if not named."))
    ] = Path(),
) -> None:
    """Status 1 where it does not fit, where there is no compiler, or where that fails."""

    def work() -> None:
        from shuttergate.packs.edgetpu_fit import examine

        (found,) = packs([pack])
        content = found.content()
        fits = examine(content)
        if fits.compiled:
            raise PackError(
                "{pack}: {file} is compiled already", pack=pack, file=found.manifest.file
            )
        if found.manifest.edgetpu is not None and found.manifest.edgetpu.file in found.published():
            raise PackError(
                "{pack} needs no compiler: its publisher compiled it; `shuttergate "
                "model fetch {pack}` gets {file}",
                pack=pack,
                file=found.manifest.edgetpu.file,
            )
        for line in words(pack, fits):
            typer.echo(line)
        if fits.problems:
            raise PackError(
                "{pack}: not compiled, for it does not fit; change its recipe", pack=pack
            )
        made = _compile(found, content, out)
        refuse_uncompiled(found, made.read_bytes())
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        typer.echo(_("compiled: {file}").format(file=tilde(made)))
        typer.echo(_("move it into models/{name} and add to model.toml:").format(name=pack))
        typer.echo(f'[edgetpu]\nfile = "{made.name}"\nsha256 = "{digest}"')

    refusing(work)


def _compile(pack: Pack, content: bytes, out: Path) -> Path:
    """Run the compiler on bytes that were checked; return its file in `out`."""
    model = Path(pack.manifest.file)
    made = f"{model.stem}_edgetpu.tflite"
    compiler = shutil.which(COMPILER)
    if compiler is None:
        raise PackError(
            "{compiler} is not on this machine. Google gives it for x86-64 Debian "
            "and Ubuntu only (not for a Raspberry Pi): on such a computer install "
            "it as {home} says, install shuttergate there and run `shuttergate "
            "model compile {pack}` again; or take {file} there, run `{compiler} "
            "--show_operations {model}`, bring {made} back into {folder}, and add "
            'to its model.toml: [edgetpu], file = "{made}", sha256 = "…" as '
            "`sha256sum {made}` says",
            compiler=COMPILER,
            home=COMPILER_HOME,
            pack=pack.name,
            file=tilde(pack.file),
            model=model.name,
            made=made,
            folder=tilde(pack.folder),
        )
    with tempfile.TemporaryDirectory(prefix="shuttergate-compile-") as scratch:
        source = Path(scratch, model.name)
        source.write_bytes(content)
        done = subprocess.run(
            [compiler, "--show_operations", "--out_dir", scratch, str(source)], check=False
        )
        result = Path(scratch, made)
        if done.returncode or not result.is_file():
            raise PackError(
                "{compiler} failed on {model} (status {status}); its own words are "
                "above; a newer version of it may know more operations",
                compiler=COMPILER,
                model=model.name,
                status=done.returncode,
            )
        try:
            out.mkdir(parents=True, exist_ok=True)
            return Path(shutil.copyfile(result, out / made))
        except OSError as error:
            raise PackError(
                "{file}: {cause}; name another --out", file=out / made, cause=cause_of(error)
            ) from error
