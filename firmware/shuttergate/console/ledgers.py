"""What pages may ask of the ledgers: searches, receipts, what opting out would do; and what
a photo or video states of itself.

Whoever may look may search. Nothing is written, and nothing is kept of what was searched for.
"""

from __future__ import annotations

import asyncio
import hashlib
import shlex
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shuttergate.console.access import Access
from shuttergate.console.asking import NotGiven, changing
from shuttergate.console.judge import (
    MAX_PICTURE_BYTES,
    MAX_WAITING,
    Cause,
    PictureJudge,
    PrintedPicture,
    UnreadablePicture,
    VerifiedFile,
)
from shuttergate.console.notebook import Notebook
from shuttergate.credentials.verify import CredentialState, Stated, Verified, stated
from shuttergate.errors import Busy, JudgeError, PackError, ShuttergateError, phrase, plain
from shuttergate.packs.answers import OptedOut, PackTold, PictureFound, RowsFound
from shuttergate.packs.library import MOST_LETTERS, Library, read_library
from shuttergate.packs.looks import Fingerprint
from shuttergate.packs.optout import OptOutRow, read_list, with_row
from shuttergate.policy.pairs import in_english, in_japanese
from shuttergate.policy.whose import Contributed, Given, by_looks, by_word, is_pair
from shuttergate.print import qr
from shuttergate.rulebook import today
from shuttergate.system.paths import share


class PacksTold(msgspec.Struct, frozen=True):
    """Every pack that is here."""

    packs: list[PackTold]


class Searched(msgspec.Struct, frozen=True):
    """What was found by words. ``is_pair``: whether they could be a contribution's."""

    query: str
    word: str
    word_ja: str
    is_pair: bool
    contributions: list[Contributed]
    ledgers: RowsFound


class SearchedPicture(msgspec.Struct, frozen=True):
    """What was found by a picture. ``cause``: why only its bytes were compared.

    ``is_compared``: with the examples of taught rules, too; what the nudity rule does not clear is
    not, for nothing of such a picture is ever kept.
    """

    sha256: str
    plain: bool
    cause: Cause | None
    is_compared: bool
    ledgers: PictureFound
    contributions: list[Contributed]


class StatedFile(Stated, frozen=True):
    """What a dropped file states; ``known``: the class whose kits are known here, or ""."""

    cause_ja: str
    known: str


class Offer(msgspec.Struct, frozen=True):
    """What a request to opt out would do, and the command that writes it."""

    row: OptOutRow
    opted_out: OptedOut
    command: str


class WordReceipt(msgspec.Struct, frozen=True):
    """A contribution's word, and the address that finds it again, as a QR code of ``size`` modules
    whose dark ones are the ``path`` of an SVG."""

    word: str
    word_ja: str
    address: str
    size: int
    path: str


