"""Another take is for who was disturbed, and for nobody else."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from support import kits


@pytest.mark.parametrize(("share", "count"), [(0.0, 1), (0.1, 1), (0.5, 3)])
def test_there_is_another_take_only_where_a_gate_was_held_up(
    monkeypatch: pytest.MonkeyPatch, share: float, count: int
) -> None:
    clock: Iterator[float] = itertools.count(100.0)  # a second between any two looks at it
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    held_up: Iterator[float] = itertools.count(0.0, share)
    monkeypatch.setattr(kits, "_gates_held_up_s", lambda: next(held_up))
    assert list(kits.takes(3)) == list(range(count))


def test_whoever_starts_no_gate_is_not_held_up() -> None:
    assert list(kits.takes(3)) == [0]
