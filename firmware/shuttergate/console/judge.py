"""A person's own file, judged, looked for or verified: the console's side. A confined child
opens it.

The picture is in memory and nowhere else, in this process only until it is sent to the child.
"""

from __future__ import annotations

import asyncio
import fcntl
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeVar

import msgspec

from shuttergate.config import Config, KitStart
from shuttergate.credentials.verify import Verified
from shuttergate.errors import Busy, JudgeError, Phrase
from shuttergate.feed import TaughtHead
from shuttergate.system import spawn
from shuttergate.system.framing import MAX_MESSAGE_BYTES
from shuttergate.verdict import Reason

MAX_PICTURE_BYTES = 16 * 1024 * 1024

MAX_WAITING = 4
"""So many pictures may wait while one is judged."""

LIMIT_S = 20.0
"""A child that is silent for so long, at its start or over a picture, is ended: a Pi imports for
seconds, and the child itself gives a picture ten seconds of the processor."""

IDLE_S = 60.0
"""A child without a picture for so long is ended: it holds the memory of two models."""


class Errand(IntEnum):
    """What is to be done with a picture: the byte between its length and it."""

    JUDGE = 1
    PRINT = 2
    VERIFY = 3


Cause = Literal["not a picture", "no decoder", "too large", "animation", "time"]


class Judgement(msgspec.Struct, frozen=True):
    """What one look says; ``ms``: what it took without decoding, over all pictures of the file.

    ``scores``: by channel, the highest of them; none where a model failed, which is a doubt.
    """

    verdict: Literal["CLEAR", "BLOCKED"]
    reason: Reason
    scores: dict[str, float]
    ms: float


class JudgedPicture(msgspec.Struct, frozen=True, tag="judged"):
    """Both looks at a picture of so many pixels, upright: as one live frame, and as at a press."""

    width: int
    height: int
    live: Judgement
    look: Judgement


class PrintedPicture(msgspec.Struct, frozen=True, tag="printed"):
    """By what a picture is found again; ``dhash`` and ``plain`` as `packs.looks.Fingerprint`.

    ``views``: what the teachable model makes of it and of its mirror image, float32, little-endian;
    none where the nudity rule does not clear all that teaches, of which nothing is ever kept, or no
    model can be taught.
    """

    dhash: str
    plain: bool
    views: list[bytes]


class VerifiedFile(msgspec.Struct, frozen=True, tag="verified"):
    """What a photo or video states of itself, and the class whose kits are known here, or "".

    ``found``: None where nothing could be said of any file, for what is ``missing``.
    """

    found: Verified | None = None
    known: str = ""
    missing: Phrase | None = None


class UnreadablePicture(msgspec.Struct, frozen=True, tag="unreadable"):
    """Not judged; "no decoder": HEIC; "animation": of too many pictures; "time": takes too long."""

    cause: Cause


class JudgeReady(msgspec.Struct, frozen=True, tag="ready"):
    """The models are loaded."""


class JudgeRefused(msgspec.Struct, frozen=True, tag="refused"):
    """The child cannot judge anything, and ends."""

    cause: str


Answer = (
    JudgedPicture | PrintedPicture | VerifiedFile | UnreadablePicture | JudgeReady | JudgeRefused
)

_answers = msgspec.json.Decoder(Answer)
_Seen = TypeVar("_Seen", JudgedPicture, PrintedPicture, VerifiedFile)


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    link: socket.socket
    settings: bytes

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    async def send(self, errand: Errand, picture: bytes | bytearray) -> None:
        """Hand it a picture, and wipe it here."""
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self.link, len(picture).to_bytes(4) + errand.to_bytes())
            await loop.sock_sendall(self.link, picture)
        finally:
            if isinstance(picture, bytearray):
                picture[:] = bytes(len(picture))

    async def answer(self) -> Answer:
        """Return what it says next; raise OSError if it is gone, DecodeError for nonsense."""
        length = int.from_bytes(await self._exactly(4))
        if length > MAX_MESSAGE_BYTES:
            raise msgspec.DecodeError(f"a message of {length} bytes")
        answer: Answer = _answers.decode(await self._exactly(length))
        return answer

    async def _exactly(self, size: int) -> bytearray:
        got = bytearray()
        while len(got) < size:
            chunk = await asyncio.get_running_loop().sock_recv(self.link, size - len(got))
            if not chunk:
                raise ConnectionResetError("the judging process is gone")
            got += chunk
        return got

    def end(self) -> asyncio.Future[int]:
        """Kill it at once; the exit status comes when the kernel is done with it."""
        self.link.close()
        self.process.kill()
        return asyncio.get_running_loop().run_in_executor(None, self.process.wait)


