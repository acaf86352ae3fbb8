"""A blind evaluation in words: the notes in its file, and what the terminal says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shuttergate.bench.evaluate import words
from shuttergate.bench.evaluate.blind import BlindFigures
from shuttergate.bench.evaluate.cells import FEWER, LARGER, LEAST, BlindLook
from shuttergate.bench.evaluate.evaluation import JOINT
from shuttergate.lang import _, texts

MOST_LINES = 20
"""Of so many unreadable pictures at most the lines are named."""


def notes(published: BlindFigures, language: str | None) -> list[str]:
    """Return what is to be said beside the figures, in a language (None: the environment's)."""
    said = [text for look in published.looks for text in _of_look(look, language)]
    return list(dict.fromkeys(said))  # both looks are told of the same groups


def _of_look(look: BlindLook, language: str | None) -> Iterator[str]:
    _ = texts(language)
    for label, rate in (("nude", look.nude), ("safe", look.safe)):
        if rate is None:
            yield _("Fewer than {least} pictures marked {label}: no rate of so few.").format(
                least=LEAST, label=label
            )
    for cell in look.cells:
        if cell.folded:
            yield _(
                "By {column}, marked {label}: {folded} groups are told as one, since groups of "
                "fewer than {least} pictures are not told."
            ).format(column=cell.column, label=cell.label, folded=cell.folded, least=LEAST)
    for column in look.left_out:
        yield _(
            "The column {column} is left out: its groups differ from those of another column by "
            "fewer than {least} pictures, which subtracting would tell."
        ).format(column=column, least=LEAST)
    if doubt := words.swapped(look.title, look.auc[JOINT], language):
        yield doubt


def lines(published: BlindFigures) -> Iterator[str]:
    """Yield the figures and notes for the terminal, in the environment's language."""
    few = _("fewer than {least}").format(least=LEAST)
    names = {
        FEWER: few,
        LARGER: _("{few}, and the next larger").format(few=few),
        "": _("not stated"),
    }
    for look in published.looks:
        name = words.named(look.title)
        for label, rate in (("nude", look.nude), ("safe", look.safe)):
            if rate is not None and rate.of:
                yield _("{look}: blocked {rate} of the pictures marked {label}").format(
                    look=name, rate=words.rate(rate), label=label
                )
        for cell in look.cells:
            value = names.get(cell.value, cell.value)
            yield f"    {cell.column} = {value} ({cell.label}): {words.rate(cell.rate)}"
        if look.unreadable:
            number = names.get(f"{look.unreadable}", f"{look.unreadable}")
            yield _("{look}: pictures that cannot be read: {number}").format(
                look=name, number=number
            )
        yield _("{look}: area under the joint score's ROC curve {area}").format(
            look=name, area=words.area(look.auc[JOINT])
        )
    yield from notes(published, None)


def unread_words(found: list[int]) -> str:
    """Return which lines' pictures could not be read."""
    first = ", ".join(map(str, found[:MOST_LINES]))
    more = "" if len(found) <= MOST_LINES else " …"
    return _("Pictures that cannot be read: {number}; lines of the manifest: {lines}").format(
        number=len(found), lines=first + more
    )


def parting_words(out: Path) -> str:
    """Return what was enforced, and what is to be done with the file."""
    return _(
        "{file} is the only file written. The process that saw the pictures could write none, and "
        "open no socket. Read the file before you publish it: the names of columns and groups are "
        "your own words."
    ).format(file=out)
