"""The command line; `--help` of everything says the rest."""

from __future__ import annotations

import io
import os
import socket
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.progress import track

from shuttergate import __version__
from shuttergate.commands import usage
from shuttergate.commands.bench import bench
from shuttergate.commands.board import board_app
from shuttergate.commands.credentials import credentials_app, verify
from shuttergate.commands.ledger import ledger_app
from shuttergate.commands.model import model_app
from shuttergate.commands.shared import (
    AsJson,
    BoardName,
    ConfigFile,
    Lan,
    LanAt,
    LanMayDo,
    configured,
    fail,
    reached_at,
    refusing,
    what_lan_may,
)
from shuttergate.commands.teach import rule_app, teach
from shuttergate.commands.visit import doctor
from shuttergate.config import Config, album_folder, read_config, read_kit
from shuttergate.errors import ConfigError, ShuttergateError, phrase
from shuttergate.lang import _
from shuttergate.system import confine
from shuttergate.system.paths import share
from shuttergate.system.toml import path_of

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=_("A camera whose shutter is dead until the frame it would save is cleared."),
)
app.command(help=_("Play scenarios on a kit: what is pressed and broken, and what must hold."))(
    bench
)
app.command(help=_("Examine the kit: each part is ok, a warning or a fault, with the mend."))(
    doctor
)
app.add_typer(model_app, name="model")
app.add_typer(board_app, name="board")
app.command(help=_("Teach the kit an object of your own from pictures: a rule, or words why not."))(
    teach
)
app.add_typer(rule_app, name="rule")
app.add_typer(credentials_app, name="credentials")
app.command(help=_("Say what photos and videos state of themselves, and whether it still holds."))(
    verify
)
app.add_typer(ledger_app, name="ledger")


def start() -> None:
    """Run the command line; the entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a terminal that lacks a letter still gets the rest
    usage.run(app, "shuttergate")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shuttergate {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help=_("Say the version and exit.")
        ),
    ] = False,
) -> None:
    """A camera whose shutter is dead until the frame it would save is cleared."""


@app.command(help=_("Run the appliance, as systemd does; the log goes to stdout."))
def run(board: BoardName = None, config: ConfigFile = None) -> None:
    """Exit status: 0 stopped, 1 fault at start, 2 usage or configuration."""
    from shuttergate.commands import run as serve

    settings = configured(config, board)
    _can_be_confined()
    try:
        refusal = serve.run(settings, read_kit(settings, config), album_folder(settings))
    except ShuttergateError as error:
        fail(error, 1)
    if refusal is not None:
        fail(refusal.words, refusal.status)


def _can_be_confined() -> None:
    """End with the cause and the mend where no process of a kit could be confined."""
    try:
        confine.lacking()
    except ShuttergateError as error:
        fail(error, 1)


def _presses(text: str | None, seconds: float | None) -> list[tuple[float, float]]:
    """Return (when, how long) of each press, in seconds; it comes before the end, ``seconds``."""
    from shuttergate.commands.demo import PRESS_S

    presses = []
    for part in (text or "").split(","):
        at, colon, hold = part.partition(":")
        if not part.strip():
            continue
        try:
            presses.append((float(at), float(hold) if colon else PRESS_S))
        except ValueError as error:
            raise typer.BadParameter(_("seconds with commas between, like 4,9,14:3")) from error
    if not all(0 <= at_s < 1e6 and 0 < hold_s < 1e6 for at_s, hold_s in presses):
        raise typer.BadParameter(_("seconds from 0 up"))
    late = [at_s for at_s, _hold_s in presses if seconds is not None and at_s >= seconds]
    if late:
        said = _("--press {late:g} comes after the end: --seconds {seconds:g}")
        raise typer.BadParameter(said.format(late=late[0], seconds=seconds))
    return presses


@app.command(help=_("Run a simulated kit on this computer, with the built-in scene or your own."))
def demo(
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help=_("Stop after so many seconds."))
    ] = None,
    press: Annotated[
        str | None,
        typer.Option(
            metavar="T1,T2,…",
            help=_("Press at these seconds; 14:3 holds on for 3 seconds, which records a video."),
        ),
    ] = None,
    scene: Annotated[
        Path | None,
        typer.Option(help=_("A picture, a folder of pictures, or a video to look at.")),
    ] = None,
    album: Annotated[Path | None, typer.Option(help=_("Folder for photos and videos."))] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=_("Port of the page; otherwise 8080, or a free one.")),
    ] = None,
    lan: Lan = False,
    lan_may: LanMayDo = "look",
    lan_at: LanAt = "",
    headless: Annotated[
        bool, typer.Option("--headless", help=_("No keys, no page: terminal only."))
    ] = False,
    board: Annotated[
        str,
        typer.Option(metavar=_("NAME"), help=_("A board without solder: simulated, or webcam.")),
    ] = "simulated",
    config: ConfigFile = None,
) -> None:
    """Exit status: as `run`."""
    from shuttergate.commands import demo as stage

    if lan and headless:
        fail(phrase("--lan: is for the page, and with --headless there is none; leave one out"), 2)
    if lan_at and not lan:
        fail(phrase("--lan-at: says where --lan leads others; give both"), 2)
    others = None if headless else what_lan_may(lan_may)
    settings = configured(config, board)
    settings = reached_at(settings, lan_at) if lan_at else settings
    if not read_kit(settings, config).gpio.is_simulated:
        said = phrase(
            "--board {board}: its button is a real one; shuttergate run --board {board}",
            board=board,
        )
        fail(said, 2)
    if scene is not None:
        changed = msgspec.structs.replace(settings.scene, path=_given(scene, "--scene"))
        settings = msgspec.structs.replace(settings, scene=changed)
    if album is not None:
        folder = msgspec.structs.replace(settings.album, folder=_given(album, "--album"))
        settings = msgspec.structs.replace(settings, album=folder)
    named = read_config(config).board
    if named not in (board, Config().board):  # the latter is what a file has that names none
        said = phrase(
            '{file}: board = "{named}" does not count in a demo: this one runs on {board}, which '
            "--board says",
            file=config,
            named=named,
            board=board,
        )
        typer.echo(f"shuttergate: {said.told()}", err=True)
    presses = _presses(press, seconds)
    page = None if headless else _page_socket(settings.page.port, port, lan)
    kit = read_kit(settings, config)
    _can_be_confined()
    into = _album(settings)
    refusal = stage.demo(settings, kit, into, seconds, presses, page, others if lan else None)
    if refusal is not None:
        fail(refusal.words, refusal.status)


def _album(settings: Config) -> Path:
    """Return the album's folder; one that cannot be ends the command."""
    try:
        return album_folder(settings)
    except ConfigError as error:
        fail(error, 2)


