"""`shuttergate evaluate --blind`: figures that can be published, of pictures nobody else may see.

A confined child (`blind_process`) reads the manifest, opens the pictures and judges them. This
side never does. What it hears are the types below, no others; what it writes is one file.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from shuttergate.bench.evaluate.cells import BlindLook
from shuttergate.errors import ConfigError, Phrase, ShuttergateError, cause_of
from shuttergate.system import spawn
from shuttergate.verdict import Look, Thresholds

FORMAT = "shuttergate blind evaluation 1"

BLIND_CAUTION = (
    "These figures hold for the pictures of one collection and for no others. Its holder chose and "
    "labelled the pictures; nobody else can check that. The intervals tell only what chance would "
    "do if the pictures were independent of one another, which pictures of one case, person or "
    "series are not. A refusal is a machine's doubt: it is never a finding about the people in a "
    "picture, nor an accusation."
)

MAX_LINE_BYTES = 4 * 1024 * 1024
"""The longest line that the child may say: some hundred times what figures need."""


class BlindOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the child is to do. ``manifest``: its path, as the kernel has it.

    ``channels`` by look; ``own``: the kit's stricter thresholds.
    """

    manifest: bytes
    fhibe: bool
    by: tuple[str, ...]
    looks: tuple[Look, ...]
    channels: dict[Look, tuple[str, ...]]
    own: tuple[tuple[str, Thresholds], ...]
    threads: int


class HowFar(
    msgspec.Struct, frozen=True, tag="how far", tag_field="format", forbid_unknown_fields=True
):
    """So many judgements of ``of`` are made."""

    count: int
    of: int


class Unread(
    msgspec.Struct, frozen=True, tag="unread", tag_field="format", forbid_unknown_fields=True
):
    """The manifest's lines whose pictures could not be read: for the terminal, never the file."""

    lines: list[int]


class BlindRefused(
    msgspec.Struct, frozen=True, tag="refused", tag_field="format", forbid_unknown_fields=True
):
    """Why nothing comes of it, in words that name no picture."""

    why: Phrase


class BlindFigures(
    msgspec.Struct, frozen=True, tag=FORMAT, tag_field="format", forbid_unknown_fields=True
):
    """The whole file, as `--out` writes it. ``notes`` say in words what its figures cannot."""

    shuttergate: str
    rule_sha256: str
    least: int
    by: list[str]
    looks: list[BlindLook]
    notes: list[str]
    caution: str


Said = HowFar | Unread | BlindRefused | BlindFigures


def refuse_out(out: Path) -> None:
    """Raise `ConfigError` where the file is there already, or cannot be made."""
    if os.path.lexists(out):
        raise ConfigError("--out {out}: is there already; name a new file", out=out)
    folder = out.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(
            "--out {out}: cannot be written; name a file in a folder that can be", out=out
        )


def judge(
    order: BlindOrder,
    done: Callable[[int, int], object],
    unread: Callable[[list[int]], object],
) -> BlindFigures:
    """Have the child carry out an order; ``done`` is told how far it is, ``unread`` which lines.

    Raises `ShuttergateError` where it refuses, dies, or says what it may not.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            child = spawn.start(
                "shuttergate.bench.evaluate.blind_process",
                theirs.fileno(),
                settings=msgspec.json.encode(order),
                stderr=subprocess.DEVNULL,  # a decoder's complaints may name the file
            )
        try:
            for word in _words(ours):
                if isinstance(word, HowFar):
                    done(word.count, word.of)
                elif isinstance(word, Unread):
                    unread(word.lines)
                elif isinstance(word, BlindRefused):
                    raise ShuttergateError.of(word.why)
                else:
                    return word
            child.wait()
        finally:
            child.terminate()  # it has said all that is wanted of it, if it is there at all
            child.wait()
    raise ShuttergateError(
        "the judging process ended without figures (status {status}); nothing was "
        "written: see that there is memory enough, and that the kernel has seccomp "
        "filters",
        status=child.returncode,
    )


def _words(link: socket.socket) -> Iterator[Said]:
    with link.makefile("rb") as lines:
        while line := lines.readline(MAX_LINE_BYTES):
            try:
                word = msgspec.json.decode(line, type=Said, strict=True)
            except msgspec.MsgspecError as error:  # with what it said, nothing is done
                raise ShuttergateError(
                    "the judging process said what it may not; nothing was written: reinstall "
                    "shuttergate"
                ) from error
            yield word


def write(out: Path, published: BlindFigures) -> None:
    """Write the figures into a file that is not there yet; `ConfigError` where it cannot be."""
    content = msgspec.json.format(msgspec.json.encode(published), indent=1) + b"\n"
    try:
        with out.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigError(
            "--out {out}: {cause}; name another file", out=out, cause=cause_of(error)
        ) from error
