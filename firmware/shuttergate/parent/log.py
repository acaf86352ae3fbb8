"""The log: one JSON object a line, with time and event; never a picture, a place or a name."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from shuttergate import feed, words


def line(event: str, **fields: Any) -> str:
    """Return one log line: UTC time to the millisecond, the event, and its fields."""
    now = datetime.now(UTC)
    stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
    return msgspec.json.encode({"time": stamp, "event": event, **fields}).decode()


def line_of(item: feed.Logged) -> str:
    """Return the log line of `item`."""
    match item:
        case feed.Ready():
            return line("ready", camera=item.camera, start_s=round(item.start_s, 3))
        case feed.Refused():
            return line("refused to start", cause=item.cause)
    return line(words.log_name(item), **words.log_fields(item))


def logged(news: Iterable[feed.News]) -> list[feed.Logged]:
    """Return what of `news` belongs into the log."""
    return [one for one in news if isinstance(one, feed.Event | feed.Ready | feed.Refused)]


def lines(news: Iterable[feed.News]) -> list[str]:
    """Return the log lines of `news`."""
    return [line_of(item) for item in logged(news)]


class Writer:
    """Writes to a descriptor from a thread of its own.

    A reader that stalls costs lines, which are counted, and never the time of whoever watches over
    the gate. `close` gives a slow reader one more second.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._texts: queue.Queue[str | None] = queue.Queue(1000)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Write `text` as it is, soon, or drop it where a thousand others wait."""
        try:
            if self._dropped:
                self._texts.put_nowait(line("log lines dropped", count=self._dropped) + "\n")
                self._dropped = 0
            self._texts.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, if it is read."""
        try:
            self._texts.put(None, timeout=1.0)
            self._thread.join(1.0)
        except queue.Full:
            pass

    def _run(self) -> None:
        while (text := self._texts.get()) is not None:
            view = memoryview(text.encode())
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:  # nobody reads any more
                continue
