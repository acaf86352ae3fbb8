"""What pages may ask for teaching: begin a rule, bring examples, put it in force, take one out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shuttergate.console.access import Access, LanMay
from shuttergate.console.asking import MAX_WORDS_BYTES, NotGiven, changing, decoded
from shuttergate.console.notebook import Notebook
from shuttergate.errors import RuleError, TeachError, phrase
from shuttergate.policy.pairs import in_english, in_japanese
from shuttergate.policy.rule_file import MAX_BYTES
from shuttergate.policy.teaching import Withdrawn


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin the rule of that name, or go on with it."""

    name: str


class HeldUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is before the camera is the object, or is not."""

    yes: bool


class InForce(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the rule is to be in force."""

    on: bool


class OptOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take the contribution of that word, in either language, out of a rule."""

    name: str
    word: str


class Lessons:
    """Routes over `notebook`, for whom `access` lets teach. ``rules``: the settings' files."""

    def __init__(self, notebook: Notebook, access: Access, rules: Sequence[str]) -> None:
        self._notebook = notebook
        self._access = access
        self._rules = rules
        self.routes = [
            Route("/teach/begin", self.begin_one, methods=["POST"]),
            Route("/teach/example", self.example, methods=["POST"]),
            Route("/teach/enforce", self.enforce, methods=["POST"]),
            Route("/teach/withdraw", self.withdraw, methods=["POST"]),
            Route("/teach/rule", self.load, methods=["POST"]),
            Route("/teach/rule", self.file),
        ]

    async def begin(self) -> None:
        """Know the rules of the settings."""
        await self._notebook.read(self._rules)

    async def begin_one(self, request: Request) -> Response:
        """Begin a rule."""
        asked = decoded(await self._body(request), Named)
        with _refusing():
            await self._notebook.begin(" ".join(asked.name.split()))
        return Response(status_code=204)

    async def example(self, request: Request) -> Response:
        """Take an example; the answer is its receipt."""
        asked = decoded(await self._body(request), HeldUp)
        with _refusing():
            word = await self._notebook.example(asked.yes)
        return JSONResponse({"word": word, "ja": in_japanese(word)})

    async def enforce(self, request: Request) -> Response:
        """Put the rule into force, or take it back."""
        asked = decoded(await self._body(request), InForce)
        with _refusing():
            await self._notebook.enforce(asked.on)
        return Response(status_code=204)

    async def withdraw(self, request: Request) -> Response:
        """Take a contribution out; the answer is what changed, or null: no rule is left."""
        asked = decoded(await self._body(request), OptOut)
        word = in_english(asked.word)
        with _refusing():
            found = await self._notebook.withdraw(asked.name, word)
        return JSONResponse(
            None if found is None else msgspec.to_builtins(Withdrawn.of(asked.name, word, found))
        )

    async def load(self, request: Request) -> Response:
        """Go on with a rule from its file."""
        body = await self._body(request, MAX_BYTES)
        with _refusing():
            await self._notebook.load(bytes(body))
        return Response(status_code=204)

    async def file(self, request: Request) -> Response:
        """The rule as a file, to keep."""
        self._let(request)
        with _refusing():
            name, content = self._notebook.file()
        safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "taught"
        return Response(
            content,
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="{safe}.rule"'},
        )

    async def _body(self, request: Request, limit_bytes: int = MAX_WORDS_BYTES) -> bytearray:
        body = await changing(self._access, request, limit_bytes)
        self._let(request)
        return body

    def _let(self, request: Request) -> None:
        if not self._access.may_do(request, LanMay.TEACH):
            words = phrase(
                "The presenter has not allowed that from other devices (--lan-may {needed}).",
                needed=LanMay.TEACH,
            )
            raise NotGiven(403, words)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Answer with an error's words."""
    try:
        yield
    except (TeachError, RuleError) as error:
        raise NotGiven(409, error.phrase) from error
