"""The second pole: which levels begin a press."""

from __future__ import annotations

import pytest

from shuttergate.panel.pole import Pole


@pytest.mark.parametrize(
    ("levels", "presses_s"),
    [
        ([(0.0, False), (0.1, True), (0.2, True), (0.3, False), (0.5, True)], [0.1, 0.5]),
        ([(0.0, True), (1.0, True)], []),  # held when it is first read
        ([(0.0, True), (1.0, False), (1.04, True), (1.1, True)], []),  # and bounced once
        ([(0.0, False), (0.1, True), (0.12, False), (0.14, True), (0.2, True)], [0.1]),
        ([(0.0, False), (0.1, True), (0.3, False), (0.32, True), (0.34, False)], [0.1]),
        ([(0.0, False), (0.02, True), (0.03, False), (0.06, True), (0.2, True)], []),
        ([(0.0, False), (0.05, True)], [0.05]),
    ],
)
def test_presses_begin_where_the_pole_was_let_go(
    levels: list[tuple[float, bool]], presses_s: list[float]
) -> None:
    pole = Pole(settle_s=0.05)
    assert [at_s for at_s, down in levels if pole.begins(down, at_s)] == presses_s
