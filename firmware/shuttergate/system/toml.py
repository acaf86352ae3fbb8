"""Reading TOML into frozen tables; what does not fit is one clear line with file and key."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shuttergate.errors import ConfigError, MisfitError, Phrase, cause_of, listed, phrase
from shuttergate.system.demands import choices, range_words, type_at, value_at
from shuttergate.system.library_words import (
    bytes_words,
    demand_words,
    librarys,
    toml_words,
    value_words,
)

_T = TypeVar("_T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_EXPECTED = re.compile(r"^Expected (?P<due>.*?)(?:, got (?P<given>.*))?$", re.DOTALL)
_NO_CHOICE = re.compile(r"^Invalid (?:enum )?value (?P<value>.*)$", re.DOTALL)
_NO_VALUE = re.compile(r"Invalid value \(at line (?P<line>\d+), column (?P<column>\d+)\)")
_ANY = "[...]"
"""What msgspec says for an entry of a table whose names are free."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file; frozen, unknown keys are refused."""


def path_of(text: str, key: str) -> Path:
    """Return a path that somebody wrote, with ~ and variables expanded; ConfigError names `key`."""
    try:
        if "\0" in text:
            raise MisfitError("holds a zero byte")
        text.encode()
        return Path(os.path.expandvars(text)).expanduser()
    except UnicodeEncodeError as error:  # a name's own bytes, which no settings can hold
        raise ConfigError(
            "{key}: {text}: that name is no UTF-8; rename it", key=key, text=text
        ) from error
    except (RuntimeError, ValueError) as error:  # ~somebody whom this computer does not know
        raise ConfigError(
            "{key}: {text!r}: {cause}; name a path", key=key, text=text, cause=_no_path(error)
        ) from error


def decode(path: Path, kind: type[_T]) -> _T:
    """Return the file as `kind`; raise `ConfigError` naming the file and the key."""
    try:
        text = path.read_text("utf-8-sig")
        document = msgspec.toml.decode(text)
    except OSError as error:
        raise ConfigError(
            "{path}: {cause}; name a readable TOML file", path=path, cause=cause_of(error)
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "{path}: is not TOML: {why}; save it as UTF-8", path=path, why=bytes_words(error)
        ) from error
    except msgspec.DecodeError as error:
        why, mend = toml_words(error), phrase("correct it there")
        if _has_no_value(text, str(error)):
            what = phrase("no value after the =")
            why, mend = Phrase(why.template, {**why.blanks, "what": what}), phrase("write one")
        elif str(error).startswith("Invalid value"):
            mend = phrase("put text between quotation marks")
        raise ConfigError(
            "{path}: is not TOML: {why}; {mend}", path=path, why=why, mend=mend
        ) from error
    except (RecursionError, ValueError) as error:  # of thousands of brackets, or of digits
        raise ConfigError(
            "{path}: cannot be read as TOML: {why}; correct it there",
            path=path,
            why=toml_words(error),
        ) from error
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(
            "{path}: {said}", path=path, said=_said(str(error), document, kind)
        ) from error


def _has_no_value(text: str, said: str) -> bool:
    """Whether a line ends, or a comment begins, where tomllib says that a value is invalid."""
    if place := _NO_VALUE.fullmatch(said):
        line = text.split("\n")[int(place["line"]) - 1]
        return line[int(place["column"]) - 1 :].strip()[:1] in ("", "#")
    return said == "Invalid value (at end of document)"


def _said(text: str, document: Any, kind: type[Any]) -> Phrase:
    match = _AT.match(text)
    assert match is not None
    what, key = match["what"].replace("\n", " "), match["key"] or ""
    if _ANY in key:
        key = key.replace(_ANY, f".{_entry(key.partition(_ANY)[0], text, document, kind)}", 1)
    if field := _UNKNOWN.match(what) or _MISSING.match(what):
        inner = f"{key}.{field['field']}".lstrip(".")
        if _MISSING.match(what):
            return phrase("{key}: is missing; write it there", key=inner)
        return phrase("{key}: there is no such key; take it out or correct its name", key=inner)
    if not key:
        return value_words(what)
    place = type_at(msgspec.inspect.type_info(kind), key)
    if wrong := _EXPECTED.match(what):
        return _unexpected(key, wrong["due"], wrong["given"] or "", value_at(document, key), place)
    if _NO_CHOICE.match(what) and (known := choices(place)):
        return phrase(
            "{key}: {cause}; choose from {known}",
            key=key,
            cause=value_words(what),
            known=listed(known),
        )
    return phrase("{key}: {cause}", key=key, cause=value_words(what))


def _unexpected(
    key: str, due: str, given: str, value: object, place: msgspec.inspect.Type | None
) -> Phrase:
    """Return what is said of a value of another kind than is due, or out of bounds."""
    if isinstance(value, float) and not math.isfinite(value):
        said = range_words(place) or demand_words(due)
        return phrase(
            "{key}: {value} is no number here; write {due}", key=key, value=value, due=said
        )
    if due.startswith("`int") and given == "`float`":
        return phrase("{key}: no fractions are taken; write a whole number", key=key)
    if due.startswith("`object") and "[" not in key:
        return phrase(
            "{key}: is a table and has no value of its own; write its keys below a line [{key}]",
            key=key,
        )
    if given:
        return phrase(
            "{key}: expected {due}, got {given}",
            key=key,
            due=demand_words(due),
            given=demand_words(given),
        )
    return phrase("{key}: expected {due}", key=key, due=range_words(place) or demand_words(due))


def _no_path(error: Exception) -> Phrase:
    """Return why a text is no path: our own reason, or that of a folder called ~somebody."""
    if isinstance(error, MisfitError):
        return error.phrase
    if isinstance(error, RuntimeError):
        return phrase("no such user has a home folder here")
    return librarys(str(error))


def _entry(where: str, text: str, document: Any, kind: type[Any]) -> str:
    """Return the name of the entry of the table at `where` that alone is refused with `text`."""
    table = document
    for name in where.split("."):
        table = table[name]
    entries: dict[str, Any] = dict(table)
    for name, entry in entries.items():
        table.clear()
        table[name] = entry
        try:
            msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            if str(error) == text:
                return name
    return "*"
