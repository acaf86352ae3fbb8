"""The test stand: a whole kit in its processes, played a script, and watched."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import msgspec

from shuttergate import feed
from shuttergate.bench.scenario import album as albums
from shuttergate.bench.scenario import vitals
from shuttergate.bench.scenario.actions import actions
from shuttergate.bench.scenario.album_expectations import VideoCount
from shuttergate.bench.scenario.faults import LINE_HELD, Faults
from shuttergate.bench.scenario.hookup import Hookup, hook_up
from shuttergate.bench.scenario.onlooker import Onlooker
from shuttergate.bench.scenario.page_expectations import PagePictures
from shuttergate.bench.scenario.record import Done, PressRecord, Record, Said, Told
from shuttergate.bench.scenario.scenes import write_stage
from shuttergate.bench.scenario.script import Scenario
from shuttergate.bench.scenario.wires import BenchWires
from shuttergate.clock import since_boot_s
from shuttergate.companion import Companion, Role
from shuttergate.config import read_kit
from shuttergate.console import process as console
from shuttergate.console.server import listen
from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from shuttergate.verdict import Reason
from shuttergate.words import log_fields, log_name

POLL_S = 0.02
START_S = 60.0
"""A kit that has given no verdict by then, and has not refused to start, never will."""

FELT_S = 0.1
"""What is heard of a press may seem so much earlier than it was: the clock is read twice."""

LATER = (Reason.SECOND_LOOK, Reason.CLOSED, Reason.NO_FRAME)
"""Refusals that come some time after their press: it was taken first."""


class Stand:
    """A kit for one scenario; leaving the block ends it. Raises `ShuttergateError` at the start.

    ``why_not`` says why the scenario cannot be played here: nothing was started then.
    """

    def __init__(
        self,
        scenario: Scenario,
        base: Path,
        wires: BenchWires | None = None,
        may_set_clock: bool = False,
    ) -> None:
        self._scenario = scenario
        self._base = base
        self._wires = wires
        self._may_set_clock = may_set_clock
        self._scenes = scenario.shown()
        self._server: StatusServer | None = None
        self._port = 0
        self._onlooker: Onlooker | None = None
        self._record = Record()
        self._high = False
        self._watched_ns = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Stand:
        with contextlib.ExitStack() as stack:
            self._set_up(stack)
            self._stack = stack.pop_all()
        return self

    def _set_up(self, stack: contextlib.ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shuttergate-")))
        self._album = folder / "album"
        self._album.mkdir(0o700)
        kit = self._scenario.kit
        stage = write_stage(self._scenario, self._base, folder / "stage")
        config = msgspec.structs.replace(
            kit,
            scene=msgspec.structs.replace(kit.scene, path=str(stage)),
            album=msgspec.structs.replace(kit.album, folder=str(self._album)),
        )
        self.board = read_kit(config, None)
        companions: list[Companion] = []
        if self._scenario.page:
            listener = stack.enter_context(listen(0, lan=False))
            self._port = listener.getsockname()[1]
            path = folder / "console.sock"
            self._server = stack.enter_context(
                StatusServer({Role.PAGE: path}, config, self.board, self._album)
            )
            companions.append(console.beside(listener.fileno(), config, path))
        self.kit = Supervisor(config, self._album, companions)
        self.hookup: Hookup = hook_up(self.kit, self.board, self._wires)
        stack.callback(self.hookup.close)
        self._faults = Faults(
            self.kit,
            self.board,
            self.hookup.breaks,
            self._album,
            self._page,
            self._may_set_clock,
        )
        self.why_not = self._why_not()
        if self.why_not:
            return
        if any(one.what == LINE_HELD for one in self._scenario.fault):
            self.hookup.hold()
        stack.enter_context(self.kit)
        if any(isinstance(one, PagePictures) for one in self._scenario.must):
            self._onlooker = stack.enter_context(Onlooker(self._page()))
        stack.callback(self._faults.close)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _page(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def _why_not(self) -> Phrase | None:
        """Return why this scenario cannot be played here, or nothing."""
        records = any(isinstance(one, VideoCount) for one in self._scenario.must)
        if records and find_spec("av") is None:
            return phrase("it records a video, and PyAV (extra video) is not installed")
        causes = (self._faults.why_not(one.what) for one in self._scenario.fault)
        return next(filter(None, causes), None)

    def start(self, patience: float = 1.0) -> None:
        """Wait for the first verdict, or for the kit to refuse."""
        until_s = since_boot_s() + START_S * patience
        while not self.kit.was_ready and self.kit.refusal is None:
            self.watch(0.1)
            if since_boot_s() > until_s:
                told = [one for one in self._record.told if one.event.endswith(" fault")]
                why = phrase(": {error}", error=told[-1].fields.get("error")) if told else ""
                limit_s = START_S * patience
                raise ShuttergateError(
                    "the kit gave no verdict within {limit_s:.0f} s{why}", limit_s=limit_s, why=why
                )

    def play(self, tick: Callable[[float], object] = lambda at_s: None) -> Record:
        """Play the script once on the running kit and return what came of it.

        ``tick`` is called now and then with the time in the script.
        """
        self.begin()
        due = actions(self._scenario, self.hookup, self._faults, self._pressed)
        end_s = self._scenario.seconds
        while (now_s := self._now()) < end_s and self.kit.refusal is None:
            while due and due[0].at_s <= now_s:
                action = due.pop(0)
                late_ms = (self._now() - action.at_s) * 1000
                self._record.overdue_ms = max(self._record.overdue_ms, late_ms)
                self._record.done.append(Done(self._now(), action.what))
                action.do()
                now_s = self._now()
            due_s = due[0].at_s if due else end_s
            self.watch(max(0.0, min(POLL_S, due_s - now_s)))
            tick(now_s)
        return self._end()

    def stop(self, record: Record) -> None:
        """End the kit; what is still heard of it goes into `record`."""
        self.hookup.finger(False)
        self._faults.close()
        self._take(self.kit.stop())
        self._see_pictures()
        record.stopped = True
        record.ended_s = self._now()

    def begin(self) -> Record:
        """Begin a new record, and return it; what is watched from now on goes into it."""
        record = Record(began_s=since_boot_s(), start_s=self.kit.start_s)
        record.levels.append((0.0, self._high))
        if self._record.said:
            last = self._record.said[-1]
            opened_s = None if last.opened_s is None else 0.0
            record.hear(Said(0.0, last.is_open, last.reason, last.faults, opened_s))
        self._starts_before = self.kit.starts - 1
        self._watched_ns = 0  # what the bench itself took out of the album is no change
        self._record = record
        return record

    def _end(self) -> Record:
        record = self._record
        record.ended_s = self._now()
        record.overdue_ms = max(record.overdue_ms, self.hookup.slowest_s * 1000)
        record.staged = self.board.camera.is_simulated
        record.starts = self.kit.starts - self._starts_before
        record.refusal = "" if self.kit.refusal is None else self.kit.refusal.cause
        pid = self.kit.pid("gate")
        if pid is not None:
            record.gate_wrote_bytes = vitals.written_bytes(pid)
            record.gate_sockets = vitals.network_sockets(pid)
        self._see_pictures()
        if self._onlooker is not None:
            record.page_pictures = self._onlooker.seen(record.began_s)
        return record

    def _now(self) -> float:
        return since_boot_s() - self._record.began_s

    def _pressed(self, hold_s: float) -> None:
        self._record.presses.append(PressRecord(self._now(), lasts_s=hold_s + FELT_S))

    def watch(self, wait_s: float) -> None:
        """Take in what happens, for so long at most, or until there is news."""
        also = self._server.sources if self._server is not None else ()
        news = self.kit.poll(wait_s, *also)
        if self._server is not None:
            self._server.attend(self.kit, news)
        self._take(news)
        said = self._record.said
        if said and said[-1].is_open is not None and not self.kit.is_heard:
            self._record.hear(Said(self._now(), None))  # what it said last no longer holds
        with contextlib.suppress(OSError):
            changed = self._album.stat().st_mtime_ns
            if changed != self._watched_ns:
                if self._watched_ns:
                    self._record.album_changes_s.append(self._now())
                self._watched_ns = changed

    def _take(self, news: Sequence[feed.News]) -> None:
        record, now_s = self._record, self._now()
        for at_s, high in self.hookup.levels(news):
            self._high = high
            record.levels.append((max(0.0, at_s - record.began_s), high))
        for one in news:
            match one:
                case feed.Status():
                    record.hear(_said(one, record.began_s))
                    record.oldest_ms = max(record.oldest_ms, one.oldest_ms)
                case feed.Event():
                    record.told.append(Told(now_s, log_name(one), log_fields(one), one))
                    self._told_of(one, now_s)
                    if isinstance(one, feed.ChildEnded) and one.process == "gate":
                        record.hear(Said(now_s, None))

    def _told_of(self, event: feed.Event, now_s: float) -> None:
        waiting = [one for one in self._record.presses if not one.outcome]
        if isinstance(event, feed.Photo):
            felt_s = now_s - event.ms / 1000
            near = [
                one for one in self._record.presses if -FELT_S < felt_s - one.at_s < one.lasts_s
            ]
            for one in near[-1:]:
                one.outcome, one.file, one.took_ms = "taken", event.name, event.ms
                one.felt_s = felt_s
                one.outcomes += 1
        elif isinstance(event, feed.QuestionPut) and waiting:
            waiting[-1].outcome = "asked"
            waiting[-1].outcomes += 1
        elif isinstance(event, feed.PressRefused) and waiting:
            one = waiting[0 if event.reason in LATER else -1]
            one.outcome, one.reason = "refused", event.reason
            one.outcomes += 1

    def _see_pictures(self) -> None:
        self._record.pictures += albums.empty(self._album, self._scenes, self._record.began_s)


def _said(status: feed.Status, began_s: float) -> Said:
    """Return the gate's word by the script's clock; what it said before the script held at 0."""
    opened_s = None if status.opened_s is None else status.opened_s - began_s
    at_s = max(0.0, status.at_s - began_s)
    return Said(at_s, status.open, status.reason, tuple(status.faults), opened_s)
