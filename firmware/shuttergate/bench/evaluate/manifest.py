"""The manifest of an evaluation: which pictures, and what each is marked as."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shuttergate.errors import ConfigError, MisfitError, Phrase, cause_of, listed, phrase
from shuttergate.system.library_words import error_words, pattern_words

LABELS = ("nude", "safe")
VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mts", ".ts", ".webm"})
"""A path that ends so is a video: its frames are told to a gate, see `clips`."""

USUAL_COLUMNS = ("tone", "sex", "light", "garment", "rotation")
"""Columns that are broken down unasked, where a manifest has them."""

BLIND_NAME = phrase("the manifest")
"""What a blind evaluation calls its manifest, whose name may tell what is in it."""

MOST_VALUES = 60
"""More different values than this in a column are no breakdown."""


@dataclass(frozen=True, slots=True)
class Row:
    """A picture or video: ``name`` as the manifest has it, ``path`` where it lies.

    ``line``: of the manifest.
    """

    name: str
    path: Path
    label: str
    columns: dict[str, str] = field(default_factory=dict)
    line: int = 0

    @property
    def set(self) -> str:
        """The set it belongs to; empty where the manifest names none."""
        return self.columns.get("set", "")

    @property
    def is_video(self) -> bool:
        """Whether it is no picture."""
        return self.path.suffix.lower() in VIDEOS


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest's rows of pictures; ``by``: columns to break the rates down by, `set` first."""

    name: str
    sha256: str
    rows: tuple[Row, ...]
    by: tuple[str, ...]
    clips: tuple[Row, ...] = ()


def read_manifest(
    path: Path, by: Sequence[str] = (), names: str | None = None, blind: bool = False
) -> Manifest:
    """Read a CSV file with the columns path, label and, if wanted, set and others.

    `names` is a regular expression searched in each path; its named groups become columns. Raises
    `ConfigError` with the line, the cause and the mend; `blind`: with no cell of the file, and no
    column is broken down unasked.
    """
    told = BLIND_NAME if blind else path
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            "{told}: {cause}; name a CSV file", told=told, cause=cause_of(error)
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            "{told}: line {line}: not UTF-8; save the file as UTF-8", told=told, line=line
        ) from error
    pattern = _pattern(names)
    header, every = _rows(path, text, pattern, blind)
    rows = tuple(row for row in every if not row.is_video)
    clips = tuple(row for row in every if row.is_video)
    if blind and clips:
        raise ConfigError(
            "{told}: line {line}: a video; --blind judges pictures only: take it out",
            told=told,
            line=clips[0].line,
        )
    if blind:
        return Manifest("", "", rows, _asked(told, by, header))
    wanted = [*by, *pattern.groupindex, *USUAL_COLUMNS] if pattern else [*by, *USUAL_COLUMNS]
    known = [*header, *pattern.groupindex] if pattern else header
    columns = [column for column in dict.fromkeys(["set", *wanted]) if column in known]
    _asked(told, by, known)
    for column in columns:
        values = len({row.columns.get(column, "") for row in rows})
        if column in by and values > MOST_VALUES:
            raise ConfigError(
                "{path}: --by {column}: {values} different values; take a column "
                "with {most} or fewer",
                path=path,
                column=column,
                values=values,
                most=MOST_VALUES,
            )
    return Manifest(path.name, hashlib.sha256(content).hexdigest(), rows, tuple(columns), clips)


def has_groups(manifest: Manifest, names: str) -> bool:
    """Whether the expression is found in any path."""
    pattern = re.compile(names)
    return any(pattern.search(row.name) for row in (*manifest.rows, *manifest.clips))


def _asked(told: Phrase | Path, by: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    for column in by:
        if column not in known:
            raise ConfigError(
                "{told}: line 1: no column {column!r} for --by; there is {known}",
                told=told,
                column=column,
                known=listed(known),
            )
    return tuple(dict.fromkeys(by))


def _pattern(names: str | None) -> re.Pattern[str] | None:
    if names is None:
        return None
    try:
        pattern = re.compile(names)
    except re.error as error:
        raise ConfigError(
            "--names {names!r}: {why}; give a regular expression",
            names=names,
            why=pattern_words(error),
        ) from error
    if not pattern.groupindex:
        raise ConfigError(
            "--names {names!r}: no named group; write one like (?P<tone>[0-9]+)", names=names
        )
    return pattern


def _rows(
    path: Path, text: str, pattern: re.Pattern[str] | None, blind: bool
) -> tuple[list[str], tuple[Row, ...]]:
    told = BLIND_NAME if blind else path
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    lines: dict[str, int] = {}
    try:
        header = _header(next(reader, []))
        for cells in reader:
            if not any(cells):
                continue
            row = _row(path.parent, header, cells, pattern, blind, reader.line_num)
            if row.name in lines:
                name = phrase("the picture") if blind else row.name
                raise MisfitError(
                    "{name} is already in line {line}; take one out",
                    name=name,
                    line=lines[row.name],
                )
            rows.append(row)
            lines[row.name] = reader.line_num
        if not rows:
            raise MisfitError("no picture; add a line a picture: path,label,set")
    except csv.Error as error:
        raise ConfigError(
            "{told}: line {line}: {error}; mend the quotes, or save it as CSV anew",
            told=told,
            line=reader.line_num,
            error=error_words(error),
        ) from error
    except ValueError as error:
        raise ConfigError(
            "{told}: line {line}: {error}", told=told, line=max(1, reader.line_num), error=error
        ) from error
    refuse_all_gone(told, rows, blind)
    return header, tuple(rows)


def refuse_all_gone(told: Phrase | Path, rows: Sequence[Row], blind: bool) -> None:
    """Raise `ConfigError` where no picture at all is there: the paths are meant otherwise."""
    if not any(_is_there(row.path) for row in rows):
        first = "" if blind else phrase(", as {path}", path=rows[0].path)
        raise ConfigError(
            "{told}: line {line}: no picture of the list is there ({number} in all{first}); "
            "paths are relative to the manifest",
            told=told,
            line=rows[0].line,
            number=len(rows),
            first=first,
        )


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be entered
        return False


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    for column in ("path", "label"):
        if column not in header:
            raise MisfitError(
                "no column {column!r}; the first line names them: path,label,set", column=column
            )
    if len(set(header)) < len(header):
        raise MisfitError("a column is named twice; give each its own name")
    return header


def _row(
    folder: Path,
    header: list[str],
    cells: list[str],
    pattern: re.Pattern[str] | None,
    blind: bool,
    line: int,
) -> Row:
    if len(cells) != len(header):
        raise MisfitError(
            "{fields} fields, where the first line has {columns}; put fields with "
            "commas in them between double quotes",
            fields=len(cells),
            columns=len(header),
        )
    columns = {key: cell.strip() for key, cell in zip(header, cells, strict=True)}
    name, label = columns.pop("path"), columns.pop("label")
    if not name or "\0" in name:
        raise MisfitError("no path; name a picture, relative to this file")
    if label not in LABELS:
        # In a row that is cut wrong, whatever stands there may be the picture's name.
        found = phrase("another label") if blind else phrase("label {label!r}", label=label)
        raise MisfitError("{found}; a picture is marked nude or safe", found=found)
    if pattern and (match := pattern.search(name)):
        columns |= {key: value or "" for key, value in match.groupdict().items()}
    return Row(name, folder / name, label, columns, line)