class Ledgers:
    """Routes over the ledgers of the packs here, and over what ``given`` says of taught rules.

    ``address``: of the page for other devices, or "": as whoever asks calls it.
    """

    def __init__(
        self,
        access: Access,
        judge: PictureJudge,
        given: Callable[[], list[Given]],
        address: Callable[[], str],
    ) -> None:
        self._access = access
        self._judge = judge
        self._given = given
        self._address = address
        self._library: Library | None = None
        self._reading = asyncio.Lock()
        self._looking = 0
        self.routes = [
            Route("/ledger/packs.json", self.packs),
            Route("/ledger/search.json", self.search),
            Route("/ledger/picture", self.picture, methods=["POST"]),
            Route("/ledger/credential", self.credential, methods=["POST"]),
            Route("/ledger/opt-out.json", self.offer),
            Route("/ledger/opt-out.csv", self.list),
            Route("/ledger/receipt.json", self.receipt),
        ]

    async def packs(self, request: Request) -> Response:
        """Every pack at a glance."""
        return _json(PacksTold((await self._read()).packs))

    async def search(self, request: Request) -> Response:
        """Find contributions by their word, and rows of ledgers by what they say."""
        said = request.query_params.get("q", "")[:MOST_LETTERS]
        library, given = await self._read(), self._given()
        ledgers = await asyncio.to_thread(library.by_words, said)
        word = in_english(said)
        found = by_word(given, said)
        told = Searched(
            plain(said), plain(word), plain(in_japanese(word)), is_pair(said), found, ledgers
        )
        return _json(told)

    async def picture(self, request: Request) -> Response:
        """Find a picture; nothing of it is kept."""
        async with self._one(request) as body:
            library, given = await self._read(), self._given()
            sha256 = (await asyncio.to_thread(hashlib.sha256, body)).hexdigest()
            printed = await self._judge.print(body)
        return _json(await asyncio.to_thread(_found, library, given, sha256, printed))

    async def credential(self, request: Request) -> Response:
        """Say what a photo or video states of itself; nothing of it is kept."""
        async with self._one(request) as body:
            told = await self._judge.verify(body)
        if isinstance(told, VerifiedFile) and told.missing is not None:
            raise NotGiven(503, told.missing)
        return _json(_stated(told))

    @asynccontextmanager
    async def _one(self, request: Request) -> AsyncIterator[bytearray]:
        """Give a file that was dropped, to be looked at by the child; raise `NotGiven`."""
        if self._looking > MAX_WAITING:  # before a byte of it is taken
            words = phrase("Other pictures are being judged. Try again in a moment.")
            raise NotGiven(429, words)
        self._looking += 1
        try:
            yield await changing(self._access, request, MAX_PICTURE_BYTES)
        except JudgeError as error:
            raise NotGiven(429 if isinstance(error, Busy) else 503, error.phrase) from error
        finally:
            self._looking -= 1

    async def offer(self, request: Request) -> Response:
        """Say what a request to opt out would do, and write nothing."""
        row, found = await self._asked(request)
        named = next(
            f"--{name} {shlex.quote(value)}"
            for name in ("sha256", "dhash", "package")
            if (value := getattr(row, name))
        )
        return _json(Offer(row, found, f"shuttergate ledger opt-out {named}"))

    async def list(self, request: Request) -> Response:
        """The list as it would be with that request in it, to keep."""
        row, found = await self._asked(request)
        try:
            text = await asyncio.to_thread(read_list, share("models") / found.pack / found.file)
        except PackError as error:
            raise NotGiven(503, error.phrase) from error
        return Response(
            with_row(text, row),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="{found.file}"'},
        )

    async def receipt(self, request: Request) -> Response:
        """A contribution's word in both languages, and the way back to it."""
        word = in_english(request.query_params.get("word", "")[:MOST_LETTERS])
        if not is_pair(word):
            raise NotGiven(404, phrase("No contribution has that word."))
        address = self._address() or f"http://{request.headers.get('host', '')}/"
        link = f"{address}ledger#{word.replace(' ', '-')}"
        rows = await asyncio.to_thread(qr.modules, link)
        return _json(WordReceipt(word, in_japanese(word), link, len(rows), qr.path(rows)))

    async def _asked(self, request: Request) -> tuple[OptOutRow, OptedOut]:
        asked = {
            name: request.query_params.get(name, "")[:MOST_LETTERS]
            for name in ("sha256", "dhash", "package")
        }
        try:
            row = OptOutRow(**asked, asked=today())
        except PackError as error:
            raise NotGiven(400, error.phrase) from error
        found = (await self._read()).opted_out(row)
        if found is None:
            raise NotGiven(404, phrase("No list is kept of what is meant by that."))
        return row, found

    async def _read(self) -> Library:
        async with self._reading:
            if self._library is None:
                try:
                    self._library = await asyncio.to_thread(read_library, share("models"))
                except ShuttergateError as error:
                    raise NotGiven(503, error.phrase) from error
            return self._library


def given_by(notebook: Notebook) -> list[Given]:
    """Return what the rules that a notebook knows were taught from so far."""
    return [
        Given(one.name, "" if one.rule is None else one.rule.created, tuple(one.examples))
        for one in notebook.lessons
    ]


def _found(
    library: Library,
    given: Sequence[Given],
    sha256: str,
    printed: PrintedPicture | UnreadablePicture,
) -> SearchedPicture:
    if isinstance(printed, UnreadablePicture):
        ledgers = library.by_picture(Fingerprint(sha256, None, False))
        return SearchedPicture(sha256, False, printed.cause, False, ledgers, [])
    ledgers = library.by_picture(Fingerprint(sha256, printed.dhash, printed.plain))
    contributions = list[Contributed]()
    if printed.views:
        views = np.stack([np.frombuffer(one, "<f4") for one in printed.views])
        contributions = by_looks(given, views)
    is_compared = bool(printed.views)
    return SearchedPicture(sha256, printed.plain, None, is_compared, ledgers, contributions)


def _stated(told: VerifiedFile | UnreadablePicture) -> StatedFile:
    if isinstance(told, VerifiedFile) and told.found is not None:
        found, known = told.found, told.known
    else:  # it ended the child
        cause = phrase("it could not be read here: too large, too slow or broken")
        found, known = Verified(CredentialState.UNREADABLE, cause), ""
    cause_ja = "" if found.cause is None else found.cause.told("ja")
    return StatedFile(
        **msgspec.structs.asdict(stated(found)), cause_ja=cause_ja, known=plain(known)
    )


def _json(told: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json")
