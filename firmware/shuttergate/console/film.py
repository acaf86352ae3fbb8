"""A video as a browser asks for it: whole or a range, read a piece at a time by its open file."""

from __future__ import annotations

import asyncio
import os
import re

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 32 * 1024
"""A reader that stalls holds a few of them: up to 96 KiB in its connection, and one that waits."""

ANSWER_BYTES = 1024 * 1024
"""To a range without an end so much is given. A browser asks for one at every fragment through
which it hops to learn how long a video is, and would be sent all the rest each time."""

_ASKED = re.compile(r"bytes=\s*([0-9]{0,20})-([0-9]{0,20})\s*", re.IGNORECASE)


def span(asked: str, size: int) -> tuple[int, int] | None:
    """Return from where to where (past the last byte) a Range header asks; None: not to be had.

    More than one range is not to be had.
    """
    found = _ASKED.fullmatch(asked)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        begin, end = max(0, size - int(last)), size
    elif not last:
        begin = int(first)
        end = min(size, begin + ANSWER_BYTES)
    else:
        begin, end = int(first), min(size, int(last) + 1)
    return (begin, end) if begin < end else None


class Film(Response):
    """Sends an open file; the descriptor is its own, whatever becomes of the one it was given."""

    media_type = "video/mp4"

    def __init__(self, descriptor: int) -> None:
        super().__init__(headers={"accept-ranges": "bytes"})
        self._file = os.dup(descriptor)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200, 206 or 416, and read no further when the other side has left."""
        left = asyncio.create_task(_left(receive))
        try:
            at, end = self._begin(Headers(scope=scope))
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while at < end and scope["method"] != "HEAD" and not left.done():
                size = min(PIECE_BYTES, end - at)
                piece = await asyncio.to_thread(os.pread, self._file, size, at)
                if not piece:
                    raise OSError("a video became shorter than it was")
                at += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()
            os.close(self._file)

    def _begin(self, headers: Headers) -> tuple[int, int]:
        size = os.fstat(self._file).st_size
        at, end = 0, size
        asked = headers.get("range", "").strip()
        # It says nothing of its versions, so no If-Range can match; other units are not for us.
        if asked.lower().startswith("bytes=") and "if-range" not in headers:
            found = span(asked, size)
            at, end = found or (0, 0)
            self.status_code = 206 if found else 416
            told = f"{at}-{end - 1}" if found else "*"
            self.headers["content-range"] = f"bytes {told}/{size}"
        self.headers["content-length"] = str(end - at)
        return at, end


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
