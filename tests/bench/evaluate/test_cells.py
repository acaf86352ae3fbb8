"""What may be published: no rate of a few pictures, told or left to be had by subtracting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuttergate.bench.evaluate.cells import (
    FEWER,
    LARGER,
    LEAST,
    MOST_CELLS,
    BlindLook,
    Cell,
    blind_look,
    fold,
)
from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.bench.evaluate.manifest import Row
from support.places import ROOT

PLACE = ROOT / "nowhere.png"


def groups_of(*sizes: int) -> dict[str, frozenset[int]]:
    """Return groups of these sizes, named by letters, of pictures numbered from 0."""
    found, first = {}, 0
    for name, size in zip("abcdefghijklmnopqrstuvwxyz", sizes, strict=False):
        found[name] = frozenset(range(first, first + size))
        first += size
    return found


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([12, 10], [("a", 0, 12), ("b", 0, 10)]),
        ([12, 9, 3], [("a", 0, 12), (FEWER, 2, 12)]),
        ([40, 12, 9], [("a", 0, 40), (LARGER, 2, 21)]),  # else 61 - 40 - 12 tells the 9
        ([12, 3], [(LARGER, 2, 15)]),
        ([1] * 20, [(FEWER, 20, 20)]),
        ([], []),
    ],
)
def test_small_groups_are_told_as_one(sizes: list[int], told: list[tuple[str, int, int]]) -> None:
    found = fold(groups_of(*sizes))
    assert [(one.value, one.folded, len(one.places)) for one in found] == told


def test_of_very_many_groups_the_smallest_are_told_as_one() -> None:
    first, groups = 0, {}
    for number in range(70):
        groups[f"{number:02}"] = frozenset(range(first, first + LEAST + number))
        first += LEAST + number
    found = fold(groups)
    assert [one.value for one in found[:-1]] == [f"{number}" for number in range(10, 70)]
    assert (found[-1].value, found[-1].folded, len(found)) == (LARGER, 10, MOST_CELLS + 1)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=90).filter(lambda x: sum(x) >= LEAST))
def test_whatever_the_groups_each_told_one_has_enough_and_none_is_lost(sizes: list[int]) -> None:
    first, groups = 0, {}
    for number, size in enumerate(sizes):
        groups[f"{number}"] = frozenset(range(first, first + size))
        first += size
    found = fold(groups)
    assert all(len(one.places) >= LEAST for one in found)
    assert sorted(place for one in found for place in one.places) == list(range(first))
    assert sum(one.folded or 1 for one in found) == len(sizes)
    assert len(found) <= MOST_CELLS + 1


def look(
    columns: list[dict[str, str]],
    by: list[str],
    labels: str = "n",
    unread: tuple[int, ...] = (),
    blocked: int = 0,
) -> BlindLook:
    """Return what is published; ``labels``: a letter a picture, the last for the rest."""
    rows = [
        Row(
            f"{place}",
            PLACE,
            {"n": "nude", "s": "safe"}[labels[min(place, len(labels) - 1)]],
            own,
            place,
        )
        for place, own in enumerate(columns)
    ]
    answers = [
        Opinion("UNREADABLE", "torn", None)
        if place in unread
        else Opinion("BLOCKED" if place < blocked else "CLEAR", "", 0.9 if place < blocked else 0.1)
        for place in range(len(rows))
    ]
    return blind_look("live", "live", [], rows, answers, by)


def told(found: BlindLook) -> list[tuple[str, str, str, int]]:
    return [(cell.column, cell.label, cell.value, cell.rate.of) for cell in found.cells]


def test_each_label_is_counted_by_itself() -> None:
    """One nude picture in a group of a dozen safe ones would be told by the group's nude rate."""
    columns = [{"skin": "a" if place < 12 else "b"} for place in range(36)]
    found = look(columns, ["skin"], labels="n" * 1 + "s" * 11 + "n" * 12 + "s" * 12)
    assert told(found) == [
        ("skin", "nude", LARGER, 13),
        ("skin", "safe", "a", 11),
        ("skin", "safe", "b", 12),
    ]


def test_rows_without_a_value_are_a_group_of_their_own() -> None:
    columns = [{"skin": "a"} if place < 12 else {} for place in range(23)]
    assert told(look(columns, ["skin"])) == [("skin", "nude", "", 11), ("skin", "nude", "a", 12)]
    assert told(look(columns[:-3], ["skin"])) == [("skin", "nude", LARGER, 20)]


def test_what_cannot_be_read_makes_a_group_smaller() -> None:
    columns = [{"skin": "a" if place < 12 else "b"} for place in range(24)]
    found = look(columns, ["skin"], unread=(0, 1, 2))
    assert told(found) == [("skin", "nude", LARGER, 21)]
    assert found.unreadable == FEWER  # not 3: with the number of rows, it would tell
    assert look(columns, []).unreadable == 0
    assert look(columns, [], unread=tuple(range(10))).unreadable == 10


def test_columns_that_nearly_repeat_one_another_are_not_told_side_by_side() -> None:
    """Pictures 0 to 19 less pictures 1 to 19 is picture 0."""
    columns = [
        {"one": "a" if place < 20 else "b", "two": "a" if 1 <= place < 20 else "b"}
        for place in range(40)
    ]
    found = look(columns, ["one", "two"])
    assert (found.left_out, {cell.column for cell in found.cells}) == (["two"], {"one"})
    swapped = [
        {**own, "two": "b" if place == 0 else own["two"]} for place, own in enumerate(columns)
    ]
    swapped[20]["two"] = "a"  # as many pictures in each, and still one apart
    assert look(swapped, ["one", "two"]).left_out == ["two"]
    same = [{"one": own["one"], "two": own["one"]} for own in columns]
    assert look(same, ["one", "two"]).left_out == []


def test_of_too_few_of_a_label_neither_rate_nor_area_is_told() -> None:
    found = look([{}] * 30, ["skin"], labels="n" * 21 + "s" * 9, blocked=3)
    assert found.nude is not None and (found.nude.blocked, found.nude.of) == (3, 21)
    assert (found.safe, found.auc["joint"]) == (None, None)
    assert {cell.label for cell in found.cells} == {"nude"}
    enough = look([{}] * 31, [], labels="n" * 21 + "s" * 10, blocked=3)
    assert enough.auc["joint"] == pytest.approx((3 + 18 / 2) / 21, abs=1e-4)


def test_a_label_that_is_not_there_has_an_empty_rate() -> None:
    found = look([{}] * 12, [])
    assert found.safe is not None and found.safe.of == 0


def test_a_thousand_groups_of_one_are_one_row() -> None:
    found = look([{"id": f"{place}"} for place in range(1000)], ["id"], blocked=400)
    (cell,) = found.cells
    assert (cell.value, cell.folded, cell.rate.blocked, cell.rate.of) == (FEWER, 1000, 400, 1000)


def test_a_cell_has_no_place_for_a_picture() -> None:
    assert set(Cell.__struct_fields__) == {"column", "label", "value", "folded", "rate"}
