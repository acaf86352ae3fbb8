"""What the console knows of the kit, and how every viewer comes to know it too.

All that is new is put into words once for all viewers. A viewer holds its place in the row and no
copies: one that stalls costs its socket's buffers, and finds the newest when it reads on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from shuttergate import companion, viewfinder
from shuttergate.clock import Clock
from shuttergate.console.files import OpenFiles
from shuttergate.words import LANGUAGES, is_notable, kind, log_words

MAX_VIEWERS = 64
"""More are refused: a class and its teacher fit, a flood does not."""

AT_THE_KIT = 8
"""So many of them are kept for who sits at the kit itself: a room must not take its wall away."""

ROW = 256
"""Messages that wait for a slow viewer; who is further behind starts from the whole again."""

ALBUM_S = 0.5
"""Within this time a photo that was deleted is gone from every page."""

LINES_KEPT = 2000
EVENTS_TOLD = 200
"""So many events come with the page; the log of all that are kept is in /log.jsonl."""

TRACK_FRAMES = 1800
"""A minute of verdicts at 30 frames a second: what a strip chart shows."""

SOON_S = 0.05
"""News that nobody hurries for are collected for so long."""

_json = msgspec.json.encode


class Viewer:
    """One page's place in the row; none yet: it has just come. ``here``: on the kit itself."""

    def __init__(self, here: bool) -> None:
        self.here = here
        self.place: int | None = None
        self.picture = 0
        self.news = asyncio.Event()


SHARP_S = 1.5
"""A picture that a second look cleared stands so long, before one that is less sharp moves on."""


