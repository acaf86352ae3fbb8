"""The process that judges a blind evaluation: confined first, then the manifest, then the pictures.

It alone opens pictures. It can write no file and open no socket, to a network or to a program here
(`system.confine`), its standard output and error lead nowhere, and what it may tell its parent are
the types of `blind`.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from shuttergate import __version__
from shuttergate.bench.evaluate.blind import (
    BLIND_CAUTION,
    BlindFigures,
    BlindOrder,
    BlindRefused,
    HowFar,
    Said,
    Unread,
)
from shuttergate.bench.evaluate.cells import LEAST, blind_look
from shuttergate.bench.evaluate.crew import Opinion, Task, ask
from shuttergate.bench.evaluate.fhibe import read_fhibe
from shuttergate.bench.evaluate.looks import KitLook
from shuttergate.bench.evaluate.manifest import BLIND_NAME, LABELS, Manifest, read_manifest
from shuttergate.errors import ConfigError, Phrase, ShuttergateError, phrase
from shuttergate.system import spawn
from shuttergate.vision.rule import SHA256 as RULE_SHA256


def _manifest(order: BlindOrder) -> Manifest:
    path = Path(os.fsdecode(order.manifest))
    if order.fhibe:
        manifest = read_fhibe(path, order.by, blind=True)
    else:
        manifest = read_manifest(path, order.by, blind=True)
    _refuse_too_few([row.label for row in manifest.rows], phrase("are in it"))
    return manifest


def _refuse_too_few(labels: Sequence[str], where: Phrase) -> None:
    if all(labels.count(label) < LEAST for label in LABELS):
        raise ConfigError(
            "{command}: fewer than {least} pictures of either label {where}; of so "
            "few nothing can be published: take more pictures",
            command=BLIND_NAME,
            least=LEAST,
            where=where,
        )


def _serve(order: BlindOrder, link: socket.socket) -> None:
    def say(word: Said) -> None:
        link.sendall(msgspec.json.encode(word) + b"\n")

    manifest = _manifest(order)
    looks = [KitLook(look, order.channels[look], order.own) for look in order.looks]
    models = [look.models() for look in looks]
    tasks: list[Task] = [(look, row.path) for look in looks for row in manifest.rows]
    say(HowFar(0, len(tasks)))
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        say(HowFar(done, len(tasks)))

    answers = ask(tasks, order.threads, None, None, one_more)
    length = len(manifest.rows)
    of_look: list[list[Opinion]] = [
        answers[start : start + length] for start in range(0, len(answers), length)
    ]
    lost: set[int] = set()
    for found in of_look:
        read = zip(manifest.rows, found, strict=True)
        _refuse_too_few(
            [row.label for row, one in read if one.score is not None], phrase("can be read")
        )
        read = zip(manifest.rows, found, strict=True)
        lost |= {row.line for row, one in read if one.score is None}
    if lost:
        say(Unread(sorted(lost)))
    say(
        BlindFigures(
            shuttergate=__version__,
            rule_sha256=RULE_SHA256,
            least=LEAST,
            by=list(manifest.by),
            looks=[
                blind_look(look.look.value, look.title, used, manifest.rows, found, manifest.by)
                for look, used, found in zip(looks, models, of_look, strict=True)
            ],
            notes=[],
            caution=BLIND_CAUTION,
        )
    )


def main(argv: list[str] | None = None) -> None:
    """Judge on an inherited link, the order as JSON on stdin."""
    with spawn.begin("shuttergate-blind", argv) as link, contextlib.suppress(BrokenPipeError):
        try:
            _serve(msgspec.json.decode(spawn.settings(), type=BlindOrder), link)
        except ShuttergateError as error:
            link.sendall(msgspec.json.encode(BlindRefused(error.phrase)) + b"\n")
        except BrokenPipeError:
            raise
        except Exception as error:  # its words may name a picture: only what it is may leave
            why = phrase(
                "the judging process failed ({kind}); tell us what was run",
                kind=type(error).__name__,
            )
            link.sendall(msgspec.json.encode(BlindRefused(why)) + b"\n")


if __name__ == "__main__":
    main()