def _given(path: Path, option: str) -> str:
    """Return a path as the settings have it; one that they cannot have ends the command."""
    try:
        path_of(str(path), option)
    except ConfigError as error:
        fail(error, 2)
    return str(path.absolute())


def _page_socket(
    usual: int, asked: int | None, lan: bool = False, asked_by: str = "--port"
) -> socket.socket:
    """Listen at the port that was asked for, or at the usual one, or else at any that is free."""
    from shuttergate.console.server import listen

    try:
        return listen(usual if asked is None else asked, lan, asked_by)
    except ConfigError as error:
        if asked is not None:
            fail(error, 2)
        return listen(0, lan)


def _log_to() -> int:
    """Return where a process that can write no file writes its log: stdout, or one that can."""
    if not stat.S_ISREG(os.fstat(1).st_mode):
        return 1
    reads, writes = os.pipe()
    at_stdin = [(os.POSIX_SPAWN_DUP2, reads, 0)]
    # In a group of its own: Ctrl-C is for the page, which has a last word.
    os.posix_spawnp("cat", ["cat"], os.environ, file_actions=at_stdin, setpgroup=0)
    os.close(reads)
    return writes


@app.command(help=_("Serve the page of a kit that runs on this computer."))
def console(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=_("Port of the page."))] = None,
    lan: Lan = False,
    lan_may: LanMayDo = "look",
    window: Annotated[
        Path | None, typer.Option(metavar=_("SOCKET"), help=_("Where the kit is to be seen."))
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0 stopped, 1 fault at start, 2 usage or configuration."""
    # Else numpy begins with threads, which the room that this process enters would not bind.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from shuttergate.companion import console_socket
    from shuttergate.console import server

    others = what_lan_may(lan_may)
    settings = configured(config)
    try:
        # Beside a demo, whose own page has the usual port, somebody at a terminal wants a page at
        # any other; a service has the one that was promised, or none.
        asked = port if sys.stdout.isatty() or port is not None else settings.page.port
        asked_by = "page.port" if port is None else "--port"
        sock = _page_socket(settings.page.port, asked, lan, asked_by)
        window = window or console_socket()
        server.serve(settings, window, sock, lan, _log_to(), others)
    except ShuttergateError as error:
        fail(error, 1)


@app.command(help=_("Judge picture files: 0 all clear, 1 any blocked, 2 any unreadable."))
def check(
    files: Annotated[list[Path], typer.Argument(metavar=_("FILE"), help=_("Pictures."))],
    live: Annotated[
        bool, typer.Option("--live", help=_("As one live frame, not as the second look."))
    ] = False,
    rule: Annotated[
        list[Path] | None,
        typer.Option(metavar=_("FILE.rule"), help=_("A taught rule beside the nudity rule.")),
    ] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Judge each file as the second look would, or, with --live, as one live frame."""
    from shuttergate import rulebook
    from shuttergate import stills as checking
    from shuttergate.board import AcceleratorPart
    from shuttergate.verdict import Look
    from shuttergate.vision.eyes import open_eyes

    settings = configured(config)
    kit = read_kit(settings, config)
    try:
        own = rulebook.paths(settings.policy.rules)
        # On the CPU, as `evaluate`: the accelerator is the running kit's, and may be elsewhere.
        eyes = open_eyes(
            kit.channels.live if live else (),
            () if live else kit.channels.look,
            AcceleratorPart(driver="cpu"),
            views=kit.views,
            taught=rulebook.heads(rulebook.read_rules([*own, *(rule or [])])),
        )
        how = eyes.rule(Look.LIVE if live else Look.SECOND, settings.limits())
    except ShuttergateError as error:
        fail(error, 2)
    verdicts = []
    results: Iterable[checking.Checked] = checking.check(files, eyes, how, live)
    if sys.stderr.isatty() and not sys.stdout.isatty():
        results = track(results, _("judging"), len(files), console=Console(stderr=True))
    for found in results:
        verdicts.append(found.verdict)
        typer.echo(
            msgspec.json.encode(found.english).decode() if as_json else checking.words(found)
        )
    raise typer.Exit(checking.exit_status(verdicts))


@app.command(help=_("Measure how often a kit blocks the nude and the safe pictures of a list."))
def evaluate(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar=_("MANIFEST.csv"),
            help=_("Columns path (relative to this file), label (nude or safe) and, if any, set."),
        ),
    ],
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar=_("FILE"), help=_("Write all figures as JSON."))
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar=_("FILE.html"), help=_("Write a report with plots."))
    ] = None,
    live: Annotated[bool, typer.Option("--live", help=_("Only the live look."))] = False,
    second: Annotated[bool, typer.Option("--second", help=_("Only the second look."))] = False,
    by: Annotated[
        str | None, typer.Option(metavar=_("COLUMN,…"), help=_("Rates by these columns, too."))
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            metavar=_("REGEX"), help=_("Make columns of its named groups, found in each path.")
        ),
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            metavar=_("MODEL,…"),
            help=_("Public models to compare with: open-nsfw, nudenet, nsfwjs; where installed."),
        ),
    ] = "",
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help=_("Pictures at a time; as many as cores."))
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar=_("ADDRESS"),
            help=_("Dask scheduler whose workers do it; they must see the same folders."),
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar=_("FILE"), help=_("Keep finished pictures here; go on from there.")),
    ] = None,
    blind: Annotated[
        bool,
        typer.Option(
            "--blind",
            help=_("Without network, names and scores: only rates of ten pictures and more."),
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar=_("FILE.json"),
            help=_("The only file that --blind writes; it can be published."),
        ),
    ] = None,
    fhibe: Annotated[
        bool,
        typer.Option("--fhibe", help=_("The list is Sony's FHIBE: fhibe_downsampled.csv.")),
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Exit status: 0, or 2 for a bad manifest or usage. Both looks, unless one is named."""
    from shuttergate.bench.evaluate.start import Order, carry_out

    settings = configured(config)
    columns = [name.strip() for name in (by or "").split(",") if name.strip()]
    order = Order(
        manifest, as_json, report, live, second, columns, names, against, blind, out, fhibe
    )
    try:
        carry_out(order, read_kit(settings, config), settings, threads, cluster, resume)
    except ShuttergateError as error:
        fail(error, 2)


@app.command(help=_("Write the printable test card: a pattern that closes a working kit's gate."))
def card(
    out: Annotated[Path, typer.Argument(metavar=_("OUT.pdf"), help=_("The PDF file to write."))],
    paper: Annotated[
        Literal["a4", "a6"], typer.Option(case_sensitive=False, help=_("Size of the paper."))
    ] = "a4",
) -> None:
    """The card in Japanese and English; status 1 where it cannot be made or written."""
    from shuttergate.print import card as printing

    if out.suffix.lower() != ".pdf":
        raise typer.BadParameter(
            _("{file}: it writes a PDF; end the name in .pdf").format(file=out)
        )
    refusing(lambda: printing.write(out, share("models") / "testcard" / "card.png", paper))
    typer.echo(_("{file}: print it in colour on matt paper, unscaled").format(file=out))
