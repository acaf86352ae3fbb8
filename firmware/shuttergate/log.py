"""The log: one JSON object a line, with time and event; never a picture, a place or a name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec


def line(event: str, **fields: Any) -> str:
    """Return one log line: UTC time to the millisecond, the event, and its fields."""
    now = datetime.now(UTC)
    stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
    return msgspec.json.encode({"time": stamp, "event": event, **fields}).decode()
