"""Who does the work of an evaluation: threads here, or a Dask cluster's workers (extra `cluster`).

Each thread has judges of its own, and every answer is put back in its picture's place: neither the
order nor the number of hands can change a result. Finished answers can be kept in a ledger.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import msgspec

from shuttergate.bench.extra import extra
from shuttergate.errors import ConfigError, MisfitError, Phrase, ShuttergateError, cause_of, phrase
from shuttergate.system.library_words import error_words, json_words

CONNECT_S = 10
"""How long to wait for the cluster's scheduler, and for its first worker, in seconds."""

_ADDRESS = re.compile(
    r"inproc://.+|((tcp|tls|ws|wss|ucx)://)?([^/:\[\]]+|\[[^/\[\]]+\]):[0-9]{1,5}"
)
"""Dask tells its own mistake late, and with a traceback: it is looked at first."""

_START_ONE = phrase("start one with `dask scheduler` and `dask worker`")


class Opinion(msgspec.Struct, frozen=True):
    """What a judge says of one picture: CLEAR, BLOCKED or UNREADABLE.

    UNREADABLE has no score, and the cause as its reason; ``said``: that for people.
    """

    verdict: str
    reason: str
    score: float | None
    scores: dict[str, float] = {}
    said: Phrase | msgspec.UnsetType = msgspec.UNSET


class Judge(Protocol):
    """Judges pictures. Not for two threads at a time."""

    def __call__(self, file: Path) -> Opinion: ...
    def close(self) -> None: ...


class Opener(Hashable, Protocol):
    """Opens judges, here or on another machine; can be pickled."""

    @property
    def key(self) -> str:
        """Whatever its judges' answers depend on besides the picture."""
        ...

    def open(self) -> Judge: ...


Task = tuple[Opener, Path]


def ask(
    tasks: Sequence[Task],
    threads: int,
    cluster: str | None,
    resume: Path | None,
    done: Callable[[], object],
) -> list[Opinion]:
    """Return each task's answer, in the tasks' order; `done` is called after each.

    `cluster` is the address of a Dask scheduler. Answers that the file `resume` holds are not asked
    for again, and new ones are added to it.
    """
    keys = {opener: opener.key for opener in dict.fromkeys(opener for opener, _ in tasks)}
    answers: dict[int, Opinion] = {}
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger(resume)) if resume is not None else None
        paths = dict.fromkeys(path for _, path in tasks) if ledger else {}
        digests = {path: _sha256(path) for path in paths}
        for place, (opener, path) in enumerate(tasks):
            known = ledger.find(keys[opener], digests[path]) if ledger else None
            if known is not None:
                answers[place] = known
                done()
        waiting = [place for place in range(len(tasks)) if place not in answers]
        if cluster is not None:
            work = _on_cluster(tasks, waiting, keys, cluster)
        else:
            work = _in_threads(tasks, waiting, threads)
        for place, answer in work:
            answers[place] = answer
            if ledger:
                opener, path = tasks[place]
                ledger.add(keys[opener], digests[path], answer)
            done()
    return [answers[place] for place in range(len(tasks))]


