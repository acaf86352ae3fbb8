"""What a type has room for at a place of a document: its choices, and both ends of its range."""

from __future__ import annotations

import re
from typing import Any

from msgspec import inspect

from shuttergate.errors import Phrase, phrase

_NAME = re.compile(r"[^.\[\]]+")


def value_at(document: Any, key: str) -> object:
    """Return what stands at `key` of a document, or None where nothing does."""
    for name in _NAME.findall(key):
        match document:
            case dict():
                document = document.get(name)
            case list() if name.isdecimal() and int(name) < len(document):
                document = document[int(name)]
            case _:
                return None
    found: object = document
    return found


def type_at(found: inspect.Type, key: str) -> inspect.Type | None:
    """Return the type of what may stand at `key` in a document of this type.

    Of a union of tables it is the first that has such a key; for the key that tells them apart, the
    union itself.
    """
    for name in _NAME.findall(key):
        below = _below(found, name)
        if below is None:
            return None
        found = below
    return found


def _below(found: inspect.Type, name: str) -> inspect.Type | None:
    match found:
        case inspect.ListType():
            return found.item_type
        case inspect.DictType():
            return found.value_type
        case inspect.UnionType():
            kinds = [one for one in found.types if isinstance(one, inspect.StructType)]
            if any(one.tag_field == name for one in kinds):
                return found
            return next((one for kind in kinds if (one := _below(kind, name))), None)
        case inspect.StructType():
            return next((one.type for one in found.fields if one.encode_name == name), None)
    return None


def choices(found: inspect.Type | None) -> list[object]:
    """Return what may stand there, where that is a choice; with it, a range of numbers in words."""
    match found:
        case inspect.LiteralType():
            return list(found.values)
        case inspect.EnumType():
            return [one.value for one in found.cls]
        case inspect.UnionType():
            tables = [one for one in found.types if isinstance(one, inspect.StructType)]
            if tags := [one.tag for one in tables if one.tag is not None]:
                return list(tags)
            named = [one for kind in found.types for one in choices(kind)]
            ranges = [one for kind in found.types if (one := _range(kind))]
            return [*(f'"{one}"' for one in named), *ranges] if named else []
    return []


def range_words(found: inspect.Type | None) -> Phrase | None:
    """Return both ends of the numbers that may stand there; None where an end is open."""
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    return next((one for kind in kinds if (one := _range(kind))), None)


def _range(found: inspect.Type | None) -> Phrase | None:
    if not isinstance(found, inspect.IntType | inspect.FloatType) or found.le is None:
        return None
    kind = Phrase("`int`" if isinstance(found, inspect.IntType) else "`float`")
    most = _bare(found.le)
    if found.ge is not None:
        least = _bare(found.ge)
        return phrase("{kind} from {least} to {most}", kind=kind, least=least, most=most)
    if found.gt is not None:
        least = _bare(found.gt)
        return phrase("{kind} over {least} and up to {most}", kind=kind, least=least, most=most)
    return None


def _bare(number: float) -> float:
    """Return a number as it is written: 1, for Python takes a type's 1 for another one's 1.0."""
    return int(number) if float(number).is_integer() else number
