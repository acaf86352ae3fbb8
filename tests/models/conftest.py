"""The shared pictures, judged once for all that ask how."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.board import read_board
from shuttergate.stills import Checked, check
from shuttergate.verdict import Look
from shuttergate.vision.eyes import Eyes, open_eyes


@pytest.fixture(scope="session")
def both() -> Eyes:
    """Both channels, as the boards have them."""
    board = read_board("simulated")
    return open_eyes(board.channels.live, board.channels.look, board.accelerator)


@pytest.fixture(scope="session")
def judged_live(both: Eyes, eval_rows: list[dict[str, str]]) -> list[Checked]:
    """What the live look says of each row of the manifest."""
    files = [Path(row["path"]) for row in eval_rows]
    return list(check(files, both, both.rule(Look.LIVE, {}), live=True))
