"""The deliberate breaks: each still finds the text that it changes."""

from __future__ import annotations

import pytest

import mutations


@pytest.mark.parametrize("one", mutations.MUTATIONS, ids=lambda one: one.what)
def test_every_deliberate_break_still_finds_its_place(one: mutations.Mutation) -> None:
    assert mutations.wrong(one) == ""


def test_each_promise_has_breaks_that_its_scenarios_catch() -> None:
    assert {one.promise for one in mutations.MUTATIONS} == {1, 2, 3, 4}
    assert len(mutations.MUTATIONS) >= 10