def _in_threads(
    tasks: Sequence[Task], waiting: Sequence[int], threads: int
) -> Iterator[tuple[int, Opinion]]:
    openers = dict.fromkeys(tasks[place][0] for place in waiting)
    desks: SimpleQueue[dict[Opener, Judge]] = SimpleQueue()
    with ExitStack() as stack:
        # One after the other: opening an interpreter redirects the whole process's stderr.
        for _ in range(min(threads, len(waiting))):
            desk: dict[Opener, Judge] = {}
            for opener in openers:
                desk[opener] = opener.open()
                stack.callback(desk[opener].close)
            desks.put(desk)
        pool = stack.enter_context(ThreadPoolExecutor(threads))

        def one(place: int) -> tuple[int, Opinion]:
            opener, path = tasks[place]
            mine = desks.get()
            try:
                return place, mine[opener](path)
            finally:
                desks.put(mine)

        futures = [pool.submit(one, place) for place in waiting]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _on_cluster(
    tasks: Sequence[Task], waiting: Sequence[int], keys: dict[Opener, str], address: str
) -> Iterator[tuple[int, Opinion]]:
    """Only paths and scores travel, never pictures: the workers must see the same folders."""
    dask: Any = extra("distributed", "--cluster", "cluster")
    if not _ADDRESS.fullmatch(address):
        raise ShuttergateError(
            "--cluster {address}: no address with a port; write it like tcp://192.168.1.5:8786",
            address=address,
        )
    try:
        client = dask.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        late = isinstance(error, TimeoutError) or str(error).startswith("Timed out trying")
        raise ShuttergateError(
            "--cluster {address}: {error}; {mend}",
            address=address,
            error=phrase("no answer within {s} s", s=CONNECT_S) if late else error_words(error),
            mend=_START_ONE,
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise ShuttergateError(
                "--cluster {address}: no worker; {mend}", address=address, mend=_START_ONE
            ) from error
        openers = [tasks[place][0] for place in waiting]
        paths = [str(tasks[place][1].absolute()) for place in waiting]
        futures = client.map(_on_worker, openers, paths, pure=False)
        places = {future.key: place for future, place in zip(futures, waiting, strict=True)}
        try:
            for future, (key, answer) in dask.as_completed(futures, client.loop, with_results=True):
                place = places[future.key]
                if key != keys[tasks[place][0]]:
                    raise ShuttergateError(
                        "--cluster {address}: a worker has another shuttergate or "
                        "other models; install the same version everywhere",
                        address=address,
                    )
                yield place, answer
        except dask.KilledWorker as error:
            raise ShuttergateError(
                "--cluster {address}: workers die at their work ({error}); give them more memory",
                address=address,
                error=error_words(error),
            ) from error


_mine = threading.local()
_opening = threading.Lock()


def _on_worker(opener: Opener, path: str) -> tuple[str, Opinion]:
    opened: dict[Opener, tuple[str, Judge]] = _mine.__dict__.setdefault("opened", {})
    if opener not in opened:
        with _opening:
            opened[opener] = opener.key, opener.open()
    key, judge = opened[opener]
    return key, judge(Path(path))


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None  # the judge will say that it is unreadable


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a ledger. No file name: a picture is known by its content."""

    judge: str
    sha256: str
    opinion: Opinion


class Ledger:
    """Answers in a file of JSON lines, so that an evaluation cut short can go on."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a last line that was cut short is taken off, and asked for again."""
        self._known: dict[tuple[str, str], Opinion] = {}
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise ConfigError(
                "--resume {path}: {cause}; name a file", path=path, cause=cause_of(error)
            ) from error
        try:
            self._read(path)
        except BaseException:
            self._file.close()
            raise

    def _read(self, path: Path) -> None:
        self._file.seek(0)
        lines = self._file.read().splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                entry = msgspec.json.decode(line, type=_Entry)
                if not line.endswith(b"\n"):
                    raise MisfitError("cut short")
            except ValueError as error:
                if number == len(lines) and line.startswith(b'{"judge":'[: len(line)]):
                    os.truncate(self._file.fileno(), sum(map(len, lines[:-1])))
                    break
                raise ConfigError(
                    "--resume {path}: line {number}: not a finished picture "
                    "({error}); take the line out, or name another file",
                    path=path,
                    number=number,
                    error=json_words(error),
                ) from error
            self._known[entry.judge, entry.sha256] = entry.opinion

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def find(self, judge: str, sha256: str | None) -> Opinion | None:
        """Return the answer of `judge` for the picture with this content, if there is one."""
        return None if sha256 is None else self._known.get((judge, sha256))

    def add(self, judge: str, sha256: str | None, opinion: Opinion) -> None:
        """Write an answer down at once; unreadable pictures are left to be tried again."""
        if sha256 is not None and opinion.score is not None:
            entry = _Entry(judge, sha256, opinion)
            self._file.write(msgspec.json.encode(entry) + b"\n")
            self._file.flush()
