"""Lists of what is to be left out of a pack's next build: which sources a row asks for, and how one
is added. The recipe reads the list; see `models/consent-clean/recipe/pictures.py`.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import msgspec

from shuttergate.errors import PackError, cause_of, plain
from shuttergate.packs.ledger import LedgerSource
from shuttergate.packs.looks import ALIKE_BITS, distance
from shuttergate.system.library_words import error_words

OPT_OUT = "opt-out.csv"
MAX_BYTES = 1024 * 1024
MAX_REASON = 200


class OptOutRow(msgspec.Struct, frozen=True):
    """One request: whichever of the first three is filled says which sources it asks for.

    ``asked``: the day, as 2026-01-31.
    """

    sha256: str = ""
    dhash: str = ""
    package: str = ""
    reason: str = ""
    asked: str = ""

    def __post_init__(self) -> None:
        if not (self.sha256 or self.dhash or self.package):
            raise PackError("to opt out, name a picture, its sha256 or dHash, or a package")
        for name, value, digits in (("sha256", self.sha256, 64), ("dhash", self.dhash, 16)):
            if value and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise PackError(
                    "{value}: {name} has {digits} digits, 0-9 and a-f; copy it from the ledger",
                    value=value,
                    name=name,
                    digits=digits,
                )

    def names(self, source: LedgerSource) -> bool:
        """Whether this asks for that source to be left out; the recipe has a twin of it."""
        return (
            (self.sha256 != "" and self.sha256 == source.sha256)
            or (self.package != "" and self.package == source.package)
            or (
                "" not in (self.dhash, source.dhash)
                and distance(self.dhash, source.dhash) <= ALIKE_BITS
            )
        )


def read_list(path: Path) -> str:
    """Return the text of a list; raise `PackError` for what is none."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8-sig")
        columns = next(csv.reader(io.StringIO(text)), [])
    except (OSError, ValueError, csv.Error) as error:
        raise PackError(
            "{path}: {cause}; name an opt-out.csv that can be read",
            path=path,
            cause=error_words(error),
        ) from error
    if len(text) > MAX_BYTES or tuple(columns) != OptOutRow.__struct_fields__:
        raise PackError(
            "{path}: its first line does not name the columns of an opt-out.csv ({columns})",
            path=path,
            columns=", ".join(OptOutRow.__struct_fields__),
        )
    return text


def with_row(text: str, asked: OptOutRow) -> str:
    """Return a list's text with this request in it; the same where it was asked for already."""
    key = asked.sha256, asked.dhash, asked.package
    for row in csv.reader(io.StringIO(text)):
        if tuple(one.strip() for one in row[:3]) == key:
            return text
    line = io.StringIO()
    said = plain(" ".join(asked.reason.split()))[:MAX_REASON]
    csv.writer(line, lineterminator="\n").writerow([*key, said, asked.asked])
    return text + ("" if text.endswith("\n") else "\n") + line.getvalue()


def add(path: Path, asked: OptOutRow) -> bool:
    """Write a request into a list, whole or not at all; False where it stood there already."""
    text = read_list(path)
    longer = with_row(text, asked)
    if longer == text:
        return False
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(longer, "utf-8")
        part.replace(path)
    except OSError as error:
        raise PackError(
            "{path}: {cause}; name with --list an opt-out.csv that can be written, as one in a "
            "checkout",
            path=path,
            cause=cause_of(error),
        ) from error
    return True