class PictureJudge:
    """Judges pictures, or looks for them, one after another, in a child that is there only while
    it is needed.

    For one event loop, in a thread that stays: the kernel ends the child with the thread.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._settings = msgspec.json.encode(KitStart(config))
        self._turn = asyncio.Lock()
        self._guests = 0
        self._child: _Child | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False

    def teach(self, rules: Sequence[TaughtHead]) -> None:
        """Judge by these taught rules, too, from the next picture on."""
        self._settings = msgspec.json.encode(KitStart(self._config, list(rules)))

    async def judge(self, picture: bytes | bytearray) -> JudgedPicture | UnreadablePicture:
        """Judge a picture's bytes (see `judge_process.FORMATS`) as `shuttergate check` would.

        A bytearray is wiped as soon as it is sent. Raises `Busy` where enough others wait, and
        `JudgeError` where no picture can be judged.
        """
        return await self._ask(Errand.JUDGE, picture, JudgedPicture)

    async def print(self, picture: bytes | bytearray) -> PrintedPicture | UnreadablePicture:
        """Return by what a picture would be found again; all else as `judge`."""
        return await self._ask(Errand.PRINT, picture, PrintedPicture)

    async def verify(self, content: bytes | bytearray) -> VerifiedFile | UnreadablePicture:
        """Return what a photo's or video's bytes state of themselves; all else as `judge`."""
        return await self._ask(Errand.VERIFY, content, VerifiedFile)

    async def _ask(
        self, errand: Errand, picture: bytes | bytearray, kind: type[_Seen]
    ) -> _Seen | UnreadablePicture:
        if len(picture) > MAX_PICTURE_BYTES:
            return UnreadablePicture("too large")
        if self._guests > MAX_WAITING:
            raise Busy(
                "{most} pictures wait to be judged already; try again soon", most=MAX_WAITING
            )
        self._guests += 1
        try:
            async with self._turn:
                child = await self._ready()
                try:
                    async with asyncio.timeout(LIMIT_S):
                        await child.send(errand, picture)
                        del picture
                        answer = await child.answer()
                        if not isinstance(answer, kind | UnreadablePicture):
                            raise msgspec.DecodeError("no answer to a picture")
                except TimeoutError:
                    await self._end()
                    return UnreadablePicture("time")
                except OSError:
                    return UnreadablePicture(_cause(await self._end()))
                # Whatever a decoder did to the child, it is over.
                except (ValueError, RecursionError):
                    await self._end()
                    return UnreadablePicture("not a picture")
                except BaseException:  # nobody waits for the answer: it must not go to the next
                    self._drop()
                    raise
                self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._drop)
                return answer
        finally:
            self._guests -= 1

    async def close(self) -> None:
        """End the child; who still waits gets no verdict. May be called more than once."""
        self._closed = True
        if self._child is not None:
            self._child.process.kill()
        async with self._turn:
            await self._end()

    async def _ready(self) -> _Child:
        """Return a child that has loaded the models."""
        if self._idle is not None:
            self._idle.cancel()
        if self._closed:
            raise JudgeError("the page is closing")
        child = self._child
        if child is not None and child.runs and child.settings == self._settings:
            return child
        await self._end()
        self._child = _start(self._settings)
        try:
            async with asyncio.timeout(LIMIT_S):
                hello = await self._child.answer()
        except TimeoutError:
            await self._end()
            raise JudgeError(
                "no models are loaded within {limit_s:.0f} s; try again", limit_s=LIMIT_S
            ) from None
        except (OSError, ValueError, RecursionError):
            how = await self._end()
            raise JudgeError(
                "the judging process ended while it started ({how}); see `shuttergate doctor`",
                how=how,
            ) from None
        except BaseException:
            self._drop()
            raise
        if isinstance(hello, JudgeReady):
            return self._child
        await self._end()
        if isinstance(hello, JudgeRefused):
            raise JudgeError("{cause}", cause=hello.cause)
        raise JudgeError("wrong greeting")

    def _drop(self) -> asyncio.Future[int] | None:
        if self._idle is not None:
            self._idle.cancel()
        child, self._child = self._child, None
        return None if child is None else child.end()

    async def _end(self) -> int | None:
        """End the child and return its exit status; None where there was none."""
        ended = self._drop()
        return None if ended is None else await ended


def _cause(status: int | None) -> Cause:
    """Return why a child ended over a picture, by its exit status."""
    if status == -signal.SIGPROF:
        return "time"
    # Where memory is short, the kernel ends this child first.
    return "too large" if status == -signal.SIGKILL else "not a picture"


def _start(settings: bytes) -> _Child:
    ours, theirs = (_above_stderr(end) for end in socket.socketpair())
    with theirs:
        process = spawn.start(
            "shuttergate.console.judge_process",
            theirs.fileno(),
            settings=settings,
            stderr=subprocess.DEVNULL,  # what a decoder has to say of a picture is for nobody
        )
    ours.setblocking(False)
    return _Child(process, ours, settings)


def _above_stderr(end: socket.socket) -> socket.socket:
    """Return the same socket under a number that stands for nothing else, even in a daemon."""
    with end:
        return socket.socket(fileno=fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))
