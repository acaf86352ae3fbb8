"""Sony's FHIBE as a manifest: dressed adults who consented, so that every refusal is a false one.

FHIBE is the Fair Human-Centric Image Benchmark (A. Xiang et al., Nature, 2025,
doi:10.1038/s41586-025-09716-2). Read here is the annotation table of the *downsampled* release, as
unpacked from ``fhibe.<version>_downsampled_public.tar.gz``:

    data/processed/fhibe_downsampled/fhibe_downsampled.csv    one row a person in a picture
    data/raw/fhibe_downsampled/<person>/<picture>/main_<picture>.png

What this was written from, without the data at hand: Sony's evaluation code (SonyResearch/
fhibe_evaluation_api, for release 20250708: folders, attributes, age groups, skin types and
docs/supported_attributes.md), and public programs of others that read release 20250716
(``filepath`` relative to the folder that holds ``data``; ``is_primary``; values written like
``2. [164, 131, 103]`` and ``['0. Africa', '4. Southern Africa']``).

Not verified, as nobody of this project has the data: that a release has exactly these columns and
spellings; that of two people in one picture exactly one is primary; that nobody is undressed. There
is no label for that in FHIBE: ``safe`` is what its makers' rules of collection lead one to expect,
and skin of the upper body is among what they outlined, so swimwear may be there. FHIBE may be used
for evaluation only, and its terms bar some uses and users: read them first.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from shuttergate.bench.evaluate.manifest import Manifest, Row, refuse_all_gone
from shuttergate.errors import ConfigError, MisfitError, Phrase, cause_of, listed, phrase
from shuttergate.system.library_words import error_words

FILE = Path("data/processed/fhibe_downsampled/fhibe_downsampled.csv")
PICTURES = "data/raw/fhibe_downsampled/"

MAX_CELL_CHARACTERS = 1 << 27
"""The outlines of a person are one cell of the table; Python's reader stops at 131072."""

AGES = {
    (18, 30): "18-29",
    (30, 40): "30-39",
    (40, 50): "40-49",
    (50, 60): "50-59",
    (60, 131): "60+",
}

SKIN = {
    (198, 180, 157): "Fitzpatrick I",
    (189, 163, 137): "Fitzpatrick II",
    (175, 148, 120): "Fitzpatrick III",
    (164, 131, 103): "Fitzpatrick IV",
    (136, 105, 81): "Fitzpatrick V",
    (102, 78, 65): "Fitzpatrick VI",
}

PRONOUNS = (
    *("She/her/hers", "He/him/his", "They/them/their", "Ze/zir/zirs"),
    *("None of the above", "Prefer not to say"),
)
REGIONS = ("Africa", "Americas", "Asia", "Europe", "Oceania")
SUBREGIONS = (
    *("Northern Africa", "Eastern Africa", "Middle Africa", "Southern Africa", "Western Africa"),
    *("Caribbean", "Central America", "South America", "Northern America"),
    *("Central Asia", "Eastern Asia", "South-eastern Asia", "Southern Asia", "Western Asia"),
    *("Eastern Europe", "Northern Europe", "Southern Europe", "Western Europe"),
    *("Australia and New Zealand", "Melanesia", "Micronesia", "Polynesia"),
)
POSES = (
    *("Standing", "Sitting", "Walking", "Bending/bowing", "Lying down/sleeping"),
    *("Performing martial/fighting arts", "Dancing", "Running/jogging", "Crouching/kneeling"),
    *("Getting up", "Jumping/leaping", "Falling down", "Crawling", "Swimming", "Not listed"),
)
POSITIONS = ("Typical", "Atypical High", "Atypical Low")
DISTANCES = ("CD I", "CD II", "CD III", "CD IV", "CD V")


def _words(cell: str) -> list[str]:
    """Return the values of a cell, one or a list of some, without their numbers."""
    values = ast.literal_eval(cell) if cell.startswith("[") else [cell]
    return [re.sub(r"^\d+\. ", "", str(value).strip()) for value in values]


def _age(cell: str) -> str:
    years = float(cell)
    return next(name for (first, end), name in AGES.items() if first <= years < end)


def _skin(cell: str) -> str:
    red, green, blue = map(int, re.findall(r"\d+", cell.partition("[")[2]))
    return SKIN[red, green, blue]


def _pronoun(cell: str) -> str:
    found = _words(cell)
    if not found or not set(found) <= set(PRONOUNS):
        raise ValueError
    return found[0] if len(found) == 1 else "several"


def _ancestry(cell: str) -> str:
    found = set(_words(cell))
    if not found <= {*REGIONS, *SUBREGIONS}:
        raise ValueError
    regions = found & set(REGIONS)
    if not regions:
        raise ValueError
    return regions.pop() if len(regions) == 1 else "several"


