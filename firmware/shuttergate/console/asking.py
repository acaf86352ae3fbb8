"""What every request that asks for something is put through, and how it is refused."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from shuttergate.console.access import Access
from shuttergate.errors import Phrase, phrase
from shuttergate.system.library_words import json_words

MAX_WORDS_BYTES = 1024
"""A wish or a pairing code is not longer."""

BODY_S = 20.0
"""So long a body may take to come."""

_T = TypeVar("_T")


class NotGiven(Exception):
    """An answer with a status of HTTP and words, instead of what was asked for."""

    def __init__(self, status: int, words: Phrase) -> None:
        self.status = status
        self.words = words


async def changing(access: Access, request: Request, limit_bytes: int) -> bytearray:
    """Return the body of a request that changes something; raise `NotGiven`."""
    if not access.may_change(request):
        raise NotGiven(403, phrase("Only the kit's own page may ask for that."))
    return await body_of(request, limit_bytes)


def decoded(body: bytes | bytearray, kind: type[_T]) -> _T:
    """Return what a body of JSON says; raise `NotGiven`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        words = phrase("That is no wish known here: {error}.", error=json_words(error))
        raise NotGiven(400, words) from error


async def body_of(request: Request, limit_bytes: int) -> bytearray:
    """Return a request's body; raise `NotGiven` where it is too long or does not come."""
    body = bytearray()
    if int(request.headers.get("content-length", 0)) > limit_bytes:
        raise NotGiven(413, phrase("That is more than {n} bytes.", n=limit_bytes))
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise NotGiven(413, phrase("That is more than {n} bytes.", n=limit_bytes))
    except TimeoutError as error:
        words = phrase("It did not all come within {limit:.0f} s.", limit=BODY_S)
        raise NotGiven(408, words) from error
    except ClientDisconnect as error:  # nobody hears this; what is raised is for stderr
        raise NotGiven(400, phrase("It did not all come.")) from error
    return body
