"""What the tests in a real browser share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from support.browsing import chromium  # which skips where there is no playwright

    with chromium() as one:
        yield one