def _pose(cell: str) -> str:
    (found,) = _words(cell)
    return found if found in POSES else "Not listed"  # people could write what they liked


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        (found,) = _words(cell)
        # Sony's list explains some values: "Typical: Camera was at …".
        found = found.partition(":")[0]
        return known[known.index(found)]

    return read


COLUMNS: dict[str, tuple[Callable[[str], str], Phrase]] = {
    "apparent_skin_color": (_skin, phrase("one of Sony's six colours, like 2. [164, 131, 103]")),
    "age": (_age, phrase("an age in years from 18 up")),
    "pronoun": (_pronoun, phrase("a list of pronouns, like ['0. She/her/hers']")),
    "ancestry": (_ancestry, phrase("a list of regions, like ['0. Africa', '4. Southern Africa']")),
    "action_body_pose": (_pose, phrase("one pose, like 0. Standing")),
    "camera_position": (_one_of(POSITIONS), phrase("one of {known}", known=listed(POSITIONS))),
    "camera_distance": (_one_of(DISTANCES), phrase("one of {known}", known=listed(DISTANCES))),
}
"""By column: what makes a group's name of a cell, and what it expects."""

NEEDED = ("filepath", "is_primary", *COLUMNS)


def read_fhibe(path: Path, by: Sequence[str] = (), blind: bool = False) -> Manifest:
    """Read FHIBE's table: each picture once, marked safe, by the person that it is of.

    `by`: some of `COLUMNS`, or all. Raises `ConfigError` with the line and what was expected, and
    without any cell of the table; `blind`: without its name, too.
    """
    told = phrase("FHIBE's table") if blind else path
    if path.absolute().parts[-len(FILE.parts) :] != FILE.parts:
        raise ConfigError(
            "{told}: --fhibe expects the table where Sony's archive has it: {file}",
            told=told,
            file=FILE,
        )
    for column in by:
        if column not in COLUMNS:
            raise ConfigError(
                "--by {column}: with --fhibe there is {columns}",
                column=column,
                columns=listed(COLUMNS),
            )
    root = path.absolute().parents[len(FILE.parts) - 1]
    usual = csv.field_size_limit(MAX_CELL_CHARACTERS)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = _rows(told, root, text)
    except OSError as error:
        raise ConfigError(
            "{told}: {cause}; name Sony's {file}", told=told, cause=cause_of(error), file=FILE.name
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError("{told}: not UTF-8; unpack Sony's archive anew", told=told) from error
    finally:
        csv.field_size_limit(usual)
    refuse_all_gone(told, rows, blind)
    name, digest = ("", "") if blind else (path.name, digest)
    return Manifest(name, digest, tuple(rows), tuple(dict.fromkeys(by)) or tuple(COLUMNS))


def _rows(told: Phrase | Path, root: Path, text: Iterable[str]) -> list[Row]:
    reader = csv.reader(text, strict=True)
    rows: dict[str, Row] = {}
    line = 1
    try:
        header = next(reader, [])
        if missing := [column for column in NEEDED if column not in header]:
            raise MisfitError(
                "no column {missing}; Sony's table has {columns}",
                missing=listed(missing),
                columns=listed(NEEDED),
            )
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(header):
                raise MisfitError(
                    "{fields} fields, where the first line has {columns}",
                    fields=len(cells),
                    columns=len(header),
                )
            row = _row(root, dict(zip(header, cells, strict=True)), line)
            if row is not None and row.name in rows:
                raise MisfitError(
                    "its picture has its primary person in line {line}", line=rows[row.name].line
                )
            if row is not None:
                rows[row.name] = row
        if not rows:
            raise MisfitError("no picture with a primary person (is_primary)")
    except (csv.Error, ValueError) as error:
        raise ConfigError(
            "{told}: line {line}: {error}; unpack Sony's archive anew",
            told=told,
            line=line,
            error=error_words(error),
        ) from error
    return list(rows.values())


def _row(root: Path, cells: dict[str, str], line: int) -> Row | None:
    """Return a picture, or None for the second person in one."""
    if cells["is_primary"] not in ("True", "False"):
        raise MisfitError("is_primary: expected True or False")
    if cells["is_primary"] == "False":
        return None
    name = cells["filepath"]
    if not name.startswith(PICTURES) or ".." in Path(name).parts or "\0" in name:
        raise MisfitError("filepath: expected a picture under {folder}", folder=PICTURES)
    groups = {}
    for column, (read, expected) in COLUMNS.items():
        try:
            groups[column] = read(cells[column].strip()) if cells[column].strip() else ""
        except (ValueError, SyntaxError, KeyError, StopIteration) as error:
            raise MisfitError(
                "{column}: expected {expected}", column=column, expected=expected
            ) from error
    return Row(name, root / name, "safe", groups, line)