class Hub:
    """Use from one event loop. ``greeting``: what every page is told besides, once.

    ``hears`` is told of all that the kit shows, before any page is.
    """

    def __init__(self, greeting: dict[str, Any], clock: Clock = time.monotonic) -> None:
        self._greeting = dict(greeting)
        self.hears: Callable[[companion.Sight], None] = lambda sight: None
        self._clock = clock
        self._sharp_until_s = 0.0
        self.kit: companion.Kit | None = None
        self.standing: companion.Standing | None = None
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.photos = OpenFiles(companion.PHOTOS_KEPT)  # and videos
        self._photos_told: list[str] = []
        self.viewers: set[Viewer] = set()
        self._trial: float | None = None
        self._track: deque[tuple[Any, ...]] = deque(maxlen=TRACK_FRAMES)
        self._events: deque[msgspec.Raw] = deque(maxlen=EVENTS_TOLD)
        self._fresh: dict[str, Any] = {}
        self._row: deque[bytes] = deque(maxlen=ROW)
        self._last = 0  # number of the row's last message
        self._picture = b""
        self._pictures = 0
        self._due: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def viewer(self, here: bool = False) -> Iterator[Viewer]:
        """Take a place in the row for as long as the block lasts."""
        one = Viewer(here)
        self.viewers.add(one)
        try:
            yield one
        finally:
            self.viewers.discard(one)

    def is_full_for(self, is_local: bool) -> bool:
        """Whether nobody more may look, at the kit itself or from elsewhere."""
        return len(self.viewers) >= MAX_VIEWERS - (0 if is_local else AT_THE_KIT)

    def sees(self, sight: companion.Sight, descriptors: list[int]) -> None:
        """Take in what the kit's supervisor shows; descriptors that it keeps, it takes out."""
        self.hears(sight)
        match sight:
            case companion.Kit():
                if self.kit is not None and set(self.kit.live.limits) != set(sight.live.limits):
                    self._track.clear()  # its scores are of other channels and rules
                self.kit = sight
                self._tell(kit=sight)
            case companion.Standing():
                changed = _gist(sight) != _gist(self.standing)
                self.standing = sight
                if sight.status is None or not sight.status.open:
                    self._drop_picture()
                self._tell(standing=sight)
                if changed:
                    self._flush()
            case companion.Happened():
                self.lines.append(sight.line)
                self._events.append(_said(sight))
                self._fresh.setdefault("events", []).append(self._events[-1])
                self._flush()
            case companion.AlbumFile():
                self.photos.put(sight.name, descriptors.pop())
                self._tell_photos()

    async def mind_album(self) -> None:
        """Tell every page what was taken out of the album, for as long as the server runs."""
        while True:
            await asyncio.sleep(ALBUM_S)
            if self.viewers and self.photos.names != self._photos_told:
                self._tell_photos()

    def _tell_photos(self) -> None:
        self._photos_told = self.photos.names
        self._tell(photos=self._photos_told)
        self._flush()

    def greets(self, **fields: Any) -> None:
        """Tell every page, and each that comes from now on, what it is told once."""
        self._greeting.update(fields)
        if self.viewers:
            self._tell(**fields)

    def shows(self, shown: viewfinder.Shown) -> None:
        """Take in what the gate's viewfinder shows."""
        match shown:
            case viewfinder.Seen():
                seen = (shown.frame, shown.clear, shown.reason, self._in_order(shown.scores))
                self._track.append(seen)
                self._fresh.setdefault("seen", []).append(seen)
                if shown.trial != self._trial:
                    self._trial = self._fresh["trial"] = shown.trial
                self._soon()
            case viewfinder.Picture():
                now_s = self._clock()
                if self.is_open and (shown.sharp or now_s >= self._sharp_until_s):
                    self._sharp_until_s = now_s + SHARP_S if shown.sharp else 0.0
                    self._show(b"P" + shown.jpeg)
            case viewfinder.Mosaic():
                self._sharp_until_s = 0.0
                self._show(b"M" + bytes((shown.columns, shown.rows)) + shown.cells)

    def _in_order(self, scores: dict[str, float]) -> list[float | None]:
        """Return scores in the order of the live rule; None for one that was not told."""
        names = self.kit.live.limits.keys() if self.kit is not None else ()
        if not scores or not scores.keys() <= set(names):
            return list(scores.values())
        return [scores.get(name) for name in names]

    def loses(self) -> None:
        """The kit's supervisor is gone."""
        self.kit = self.standing = None
        self._drop_picture()
        self._tell(standing=None)
        self._flush()

    @property
    def is_open(self) -> bool:
        """Whether the gate says that it is OPEN."""
        status = self.standing.status if self.standing is not None else None
        return status is not None and status.open

    def news(self, viewer: Viewer) -> tuple[list[bytes], bytes]:
        """Return what `viewer` has not had: messages (JSON), and the newest picture or b"".

        Who has just come, or is too far behind, gets the whole: a message with a ``token``.
        """
        if viewer.place is None or self._last - viewer.place > len(self._row):
            self._flush()  # what is in the whole must not come a second time
            texts = [self._whole(viewer)]
        else:
            texts = list(self._row)[len(self._row) - (self._last - viewer.place) :]
        viewer.place = self._last
        viewer.news.clear()
        picture = b"" if viewer.picture == self._pictures else self._picture
        viewer.picture = self._pictures
        return texts, picture

    def _whole(self, viewer: Viewer) -> bytes:
        return _json(
            {
                **self._greeting,
                "here": viewer.here,
                "kit": self.kit,
                "standing": self.standing,
                "events": list(self._events),
                "photos": self.photos.names,
                "seen": list(self._track),
            }
        )

    def _show(self, picture: bytes) -> None:
        self._picture = picture
        self._pictures += 1
        self._flush()

    def _drop_picture(self) -> None:
        self._sharp_until_s = 0.0
        if self._picture.startswith(b"P"):
            self._picture = b""
            self._pictures += 1

    def _tell(self, **fields: Any) -> None:
        self._fresh.update(fields)
        self._soon()

    def _soon(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(SOON_S, self._flush)

    def _flush(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._fresh:
            self._row.append(_json(self._fresh))
            self._last += 1
            self._fresh = {}
        for viewer in self.viewers:
            viewer.news.set()


def _gist(standing: companion.Standing | None) -> object:
    status = standing.status if standing is not None else None
    return status and (status.open, status.reason, status.faults, status.recording_s is None)


def _said(happened: companion.Happened) -> msgspec.Raw:
    """Return an event as a page gets it: also in words, whichever language it speaks."""
    event, fields = happened.event, msgspec.to_builtins(happened.event)
    fields.pop("said", None)  # it is in the words
    said = {
        "kind": kind(event),
        "event": fields,
        "words": {language: log_words(event, language) for language in LANGUAGES},
        "notable": is_notable(event),
        "line": msgspec.Raw(happened.line.encode()),
    }
    return msgspec.Raw(_json(said))
