"""What a function returns, kept for a test that looks at it afterwards."""

from __future__ import annotations

from typing import Any

import pytest


def kept(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> list[Any]:
    """Return a list that is given whatever ``where.name`` returns from now on."""
    real, found = getattr(where, name), list[Any]()

    def call(*given: Any, **named: Any) -> Any:
        found.append(real(*given, **named))
        return found[-1]

    monkeypatch.setattr(where, name, call)
    return found
