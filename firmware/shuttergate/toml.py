"""Reading TOML into frozen tables; what does not fit is one clear line with file and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shuttergate.errors import ConfigError

_T = TypeVar("_T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_ANY = "[...]"
"""What msgspec says for an entry of a table whose names are free."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file; frozen, unknown keys are refused."""


def decode(path: Path, kind: type[_T]) -> _T:
    """Return the file as `kind`; raise `ConfigError` naming the file and the key."""
    try:
        document = msgspec.toml.decode(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a readable TOML file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}; save it as UTF-8") from error
    except msgspec.DecodeError as error:
        unquoted = str(error).startswith("Invalid value")
        mend = "put text between quotation marks" if unquoted else "correct it there"
        raise ConfigError(f"{path}: is not TOML: {error}; {mend}") from error
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_said(str(error), document, kind)}") from error


def _said(text: str, document: Any, kind: type[Any]) -> str:
    match = _AT.match(text)
    assert match is not None
    what, key = match["what"], match["key"] or ""
    if _ANY in key:
        key = key.replace(_ANY, f".{_entry(key.partition(_ANY)[0], text, document, kind)}", 1)
    for pattern, mend in (
        (_UNKNOWN, "there is no such key; take it out or correct its name"),
        (_MISSING, "is missing; write it there"),
    ):
        if field := pattern.match(what):
            key = f"{key}.{field['field']}".lstrip(".")
            return f"{key}: {mend}"
    return f"{key}: {what[:1].lower()}{what[1:]}" if key else what


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
