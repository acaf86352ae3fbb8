"""Reading TOML into frozen tables; what does not fit is one clear line with file and key."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shuttergate.errors import ConfigError

_T = TypeVar("_T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_NO_CHOICE = re.compile(r"^Invalid (?:enum )?value (?P<value>.*)$", re.DOTALL)
_ANY = "[...]"
"""What msgspec says for an entry of a table whose names are free."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file; frozen, unknown keys are refused."""


def path_of(text: str, key: str) -> Path:
    """Return a path that somebody wrote, with ~ and variables expanded; ConfigError names `key`."""
    try:
        if "\0" in text:
            raise ValueError("holds a zero byte")
        text.encode()
        return Path(os.path.expandvars(text)).expanduser()
    except UnicodeEncodeError as error:  # a name's own bytes, which no settings can hold
        raise ConfigError(f"{key}: {text}: that name is no UTF-8; rename it") from error
    except (RuntimeError, ValueError) as error:  # ~somebody whom this computer does not know
        raise ConfigError(f"{key}: {text!r}: {error}; name a path") from error


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
    except (RecursionError, ValueError) as error:  # of thousands of brackets, or of digits
        raise ConfigError(f"{path}: cannot be read as TOML: {error}; correct it there") from error
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        said = _said(str(error), document, kind).replace("\n", " ")
        raise ConfigError(f"{path}: {said}") from error


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
    if _NO_CHOICE.match(what) and (known := _choices(msgspec.inspect.type_info(kind), key)):
        what = f"{what}; choose from {', '.join(map(str, known))}"
    return f"{key}: {what[:1].lower()}{what[1:]}" if key else what


def _choices(found: msgspec.inspect.Type, key: str) -> list[object]:
    """Return what may stand at `key` in a document of this type, where that is a choice."""
    for name in re.findall(r"[^.\[\]]+", key):
        match found:
            case msgspec.inspect.ListType():
                found = found.item_type
            case msgspec.inspect.DictType():
                found = found.value_type
            case msgspec.inspect.UnionType():
                kinds = [one for one in found.types if isinstance(one, msgspec.inspect.StructType)]
                if any(one.tag_field == name for one in kinds):
                    return [one.tag for one in kinds]
                choices = [_choices(one, name) for one in kinds]
                return next((one for one in choices if one), [])
            case msgspec.inspect.StructType():
                fields = [one.type for one in found.fields if one.encode_name == name]
                if not fields:
                    return []
                found = fields[0]
    return list(found.values) if isinstance(found, msgspec.inspect.LiteralType) else []


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
