"""What a place of a document has room for."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, inspect

from shuttergate.system.demands import choices, range_words, type_at, value_at


class _Card(msgspec.Struct, tag_field="kind", tag="card"):
    size: Literal["a4", "a6"]


class _Room(msgspec.Struct, tag_field="kind", tag="room"):
    lamps: Annotated[int, Meta(ge=0, le=4)]


class _Plan(msgspec.Struct):
    side: Literal["judged"] | Annotated[int, Meta(ge=320, le=8192)]
    share: Annotated[float, Meta(gt=0.25, le=0.75)]
    most: Annotated[int, Meta(le=9)]
    parts: list[_Card | _Room]
    named: dict[str, _Card]


PLAN = inspect.type_info(_Plan)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("side", ['"judged"', "`int` from 320 to 8192"]),
        ("parts[0].kind", ["card", "room"]),
        ("parts[0].size", ["a4", "a6"]),
        ("named.x.size", ["a4", "a6"]),
        ("share", []),
        ("gone.deeper", []),
    ],
)
def test_choices_are_all_that_may_stand_there(key: str, said: list[str]) -> None:
    assert [str(one) for one in choices(type_at(PLAN, key))] == said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("side", "`int` from 320 to 8192"),
        ("share", "`float` over 0.25 and up to 0.75"),
        ("parts[1].lamps", "`int` from 0 to 4"),
        ("most", "None"),
        ("parts", "None"),
    ],
)
def test_a_range_has_both_ends_or_is_none(key: str, said: str) -> None:
    assert str(range_words(type_at(PLAN, key))) == said


def test_a_value_is_found_by_its_key() -> None:
    document = {"parts": [{"kind": "card"}, {"lamps": 9}], "named": {"x": 3}}
    assert value_at(document, "parts[1].lamps") == 9
    assert value_at(document, "named.x") == 3
    for key in ("parts[2]", "parts.kind", "named.x.size", "gone"):
        assert value_at(document, key) is None
