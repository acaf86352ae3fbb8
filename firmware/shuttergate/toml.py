"""Reading TOML into frozen tables; what does not fit is one clear line with file and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from shuttergate.errors import ConfigError

_T = TypeVar("_T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file; frozen, unknown keys are refused."""


def decode(path: Path, kind: type[_T]) -> _T:
    """Return the file as `kind`; raise `ConfigError` naming the file and the key."""
    try:
        return msgspec.toml.decode(path.read_text("utf-8-sig"), type=kind)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a readable TOML file") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_said(str(error))}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error


def _said(text: str) -> str:
    match = _AT.match(text)
    assert match is not None
    what, key = match["what"], match["key"] or ""
    unknown = _UNKNOWN.match(what)
    if unknown is not None:
        key = f"{key}.{unknown['field']}".lstrip(".")
        return f"{key}: there is no such key; take it out or correct its name"
    return f"{key}: {what[:1].lower()}{what[1:]}" if key else what
