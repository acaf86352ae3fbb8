"""The clock that is passed in wherever time is read, so that tests need no sleeps."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
"""Monotonic seconds, as `time.monotonic` gives them."""
