"""What a pack says of itself, in rows of words for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shuttergate.lang import LANGUAGE, texts
from shuttergate.vision.pack import (
    BankFile,
    CloseFile,
    Compiled,
    HeadFile,
    Input,
    KnownAnswer,
    Output,
    PackManifest,
)

Row = tuple[str, str]
"""What it is about, and what is said of it, in one line or several."""


def claims(manifest: PackManifest, language: str | None = None) -> Iterator[Row]:
    """Yield the rows in a language as `lang.texts` has it; what a pack has not has no row."""
    _ = texts(language)
    is_japanese = (language or LANGUAGE) == "ja"
    limits, data, close = manifest.thresholds, manifest.data, manifest.close

    def own(text: str, text_ja: str) -> str:
        return (is_japanese and text_ja) or text

    yield _("name"), manifest.name
    yield _("title"), own(manifest.title, manifest.title_ja)
    yield from _file(_("file"), manifest)
    for file, one in manifest.published.items():
        said = _("{file}, {mb:.1f} MB, from {source}")
        yield (
            _("published by others"),
            said.format(file=file, mb=one.size / 1e6, source=one.source),
        )
    if manifest.edgetpu:
        yield from _file(_("for the Edge TPU"), manifest.edgetpu)
    said = _("{licence}; its text is in {file}")
    yield _("licence"), said.format(licence=manifest.licence, file=manifest.licence_file)
    said = (
        _("{recipe}, which gives the same bytes on every machine")
        if manifest.byte_exact
        else _("{recipe}; another machine’s sums may round differently, so some bytes may differ")
    )
    yield _("made by"), said.format(recipe=manifest.recipe)
    yield _("input"), _input(manifest.input, language)
    yield _("output"), _output(manifest.output, language)
    if manifest.head:
        yield from _file(_("head"), manifest.head)
    said = _("clear below {clear_below}, blocked as nudity from {block_at} on, a doubt between")
    line = said.format(clear_below=limits.clear_below, block_at=limits.block_at)
    yield _("thresholds"), f"{line}\n{own(limits.chosen, limits.chosen_ja)}"
    if close:
        yield from _file(_("head for parts"), close)
        said = _("clear below {clear_below}; it reads every {n} x {n} of {height} x {width} cells")
        line = said.format(
            clear_below=close.clear_below, n=close.window, height=close.map[1], width=close.map[2]
        )
        yield _("threshold for parts"), f"{line}\n{own(close.chosen, close.chosen_ja)}"
    if bank := manifest.bank:
        yield from _file(_("bank for taught rules"), bank)
        yield _("the bank’s pictures"), f"{bank.ledger}\n{own(bank.chosen, bank.chosen_ja)}"
    yield (
        _("pictures: disclosed"),
        _listed(data.disclosed_ja if is_japanese else [], data.disclosed),
    )
    yield (
        _("pictures: undisclosed"),
        _listed(data.undisclosed_ja if is_japanese else [], data.undisclosed),
    )
    yield _("known answers"), "\n".join(_answer(one, language) for one in manifest.known_answers)
    ops = (f"{name} {count}" for name, count in manifest.graph.ops.items())
    yield _("operations"), _("; ").join(ops)


def _file(
    label: str, one: PackManifest | Compiled | HeadFile | CloseFile | BankFile
) -> Iterator[Row]:
    yield label, one.file
    yield "sha256", one.sha256


def _listed(japanese: Sequence[str], english: Sequence[str]) -> str:
    return "\n".join(f"- {one}" for one in japanese or english)


def _input(wanted: Input, language: str | None) -> str:
    _ = texts(language)
    _count, height, width, colours = wanted.shape
    said = _(
        "{width} x {height} pixels, {colours} colours; each value is ({dtype} - {zero}) x {scale}"
    )
    return said.format(
        width=width,
        height=height,
        colours=colours,
        dtype=wanted.dtype,
        zero=wanted.zero_point,
        scale=wanted.scale,
    )


def _output(given: Output, language: str | None) -> str:
    _ = texts(language)
    if given.score is None:
        return _("{n} numbers ({dtype}), which the head reads").format(
            n=given.shape[-1], dtype=given.dtype
        )
    said = _("{n} numbers ({dtype}): {labels}; the score is that of {score}")
    labels = ", ".join(given.labels)
    return said.format(n=given.shape[-1], dtype=given.dtype, labels=labels, score=given.score)


def _answer(one: KnownAnswer, language: str | None) -> str:
    _ = texts(language)
    said = (
        _("{picture}: {score}, give or take {tolerance}")
        if one.close is None
        else _("{picture}: {score}, in parts {close}, give or take {tolerance}")
    )
    return said.format(
        picture=one.picture, score=one.score, close=one.close, tolerance=one.tolerance
    )
